"""The canonical course completion, on our API and on the queue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certification.domain.course_completion_message import (
    CourseCompletionMessage,
    InvalidMessageError,
    UserReference,
    parse_course_completion,
)
from certification.domain.model import Identity

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
BODY: dict[str, Any] = {
    "event_id": "e-1",
    "user_id": "u-1",
    "course_id": "c-1",
    "completed_at": "2026-11-20T10:30:00+01:00",
    "score": 87,
}


def parse(**changes: Any) -> CourseCompletionMessage:
    payload = {name: value for name, value in (BODY | changes).items() if value != "absent"}
    return parse_course_completion(payload, source="api", now=NOW, zone=BERLIN, own_api=True)


def codes(**changes: Any) -> dict[str, str]:
    with pytest.raises(InvalidMessageError) as refused:
        parse(**changes)
    return {error.pointer: error.code for error in refused.value.errors}


def test_a_course_completion_of_our_own_api_is_read() -> None:
    assert parse() == CourseCompletionMessage(
        event_id="e-1",
        source="api",
        user=UserReference(user_id="u-1"),
        course_id="c-1",
        completed_at=datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
        score=87.0,
    )


def test_a_date_alone_is_midnight_of_that_civil_date_in_the_services_zone() -> None:
    message = parse(completed_at="2026-11-20")
    assert message.completed_at == datetime(2026, 11, 19, 23, 0, tzinfo=UTC)
    assert message.date_only


@pytest.mark.parametrize(
    ("completed_at", "code"),
    [
        ("2026-11-20T10:30:00", "naive_instant"),
        ("2026-11-24T12:00:01Z", "in_the_future"),
        ("2026-11-25", "in_the_future"),
        ("2026-02-30", "invalid_instant"),
        ("2026-02-30T00:00:00Z", "invalid_instant"),
        ("20261120T103000Z", "invalid_instant"),
        ("2026-W47-5", "invalid_instant"),
        ("0001-01-01T00:00:00+05:00", "invalid_instant"),
        ("yesterday", "invalid_instant"),
        (1763631000, "invalid_instant"),
        (None, "missing"),
        ("absent", "missing"),
    ],
)
def test_an_instant_that_is_not_allowed_is_refused(completed_at: object, code: str) -> None:
    assert codes(completed_at=completed_at) == {"/completed_at": code}


def test_exactly_24_hours_ahead_is_allowed() -> None:
    assert parse(completed_at="2026-11-24T12:00:00Z").completed_at == NOW + timedelta(hours=24)


def test_instants_are_cut_to_the_millisecond() -> None:
    assert parse(completed_at="2026-11-20T10:30:00.1239999Z").completed_at.microsecond == 123000


@pytest.mark.parametrize("score", [True, "87", float("nan"), float("inf"), 10**400, [87]])
def test_a_score_that_is_no_finite_number_is_refused(score: object) -> None:
    assert codes(score=score) == {"/score": "invalid_number"}


def test_email_is_compared_without_case() -> None:
    assert parse(user_id="absent", email=" Ana.Núñez@Example.COM ").user.email == "ana.núñez@example.com"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"user_id": "absent"}, {"": "user_missing"}),
        ({"email": "a@example.com"}, {"/email": "user_ambiguous"}),
        ({"user_id": "absent", "email": "no address"}, {"/email": "invalid_email"}),
        ({"user_id": "a b"}, {"/user_id": "invalid_id"}),
        ({"user_id": "absent", "identity": {"source": "s"}}, {"/identity": "invalid_identity"}),
        ({"user_id": "absent", "identity": {"source": "s", "external_id": ""}}, {"/identity": "invalid_identity"}),
        ({"user_id": "absent", "identity": {"source": "s", "external_id": "x" * 513}},
         {"/identity": "invalid_identity"}),
        ({"course_id": "absent"}, {"/course_id": "missing"}),
        ({"course_id": "x" * 129}, {"/course_id": "invalid_id"}),
        ({"event_id": "x" * 257}, {"/event_id": "invalid_text"}),
        ({"event_id": "\ud800"}, {"/event_id": "invalid_text"}),
        ({"event_id": 5}, {"/event_id": "invalid_text"}),
        ({"source": "x"}, {"/source": "unknown_field"}),
        ({"a/b~c": 1}, {"/a~1b~0c": "unknown_field"}),
    ],
)  # fmt: skip
def test_each_wrong_field_is_named(changes: dict[str, Any], expected: dict[str, str]) -> None:
    assert codes(**changes) == expected


def test_all_errors_are_reported_at_once() -> None:
    assert codes(event_id="", user_id="", course_id=7, completed_at="", score="", extra=1) == {
        "/event_id": "invalid_text",
        "/user_id": "invalid_id",
        "/course_id": "invalid_id",
        "/completed_at": "invalid_instant",
        "/score": "invalid_number",
        "/extra": "unknown_field",
    }


@pytest.mark.parametrize("payload", [None, [], "x", 1, [BODY]])
def test_what_is_no_object_is_refused(payload: object) -> None:
    with pytest.raises(InvalidMessageError) as refused:
        parse_course_completion(payload, source="s", now=NOW, zone=BERLIN, own_api=True)
    assert refused.value.errors[0].code == "not_an_object"


def test_a_queue_message_says_its_source_itself() -> None:
    payload = {**BODY, "source": "lms-1"}
    message = parse_course_completion(payload, source=None, now=NOW, zone=BERLIN, own_api=False)
    assert message.source == "lms-1"
    with pytest.raises(InvalidMessageError):
        parse_course_completion(BODY, source=None, now=NOW, zone=BERLIN, own_api=False)


def test_a_given_source_wins_over_what_a_message_claims() -> None:
    payload = {**BODY, "source": "somebody-else"}
    assert (
        parse_course_completion(payload, source="lms-1", now=NOW, zone=BERLIN, own_api=False).source
        == "lms-1"
    )


def test_a_queue_message_may_name_user_and_course_as_the_lms_does() -> None:
    payload = {
        "event_id": "e",
        "source": "lms-1",
        "email": "a@example.com",
        "identity": {"source": "lms-1", "external_id": "42"},
        "course_identity": {"source": "lms-1", "external_id": "Kurs Ü/7"},
        "completed_at": "2026-11-20",
    }
    message = parse_course_completion(payload, source=None, now=NOW, zone=BERLIN, own_api=False)
    assert message.user == UserReference(
        email="a@example.com", identity=Identity(source="lms-1", external_id="42")
    )
    assert message.course_identity == Identity(source="lms-1", external_id="Kurs Ü/7")


def test_a_retraction_by_event_id_needs_neither_user_nor_course() -> None:
    payload = {
        "event_id": "v",
        "source": "s",
        "completed_at": "2026-11-20T00:00:00Z",
        "retracts_event_id": "e-1",
    }
    message = parse_course_completion(payload, source=None, now=NOW, zone=BERLIN, own_api=False)
    assert message.retracts
    assert message.retracts_event_id == "e-1"


IDS = st.from_regex(r"[A-Za-z0-9._:+@-]{1,20}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50)
IDENTITIES = st.builds(Identity, source=IDS, external_id=TEXTS)
USERS = st.one_of(
    st.builds(UserReference, user_id=IDS),
    st.builds(UserReference, identity=IDENTITIES, email=st.none() | st.just("ü@example.com")),
)
COURSES = st.one_of(
    st.fixed_dictionaries({"course_id": IDS}), st.fixed_dictionaries({"course_identity": IDENTITIES})
)
INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2026, 11, 23), timezones=st.just(UTC)).map(  # noqa: DTZ001 - bounds are naive there
    lambda value: value.replace(microsecond=value.microsecond // 1000 * 1000)
)


@given(data=st.data(), user=USERS, course=COURSES, completed_at=INSTANTS)
@settings(max_examples=60, deadline=None)
def test_a_message_survives_the_queue(
    data: st.DataObject, user: UserReference, course: dict[str, Any], completed_at: datetime
) -> None:
    message = CourseCompletionMessage(
        event_id=data.draw(TEXTS),
        source=data.draw(IDS),
        user=user,
        completed_at=completed_at,
        date_only=data.draw(st.booleans()),
        score=data.draw(st.none() | st.floats(-1e100, 1e100)),
        retracts=data.draw(st.booleans()),
        correlation_id=data.draw(st.none() | TEXTS),
        **course,
    )
    parsed = parse_course_completion(message.to_payload(), source=None, now=NOW, zone=BERLIN, own_api=False)
    assert parsed == message
