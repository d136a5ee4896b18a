"""Evaluations: a preview, a limit, a run that goes on where it stopped, a repetition without effect (R13, R16, R23)."""

from __future__ import annotations

from typing import Any

import pytest

from certification.domain.evaluation import Decision, Facts, Moment, evaluate
from programme import Programme, required

USERS = [f"u-{number}" for number in range(1, 8)]


@pytest.fixture
def api() -> Programme:
    """Seven users have completed `c-1`; of `u-1` it was so long ago that a year from then is over."""
    api = Programme()
    for number, user_id in enumerate(USERS):
        api.user(user_id)
        api.complete("c-1", on="2025-01-01" if number == 0 else "2026-11-01", user_id=user_id)
    return api


def asked(api: Programme, certification_id: str, **more: Any) -> str:
    """The id of an evaluation that was accepted."""
    body = {"certification_id": certification_id, "dry_run": False, **more}
    status, answer = api.call("POST", "/evaluations", body)
    assert (status, answer["state"]) == (202, "queued")
    assert api.headers["Location"] == f"/evaluations/{answer['evaluation_id']}"
    evaluation_id: str = answer["evaluation_id"]
    return evaluation_id


def evaluated(api: Programme, certification_id: str, **more: Any) -> Any:
    evaluation_id = asked(api, certification_id, **more)
    api.work()
    return api.made("GET", f"/evaluations/{evaluation_id}")


def awards(api: Programme, certification_id: str) -> int:
    return len(api.held(f"certification_id={certification_id}"))


class TestDryRun:
    def test_it_counts_and_awards_nobody(self, api: Programme) -> None:
        certification = api.draft()
        run = evaluated(api, certification, dry_run=True)
        assert run["state"] == "completed"
        assert run["counts"] == {
            "evaluated": 7,
            "would_award": 7,
            "awarded": 0,
            "already_expired": 1,
            "unchanged": 0,
            "failed": 0,
        }
        assert awards(api, certification) == 0

    def test_the_sample_says_why(self, api: Programme) -> None:
        api.user("u-2", active=False)
        api.complete("c-2", user_id="u-3")
        certification = api.draft(requirements=required("c-1", "c-2"), permissions={"audience": "everyone"})
        run = evaluated(api, certification, dry_run=True)
        sample = {one["user_id"]: (one["outcome"], one["reason"]) for one in run["sample"]}
        assert sample["u-3"] == ("would_award", "All requirements are satisfied.")
        assert sample["u-4"] == ("unchanged", "Required courses are still missing.")
        assert run["sample"][0]["user_id"] == "u-3", "who would be awarded comes first"

    def test_who_holds_it_stays_unchanged(self, api: Programme) -> None:
        certification = api.published()
        run = evaluated(api, certification, dry_run=True)
        assert (run["counts"]["would_award"], run["counts"]["unchanged"]) == (0, 7)
        reasons = {one["user_id"]: one["reason"] for one in run["sample"]}
        assert reasons["u-2"] == "It is held; what is completed from 2027-11-02 on counts next (R25)."
        assert reasons["u-1"] == "Required courses were not repeated since 2026-01-02 (R25)."

    @pytest.mark.parametrize(
        ("parts", "would", "expired"),
        [
            ({"requirements": required("c-1", "c-2")}, 1, 0),
            ({"requirements": required("c-2")}, 1, 0),
            ({"requirements": required("c-1", "c-2", required_count=1)}, 7, 1),
            ({"expiration": {"type": "never"}}, 7, 0),
            ({"expiration": {"type": "duration", "duration": "P1D"}}, 7, 7),
            ({"expiration": {"type": "fixed_date", "date": "2025-12-31"}}, 1, 1),
            ({"permissions": {"audience": "no_one"}}, 0, 0),
            ({"permissions": {"audience": "groups", "groups": ["gold"]}}, 1, 0),
        ],
    )
    def test_other_parts_can_be_tried(
        self, api: Programme, parts: dict[str, Any], would: int, expired: int
    ) -> None:
        api.user("u-7", groups=["gold"])
        api.complete("c-2", user_id="u-7")
        certification = api.draft()
        before = api.made("GET", f"/certifications/{certification}")
        counts = evaluated(api, certification, dry_run=True, **parts)["counts"]
        assert (counts["would_award"], counts["already_expired"]) == (would, expired)
        assert api.made("GET", f"/certifications/{certification}") == before
        assert awards(api, certification) == 0

    def test_it_says_what_the_publish_then_does(self, api: Programme) -> None:
        certification = api.draft(permissions={"audience": "groups", "groups": ["gold"]})
        api.user("u-1", groups=["gold"])
        api.user("u-5", groups=["gold"])
        tried = evaluated(api, certification, dry_run=True)["counts"]
        published = api.made("POST", f"/certifications/{certification}/publish")
        api.work()
        done = api.made("GET", f"/evaluations/{published['evaluation_id']}")["counts"]
        assert done["awarded"] == tried["would_award"] == 2
        assert done["already_expired"] == tried["already_expired"] == 1

    @pytest.mark.parametrize("renewal", [None, {"opens": "P60D", "basis": "completion"}])
    def test_several_cycles_of_one_user_count_as_what_the_publish_makes_of_them(
        self, api: Programme, renewal: Any
    ) -> None:
        """Only who would hold nothing valid has expired already."""
        api.complete("c-1", on="2025-12-01", user_id="u-1")
        api.complete("c-1", on="2026-11-10", user_id="u-1")
        certification = api.draft(renewal=renewal)
        tried = evaluated(api, certification, dry_run=True)["counts"]
        published = api.made("POST", f"/certifications/{certification}/publish", {"max_awards": 7})
        api.work()
        done = api.made("GET", f"/evaluations/{published['evaluation_id']}")["counts"]
        assert (done["awarded"], done["already_expired"]) == (7, 0)
        assert (tried["would_award"], tried["already_expired"]) == (7, 0)

    def test_evidence_that_waits_for_an_award_by_hand_does_not_hide_the_next_award(
        self, api: Programme
    ) -> None:
        """R27 comes first in an evaluation; what comes after it must be counted all the same."""
        certification = api.published(renewal={"opens": "P60D"}, requirements=required("c-2"))
        api.awarded(certification, "2025-12-01")
        for day in ("2026-01-10", "2026-11-10"):
            api.complete("c-2", on=day)
        assert [c["cycle"] for c in api.held()] == [1, 2]


