"""Decisions on what somebody holds: another end, revoked, reinstated, under review, and the history (R28–R30, R33)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from builders import message
from programme import COMPLETIONS, Programme, required

ID = "certification_completion_id"


@pytest.fixture
def api() -> Programme:
    return Programme()


def held(api: Programme, **parts: Any) -> str:
    """The id of what `u-1` has earned today."""
    api.published(**parts)
    api.complete("c-1")
    (completion,) = api.held()
    completion_id: str = completion[ID]
    return completion_id


def read(api: Programme, completion_id: str) -> Any:
    return api.made("GET", f"{COMPLETIONS}/{completion_id}")


def retract(api: Programme, course_id: str = "c-1") -> None:
    """The LMS takes the completion of this course back."""
    stored = api.app.ledger.read_user("u-1").course_completions
    taken_back = next(c for c in stored if c.course_id == course_id)
    changed = replace(taken_back, retracted_at=api.clock.now(), revision=taken_back.revision + 1)
    api.app.ledger.amend_course_completion(changed)
    api.app.user_evaluator.evaluate("u-1", api.held()[0]["certification_id"])
    api.work()


def corrected(api: Programme, score: float | None) -> None:
    api.clock.advance(hours=1)
    at = api.app.ledger.read_user("u-1").course_completions[0].completed_at
    event_id = f"correction to {score}"
    api.app.course_completion_recorder.record([(0, message("c-1", at, score=score, event_id=event_id))])
    api.work()


class TestAnotherEnd:
    """R28."""

    @pytest.mark.parametrize(
        ("end", "status"),
        [
            ("2028-12-31", "active"),
            ("2026-12-01", "active"),
            ("2026-11-20", "active"),
            (None, "active"),
        ],
    )
    def test_in_any_direction(self, api: Programme, end: str | None, status: str) -> None:
        completion_id = held(api)
        answer, body = api.change_end(completion_id, end)
        assert (answer, body["expiration_date"], body["status"]) == (200, end, status)
        assert read(api, completion_id) == body

    def test_a_past_date_expires_it(self, api: Programme) -> None:
        completion_id = held(api)
        body = api.on("2027-03-01").change_end(completion_id, "2027-02-28")[1]
        assert (body["status"], body["expiration_date"]) == ("expired", "2027-02-28")
        assert api.statuses(as_of="2027-02-28") == ["active"], "on that day it was, by the facts of that day"

    def test_extending_revives_it(self, api: Programme) -> None:
        completion_id = held(api)
        assert api.on("2028-01-10").statuses() == ["expired"]
        assert api.change_end(completion_id, "2028-06-30")[1]["status"] == "active"
        assert api.statuses(as_of="2028-01-09") == ["expired"]
        assert api.on("2028-07-01").statuses() == ["expired"]

    def test_extending_rearms_the_reminders_for_the_new_end(self, api: Programme) -> None:
        completion_id = held(api, reminders=["P30D"])
        sweep(api, "2027-10-21")
        api.on("2027-10-25").change_end(completion_id, "2028-02-20")
        for day in ("2027-10-26", "2028-01-20", "2028-01-21", "2028-01-22"):
            sweep(api, day)
        assert told(api, "Expiring") == ["2027-10-21", "2028-01-21"]

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"expiration_date": "2028-01-01"}, "/reason"),
            ({"expiration_date": "2028-01-01", "reason": ""}, "/reason"),
            ({"reason": "because"}, "/expiration_date"),
            ({"expiration_date": "2026-11-19", "reason": "because"}, "/expiration_date"),
            ({"expiration_date": "tomorrow", "reason": "because"}, "/expiration_date"),
            ({"expiration_date": "2028-01-01", "reason": "because", "status": "active"}, "/status"),
        ],
    )
    def test_what_is_wrong_is_named(self, api: Programme, body: Any, pointer: str) -> None:
        completion_id = held(api)
        before = read(api, completion_id)
        status, problem = api.call("PATCH", f"{COMPLETIONS}/{completion_id}", body)
        assert (status, problem["errors"][0]["pointer"]) == (422, pointer)
        assert read(api, completion_id) == before

    def test_the_same_end_again_changes_nothing(self, api: Programme) -> None:
        completion_id = held(api)
        api.change_end(completion_id, "2027-11-20")
        assert [entry["what"] for entry in history(api, completion_id)] == ["awarded"]

    def test_a_revoked_one_keeps_its_dates(self, api: Programme) -> None:
        completion_id = held(api)
        api.decide(completion_id, "revoke")
        status, problem = api.change_end(completion_id, "2028-01-01")
        assert (status, problem["present"]["status"]) == (409, "revoked")

    def test_never_into_the_days_of_the_next_cycle(self, api: Programme) -> None:
        completion_id = held(api, renewal={"opens": "P60D"})
        api.on("2027-11-01").complete("c-1")
        status, problem = api.change_end(completion_id, "2027-12-31")
        assert (status, problem["present"]["cycle"]) == (409, 2)
        assert api.change_end(completion_id, "2027-11-10")[0] == 200


class TestRevoked:
    """R29."""

    def test_it_stays_and_can_be_read(self, api: Programme) -> None:
        completion_id = held(api)
        status, body = api.decide(completion_id, "revoke", "issued to the wrong person")
        assert (status, body["status"]) == (200, "revoked")
        assert read(api, completion_id) == body
        assert api.statuses() == ["revoked"]
        assert told(api, "Revoked") == ["2026-11-20"]

    def test_it_is_final(self, api: Programme) -> None:
        completion_id = held(api)
        api.decide(completion_id, "revoke")
        assert api.decide(completion_id, "revoke")[0] == 409

    @pytest.mark.parametrize("what", ["revoke", "reinstate"])
    @pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": None}])
    def test_a_reason_is_required(self, api: Programme, what: str, body: Any) -> None:
        status, problem = api.call("POST", f"{COMPLETIONS}/{held(api)}/{what}", body)
        assert (status, problem["errors"][0]["pointer"]) == (422, "/reason")

    def test_what_was_completed_before_awards_nothing_again(self, api: Programme) -> None:
        certification_id = self.revoked(api)
        api.made("POST", "/evaluations", {"certification_id": certification_id, "dry_run": False})
        api.work()
        api.complete("c-2")
        assert api.statuses() == ["revoked"]

    def test_every_counted_course_must_be_newer(self, api: Programme) -> None:
        self.revoked(api, "c-1", "c-2")
        api.on("2026-12-01").complete("c-1")
        assert api.statuses() == ["revoked"]
        api.on("2026-12-02").complete("c-2")
        assert api.statuses() == ["revoked", "active"]
        assert api.held()[1]["completion_date"] == "2026-12-02"

    def test_reinstated_it_is_what_it_was(self, api: Programme) -> None:
        completion_id = held(api)
        before = read(api, completion_id)
        api.decide(completion_id, "revoke")
        assert api.decide(completion_id, "reinstate")[1] == before

    def test_what_was_never_revoked_is_not_reinstated(self, api: Programme) -> None:
        assert api.decide(held(api), "reinstate")[0] == 409

    def test_where_a_later_cycle_exists_it_is_not_reinstated(self, api: Programme) -> None:
        completion_id = held(api)
        api.decide(completion_id, "revoke")
        api.on("2026-12-01").complete("c-1")
        status, problem = api.decide(completion_id, "reinstate")
        assert (status, problem["present"]["cycle"]) == (409, 2)

    def test_one_that_had_not_begun_gives_its_predecessor_its_place_back(self, api: Programme) -> None:
        completion_id = held(api, renewal={"opens": "P60D", "basis": "expiration"})
        api.on("2027-11-01").complete("c-1")
        api.decide(api.held()[1][ID], "revoke")
        assert api.change_end(completion_id, "2028-01-31")[0] == 200
        assert api.statuses() == ["active", "revoked"]

    def revoked(self, api: Programme, *courses: str) -> str:
        api.published(requirements=required(*(courses or ("c-1",))))
        api.complete(*(courses or ("c-1",)))
        completion = api.held()[0]
        api.decide(completion[ID], "revoke")
        api.work()
        certification_id: str = completion["certification_id"]
        return certification_id


class TestUnderReview:
    """R30: flagged, still valid until somebody decides."""

    def test_it_is_flagged_and_still_valid(self, api: Programme) -> None:
        completion_id = held(api)
        retract(api)
        body = read(api, completion_id)
        assert (body["under_review"], body["status"]) == (True, "active")
        assert told(api, "Changed") == ["2026-11-20"]

    def test_let_stand_it_is_not_flagged_for_the_same_again(self, api: Programme) -> None:
        completion_id = held(api)
        retract(api)
        status, body = api.decide(completion_id, "reinstate", "the LMS was wrong")
        assert (status, body["under_review"]) == (200, False)
        api.app.user_evaluator.evaluate("u-1", body["certification_id"])
        assert read(api, completion_id)["under_review"] is False

    @pytest.mark.parametrize(
        ("score", "flagged"), [(70, False), (75, False), (69, True), (None, True), ("retracted", True)]
    )
    def test_let_stand_it_is_flagged_again_for_what_is_worse(
        self, api: Programme, score: Any, flagged: bool
    ) -> None:
        """R30: never silently."""
        api.published(requirements={"courses": [{"course_id": "c-1", "minimum_score": 80}]})
        api.complete("c-1", score=95)
        completion_id = api.held()[0][ID]
        corrected(api, 70)
        api.decide(completion_id, "reinstate", "the exam was hard")
        if score == "retracted":
            retract(api)
        else:
            corrected(api, score)
        assert read(api, completion_id)["under_review"] is flagged
        api.decide(completion_id, "reinstate", "it was, indeed")
        api.app.user_evaluator.evaluate("u-1", api.held()[0]["certification_id"])
        assert read(api, completion_id)["under_review"] is False

    def test_revoked_it_is_decided(self, api: Programme) -> None:
        completion_id = held(api)
        retract(api)
        body = api.decide(completion_id, "revoke", "never took the exam")[1]
        assert (body["status"], body["under_review"]) == ("revoked", False)

    def test_a_score_corrected_below_the_minimum_is_the_same(self, api: Programme) -> None:
        api.published(requirements={"courses": [{"course_id": "c-1", "minimum_score": 80}]})
        api.complete("c-1", score=85)
        (before,) = api.held()
        api.clock.advance(hours=1)
        api.complete("c-1", score=79, event_id="correction")
        assert api.held() == [{**before, "under_review": True}]


class TestHistory:
    """R33: what, when, who, why, before, after."""

    def test_every_change_leaves_an_entry(self, api: Programme) -> None:
        completion_id = held(api)
        api.change_end(completion_id, "2028-12-31", "extended by the partner manager")
        api.decide(completion_id, "revoke", "cheated")
        api.decide(completion_id, "reinstate", "did not cheat")
        retract(api)
        api.decide(completion_id, "reinstate", "stands")
        entries = history(api, completion_id)
        assert [(entry["what"], entry["reason"]) for entry in entries] == [
            ("awarded", ""),
            ("dates_changed", "extended by the partner manager"),
            ("revoked", "cheated"),
            ("reinstated", "did not cheat"),
            ("review_asked", "a course completion it rests on was retracted or corrected"),
            ("reviewed", "stands"),
        ]
        assert [entry["revision"] for entry in entries] == [1, 2, 3, 4, 5, 6]

    def test_an_entry_shows_what_changed_and_nothing_else(self, api: Programme) -> None:
        completion_id = held(api)
        api.change_end(completion_id, "2028-12-31", "extended")
        entry = history(api, completion_id)[1]
        assert entry == {
            "revision": 2,
            "what": "dates_changed",
            "at": "2026-11-20T12:00:00Z",
            "by": "key:bootstrap",
            "reason": "extended",
            "correlation_id": "request-1",
            "before": {"expiration_date": "2027-11-20"},
            "after": {"expiration_date": "2028-12-31"},
        }

    def test_it_says_which_key_or_which_job(self, api: Programme) -> None:
        completion_id = held(api)
        key = api.key("award", key_id="partnermanager")
        body = {"expiration_date": "2026-12-31", "reason": "shortened"}
        api.made("PATCH", f"{COMPLETIONS}/{completion_id}", body, key=key)
        sweep(api, "2027-01-01")
        by = [entry["by"] for entry in history(api, completion_id)]
        assert by[1:] == ["key:partnermanager", "job:expiry"]
        assert by[0].startswith("job:")

    def test_it_pages(self, api: Programme) -> None:
        completion_id = held(api)
        for year in range(2028, 2035):
            api.change_end(completion_id, f"{year}-01-01")
        api.work()
        seen: list[int] = []
        cursor = ""
        while True:
            page = api.made("GET", f"{COMPLETIONS}/{completion_id}/history", query=f"limit=3{cursor}")
            seen += [entry["revision"] for entry in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert seen == list(range(1, 9))

    def test_a_refused_decision_leaves_none(self, api: Programme) -> None:
        completion_id = held(api)
        api.decide(completion_id, "reinstate")
        api.change_end(completion_id, "2020-01-01")
        assert len(history(api, completion_id)) == 1


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("PATCH", ""), ("POST", "/revoke"), ("GET", "/history")]
)
@pytest.mark.parametrize("completion_id", ["nonsense", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"])
def test_an_id_that_we_never_gave_out_is_not_found(
    api: Programme, method: str, path: str, completion_id: str
) -> None:
    body = (
        {"expiration_date": None, "reason": "r"}
        if method == "PATCH"
        else {"reason": "r"}
        if path == "/revoke"
        else None
    )
    assert api.call(method, f"{COMPLETIONS}/{completion_id}{path}", body)[0] == 404


def history(api: Programme, completion_id: str) -> list[Any]:
    api.work()
    return api.history(completion_id)


def sweep(api: Programme, day: str) -> None:
    api.on(day)
    api.app.expiry_sweep.run(api.clock.now(), lambda: True)
    api.work()


def told(api: Programme, kind: str) -> list[str]:
    """The days on which the bus was told this."""
    api.work()
    return [e.occurred_at.date().isoformat() for e in api.bus.published if e.type.endswith(f".{kind}")]
