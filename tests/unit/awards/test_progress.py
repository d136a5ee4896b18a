"""`progress` explains: R8, R14, R15, R18, R19, R21, R25, R27, R29, R31, through the route."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from programme import DEFINITION, Programme, required

RENEWAL = {"opens": "P60D", "basis": "expiration", "grace": "P30D"}


@pytest.fixture
def api() -> Programme:
    return Programme()


def codes(progress: Any) -> list[str]:
    return [reason["code"] for reason in progress["reasons"]]


def missing(progress: Any) -> dict[str, str]:
    """Course → why it does not count."""
    return {r["course_id"]: r["reason"]["code"] for r in progress["requirements"] if not r["satisfied"]}


def test_nothing_done_yet(api: Programme) -> None:
    certification = api.published(requirements=required("c-1", "c-2"))
    assert api.progress(certification) == {
        "eligible": True,
        "reasons": [],
        "requirements": [
            {
                "course_id": course,
                "satisfied": False,
                "reason": {"code": "not_completed", "message": f"{course} is not completed."},
            }
            for course in ("c-1", "c-2")
        ],
        "would_award": False,
        "would_expire": {
            "date": "2027-11-20",
            "reason": {
                "code": "duration",
                "message": "It is valid for P12M from the completion date. The completion date is 2026-11-20.",
            },
        },
        "summary": "0 of 2 required courses count so far, still open: c-1, c-2.",
    }


def test_it_says_what_is_satisfied_by_what(api: Programme) -> None:
    certification = api.published(
        requirements={"courses": [{"course_id": "c-1", "equivalents": ["c-3"]}, {"course_id": "c-2"}]}
    )
    api.complete("c-3", on="2026-11-01", score=70)
    progress = api.progress(certification)
    assert progress["requirements"][0] == {
        "course_id": "c-1",
        "satisfied": True,
        "by": {"course_id": "c-3", "completed_at": "2026-11-01T12:00:00Z", "score": 70},
    }
    assert missing(progress) == {"c-2": "not_completed"}
    assert progress["summary"] == "1 of 2 required courses count so far, still open: c-2."


def test_once_awarded_it_shows_the_completion_and_what_it_rests_on(api: Programme) -> None:
    certification = api.published()
    api.complete("c-1")
    progress = api.progress(certification)
    assert progress["current"] == api.held()[0]
    assert progress["requirements"][0]["satisfied"]
    assert not progress["would_award"]
    assert codes(progress) == ["window_not_open"]
    assert progress["summary"] == (
        "It is held until 2027-11-20; it can be earned again with courses completed from 2027-11-21 on."
    )


def test_for_good_is_for_good(api: Programme) -> None:
    certification = api.published(expiration={"type": "never"})
    api.complete("c-1")
    progress = api.progress(certification)
    assert codes(progress) == ["held_for_good"]
    assert "would_expire" not in progress
    assert progress["summary"] == "It is held and never expires."


def test_r14_a_score_that_is_too_low_is_named_with_what_is_asked_for(api: Programme) -> None:
    courses = [{"course_id": "c-1", "minimum_score": 80}, {"course_id": "c-2", "minimum_score": 80}]
    certification = api.published(requirements={"courses": courses})
    api.complete("c-1", score=79.5)
    api.complete("c-2")
    progress = api.progress(certification)
    assert missing(progress) == {"c-1": "score_too_low", "c-2": "score_missing"}
    assert progress["requirements"][0]["reason"]["message"] == (
        "c-1 is completed with 79.5; at least 80 is asked for."
    )


def test_r15_of_any_two_the_third_is_not_needed(api: Programme) -> None:
    certification = api.draft(requirements=required("c-1", "c-2", "c-3", required_count=2))
    api.complete("c-1", "c-3")
    progress = api.progress(certification)
    assert missing(progress) == {"c-2": "not_needed"}
    assert codes(progress) == ["not_published"]


@pytest.mark.parametrize("state", ["draft", "retired"])
def test_r18_only_what_is_published_awards(api: Programme, state: str) -> None:
    certification = api.published() if state == "retired" else api.draft()
    if state == "retired":
        api.made("POST", f"/certifications/{certification}/retire")
    api.complete("c-1")
    progress = api.progress(certification)
    assert codes(progress) == ["not_published"]
    assert not progress["would_award"]
    assert progress["eligible"]
    assert progress["requirements"][0]["satisfied"]
    assert progress["summary"].startswith(f"It cannot be awarded: It is {state}")


def test_r8_after_the_fixed_date_nothing_more_can_be_earned(api: Programme) -> None:
    certification = api.published(expiration={"type": "fixed_date", "date": "2026-11-30"})
    assert api.progress(certification)["would_expire"]["date"] == "2026-11-30"
    api.on("2026-12-01")
    progress = api.progress(certification)
    assert codes(progress) == ["validity_ended"]
    assert "would_expire" not in progress
    api.complete("c-1")
    assert codes(api.progress(certification)) == ["validity_ended"]
    assert api.held() == []


@pytest.mark.parametrize(
    ("permissions", "reason"),
    [
        ({"audience": "no_one"}, "not_permitted"),
        ({"audience": "groups", "groups": ["gold"]}, "not_permitted"),
        ({"audience": "rules", "rules": [{"attribute": "country", "in": ["DE"]}]}, "not_permitted"),
    ],
)
def test_r19_outside_the_permissions(api: Programme, permissions: Any, reason: str) -> None:
    certification = api.published(permissions=permissions)
    api.complete("c-1")
    progress = api.progress(certification)
    assert codes(progress) == [reason]
    assert not progress["eligible"]
    assert progress["requirements"][0]["satisfied"]


def test_r21_the_inactive_are_told_so(api: Programme) -> None:
    certification = api.published()
    api.made("PUT", "/organizations/o-1", {"name": "Northwind", "active": False})
    api.user("u-1", organization_id="o-1", active=False)
    progress = api.progress(certification)
    assert codes(progress) == ["user_inactive", "organization_inactive"]
    assert not progress["eligible"]


class TestRenewal:
    """R25: what must be repeated, from when, until when."""

    @pytest.fixture
    def certification(self, api: Programme) -> str:
        certification = api.published(renewal=RENEWAL, requirements=required("c-1", "c-2"))
        api.complete("c-1", "c-2")
        return certification

    def test_before_the_window_opens(self, api: Programme, certification: str) -> None:
        progress = api.on("2027-09-20").progress(certification)
        assert codes(progress) == ["window_not_open"]
        assert missing(progress) == {}
        assert progress["would_expire"]["date"] == "2028-11-20"
        assert progress["would_expire"]["reason"]["code"] == "renewal"
        assert progress["summary"] == (
            "It is held until 2027-11-20; it can be earned again with courses completed"
            " from 2027-09-21 on until 2027-12-20."
        )

    def test_in_the_window_everything_must_be_repeated(self, api: Programme, certification: str) -> None:
        progress = api.on("2027-09-21").progress(certification)
        assert codes(progress) == []
        assert missing(progress) == {"c-1": "repeat", "c-2": "repeat"}
        assert progress["requirements"][0]["reason"]["message"] == (
            "c-1 was completed on 2026-11-20: it must be repeated on 2027-09-21 or later (R25)."
        )

    def test_one_course_repeated_renews_nothing(self, api: Programme, certification: str) -> None:
        api.on("2027-10-01").complete("c-1")
        progress = api.progress(certification)
        assert missing(progress) == {"c-2": "repeat"}
        assert progress["summary"] == (
            "It is held until 2027-11-20;"
            " 1 of 2 required courses count so far from 2027-09-21 on, still open: c-2."
        )

    def test_in_grace_it_has_expired_and_can_still_be_continued(
        self, api: Programme, certification: str
    ) -> None:
        progress = api.on("2027-12-20").progress(certification)
        assert progress["current"]["status"] == "expired"
        assert progress["would_expire"]["date"] == "2028-11-20"

    def test_after_grace_it_counts_from_the_new_completion(self, api: Programme, certification: str) -> None:
        progress = api.on("2027-12-21").progress(certification)
        assert progress["would_expire"]["date"] == "2028-12-21"
        assert progress["would_expire"]["reason"]["code"] == "duration"

    def test_renewed_the_renewal_is_what_is_to_be_renewed_next(
        self, api: Programme, certification: str
    ) -> None:
        api.on("2027-10-01").complete("c-1", "c-2")
        progress = api.progress(certification)
        assert progress["current"]["cycle"] == 1
        assert codes(progress) == ["window_not_open"]
        assert progress["would_expire"]["date"] == "2029-11-20"
        assert api.on("2027-11-21").progress(certification)["current"]["cycle"] == 2

    @pytest.mark.parametrize("basis", ["expiration", "completion"])
    def test_renewed_it_shows_what_the_renewal_rests_on(self, api: Programme, basis: str) -> None:
        certification = api.published(renewal={**RENEWAL, "basis": basis})
        for day in ("2026-11-20", "2027-10-01"):
            api.on(day).complete("c-1")
        for day in ("2027-10-01", "2027-12-01"):
            shown = api.on(day).progress(certification)["requirements"][0]
            assert shown["by"] == {"course_id": "c-1", "completed_at": "2027-10-01T12:00:00Z"}


def test_r27_awarded_by_hand_what_is_still_open_stays_visible(api: Programme) -> None:
    certification = api.published()
    api.awarded(certification, "2026-11-20")
    progress = api.progress(certification)
    assert missing(progress) == {"c-1": "not_completed"}
    assert codes(progress) == ["window_not_open"]


def test_r29_after_a_revocation_everything_must_be_newer(api: Programme) -> None:
    certification = api.published()
    api.complete("c-1", on="2026-11-19")
    api.decide(api.held()[0]["certification_completion_id"], "revoke")
    progress = api.progress(certification)
    assert missing(progress) == {"c-1": "before_revocation"}
    assert codes(progress) == []
    assert "current" not in progress


def test_r30_a_retracted_completion_is_named_as_that(api: Programme) -> None:
    certification = api.published()
    api.complete("c-1")
    (held,) = api.app.ledger.read_user("u-1").course_completions
    api.app.ledger.amend_course_completion(replace(held, retracted_at=api.clock.now(), revision=2))
    progress = api.progress(certification)
    assert missing(progress) == {"c-1": "retracted"}


def test_r31_an_organizations_certification_is_no_users_to_earn(api: Programme) -> None:
    tier = {**DEFINITION, "type": "organization", "requirements": None}
    progress = api.progress(api.published(**tier))
    assert "by_hand_only" in codes(progress)
    assert not progress["would_award"]


def test_an_end_beyond_the_calendar_breaks_nothing(api: Programme) -> None:
    for_long = {"type": "duration", "duration": "P60Y"}
    certification = api.published(renewal={**RENEWAL, "grace": "P50Y"}, expiration=for_long)
    api.awarded(certification, "2026-11-20", expiration_date="9998-12-31")
    assert codes(api.progress(certification)) == ["window_not_open"]


@pytest.mark.parametrize(("user_id", "known"), [("nobody", True), ("u-1", False)])
def test_who_or_what_is_unknown_is_not_found(api: Programme, user_id: str, known: bool) -> None:
    certification = api.published() if known else "cert-none"
    assert api.call("GET", f"/users/{user_id}/certifications/{certification}/progress")[0] == 404


def test_asking_writes_nothing(api: Programme) -> None:
    certification = api.published()
    api.complete("c-1")
    before = len(api.table.changes)
    api.progress(certification)
    assert len(api.table.changes) == before
