"""Re-certification, by the courses and by hand: window, basis, grace, and what comes after (R25)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from certification.domain.errors import ConflictError, InvalidError
from certification.domain.evaluation import open_window
from certification.domain.model import (
    AfterDuration,
    Anchored,
    Duration,
    FixedDate,
    NeverExpires,
    PublishStatus,
    Renewal,
    RenewalBasis,
    Status,
)
from certification.domain.validity import parse_duration
from unit.domain.life import Life, day


def renewal(opens: str = "P60D", grace: str | None = None, basis: str = "expiration") -> Renewal:
    return Renewal(
        opens=parse_duration(opens),
        basis=RenewalBasis(basis),
        grace=parse_duration(grace) if grace else None,
    )


def held(*courses: str, rule: Renewal | None = None, until: str = "2026-12-31", **definition: object) -> Life:
    """Earned on the first of January 2026, for a year: 60 days before its end is 1 November."""
    life = Life(*(courses or ("a", "b")), renewal=rule, **definition)
    life.today = day("2026-01-01")
    life.learn(*(courses or ("a", "b")))
    life.evaluate()
    life.change_end(day(until))
    return life


def learn_on(life: Life, text: str, *courses: str) -> str:
    life.today = max(life.today, day(text))
    life.learn(*(courses or ("a", "b")), on=day(text))
    return life.evaluate()


class TestWindow:
    @pytest.mark.parametrize(
        ("completed_on", "cycles"),
        [("2026-10-31", 1), ("2026-11-01", 2), ("2026-12-31", 2), ("2027-01-01", 2)],
        ids=["before the opening", "on the opening day", "on the last day", "after the end"],
    )
    def test_courses_count_from_the_opening_on(self, completed_on: str, cycles: int) -> None:
        life = held(rule=renewal())
        learn_on(life, completed_on)
        assert len(life.cycles) == cycles

    def test_every_requirement_must_be_completed_afresh(self) -> None:
        life = held(rule=renewal())
        assert learn_on(life, "2026-11-15", "a") == "requirements_missing"
        assert len(life.cycles) == 1
        learn_on(life, "2026-12-01", "b")
        assert life.cycles[2].completion_date == day("2026-12-01")
        assert [e.course_id for e in life.cycles[2].evidence] == ["a", "b"]

    def test_one_before_the_opening_and_one_inside_renew_nothing(self) -> None:
        life = held(rule=renewal())
        learn_on(life, "2026-10-20", "a")
        learn_on(life, "2026-11-20", "b")
        assert len(life.cycles) == 1

    def test_earliest_inside_the_window_counts(self) -> None:
        """R14: earlier ones than the opening are passed over, later ones too."""
        life = held(rule=renewal())
        life.today = day("2026-12-20")
        for completed_on in ("2026-10-01", "2026-12-10", "2026-11-05", "2026-11-25"):
            life.learn("a", "b", on=day(completed_on))
        life.evaluate()
        assert life.cycles[2].completion_date == day("2026-11-05")

    def test_window_longer_than_the_validity_does_not_count_the_old_completions_again(self) -> None:
        life = held(rule=renewal("P2Y"))
        assert list(life.cycles) == [1]
        learn_on(life, "2026-01-02")
        assert list(life.cycles) == [1, 2]
        assert life.spans()[1] == ("2027-01-01", "2027-12-31")

    def test_opening_is_counted_back_from_the_end_as_it_is_now(self) -> None:
        life = held(rule=renewal(), until="2027-03-31")
        assert open_window(life.certification, list(life.cycles.values())).opens_on == day("2027-01-30")
        learn_on(life, "2026-11-15")
        assert len(life.cycles) == 1


class TestBasisExpiration:
    def test_early_birds_lose_nothing(self) -> None:
        life = held(rule=renewal())
        learn_on(life, "2026-11-01")
        assert life.spans() == [("2026-01-01", "2026-12-31"), ("2027-01-01", "2027-12-31")]
        new = life.cycles[2]
        assert (new.completion_date, new.renews, new.started_on) == (day("2026-11-01"), 1, None)
        assert life.cycles[1].renewed_by == 2
        assert life.cycles[1].superseded_on is None
        assert [life.status(cycle=c) for c in (1, 2)] == [Status.ACTIVE, Status.SCHEDULED]
        assert [life.status(day("2027-01-01"), cycle=c) for c in (1, 2)] == [Status.EXPIRED, Status.ACTIVE]

    def test_in_grace_it_is_expired_until_renewed_and_then_without_a_gap(self) -> None:
        life = held(rule=renewal(grace="P30D"))
        life.today = day("2027-01-15")
        assert life.status() is Status.EXPIRED
        learn_on(life, "2027-01-30")
        assert life.spans()[1] == ("2027-01-01", "2027-12-31")
        assert life.cycles[2].started_on == day("2027-01-01")
        assert life.active(day("2027-01-15")) == [2]

    @pytest.mark.parametrize(
        ("completed_on", "span", "renews"),
        [
            ("2027-01-30", ("2027-01-01", "2027-12-31"), 1),  # the last day of grace
            ("2027-01-31", ("2027-01-31", "2028-01-31"), None),
        ],
    )
    def test_after_the_grace_it_is_a_new_cycle_from_its_own_day(
        self, completed_on: str, span: tuple[str, str], renews: int | None
    ) -> None:
        life = held(rule=renewal(grace="P30D"))
        learn_on(life, completed_on)
        assert life.spans()[1] == span
        assert life.cycles[2].renews == renews

    def test_without_grace_the_day_after_the_end_is_a_new_cycle(self) -> None:
        life = held(rule=renewal())
        learn_on(life, "2027-01-01")
        assert life.spans()[1] == ("2027-01-01", "2028-01-01")
        assert life.cycles[2].renews is None

    def test_begun_in_the_window_and_finished_after_the_grace_counts_for_the_new_cycle(self) -> None:
        life = held(rule=renewal(grace="P30D"))
        learn_on(life, "2026-12-01", "a")
        learn_on(life, "2027-03-01", "b")
        assert life.spans()[1] == ("2027-03-01", "2028-03-01")

    def test_end_that_was_extended_by_hand_is_the_basis(self) -> None:
        life = held(rule=renewal(), until="2027-06-30")
        learn_on(life, "2027-06-01")
        assert life.spans()[1] == ("2027-07-01", "2028-06-30")

    def test_processed_late_it_has_the_same_dates(self) -> None:
        """R4: completed within the grace, stored months later."""
        life = held(rule=renewal(grace="P30D"))
        life.today = day("2027-08-01")
        life.learn("a", "b", on=day("2027-01-15"))
        life.evaluate()
        assert life.spans()[1] == ("2027-01-01", "2027-12-31")
        assert life.status(cycle=2) is Status.ACTIVE

    def test_processed_after_it_has_lapsed_again_it_is_recorded_in_silence(self) -> None:
        """R7."""
        life = held(rule=renewal(grace="P30D"))
        life.today = day("2028-02-01")
        life.learn("a", "b", on=day("2027-01-15"))
        life.evaluate()
        assert life.cycles[2].lapsed_on == day("2028-01-01")
        assert not life.cycles[2].announced

    def test_chain_of_cycles(self) -> None:
        life = held(rule=renewal())
        for year in (2026, 2027, 2028):
            learn_on(life, f"{year}-11-15")
        assert life.spans() == [
            ("2026-01-01", "2026-12-31"),
            ("2027-01-01", "2027-12-31"),
            ("2028-01-01", "2028-12-31"),
            ("2029-01-01", "2029-12-31"),
        ]
        assert [c.renews for _, c in sorted(life.cycles.items())] == [None, 1, 2, 3]
        assert [c.renewed_by for _, c in sorted(life.cycles.items())] == [2, 3, 4, None]

    def test_leap_day_as_the_basis(self) -> None:
        life = held(rule=renewal(), until="2028-02-29")
        learn_on(life, "2028-02-15")
        assert life.spans()[1] == ("2028-03-01", "2029-02-28")

    def test_anchored_goes_to_the_next_anchor_after_the_minimum(self) -> None:
        policy = Anchored(month=12, day=31, minimum=Duration(months=3))
        life = held(rule=renewal(), expiration=policy)
        learn_on(life, "2026-11-15")
        assert life.spans()[1] == ("2027-01-01", "2027-12-31")

    def test_grace_longer_than_the_validity_ends_in_no_award_that_has_ended_before_it_was_earned(
        self,
    ) -> None:
        """R6. The checklist warns of such a definition; one published before it did must still come out right."""
        policy = AfterDuration(duration=Duration(days=30))
        life = Life("a", expiration=policy, renewal=renewal("P10D", grace="P1Y"))
        life.today = day("2026-01-01")
        life.learn("a")
        life.evaluate()
        learn_on(life, "2026-06-01", "a")
        assert life.spans() == [("2026-01-01", "2026-01-31"), ("2026-06-01", "2026-07-01")]
        assert life.cycles[2].renews is None


class TestBasisCompletion:
    def test_from_the_new_completion_date_and_the_old_one_is_superseded_from_then(self) -> None:
        life = held(rule=renewal(basis="completion"))
        learn_on(life, "2026-11-15")
        assert life.spans()[1] == ("2026-11-15", "2027-11-15")
        assert life.cycles[1].superseded_on == day("2026-11-15")
        assert life.status(day("2026-11-14"), 1) is Status.ACTIVE
        assert life.status(day("2026-11-15"), 1) is Status.SUPERSEDED
        assert life.active(day("2026-11-15")) == [2]

    def test_in_grace_nothing_is_superseded_for_it_has_expired(self) -> None:
        life = held(rule=renewal(basis="completion", grace="P30D"))
        learn_on(life, "2027-01-15")
        assert life.spans()[1] == ("2027-01-15", "2028-01-15")
        assert (life.cycles[1].superseded_on, life.cycles[1].renewed_by) == (None, 2)
        assert life.status(day("2027-01-10"), 1) is Status.EXPIRED


class TestWithoutRenewal:
    @pytest.mark.parametrize(("completed_on", "cycles"), [("2026-12-31", 1), ("2027-01-01", 2)])
    def test_new_cycle_comes_from_completions_dated_after_the_expiration(
        self, completed_on: str, cycles: int
    ) -> None:
        life = held()
        life.today = day("2027-02-01")
        learn_on(life, completed_on)
        assert len(life.cycles) == cycles

    def test_all_of_them_after_the_expiration(self) -> None:
        life = held()
        learn_on(life, "2026-12-31", "a")
        learn_on(life, "2027-01-05", "b")
        assert len(life.cycles) == 1
        learn_on(life, "2027-01-06", "a")
        assert life.spans()[1] == ("2027-01-06", "2028-01-06")

    def test_what_never_expires_is_never_renewed(self) -> None:
        life = Life("a", expiration=NeverExpires()).learn("a")
        life.evaluate()
        life.today += timedelta(days=4000)
        life.learn("a")
        assert life.evaluate() == "held_for_good"
        assert len(life.cycles) == 1

    def test_fixed_date_is_not_earned_twice(self) -> None:
        life = Life("a", expiration=FixedDate(date=day("2026-12-31"))).learn("a")
        life.evaluate()
        life.today = day("2027-01-05")
        life.learn("a")
        assert life.evaluate() == "validity_ended"


class TestWhatHandsDidBefore:
    def test_late_course_after_an_end_was_brought_forward_leaves_the_days_that_readers_saw(self) -> None:
        """R9: until the decision of 10 June a reader saw the first cycle valid, so the second begins then."""
        life = held()
        life.today = day("2026-06-10")
        life.change_end(day("2026-05-15"))
        life.learn("a", "b", on=day("2026-05-20"))
        life.evaluate()
        assert life.cycles[2].completion_date == day("2026-05-20")
        assert life.spans()[1] == ("2026-06-10", "2027-05-20")
        assert all(len(life.active(on)) <= 1 for on in life.turning_days())

    def test_renewal_after_an_end_was_brought_forward_supersedes_what_readers_saw(self) -> None:
        life = held(rule=renewal(grace="P30D"))
        life.today = day("2026-06-10")
        life.change_end(day("2026-05-15"))
        life.learn("a", "b", on=day("2026-06-01"))
        life.evaluate()
        assert life.spans()[1] == ("2026-05-16", "2027-05-15")
        assert all(len(life.active(on)) <= 1 for on in life.turning_days())

    def test_when_the_renewal_is_revoked_the_old_one_is_not_renewed_again(self) -> None:
        """R29: what its holder earns afterwards is a cycle of its own."""
        life = held(rule=renewal(grace="P60D"))
        learn_on(life, "2026-12-01")
        life.today = day("2027-01-20")
        life.revoke(2)
        learn_on(life, "2027-02-01")
        assert life.cycles[3].renews is None
        assert life.spans()[2] == ("2027-02-01", "2028-02-01")
        assert all(len(life.active(on)) <= 1 for on in life.turning_days())

    def test_when_the_renewal_is_revoked_before_it_began_the_old_one_can_be_renewed_again(self) -> None:
        life = held(rule=renewal())
        learn_on(life, "2026-11-10")
        life.revoke(2)
        assert life.cycles[1].renewed_by is None
        life.today = day("2026-11-20")
        life.learn("a", "b")
        life.evaluate()
        assert life.cycles[3].renews == 1
        assert life.spans()[2] == ("2027-01-01", "2027-12-31")


class TestByHand:
    """R26: `mode` renew."""

    def test_renews_by_the_policy(self) -> None:
        life = held(rule=renewal())
        life.today = day("2026-11-15")
        life.renew()
        assert life.spans()[1] == ("2027-01-01", "2027-12-31")
        assert life.cycles[1].renewed_by == 2

    def test_given_end_counts(self) -> None:
        life = held(rule=renewal())
        life.renew(expiration_date=day("2027-03-31"), end_given=True)
        assert life.spans()[1] == ("2027-01-01", "2027-03-31")

    def test_end_given_as_never(self) -> None:
        life = held(rule=renewal())
        life.renew(expiration_date=None, end_given=True)
        assert life.spans()[1] == ("2027-01-01", None)

    def test_without_a_renewal_rule_the_old_end_is_the_basis(self) -> None:
        life = held()
        life.renew()
        assert life.spans()[1] == ("2027-01-01", "2027-12-31")

    def test_renewing_what_is_scheduled_already_goes_on_after_it(self) -> None:
        life = held(rule=renewal())
        life.renew()
        life.renew()
        assert life.spans()[2] == ("2028-01-01", "2028-12-31")

    def test_renewing_what_never_expires_supersedes_it(self) -> None:
        life = Life("a", expiration=NeverExpires())
        life.award()
        life.today += timedelta(days=10)
        life.renew()
        assert [life.status(cycle=c) for c in (1, 2)] == [Status.SUPERSEDED, Status.ACTIVE]

    def test_in_grace_it_continues_the_old_one(self) -> None:
        life = held(rule=renewal(grace="P30D"))
        life.today = day("2027-01-15")
        life.renew()
        assert life.spans()[1] == ("2027-01-01", "2027-12-31")

    def test_after_grace_the_mode_is_ignored(self) -> None:
        life = held(rule=renewal(grace="P30D"))
        life.today = day("2027-03-01")
        life.renew()
        assert life.spans()[1] == ("2027-03-01", "2028-03-01")
        assert life.cycles[2].renews is None

    def test_where_there_is_nothing_the_mode_is_ignored(self) -> None:
        life = Life("a", renewal=renewal())
        life.renew()
        assert life.spans() == [("2026-11-20", "2027-11-20")]

    def test_renewed_to_an_end_before_it_would_begin_is_refused(self) -> None:
        life = held(rule=renewal())
        with pytest.raises(InvalidError):
            life.renew(expiration_date=day("2026-12-31"), end_given=True)

    def test_what_expires_for_all_on_one_day_cannot_be_renewed_past_it(self) -> None:
        life = Life("a", expiration=FixedDate(date=day("2026-12-31")))
        life.award()
        with pytest.raises(InvalidError):
            life.renew()

    def test_extension_into_the_renewal_is_refused_and_the_renewal_named(self) -> None:
        life = held(rule=renewal())
        life.renew()
        with pytest.raises(ConflictError) as caught:
            life.change_end(day("2027-02-01"))
        assert caught.value.code == "overlapping"
        assert caught.value.present == life.cycles[2]

    def test_retired_needs_a_reason(self) -> None:
        """R18, R26."""
        life = held(rule=renewal())
        life.certification = replace(life.certification, publish_status=PublishStatus.RETIRED)
        with pytest.raises(InvalidError):
            life.renew()
        life.renew(reason="they were promised")
        assert len(life.cycles) == 2
