"""The routes around sources, as callers see them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from builders import NOW, course, course_completion, message, user
from certification.adapters.completion_ids import CompletionIds
from certification.domain.course_completion_message import UserReference
from certification.domain.intake import KeptWebhook, new_intake_id
from certification.domain.lms_ports import Received
from certification.domain.model import Identity, ReceivedScore
from certification.domain.parking import ParkingReason, parked
from certification.http.application import respond
from certification.http.openapi import document
from certification.http.router import RouteTable
from certification.http.routes import course_completions, imports, intake, sources
from certification.http.routes import parked as parked_routes
from described import assert_described
from lms_fakes import InMemoryImportFiles, InMemoryIntake, InMemoryParameters, InMemorySecretKeeper
from lms_senders import SENDERS, as_bytes
from unit.awarding.service import Service

TABLE = RouteTable(
    [
        *sources.ROUTES,
        *intake.ROUTES,
        *parked_routes.ROUTES,
        *course_completions.ROUTES,
        *imports.ROUTES,
    ]
)
SECRET = "the-secret-of-the-academy"
THINKIFIC = {"provider": "thinkific", "secret": SECRET}
BODY = {"event_id": "e-1", "user_id": "u-1", "course_id": "c-1", "completed_at": "2026-11-19T09:30:00Z"}
PROBLEM = {"reason": "parser_failed", "detail": "thinkific"}
Call = Callable[..., tuple[int, Any]]


class Parameters(InMemoryParameters):
    def get_or_create(self, name: str, value: str) -> str:
        return self.values.setdefault(name, value)


class Holder:
    """Lets whoever asks in, with these scopes."""

    def __init__(self) -> None:
        self.scopes = frozenset({"admin"})

    def authenticate(self, _: str) -> tuple[str, frozenset[str]]:
        return "key:k-1", self.scopes


@pytest.fixture
def holder() -> Holder:
    return Holder()


@pytest.fixture
def service(holder: Holder) -> Service:
    return Service(
        source_secrets=InMemorySecretKeeper(),
        intake=InMemoryIntake(),
        import_files=InMemoryImportFiles(),
        completion_ids=CompletionIds(Parameters()),
        authenticator=holder,
    )


@pytest.fixture
def call(service: Service) -> Call:
    def send(method: str, path: str, body: Any = None, query: str = "", **headers: str) -> tuple[int, Any]:
        event = {
            "rawPath": path,
            "rawQueryString": query,
            "headers": {"host": "api.example", "content-type": "application/json", **headers},
            "requestContext": {"http": {"method": method}, "requestId": "r-1", "stage": "$default"},
            "body": body if isinstance(body, str) else json.dumps(body) if body is not None else None,
            "isBase64Encoded": False,
        }
        answer = respond(service.app, TABLE, event)
        assert_described(event, answer, TABLE)
        return answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None

    return send


def keep(service: Service, **changes: Any) -> KeptWebhook:
    values: dict[str, Any] = {
        "source_id": "academy",
        "intake_id": new_intake_id(NOW),
        "provider": "thinkific",
        "received_at": NOW,
        "correlation_id": "r-0",
        "body": as_bytes(SENDERS["thinkific"].sample()),
        "problems": (PROBLEM,),
    }
    kept = KeptWebhook(**values | changes)
    service.app.intake.keep(kept)
    return kept


def park(service: Service, **changes: Any) -> str:
    who = UserReference(identity=Identity(source="academy", external_id="94"), email="ana@example.com")
    entry = parked(
        message(**{"user": who, "correlation_id": "x", **changes}), ParkingReason.USER_UNKNOWN, now=NOW
    )
    service.app.parking.park([entry])
    return entry.parked_id


class TestSources:
    def test_a_source_is_created_replaced_and_deleted(self, call: Call) -> None:
        status, created = call("PUT", "/sources/academy", THINKIFIC)
        assert status == 201
        assert created["webhook_url"] == "https://api.example/webhooks/academy"
        assert call("PUT", "/sources/academy", THINKIFIC | {"name": "Academy"})[0] == 200
        assert call("DELETE", "/sources/academy")[0] == 204
        assert call("GET", "/sources/academy")[0] == 404
        assert call("DELETE", "/sources/academy")[0] == 404

    def test_the_secret_goes_in_and_never_out(self, call: Call, service: Service) -> None:
        answers = [
            call("PUT", "/sources/academy", THINKIFIC),
            call("PUT", "/sources/academy", {"provider": "thinkific"}),
            call("GET", "/sources/academy"),
            call("GET", "/sources"),
        ]
        assert SECRET not in repr(answers)
        assert SECRET not in repr(service.table.items)
        assert service.app.source_secrets.read("academy").current == SECRET  # type: ignore[union-attr]

    def test_the_url_of_a_provider_that_cannot_sign_shows_where_the_secret_goes(self, call: Call) -> None:
        _, created = call("PUT", "/sources/a:b@c", {"provider": "teachable", "secret": "x"})
        assert created["webhook_url"] == "https://api.example/webhooks/a:b@c/{secret}"

    @pytest.mark.parametrize(
        "body",
        [
            {"provider": "blackboard", "secret": "x"},
            {"provider": "thinkific"},
            {"provider": "docebo", "secret": "no-colon"},
            {"provider": "thinkific", "secret": ""},
            {"provider": "thinkific", "secret": "x", "colour": "red"},
            {"secret": "x"},
            [],
        ],
    )
    def test_a_bad_source_is_refused(self, call: Call, body: Any) -> None:
        assert call("PUT", "/sources/academy", body)[0] == 422
        assert call("GET", "/sources/academy")[0] == 404

    def test_what_changed_meanwhile_is_not_overwritten(self, call: Call) -> None:
        call("PUT", "/sources/academy", THINKIFIC)
        call("PUT", "/sources/academy", THINKIFIC)
        assert call("PUT", "/sources/academy", THINKIFIC, **{"if-match": '"1"'})[0] == 412
        assert call("DELETE", "/sources/academy", **{"if-match": '"1"'})[0] == 412
        assert call("PUT", "/sources/academy", THINKIFIC, **{"if-match": '"2"'})[0] == 200

    def test_a_source_shows_its_health(self, call: Call, service: Service) -> None:
        call("PUT", "/sources/academy", THINKIFIC)
        _, silent = call("GET", "/sources/academy")
        assert silent["health"] == {"last_received_at": None, "last_accepted_at": None, "days": []}
        service.app.sources.count(
            "academy", Received(at=NOW, outcome="accepted", contents={"completions": 2})
        )
        _, shown = call("GET", "/sources/academy")
        (day,) = shown["health"]["days"]
        assert day["webhooks"] == {"accepted": 1}
        assert day["contents"] == {"completions": 2}

    def test_only_an_admin_sees_sources(self, call: Call, holder: Holder) -> None:
        holder.scopes = frozenset({"write", "award", "completions"})
        for method, path in (("GET", "/sources"), ("PUT", "/sources/academy"), ("GET", "/intake")):
            assert call(method, path, THINKIFIC)[0] == 403

    def test_a_replay_is_started_and_followed(self, call: Call, service: Service) -> None:
        assert call("POST", "/sources/academy/replays")[0] == 404
        call("PUT", "/sources/academy", THINKIFIC)
        keep(service)
        status, replay = call("POST", "/sources/academy/replays", {"since": "2026-11-01T00:00:00Z"})
        assert (status, replay["state"]) == (202, "running")
        (job,) = service.evaluations.take()
        service.app.evaluation_handlers[job["kind"]](job, lambda: True)
        _, done = call("GET", f"/sources/academy/replays/{replay['replay_id']}")
        assert (done["state"], done["counts"]) == ("completed", {"webhooks": 1, "completions": 1})
        assert len(service.course_completions.sent) == 1
        assert call("GET", "/sources/academy/replays/none")[0] == 404


class TestIntake:
    def test_what_could_not_be_read_is_listed_read_and_replayed(self, call: Call, service: Service) -> None:
        call("PUT", "/sources/academy", THINKIFIC)
        kept = keep(service)
        _, page = call("GET", "/intake")
        (entry,) = page["items"]
        assert (entry["source_id"], entry["state"]) == ("academy", "kept")
        assert entry["received_at"] == NOW.isoformat().replace("+00:00", "Z")
        path = f"/intake/academy/{kept.intake_id}"
        _, webhook = call("GET", path)
        assert json.loads(webhook["body"]) == SENDERS["thinkific"].sample()
        assert webhook["problems"] == [PROBLEM | {"part": None}]
        assert call("POST", path + "/replay") == (
            202,
            {"completions": 1, "retractions": 0, "ignored": 0, "problems": []},
        )
        assert call("GET", "/intake")[1]["items"] == []
        assert len(call("GET", "/intake", query="source_id=academy&state=read")[1]["items"]) == 1

    def test_a_body_that_is_no_text_comes_as_base64(self, call: Call, service: Service) -> None:
        kept = keep(service, body=b"\xff\x00")
        _, webhook = call("GET", f"/intake/academy/{kept.intake_id}")
        assert (webhook["body"], webhook["body_base64"]) == (None, "/wA=")

    def test_one_can_be_taken_off_the_list(self, call: Call, service: Service) -> None:
        kept = keep(service)
        assert call("DELETE", f"/intake/academy/{kept.intake_id}")[0] == 204
        assert call("DELETE", f"/intake/academy/{kept.intake_id}")[0] == 404

    def test_pages_go_on_where_they_ended(self, call: Call, service: Service) -> None:
        for minute in range(5):
            keep(service, intake_id=new_intake_id(NOW + timedelta(minutes=minute)))
        _, first = call("GET", "/intake", query="limit=3")
        _, second = call("GET", "/intake", query=f"limit=3&cursor={first['next_cursor']}")
        ids = [entry["intake_id"] for entry in (*first["items"], *second["items"])]
        assert ids == sorted(set(ids))
        assert len(ids) == 5
        assert second["next_cursor"] is None
        assert call("GET", "/intake", query="cursor=forged")[0] == 400

    def test_all_that_was_read_is_listed_by_source_only(self, call: Call) -> None:
        assert call("GET", "/intake", query="state=read")[0] == 422


class TestParked:
    def test_what_waits_is_listed_with_its_reason_in_words(self, call: Call, service: Service) -> None:
        parked_id = park(service)
        _, page = call("GET", "/course-completions/parked")
        (entry,) = page["items"]
        assert (entry["parked_id"], entry["reason"]) == (parked_id, "user_unknown")
        assert entry["message"].startswith("No user")
        assert entry["course_completion"]["identity"] == {"source": "academy", "external_id": "94"}
        assert "correlation_id" not in entry["course_completion"]

    def test_one_is_assigned_to_a_user(self, call: Call, service: Service) -> None:
        service.defined(user("u-1"))
        parked_id = park(service)
        path = f"/course-completions/parked/{parked_id}/assign"
        assert call("POST", path, {"user_id": "u-404"})[0] == 422
        assert call("POST", path, {"user_id": "u-1"}) == (202, {"parked_id": parked_id, "user_id": "u-1"})
        assert service.course_completions.sent[0]["user_id"] == "u-1"
        assert call("POST", path, {"user_id": "u-1"})[0] == 404

    def test_one_is_discarded_with_a_reason_and_stays_visible(self, call: Call, service: Service) -> None:
        path = f"/course-completions/parked/{park(service)}/discard"
        assert call("POST", path, {})[0] == 422
        status, discarded = call("POST", path, {"reason": "a test account"})
        assert (status, discarded["discarded_by"]) == (200, "key:k-1")
        assert call("POST", path, {"reason": "again"})[0] == 409
        assert call("GET", "/course-completions/parked")[1]["items"] == []
        _, page = call("GET", "/course-completions/parked", query="discarded=true")
        assert page["items"] == [discarded]

    def test_who_may_only_read_cannot_decide(self, call: Call, service: Service, holder: Holder) -> None:
        path = f"/course-completions/parked/{park(service)}"
        holder.scopes = frozenset({"read"})
        assert call("POST", path + "/discard", {"reason": "r"})[0] == 403
        assert call("GET", "/course-completions/parked")[0] == 200


class TestCourseCompletions:
    def test_one_is_accepted(self, call: Call, service: Service) -> None:
        status, answer = call("POST", "/course-completions", BODY)
        assert status == 202
        assert answer == {"accepted": 1, "rejected": 0, "results": [{"index": 0, "status": "accepted"}]}
        assert service.course_completions.sent[0]["correlation_id"] == "r-1"

    def test_each_of_a_list_has_its_own_result(self, call: Call, service: Service) -> None:
        given = [BODY, BODY | {"completed_at": "2026-11-19T09:30:00"}, BODY | {"event_id": "e-2"}, None]
        status, answer = call("POST", "/course-completions", given)
        assert (status, answer["accepted"], answer["rejected"]) == (202, 2, 2)
        assert [result["status"] for result in answer["results"]] == [
            "accepted",
            "rejected",
            "accepted",
            "rejected",
        ]
        assert answer["results"][1]["errors"][0]["pointer"] == "/1/completed_at"
        assert len(service.course_completions.sent) == 2

    @pytest.mark.parametrize("given", [{}, [{}], [7, None]])
    def test_all_rejected_is_a_problem_that_says_what_is_wrong_with_each(
        self, call: Call, service: Service, given: Any
    ) -> None:
        status, problem = call("POST", "/course-completions", given)
        assert status == 422
        assert problem["accepted"] == 0
        assert problem["errors"]
        assert not service.course_completions.sent

    @pytest.mark.parametrize(
        ("given", "status"),
        [("{", 400), ("7", 422), ("null", 422), ("[]", 422), (json.dumps([BODY] * 101), 422), ("", 400)],
    )
    def test_what_is_neither_one_nor_a_list_of_a_hundred_is_refused(
        self, call: Call, service: Service, given: str, status: int
    ) -> None:
        assert call("POST", "/course-completions", given)[0] == status
        assert not service.course_completions.sent

    def test_a_hundred_are_taken(self, call: Call, service: Service) -> None:
        hundred = [BODY | {"event_id": f"e-{n}"} for n in range(100)]
        assert call("POST", "/course-completions", hundred)[1]["accepted"] == 100

    def test_a_file_of_history_is_tried_and_then_taken(self, call: Call, service: Service) -> None:
        text = "user_id,course_id,completed_at\nu-1,c-1,2026-11-19\nu-1,c 1,2026-11-19\n"
        headers = {"content-type": "text/csv"}
        status, tried = call("POST", "/course-completions/import", text, "dry_run=true", **headers)
        assert (status, tried["accepted"], tried["rejected"]) == (200, 1, 1)
        assert tried["errors"][0] | {"message": ""} == {
            "row": 3,
            "column": "course_id",
            "code": "invalid_id",
            "message": "",
        }
        assert not service.course_completions.sent
        status, taken = call("POST", "/course-completions/import", text, **headers)
        assert (status, taken["dry_run"]) == (202, False)
        assert len(service.course_completions.sent) == 1
        assert call("POST", "/course-completions/import", "nonsense", **headers)[0] == 422

    def test_course_completions_are_read_by_user_and_by_course(self, call: Call, service: Service) -> None:
        service.defined(user("u-1"), course("c-1"))
        later = ReceivedScore(score=90.0, source="lms", event_id="e-9", received_at=NOW)
        stored = course_completion("c-1", score=80.0, received=(later,))
        service.app.ledger.add_course_completions([stored])
        by_user = call("GET", "/users/u-1/course-completions")[1]["items"]
        by_course = call("GET", "/courses/c-1/course-completions")[1]["items"]
        assert by_user == by_course
        assert by_user[0]["score"] == 90.0
        assert by_user[0]["received"][0]["conflict"] is False
        assert by_user[0]["user_id"] == "u-1"

    def test_nobody_and_nothing_known_is_not_found(self, call: Call) -> None:
        assert call("GET", "/users/u-404/course-completions")[0] == 404
        assert call("GET", "/courses/c-404/course-completions")[0] == 404

    def test_who_may_only_read_cannot_hand_in(self, call: Call, holder: Holder) -> None:
        holder.scopes = frozenset({"read"})
        assert call("POST", "/course-completions", BODY)[0] == 403


def test_the_document_describes_each_of_these_routes() -> None:
    described = document(TABLE.routes, version="1", server="https://api.example")
    operations = [operation for path in described["paths"].values() for operation in path.values()]
    assert len(operations) == len(TABLE.routes)
    assert len({operation["operationId"] for operation in operations}) == len(operations)
