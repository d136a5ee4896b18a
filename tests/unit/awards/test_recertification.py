"""Re-certification as integrators see it: R25 in both bases, within window, grace and after; R20, R27 beside it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from builders import TODAY, completion
from programme import Programme, required

EXPIRATION = {"opens": "P60D", "basis": "expiration", "grace": "P30D"}
COMPLETION = {"opens": "P60D", "basis": "completion", "grace": "P30D"}
NO_GRACE = {"opens": "P60D", "basis": "expiration"}
A_YEAR = {"type": "duration", "duration": "P12M"}
YEAR_END = {"type": "anchored", "month": 12, "day": 31, "minimum": "P3M"}
# Earned on 15 January 2027 for a year: it expires on 15 January 2028, the window opens on 16 November 2027,
# grace ends on 14 February 2028.
EARNED = "2027-01-15"


def earned(**parts: Any) -> tuple[Programme, str]:
    api = Programme().on(EARNED)
    certification = api.published(requirements=required("c-1", "c-2"), **parts)
    api.complete("c-1", "c-2")
    return api, certification


def dates(completion: Any) -> tuple[str, str, str | None]:
    return completion["completion_date"], completion["effective_date"], completion["expiration_date"]


@pytest.mark.parametrize(
    ("renewal", "repeated_on", "effective", "expires"),
    [
        (EXPIRATION, "2027-11-16", "2028-01-16", "2029-01-15"),
        (EXPIRATION, "2028-01-15", "2028-01-16", "2029-01-15"),
        (EXPIRATION, "2028-01-16", "2028-01-16", "2029-01-15"),
        (EXPIRATION, "2028-02-14", "2028-01-16", "2029-01-15"),
        (EXPIRATION, "2028-02-15", "2028-02-15", "2029-02-15"),
        (NO_GRACE, "2028-01-15", "2028-01-16", "2029-01-15"),
        (NO_GRACE, "2028-01-16", "2028-01-16", "2029-01-16"),
        (COMPLETION, "2027-11-16", "2027-11-16", "2028-11-16"),
        (COMPLETION, "2028-02-14", "2028-02-14", "2029-02-14"),
        (COMPLETION, "2028-02-15", "2028-02-15", "2029-02-15"),
        (None, "2028-01-16", "2028-01-16", "2029-01-16"),
    ],
)
def test_r25_repeated_on_this_day_it_is_valid_from_then_until_then(
    renewal: Any, repeated_on: str, effective: str, expires: str
) -> None:
    api, _ = earned(renewal=renewal, expiration=A_YEAR)
    api.on(repeated_on).complete("c-1", "c-2")
    assert [completion["cycle"] for completion in api.held()] == [1, 2]
    assert dates(api.held()[1]) == (repeated_on, effective, expires)


@pytest.mark.parametrize(
    ("renewal", "repeated_on"),
    [(EXPIRATION, "2027-11-15"), (COMPLETION, "2027-11-15"), (None, "2028-01-15"), (None, "2027-11-16")],
)
def test_r25_before_the_window_nothing_counts_also_not_later(renewal: Any, repeated_on: str) -> None:
    """R20: a newer completion never extends an active award except by a renewal."""
    api, _ = earned(renewal=renewal)
    before = api.held()
    api.on(repeated_on).complete("c-1", "c-2")
    assert api.held() == before
    api.on("2028-03-01").complete("c-1")
    assert [c["cycle"] for c in api.held()] == [1], "c-2 was not repeated since the window opened"


@pytest.mark.parametrize("renewal", [EXPIRATION, COMPLETION])
def test_r25_repeating_one_course_renews_nothing(renewal: Any) -> None:
    api, _ = earned(renewal=renewal)
    api.on("2027-12-01").complete("c-1")
    assert len(api.held()) == 1
    api.on("2027-12-20").complete("c-2")
    assert api.held()[1]["completion_date"] == "2027-12-20"


def test_r25_the_earliest_inside_the_window_counts() -> None:
    """R14, R4: the date is that of the latest of the earliest ones."""
    api, _ = earned(renewal=COMPLETION)
    for day in ("2027-11-20", "2027-11-25"):
        api.on(day).complete("c-1")
    api.on("2027-12-01").complete("c-2")
    renewed = api.held()[1]
    assert renewed["completion_date"] == "2027-12-01"
    assert [evidence["completed_at"][:10] for evidence in renewed["evidence"]] == ["2027-11-20", "2027-12-01"]


def test_r25_early_birds_lose_nothing_and_the_renewal_begins_by_itself() -> None:
    api, _ = earned(renewal=EXPIRATION)
    api.on("2027-11-16").complete("c-1", "c-2")
    assert api.statuses() == ["active", "scheduled"]
    assert api.on("2028-01-15").statuses() == ["active", "scheduled"]
    assert api.on("2028-01-16").statuses() == ["expired", "active"]


def test_r25_on_the_basis_of_completion_the_old_one_is_superseded_from_then() -> None:
    api, _ = earned(renewal=COMPLETION)
    api.on("2027-12-01").complete("c-1", "c-2")
    assert api.statuses() == ["superseded", "active"]
    assert api.statuses(as_of="2027-11-30") == ["active", "scheduled"]


def test_r25_during_grace_it_is_expired_until_renewed() -> None:
    api, _ = earned(renewal=EXPIRATION)
    assert api.on("2028-02-01").statuses() == ["expired"]
    api.complete("c-1", "c-2")
    assert api.statuses() == ["expired", "active"]
    assert api.held()[1]["effective_date"] == "2028-01-16"


@pytest.mark.parametrize(
    ("repeated_on", "expires"),
    [
        ("2028-11-15", "2029-12-31"),
        ("2028-12-31", "2029-12-31"),
        ("2029-01-20", "2029-12-31"),
        ("2029-02-15", "2029-12-31"),
    ],
)
def test_r25_anchored_it_goes_on_to_the_next_anchor(repeated_on: str, expires: str) -> None:
    api = Programme().on("2027-11-01")
    api.published(expiration=YEAR_END, renewal=EXPIRATION)
    api.complete("c-1")
    assert api.held()[0]["expiration_date"] == "2028-12-31", "31 December 2027 would leave no three months"
    api.on(repeated_on).complete("c-1")
    assert api.held()[1]["expiration_date"] == expires


def test_a_chain_of_cycles_reads_as_a_history() -> None:
    api, _ = earned(renewal=EXPIRATION)
    for day in ("2027-12-01", "2028-12-01", "2029-12-01"):
        api.on(day).complete("c-1", "c-2")
    assert [dates(completion)[1:] for completion in api.held()] == [
        ("2027-01-15", "2028-01-15"),
        ("2028-01-16", "2029-01-15"),
        ("2029-01-16", "2030-01-15"),
        ("2030-01-16", "2031-01-15"),
    ]
    ids = [completion["certification_completion_id"] for completion in api.held()]
    assert [[entry["what"] for entry in api.history(one)] for one in ids] == [
        ["awarded", "continued"],
        ["renewed", "continued"],
        ["renewed", "continued"],
        ["renewed"],
    ]


def test_a_renewal_is_only_renewed_on_the_bus() -> None:
    api, _ = earned(renewal=EXPIRATION)
    api.on("2027-12-01").complete("c-1", "c-2")
    kinds = [event.type.partition(".")[2] for event in api.bus.published]
    assert kinds == ["Awarded", "Renewed"]


def test_a_late_completion_is_a_renewal_of_its_own_day() -> None:
    """R4: repeated in the window and delivered after grace, it counts by the day on which it was completed."""
    api, _ = earned(renewal=EXPIRATION)
    api.on("2028-06-01").complete("c-1", "c-2", on="2027-12-01")
    assert dates(api.held()[1]) == ("2027-12-01", "2028-01-16", "2029-01-15")
    assert api.statuses() == ["expired", "active"]


def test_r20_an_older_completion_moves_nothing() -> None:
    api, _ = earned(renewal=EXPIRATION)
    before = api.held()
    api.complete("c-1", "c-2", on="2026-12-01")
    assert api.held() == before


def test_r22_a_renewal_is_earned_under_the_version_of_its_day() -> None:
    api, certification = earned(renewal=EXPIRATION, expiration=A_YEAR)
    longer = {"type": "duration", "duration": "P24M"}
    api.made("PATCH", f"/certifications/{certification}", {"expiration": longer})
    api.work()
    api.on("2027-12-01").complete("c-1", "c-2")
    assert [completion["certification_version"] for completion in api.held()] == [1, 2]
    assert api.held()[1]["expiration_date"] == "2030-01-15"


def test_r19_who_lost_the_permission_keeps_it_and_does_not_renew_it() -> None:
    api = Programme().on(EARNED)
    api.user("u-1", groups=["gold"])
    api.published(permissions={"audience": "groups", "groups": ["gold"]}, renewal=EXPIRATION)
    api.complete("c-1")
    api.user("u-1", groups=[])
    assert api.statuses() == ["active"]
    api.on("2027-12-01").complete("c-1")
    assert len(api.held()) == 1
    api.user("u-1", groups=["gold"])
    api.work()
    assert dates(api.held()[1]) == ("2027-12-01", "2028-01-16", "2029-01-15")


def test_r27_an_award_by_hand_is_renewed_like_any_other() -> None:
    api = Programme().on(EARNED)
    certification = api.published(renewal=EXPIRATION)
    api.awarded(certification, EARNED)
    api.complete("c-1", on="2027-03-01")
    (held,) = api.held()
    assert held["evidence"][0]["completed_at"] == "2027-03-01T12:00:00Z"
    api.on("2027-12-01").complete("c-1")
    assert dates(api.held()[1]) == ("2027-12-01", "2028-01-16", "2029-01-15")


def test_r29_a_revoked_one_is_not_renewed_but_earned_anew() -> None:
    api, _ = earned(renewal=EXPIRATION)
    api.on("2027-12-01").decide(api.held()[0]["certification_completion_id"], "revoke")
    api.on("2027-12-02").complete("c-1", "c-2")
    assert dates(api.held()[1]) == ("2027-12-02", "2027-12-02", "2028-12-02")
    assert api.statuses() == ["revoked", "active"]


def test_r28_a_window_moves_with_a_changed_end() -> None:
    api, _ = earned(renewal=EXPIRATION)
    api.change_end(api.held()[0]["certification_completion_id"], "2028-06-30")
    api.on("2027-12-01").complete("c-1", "c-2")
    assert len(api.held()) == 1
    api.on("2028-05-15").complete("c-1", "c-2")
    assert dates(api.held()[1]) == ("2028-05-15", "2028-07-01", "2029-06-30")


def test_a_chain_of_more_cycles_than_a_transaction_takes_goes_on() -> None:
    """DynamoDB takes a hundred items: weekly certifications get there in two years."""
    api = Programme()
    certification = api.published(expiration={"type": "duration", "duration": "P1D"})
    for cycle in range(1, 121):
        day = TODAY - timedelta(days=400 - 3 * cycle)
        ended = completion(
            certification, cycle=cycle, completion_date=day, effective_date=day, expiration_date=day
        )
        api.app.ledger.add_completion(ended, reminders=())
    api.complete("c-1")
    (latest,) = [c for c in api.app.ledger.read_user("u-1").completions if c.cycle > 120]
    for what in ("revoke", "reinstate"):
        assert api.decide(api.app.completion_ids.id_of(latest), what)[0] == 200
