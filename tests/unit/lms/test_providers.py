"""What each provider's body means: the sample as documented, and everything that could be mistaken for it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest

from certification.adapters.lms.registry import get_provider
from certification.domain.course_completion_message import (
    CourseCompletionMessage,
    UserReference,
    parse_course_completion,
)
from certification.domain.errors import NotFoundError
from certification.domain.model import Identity
from certification.domain.webhooks import ParsedWebhook, UnparseableBodyError, WebhookRequest
from lms_senders import NOW, SENDERS, Sender

PUBLISHED = Path(__file__).parent / "published"
UTC_ZONE = ZoneInfo("UTC")
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
every_provider = pytest.mark.parametrize("sender", SENDERS.values(), ids=SENDERS)


def parse(provider: str, body: object, *, zone: ZoneInfo = UTC_ZONE) -> ParsedWebhook:
    request = SENDERS[provider].request(body)
    return get_provider(provider).parse(request, source_id="lms-1", now=NOW, zone=zone)


def parse_raw(provider: str, body: bytes, **headers: str) -> ParsedWebhook:
    request = WebhookRequest(headers=headers, body=body)
    return get_provider(provider).parse(request, source_id="lms-1", now=NOW, zone=UTC_ZONE)


def sample(provider: str, change: Callable[[Any], None] = lambda body: None) -> Any:
    body = copy.deepcopy(SENDERS[provider].sample())
    change(body)
    return body


def put(*path: str | int, value: object) -> Callable[[Any], None]:
    """Sets one field, or takes it out (`value=…`)."""

    def change(body: Any) -> None:
        for step in path[:-1]:
            body = body[step]
        if value is ...:
            del body[path[-1]]
        else:
            body[path[-1]] = value

    return change


def only(parsed: ParsedWebhook) -> CourseCompletionMessage:
    assert not parsed.rejected
    assert len(parsed.completions) == 1
    return parsed.completions[0]


def completion(
    user: str | None, course: str, email: str | None = "ana.mueller@example.com"
) -> dict[str, Any]:
    return {
        "user": UserReference(
            email=email, identity=Identity(source="lms-1", external_id=user) if user else None
        ),
        "course": Identity(source="lms-1", external_id=course),
    }


EXPECTED: dict[str, dict[str, Any]] = {
    "thinkific": completion("94", "68") | {"event_id": "20261120093000552012814"},
    "learnupon": completion("94", "301") | {"score": 91.5},
    "docebo": completion("13042", "301", None) | {"event_id": "wh-20261120-093000-2c7f:0"},
    "learnworlds": completion("5fbd6f1c2f1e4a0012345678", "sales-fundamentals")
    | {"at": AT + timedelta(milliseconds=250)},
    "teachable": completion("94", "301") | {"event_id": "4400123"},
    "litmos": completion("yj-nr8PhW8o1", "nAcqwEA8jUo1") | {"event_id": "4513"},
    "scorm_cloud": completion("94", "sales-fundamentals")
    | {"event_id": "0d9a2c3e-6f53-4d3a-9a4e-1e1d9f7f0a01", "score": 91.5},
    "canvas": completion("21070000000000094", "21070000000000565"),
    "moodle": completion("94", "301", None),
    "open_edx": completion("94", "course-v1:Example+SALES1+2026")
    | {"event_id": "b1be2fac-1af1-11ec-bdf4-0242ac12000b", "score": 91.5},
    "xapi": completion("94", "https://academy.example.com/courses/sales-fundamentals", None)
    | {"event_id": "6690e6c9-3ef0-4ed3-8b37-7f3964730b01", "score": 91.5},
}


@pytest.mark.parametrize("provider", EXPECTED)
def test_the_documented_sample_is_a_completion(provider: str) -> None:
    message = parse(provider, sample(provider)).completions[0]
    expected = EXPECTED[provider]
    assert message.user == expected["user"]
    assert message.course_identity == expected["course"]
    assert message.course_id is None
    assert message.completed_at == expected.get("at", AT)
    assert message.score == expected.get("score")
    assert message.source == "lms-1"
    assert not message.retracts
    if "event_id" in expected:
        assert message.event_id == expected["event_id"]
    else:
        assert message.event_id.startswith("sha256:")


def test_our_own_body_is_read_as_it_is() -> None:
    message = only(parse("standard_webhooks", sample("standard_webhooks")))
    assert message == CourseCompletionMessage(
        event_id="sw-1",
        source="lms-1",
        user=UserReference(email="ana.müller@example.com"),
        course_id="course-1",
        completed_at=AT,
        score=91.5,
    )


def test_a_cloud_event_carries_our_own_body_as_data() -> None:
    message = only(parse("cloudevents", sample("cloudevents")))
    assert message.event_id == "ce-1"
    assert message.user == UserReference(identity=Identity(source="academy", external_id="1042"))
    assert message.course_id == "course-1"


@every_provider
def test_the_message_survives_the_queue(sender: Sender) -> None:
    for message in parse(sender.provider, sender.sample()).completions:
        payload = json.loads(json.dumps(message.to_payload()))
        read = parse_course_completion(payload, source=None, now=NOW, zone=UTC_ZONE, own_api=False)
        assert read == message


@every_provider
def test_a_redelivery_has_the_same_event_ids(sender: Sender) -> None:
    first = parse(sender.provider, sender.sample())
    later = get_provider(sender.provider).parse(
        sender.request(sender.sample()), source_id="lms-1", now=NOW + timedelta(days=1), zone=UTC_ZONE
    )
    assert first.completions == later.completions
    assert first.completions


@every_provider
def test_unknown_extra_fields_change_nothing(sender: Sender) -> None:
    def enrich(value: Any, depth: int = 0) -> Any:
        if isinstance(value, list):
            return [enrich(item, depth) for item in value]
        if isinstance(value, dict) and depth < 3:
            more = {"zz_new": None} if sender.provider == "open_edx" else {"zz_new": {"deep": [1, None, "é"]}}
            return {name: enrich(item, depth + 1) for name, item in value.items()} | more
        return value

    assert parse(sender.provider, enrich(sender.sample())) == parse(sender.provider, sender.sample())


@every_provider
def test_an_array_is_read_where_an_object_is_usual_and_the_other_way_round(sender: Sender) -> None:
    if sender.provider == "canvas":
        return  # a JWT's claims are an object
    body = sender.sample()
    turned = body[0] if isinstance(body, list) else [body]
    assert parse(sender.provider, turned) == parse(sender.provider, body)


@every_provider
def test_one_bad_event_does_not_lose_its_neighbours(sender: Sender) -> None:
    if sender.provider == "canvas":
        return
    body = sender.sample()
    good = body if isinstance(body, list) else [body]
    expected = parse(sender.provider, good)
    request = WebhookRequest(
        headers=sender.request(good).headers, body=json.dumps([*good, 7, *good, None, "x"]).encode()
    )
    mixed = get_provider(sender.provider).parse(request, source_id="lms-1", now=NOW, zone=UTC_ZONE)
    assert mixed.completions == expected.completions
    assert [part.reason for part in mixed.rejected] == ["not_an_object"] * 3
    assert [part.part for part in mixed.rejected] == ["7", "null", '"x"']


@every_provider
def test_unicode_survives(sender: Sender) -> None:
    """Every text that names a person or a course, as other alphabets write it."""

    def foreign(value: Any, name: str = "") -> Any:
        if isinstance(value, list):
            return [foreign(item, name) for item in value]
        if isinstance(value, dict):
            return {key: foreign(item, key) for key, item in value.items()}
        named = name in {
            "name",
            "title",
            "username",
            "first_name",
            "display_name",
            "userId",
            "courseid",
        }
        return f"学习-é-🎓-{value}" if named else value

    parsed = parse(sender.provider, foreign(sender.sample()))
    assert parsed.completions
    assert not parsed.rejected
    for message in parsed.completions:
        assert json.loads(json.dumps(message.to_payload())) == message.to_payload()


@every_provider
@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"{", b"3", b'"text"', b"null", b"[" * 100_000, b'{"a": NaN}']
)
def test_what_is_no_event_at_all_is_kept_whole(sender: Sender, body: bytes) -> None:
    with pytest.raises(UnparseableBodyError):
        parse_raw(sender.provider, body)


@every_provider
def test_an_empty_body_of_the_right_kind_is_ignored_by_kind(sender: Sender) -> None:
    if sender.provider == "canvas":
        return
    assert parse_raw(sender.provider, b"[]") == ParsedWebhook(ignored={"empty": 1})


IGNORED: list[tuple[str, Callable[[Any], None], str]] = [
    ("thinkific", put("action", value="progress"), "enrollment.progress"),
    ("thinkific", put("action", value="created"), "enrollment.created"),
    ("thinkific", put("resource", value="order"), "order.completed"),
    ("learnupon", put("data", 0, "enrollmentStatus", value="failed"), "enrollment.failed"),
    ("learnupon", put("data", 0, "enrollmentStatus", value="in_progress"), "enrollment.in_progress"),
    ("docebo", put("event", value="course.enrollment.updated"), "course.enrollment.updated"),
    ("learnworlds", put("trigger", value="certificate_awarded"), "certificate_awarded"),
    ("teachable", put(0, "type", value="LectureProgress.created"), "LectureProgress.created"),
    ("teachable", put(0, "type", value="Enrollment.created"), "Enrollment.created"),
    ("litmos", put("type", value="session.registration"), "session.registration"),
    ("litmos", put("data", "type", value="Path Completed"), "achievement.earned:Path_Completed:completed"),
    ("litmos", put("data", "result", value="Failed"), "achievement.earned:Course_Completed:failed"),
    ("scorm_cloud", put("topic", value="CourseImported"), "CourseImported"),
    ("scorm_cloud", put("body", "registrationSuccess", value="FAILED"), "RegistrationChanged:COMPLETED:FAILED"),
    ("scorm_cloud", put("body", "registrationCompletion", value="INCOMPLETE"), "RegistrationChanged:INCOMPLETE:PASSED"),
    ("canvas", put("metadata", "event_name", value="course_progress"), "course_progress"),
    ("moodle", put("eventname", value="\\core\\event\\course_viewed"), "_core_event_course_viewed"),
    ("open_edx", put("event_metadata", "event_type", value="org.openedx.x.v1"), "org.openedx.x.v1:downloadable"),
    ("xapi", put("verb", "id", value="http://adlnet.gov/expapi/verbs/progressed"), "progressed"),
    ("xapi", put("verb", "id", value="http://adlnet.gov/expapi/verbs/failed"), "failed"),
    ("xapi", put("result", "success", value=False), "without_success"),
    ("xapi", put("result", "completion", value=False), "without_success"),
    ("xapi", put("actor", "objectType", value="Group"), "no_person_or_activity"),
    ("xapi", put("object", "objectType", value="StatementRef"), "no_person_or_activity"),
    ("cloudevents", put("type", value="com.example.academy.course.started"), "com.example.academy.course.started"),
    ("cloudevents", put("type", value="org.course.uncompleted"), "org.course.uncompleted"),
    ("standard_webhooks", lambda body: body.update(type="user.created", completed_at=None), "user.created"),
]  # fmt: skip


@pytest.mark.parametrize(("provider", "change", "kind"), IGNORED)
def test_other_events_of_the_provider_are_ignored_by_kind(
    provider: str, change: Callable[[Any], None], kind: str
) -> None:
    parsed = parse(provider, sample(provider, change))
    assert kind in parsed.ignored
    assert not parsed.rejected
    assert len(parsed.completions) == len(parse(provider, sample(provider)).completions) - parsed.ignored[
        kind
    ] + (1 if kind == "enrollment.failed" else 0)


OPTIONAL: list[tuple[str, Callable[[Any], None]]] = [
    ("thinkific", put("payload", "course", value=...)),
    ("thinkific", put("payload", "completed_at", value=None)),
    ("thinkific", put("payload", "user", "email", value=...)),
    ("thinkific", put("payload", "user", "id", value=None)),
    ("thinkific", put("payload", "user", "email", value="[TEST] ana@example.com")),
    ("learnupon", put("data", 0, "percentage", value=None)),
    ("learnupon", put("data", 0, "userEmail", value="")),
    ("docebo", put("payloads", 0, "completion_date", value=None)),
    ("docebo", put("message_id", value=...)),
    ("learnworlds", put("type", value=...)),
    ("learnworlds", put("trigger", value=...)),
    ("learnworlds", put("data", "user", "email", value=...)),
    ("teachable", put(0, "object", "user", "email", value=None)),
    ("teachable", put(0, "object", "course_id", value=...)),
    ("teachable", put(0, "hook_event_id", value=...)),
    ("litmos", put("data", "userName", value="ana")),
    ("litmos", put("data", "result", value=None)),
    ("scorm_cloud", put("body", "score", value=...)),
    ("scorm_cloud", put("body", "completedDate", value=...)),
    ("scorm_cloud", put("body", "learner", "email", value=...)),
    ("scorm_cloud", put("body", "registrationSuccess", value="UNKNOWN")),
    ("canvas", put("body", "progress", "completed_at", value=None)),
    ("canvas", put("body", "user", "email", value=...)),
    ("open_edx", put("openedx_events.learning.data.CertificateData", "grade", value=...)),
    ("open_edx", put("event_metadata", "event_type", value=...)),
    ("xapi", put("result", value=...)),
    ("xapi", put("timestamp", value=...)),
    ("xapi", put("actor", "objectType", value=...)),
    ("xapi", put("object", "objectType", value=...)),
]


@pytest.mark.parametrize(("provider", "change"), OPTIONAL)
def test_a_missing_optional_field_is_no_obstacle(provider: str, change: Callable[[Any], None]) -> None:
    parsed = parse(provider, sample(provider, change))
    assert len(parsed.completions) == len(parse(provider, sample(provider)).completions)
    assert not parsed.rejected


REFUSED: list[tuple[str, Callable[[Any], None], str]] = [
    ("thinkific", put("payload", "user", value={}), "user_missing"),
    ("thinkific", put("payload", "completed_at", value="2026-11-20T09:30:00"), "naive_instant"),
    ("thinkific", put("payload", "completed_at", value="2026-12-20T09:30:00Z"), "in_the_future"),
    ("thinkific", put("payload", "completed_at", value="yesterday"), "invalid_instant"),
    ("thinkific", put("payload", "user", "id", value="\ud800"), "invalid_text"),
    ("learnupon", put("data", 0, "courseId", value=None), "missing_field"),
    ("docebo", put("payloads", 0, "user_id", value=...), "missing_field"),
    ("learnworlds", put("data", "completed_at", value="soon"), "invalid_instant"),
    ("learnworlds", put("data", "completed_at", value=1e300), "invalid_instant"),
    ("teachable", put(0, "created", value=...), "missing_field"),
    ("litmos", put("data", "courseId", value=""), "missing_field"),
    ("scorm_cloud", put("body", "course", value=None), "missing_field"),
    ("canvas", put("body", "course", value={}), "missing_field"),
    ("moodle", put("relateduserid", value=...), "missing_field"),
    ("moodle", put("relateduserid", value="0"), "missing_field"),
    ("moodle", put("timecreated", value=...), "missing_field"),
    ("open_edx", put("event_metadata", "time", value=...), "missing_field"),
    ("xapi", put("actor", value={}), "user_missing"),
    ("xapi", put("object", "id", value="x" * 513), "invalid_text"),
    ("standard_webhooks", put("completed_at", value="2026-11-20T09:30:00"), "invalid_completion"),
    ("cloudevents", put("data", value=...), "missing_field"),
    ("cloudevents", put("specversion", value=...), "missing_field"),
]


@pytest.mark.parametrize(("provider", "change", "reason"), REFUSED)
def test_a_completion_that_cannot_be_used_is_kept_for_an_admin_with_its_reason(
    provider: str, change: Callable[[Any], None], reason: str
) -> None:
    parsed = parse(provider, sample(provider, change))
    assert [part.reason for part in parsed.rejected] == [reason]
    assert "ana" not in parsed.rejected[0].detail.lower()
    assert (
        len(parsed.completions) < max(1, len(parse(provider, sample(provider)).completions))
        or provider == "docebo"
    )


# --- traps of single providers ---


def test_docebo_counts_each_payload_on_its_own_and_reads_naive_times_as_utc() -> None:
    parsed = parse("docebo", sample("docebo"), zone=ZoneInfo("Europe/Berlin"))
    assert [(m.event_id[-2:], m.completed_at) for m in parsed.completions] == [
        (":0", AT),
        (":1", AT - timedelta(minutes=1)),
    ]


def test_docebo_also_sends_a_single_payload() -> None:
    body = sample("docebo")
    payloads = body.pop("payloads")
    message = only(parse("docebo", body | {"payload": payloads[0]}))
    assert message.event_id == "wh-20261120-093000-2c7f"
    assert message.course_identity == Identity(source="lms-1", external_id="301")


@pytest.mark.parametrize("payloads", [None, 3, "x"])
def test_a_docebo_body_without_payloads_is_kept_not_lost(payloads: object) -> None:
    parsed = parse("docebo", sample("docebo", put("payloads", value=payloads)))
    assert not parsed.completions
    assert [part.reason for part in parsed.rejected] == ["missing_field"]


def test_litmos_times_are_utc_whatever_the_services_zone() -> None:
    message = only(parse("litmos", sample("litmos"), zone=ZoneInfo("America/New_York")))
    assert message.completed_at == AT


def test_learnupon_is_ignored_by_the_kind_in_its_header() -> None:
    body = json.dumps(sample("learnupon")).encode()
    parsed = parse_raw("learnupon", body, **{"x-webhook-type": "badge_awarded"})
    assert parsed == ParsedWebhook(ignored={"badge_awarded": 2})


@pytest.mark.parametrize(
    "printed",
    [
        "2026-11-20T09:30:00.000Z",
        "2026-11-20T10:30:00+01:00",
        "2026-11-20 09:30:00 UTC",
        "2026-11-20 09:30:00 +0000",
        "2026-11-20 10:30:00 +01:00",
    ],
)
def test_an_instant_may_be_printed_in_each_of_the_usual_ways(printed: str) -> None:
    parsed = parse("learnupon", sample("learnupon", put("data", 0, "dateCompleted", value=printed)))
    assert only(parsed).completed_at == AT


def test_learnupon_may_nest_the_learner() -> None:
    nested = sample("learnupon")["data"][0]
    user = {"userId": nested.pop("userId"), "username": None, "email": nested.pop("userEmail")}
    parsed = parse("learnupon", {"data": [nested | {"user": user}]})
    assert only(parsed).user == parse("learnupon", sample("learnupon")).completions[0].user


def test_a_moodle_completion_belongs_to_the_related_user_not_to_who_caused_it() -> None:
    user = only(parse("moodle", sample("moodle"))).user
    assert user.identity is not None
    assert (user.identity.external_id, sample("moodle")["userid"]) == ("94", "2")


def test_moodle_may_send_a_form() -> None:
    flat = {k: v for k, v in sample("moodle").items() if not isinstance(v, dict) and v is not None}
    parsed = parse_raw("moodle", urlencode(flat).encode())
    assert only(parsed).completed_at == AT


def test_scorm_cloud_may_send_a_form_or_the_bare_registration() -> None:
    body = sample("scorm_cloud")
    form = urlencode({"data": json.dumps(body), "userName": "hook", "password": "x"}).encode()
    assert parse_raw("scorm_cloud", form) == parse("scorm_cloud", body)
    postback = urlencode({"data": json.dumps(body["body"])}).encode()
    bare = only(parse_raw("scorm_cloud", postback))
    assert bare.completed_at == AT
    assert bare.event_id.startswith("sha256:")


def test_canvas_sends_plain_json_where_the_secret_is_in_the_path() -> None:
    body = sample("canvas")
    assert parse_raw("canvas", json.dumps(body).encode()) == parse("canvas", body)


def test_canvas_fires_again_when_the_time_changes_and_that_is_another_completion() -> None:
    first = only(parse("canvas", sample("canvas")))
    again = only(parse("canvas", sample("canvas", put("metadata", "request_id", value="other"))))
    moved = only(
        parse(
            "canvas", sample("canvas", put("body", "progress", "completed_at", value="2026-11-20T09:30:30Z"))
        )
    )
    assert again == first
    assert moved.event_id != first.event_id


def open_edx(event_type: str, **data: object) -> ParsedWebhook:
    body = sample("open_edx")
    body["openedx_events.learning.data.CertificateData"].update(data)
    body["event_metadata"]["event_type"] = event_type
    return parse("open_edx", body)


def test_an_open_edx_certificate_that_is_revoked_retracts_the_completion() -> None:
    message = only(open_edx("org.openedx.learning.certificate.revoked.v1", current_status="notpassing"))
    assert message.retracts
    assert message.retracts_event_id is None
    assert message.course_identity == Identity(source="lms-1", external_id="course-v1:Example+SALES1+2026")


@pytest.mark.parametrize(
    ("status", "before", "counts"),
    [
        ("downloadable", "generating", True),
        ("downloadable", "downloadable", False),
        ("generating", "", False),
    ],
)
def test_a_changed_open_edx_certificate_counts_once_it_can_be_downloaded(
    status: str, before: str, counts: bool
) -> None:
    parsed = open_edx(
        "org.openedx.learning.certificate.changed.v1", current_status=status, previous_status=before
    )
    assert bool(parsed.completions) is counts


def passing(is_passing: object) -> ParsedWebhook:
    body = {
        "openedx_events.learning.data.CoursePassingStatusData": {
            "is_passing": is_passing,
            "course": {"course_key": "course-v1:Example+SALES1+2026"},
            "user": {"id": 94, "pii": {"email": "ana.mueller@example.com"}},
        },
        "event_metadata": sample("open_edx")["event_metadata"]
        | {"event_type": "org.openedx.learning.course.passing.status.updated.v1"},
    }
    return parse("open_edx", body)


def test_an_open_edx_grade_that_fell_below_passing_retracts() -> None:
    assert only(passing(True)).retracts is False
    assert only(passing(False)).retracts is True
    assert [part.reason for part in passing(None).rejected] == ["missing_field"]


FLAT = {
    "user_id": "94",
    "user_pii_email": "ana.mueller@example.com",
    "course_course_key": "course-v1:Example+SALES1+2026",
    "course_display_name": "None",
    "grade": "0.915",
    "current_status": "downloadable",
    "previous_status": "None",
}
FLAT_METADATA = {
    "event_metadata_id": "b1be2fac-1af1-11ec-bdf4-0242ac12000b",
    "event_metadata_event_type": "org.openedx.learning.certificate.created.v1",
    "event_metadata_time": "2026-11-20 09:30:00+00:00",
}


@pytest.mark.parametrize("prefix", ["certificate_", "openedx_events.learning.data.CertificateData_"])
@pytest.mark.parametrize("encode", [urlencode, json.dumps])
def test_open_edx_in_form_mode_flattens_names_and_writes_none(
    prefix: str, encode: Callable[[dict[str, str]], str]
) -> None:
    """The plugin's form mode sends the flattened names as JSON, under a form's content type."""
    flat = {prefix + name: value for name, value in FLAT.items()} | FLAT_METADATA
    assert parse_raw("open_edx", encode(flat).encode()) == parse("open_edx", sample("open_edx"))


def test_an_older_open_edx_writes_the_metadatas_time_without_its_zone_which_is_utc() -> None:
    body = sample("open_edx", put("event_metadata", "time", value="2026-11-20 09:30:00.598387"))
    assert only(parse("open_edx", body, zone=ZoneInfo("Asia/Tokyo"))).completed_at == AT + timedelta(
        milliseconds=598
    )


def xapi(**changes: object) -> CourseCompletionMessage:
    return only(parse("xapi", sample("xapi") | changes))


def test_a_voided_xapi_statement_is_a_retraction_of_that_statement() -> None:
    message = xapi(
        id="0F0F0F0F-0000-4000-8000-000000000001",
        verb={"id": "http://adlnet.gov/expapi/verbs/voided"},
        object={"objectType": "StatementRef", "id": "6690E6C9-3ef0-4ed3-8b37-7f3964730b01"},
    )
    assert message.retracts
    assert message.retracts_event_id == xapi().event_id
    assert message.event_id == "0f0f0f0f-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("actor", "email", "external_id"),
    [
        ({"mbox": "mailto:Ana@Example.com"}, "ana@example.com", None),
        ({"mbox_sha1sum": "EBD31E95054C018B10727CCFFD2EF2EC"}, None, "ebd31e95054c018b10727ccffd2ef2ec"),
        ({"openid": "http://ana.example.org/"}, None, "http://ana.example.org/"),
    ],
)  # fmt: skip
def test_an_xapi_actor_may_be_named_in_each_of_its_ways(
    actor: object, email: str | None, external_id: str | None
) -> None:
    user = xapi(actor=actor).user
    assert user.email == email
    assert (user.identity.external_id if user.identity else None) == external_id


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        ({"scaled": 0.29}, 29.0),
        ({"raw": 30, "max": 40}, 75.0),
        ({"raw": 30}, 30.0),
        ({}, None),
        ({"scaled": "x"}, None),
    ],
)
def test_an_xapi_score_comes_on_the_scale_of_minimum_score(score: object, expected: float | None) -> None:
    assert xapi(result={"score": score}).score == expected


def test_the_published_xapi_statements_complete_nothing() -> None:
    statements = json.loads((PUBLISHED / "xapi_spec_appendix_a.json").read_text())
    parsed = parse_raw("xapi", json.dumps(statements).encode())
    assert not parsed.completions
    assert sum(parsed.ignored.values()) + len(parsed.rejected) == len(statements)


def test_a_published_cmi5_session_completes_its_course_for_its_learner() -> None:
    session = json.loads((PUBLISHED / "cmi5_scenario_06.json").read_text())
    parsed = parse_raw("xapi", json.dumps(list(session.values())).encode())
    completing = [s for s in session.values() if s["verb"]["id"].endswith(("/completed", "/passed"))]
    assert [m.event_id for m in parsed.completions] == [statement["id"] for statement in completing]
    assert {m.user.identity for m in parsed.completions} == {Identity(source="lms-1", external_id="Learner")}
    assert not parsed.rejected


def test_the_published_cloud_event_is_not_ours_and_ignored() -> None:
    event = (PUBLISHED / "cloudevents_spec_json_example.json").read_bytes()
    assert parse_raw("cloudevents", event) == ParsedWebhook(ignored={"com.example.someevent": 1})


def test_a_canonical_body_cannot_claim_another_source() -> None:
    message = only(parse("standard_webhooks", sample("standard_webhooks") | {"source": "someone-else"}))
    assert message.source == "lms-1"


def test_a_body_without_an_event_id_goes_by_the_delivery() -> None:
    message = only(parse("standard_webhooks", sample("standard_webhooks", put("event_id", value=...))))
    assert message.event_id == "msg_1"


def test_the_recommended_envelope_of_standard_webhooks_is_read() -> None:
    body = {
        "type": "course.completed",
        "timestamp": "2026-11-20T09:30:00Z",
        "data": sample("standard_webhooks"),
    }
    assert only(parse("standard_webhooks", body)) == only(
        parse("standard_webhooks", sample("standard_webhooks"))
    )


def test_two_different_completions_of_one_body_never_share_an_event_id() -> None:
    body = (
        sample("teachable")
        + sample("teachable", put(0, "object", "user", "id", value=95))
        + sample("teachable")
    )
    parsed = parse("teachable", body)
    assert len({message.event_id for message in parsed.completions}) == 2
    assert parsed.ignored == {"duplicate": 1}


def test_an_unknown_provider_is_said_to_be_one() -> None:
    with pytest.raises(NotFoundError):
        get_provider("../os")


def test_a_body_of_one_megabyte_with_thousands_of_completions_is_read() -> None:
    one = json.dumps(sample("xapi"))
    events = [one.replace("7f3964730b01", f"{n:012x}") for n in range(1_000_000 // len(one) + 1)]
    parsed = parse_raw("xapi", f"[{','.join(events)}]".encode())
    assert len(parsed.completions) == len(events)