class TestLimit:
    def test_more_than_the_limit_is_refused_and_nobody_is_awarded(self, api: Programme) -> None:
        certification = api.draft()
        published = api.made("POST", f"/certifications/{certification}/publish", {"max_awards": 6})
        api.work()
        run = api.made("GET", f"/evaluations/{published['evaluation_id']}")
        assert (run["state"], run["max_awards"]) == ("refused", 6)
        assert run["counts"]["would_award"] == 7
        assert run["counts"]["awarded"] == 0
        assert run["finished_at"] is not None
        assert awards(api, certification) == 0

    @pytest.mark.parametrize("limit", [7, 1000])
    def test_up_to_the_limit_it_awards(self, api: Programme, limit: int) -> None:
        certification = api.draft()
        api.made("POST", f"/certifications/{certification}/publish", {"max_awards": limit})
        api.work()
        assert awards(api, certification) == 7

    def test_after_a_refusal_it_can_be_run_with_a_higher_one(self, api: Programme) -> None:
        certification = api.draft()
        api.made("POST", f"/certifications/{certification}/publish", {"max_awards": 0})
        api.work()
        run = evaluated(api, certification, max_awards=7)
        assert (run["state"], run["counts"]["awarded"]) == ("completed", 7)

    def test_what_is_held_already_does_not_count_against_it(self, api: Programme) -> None:
        certification = api.published()
        api.user("u-8")
        api.complete("c-1", user_id="u-8")
        assert evaluated(api, certification, max_awards=0)["state"] == "completed"


class TestRuns:
    def test_run_again_it_has_no_effect(self, api: Programme) -> None:
        certification = api.published()
        before = api.held(f"certification_id={certification}")
        run = evaluated(api, certification)
        assert (run["counts"]["awarded"], run["counts"]["unchanged"]) == (0, 7)
        assert api.held(f"certification_id={certification}") == before

    def test_it_stops_when_time_is_up_and_goes_on_where_it_stopped(self, api: Programme) -> None:
        certification = api.draft(requirements=required("c-1", "c-2", required_count=1))
        api.complete("c-2", user_id="u-3")
        evaluation_id = asked(api, certification, dry_run=True)
        states = []
        for _ in range(20):
            run = api.app.evaluation_runner.advance(evaluation_id, _once())
            assert run is not None
            states.append((run.state.value, run.counts.evaluated))
            if run.finished:
                break
            (message,) = api.evaluations.take()
            assert message["evaluation_id"] == evaluation_id
        assert states[-1] == ("completed", 7)
        assert ("running", 7) in states

    def test_a_worker_that_dies_in_a_page_leaves_it_to_be_done_and_counted_once(self, api: Programme) -> None:
        certification = api.draft()
        api.made("POST", f"/certifications/{certification}/publish")
        evaluation_id = api.made("GET", "/certifications")["items"][0]["evaluation_id"]
        assert evaluation_id is None, "a read starts none"
        run_id = next(item["evaluation_id"] for item in api.table.items.values() if "evaluation_id" in item)
        left = [4]

        def die(_: str) -> None:
            left[0] -= 1
            if left[0] == 0:
                api.table.before_effect = None
                raise KeyboardInterrupt

        api.table.before_effect = die
        with pytest.raises(KeyboardInterrupt):
            api.app.evaluation_runner.advance(run_id, lambda: True)
        assert 0 < awards(api, certification) < 7
        api.work()
        counts = api.made("GET", f"/evaluations/{run_id}")["counts"]
        assert (counts["evaluated"], counts["awarded"]) == (7, 7)
        assert awards(api, certification) == 7

    def test_one_that_was_lost_is_resumed(self, api: Programme) -> None:
        certification = api.draft()
        evaluation_id = asked(api, certification, dry_run=True)
        api.followed = len(api.table.changes)  # the stream lost it
        api.work()
        assert api.made("GET", f"/evaluations/{evaluation_id}")["state"] == "queued"
        assert api.call("POST", f"/evaluations/{evaluation_id}/resume")[0] == 202
        api.work()
        assert api.made("GET", f"/evaluations/{evaluation_id}")["state"] == "completed"
        assert api.call("POST", f"/evaluations/{evaluation_id}/resume")[0] == 409

    def test_r16_one_users_failure_stops_nobody_else(
        self, api: Programme, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        certification = api.draft()

        def sometimes(facts: Facts, moment: Moment) -> Decision:
            if facts.user.user_id == "u-4":
                raise RuntimeError("a bug that only this user's facts show")
            return evaluate(facts, moment)

        published = api.made("POST", f"/certifications/{certification}/publish")
        monkeypatch.setattr("certification.services.awarding.evaluate", sometimes)
        api._follow()
        for message in api.evaluations.take():
            if message["kind"] == "run":
                api.app.evaluation_runner.advance(message["evaluation_id"], lambda: True)
        counts = api.made("GET", f"/evaluations/{published['evaluation_id']}")["counts"]
        assert (counts["awarded"], counts["failed"]) == (6, 1)
        monkeypatch.undo()
        api.work()
        assert awards(api, certification) == 7, "it was handed over and tried again"

    def test_a_user_of_whom_something_is_damaged_stops_nobody_else(self, api: Programme) -> None:
        certification = api.draft()
        for key, item in api.table.items.items():
            if key.pk == "USER#u-4" and key.sk.startswith("COURSE#"):
                del item["completed_on"]
        run = evaluated(api, certification, dry_run=True)
        assert run["state"] == "completed"
        assert (run["counts"]["would_award"], run["counts"]["failed"]) == (6, 1)

    def test_a_user_with_many_completions_is_evaluated_once(self, api: Programme) -> None:
        for day in ("2026-10-01", "2026-10-02", "2026-10-03"):
            api.complete("c-1", "c-2", on=day, user_id="u-2")
        certification = api.draft(requirements=required("c-1", "c-2", required_count=1))
        assert evaluated(api, certification, dry_run=True)["counts"]["evaluated"] == 7

    def test_of_a_certification_that_is_gone_it_fails_with_the_reason(self, api: Programme) -> None:
        certification = api.draft()
        evaluation_id = asked(api, certification, dry_run=True)
        api.made("DELETE", f"/certifications/{certification}")
        api.work()
        run = api.made("GET", f"/evaluations/{evaluation_id}")
        assert (run["state"], run["reason"]) == ("failed", "the certification does not exist any more")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"dry_run": True}, 422),
        ({"certification_id": "none", "dry_run": True}, 404),
        ({"certification_id": "{draft}", "dry_run": False}, 422),
        ({"certification_id": "{draft}", "dry_run": True, "max_awards": -1}, 422),
        ({"certification_id": "{draft}", "dry_run": True, "expiration": {"type": "soon"}}, 422),
        ({"certification_id": "{published}", "dry_run": False, "expiration": {"type": "never"}}, 422),
        ({"certification_id": "{tier}", "dry_run": True}, 422),
        ({"certification_id": "{draft}", "dry_run": True, "colour": "red"}, 422),
        ({"certification_id": "{draft}", "dry_run": True, "requirements": required("c-1", "c-1")}, 422),
    ],
)
def test_what_makes_no_sense_is_refused(api: Programme, body: dict[str, Any], status: int) -> None:
    ids = {
        "{draft}": api.draft(),
        "{published}": api.published(),
        "{tier}": api.draft(type="organization", requirements=None),
    }
    body = {name: ids.get(value, value) if isinstance(value, str) else value for name, value in body.items()}
    assert api.call("POST", "/evaluations", body)[0] == status


def test_an_unknown_one_is_not_found(api: Programme) -> None:
    assert api.call("GET", "/evaluations/none")[0] == 404


def _once() -> Any:
    """Time for one page."""
    answers = iter([True])
    return lambda: next(answers, False)
