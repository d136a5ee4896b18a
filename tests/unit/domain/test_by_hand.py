"""Awards and decisions by hand, as pure rules: R6, R7, R26, R28, R29, R31. The routes' own tests are elsewhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from builders import EVERYONE, NOW, TODAY, certification, moment, organization
from certification.domain.errors import ConflictError, InvalidError
from certification.domain.hand_awards import Decided, HandAward, Mode, Standing, award_by_hand
from certification.domain.model import (
    AttributeRule,
    Audience,
    ChangeKind,
    FixedDate,
    Holder,
    HolderType,
    Permissions,
    Status,
)
from certification.domain.occupied_days import occupied_spans
from unit.domain.life import Life, day


class TestAward:
    def test_policy_gives_the_end_where_none_is_given(self) -> None:
        life = Life("a")
        life.award(day("2024-02-29"))
        assert life.spans() == [("2024-02-29", "2025-02-28")]

    def test_lapsed_already_it_is_recorded_as_expired_in_silence(self) -> None:
        """R7."""
        life = Life("a")
        made = life.award(day("2024-02-29"))
        assert made.lapsed_on == day("2025-03-01")
        assert not made.announced
        assert life.due() is None

    def test_ends_on_the_day_it_was_completed(self) -> None:
        """R6: the same day is allowed."""
        life = Life("a")
        life.award(expiration_date=TODAY, end_given=True)
        assert life.status() is Status.ACTIVE

    @pytest.mark.parametrize(
        "wanted",
        [
            {"expiration_date": TODAY - timedelta(days=1), "end_given": True},
            {
                "effective_date": TODAY + timedelta(days=2),
                "expiration_date": TODAY + timedelta(days=1),
                "end_given": True,
            },
            {"effective_date": date(2027, 11, 21)},  # behind the end that the policy gives
        ],
        ids=["before the completion date", "before it begins", "by the policy before it begins"],
    )
    def test_end_before_the_beginning_is_refused(self, wanted: dict[str, Any]) -> None:
        """R6."""
        life = Life("a")
        with pytest.raises(InvalidError) as caught:
            life.award(**wanted)
        assert [error.pointer for error in caught.value.errors] == ["/expiration_date"]

    def test_completed_after_the_fixed_date_is_refused(self) -> None:
        """R8."""
        life = Life("a", expiration=FixedDate(date=TODAY - timedelta(days=1)))
        with pytest.raises(InvalidError) as caught:
            life.award()
        assert caught.value.code == "validity_ended"
        assert [error.pointer for error in caught.value.errors] == ["/completion_date"]

    def test_scheduled_is_held_already_too(self) -> None:
        life = Life("a")
        made = life.award(effective_date=TODAY + timedelta(days=30))
        with pytest.raises(ConflictError) as caught:
            life.award()
        assert (caught.value.code, caught.value.present) == ("already_held", made)

    def test_after_it_has_expired_another_cycle_needs_no_mode(self) -> None:
        life = Life("a")
        life.award(day("2025-01-01"))
        life.award()
        assert [life.status(cycle=c) for c in (1, 2)] == [Status.EXPIRED, Status.ACTIVE]

    def test_back_dated_award_may_not_lie_over_an_older_one(self) -> None:
        life = Life("a")
        life.award(day("2025-01-01"))
        with pytest.raises(ConflictError) as caught:
            life.award(day("2025-06-01"))
        assert caught.value.code == "overlapping"

    def test_history_before_the_first_cycle_is_a_cycle_of_its_own(self) -> None:
        life = Life("a")
        life.award(day("2025-01-01"))
        life.award(day("2022-01-01"))
        assert life.spans() == [("2025-01-01", "2026-01-01"), ("2022-01-01", "2023-01-01")]

    def test_after_a_lapse_that_was_recorded_for_a_later_day_the_new_one_takes_the_place(self) -> None:
        """R9: expired whatever the clock says, so nothing is in the way, and never two are active."""
        life = Life("a")
        life.award(day("2026-01-01"))
        life.sweep(day("2027-06-01"))
        life.award()
        assert [life.status(cycle=c) for c in (1, 2)] == [Status.SUPERSEDED, Status.ACTIVE]
        assert all(len(life.active(on)) <= 1 for on in life.turning_days())


class TestReplace:
    def test_present_one_is_superseded_from_the_first_day_of_the_new_one(self) -> None:
        life = Life("a")
        life.award(day("2026-06-01"))
        life.replace(expiration_date=day("2029-12-31"), end_given=True)
        assert life.cycles[1].superseded_on == TODAY
        assert life.cycles[1].renewed_by is None
        assert life.active(TODAY) == [2]

    def test_scheduled_one_is_replaced_before_it_begins(self) -> None:
        life = Life("a")
        life.award(effective_date=day("2027-01-01"))
        life.replace()
        assert [life.status(cycle=c) for c in (1, 2)] == [Status.SUPERSEDED, Status.ACTIVE]
        assert life.status(TODAY - timedelta(days=1), 1) is Status.SCHEDULED
        assert life.active(day("2027-06-01")) == [2]
        assert life.due(1) is None

    def test_all_that_it_lies_over_are_replaced(self) -> None:
        life = Life("a")
        life.award(day("2026-06-01"))
        life.renew()
        life.replace(day("2026-06-15"))
        assert [life.cycles[c].superseded_on for c in (1, 2)] == [day("2026-06-15"), day("2026-06-15")]
        assert all(len(life.active(on)) <= 1 for on in life.turning_days())

    def test_what_ended_before_it_begins_is_left_alone(self) -> None:
        life = Life("a")
        life.award(day("2024-01-01"))
        life.award(day("2026-06-01"))
        life.replace()
        assert life.cycles[1].superseded_on is None
        assert life.cycles[1].revision == 1

    def test_where_there_is_nothing_the_mode_is_ignored(self) -> None:
        life = Life("a")
        life.replace()
        assert life.spans() == [("2026-11-20", "2027-11-20")]


class TestChangeOfEnd:
    """R28."""

    def test_entry_says_what_the_end_was_before(self) -> None:
        life = Life("a")
        life.award()
        life.change_end(day("2028-01-31"))
        [change] = life.cycles[1].changes
        assert (change.on, change.kind) == (TODAY, ChangeKind.DATES)
        assert change.previous_expiration_date == day("2027-11-20")

    def test_same_end_again_changes_nothing(self) -> None:
        life = Life("a")
        life.award()
        life.change_end(day("2027-11-20"))
        assert life.cycles[1].revision == 1

    def test_never_and_back_again(self) -> None:
        life = Life("a")
        life.award()
        life.change_end(None)
        assert (life.status(day("2099-01-01")), life.due()) == (Status.ACTIVE, None)
        life.change_end(day("2027-01-31"))
        assert life.status(day("2027-02-01")) is Status.EXPIRED

    @pytest.mark.parametrize(
        ("facts", "earliest"),
        [({}, "2026-11-20"), ({"effective_date": date(2026, 12, 1)}, "2026-12-01")],
    )
    def test_no_end_before_it_begins(self, facts: dict[str, Any], earliest: str) -> None:
        life = Life("a")
        life.award(**facts)
        with pytest.raises(InvalidError):
            life.change_end(day(earliest) - timedelta(days=1))
        life.change_end(day(earliest))
        assert life.cycles[1].expiration_date == day(earliest)

    def test_revoked_keeps_its_dates(self) -> None:
        life = Life("a")
        life.award()
        life.revoke()
        with pytest.raises(ConflictError):
            life.change_end(day("2028-01-01"))

    def test_superseded_may_end_earlier_but_not_come_back(self) -> None:
        life = Life("a")
        life.award(day("2026-06-01"))
        life.replace()
        for end in (TODAY, day("2028-01-01"), None):
            with pytest.raises(ConflictError) as caught:
                life.change_end(end)
            assert caught.value.code == "superseded"
        life.change_end(TODAY - timedelta(days=10))
        assert life.status(TODAY) is Status.SUPERSEDED

    def test_expired_one_is_not_revived_into_the_next_cycle(self) -> None:
        life = Life("a")
        life.award(day("2025-01-01"))
        life.award()
        with pytest.raises(ConflictError) as caught:
            life.change_end(TODAY)
        assert caught.value.present == life.cycles[2]
        life.change_end(TODAY - timedelta(days=1))
        assert all(len(life.active(on)) <= 1 for on in life.turning_days())


class TestRevoke:
    """R29."""

    def test_row_stays_with_its_dates(self) -> None:
        life = Life("a")
        life.award()
        life.revoke()
        assert life.spans() == [("2026-11-20", "2027-11-20")]
        assert life.cycles[1].reason == "a mistake"

    def test_is_final(self) -> None:
        life = Life("a")
        life.award()
        life.revoke()
        with pytest.raises(ConflictError) as caught:
            life.revoke()
        assert caught.value.code == "revoked"

    def test_ends_a_review(self) -> None:
        life = Life("a")
        life.award()
        life.cycles[1] = replace(life.cycles[1], under_review=True)
        life.revoke()
        assert not life.cycles[1].under_review

    def test_new_award_by_hand_needs_no_mode(self) -> None:
        life = Life("a")
        life.award()
        life.revoke()
        life.award()
        assert [life.status(cycle=c) for c in (1, 2)] == [Status.REVOKED, Status.ACTIVE]

    def test_new_award_over_days_on_which_the_revoked_one_was_valid_begins_after_them(self) -> None:
        """R9: a reader of those days is told of one."""
        life = Life("a")
        life.award(day("2026-06-01"))
        life.revoke()
        life.award(day("2026-09-01"))
        assert life.cycles[2].effective_date == TODAY
        assert all(len(life.active(on)) <= 1 for on in life.turning_days())

    def test_reinstating_is_refused_where_a_later_cycle_exists(self) -> None:
        life = Life("a")
        life.award()
        life.revoke()
        life.award()
        with pytest.raises(ConflictError) as caught:
            life.reinstate()
        assert (caught.value.code, caught.value.present) == ("later_cycle", life.cycles[2])

    def test_reinstating_after_its_end_it_is_expired(self) -> None:
        life = Life("a")
        life.award()
        life.revoke()
        life.today = day("2028-01-01")
        life.reinstate()
        assert life.status() is Status.EXPIRED
        assert life.sweep() == ["lapsed"]

    def test_neither_revoked_nor_under_review_there_is_nothing_to_reinstate(self) -> None:
        life = Life("a")
        life.award()
        with pytest.raises(ConflictError):
            life.reinstate()

    def test_scheduled_replacement_gives_the_place_back(self) -> None:
        life = Life("a")
        life.award(day("2026-06-01"))
        life.replace(effective_date=day("2027-01-01"))
        life.revoke(2)
        assert life.cycles[1].superseded_on is None
        assert life.active(day("2027-02-01")) == [1]

    def test_of_two_that_were_displaced_only_the_later_comes_back(self) -> None:
        """The first gave way to the second, the second to the third; the third goes before it began."""
        life = Life("a")
        life.award(day("2026-06-01"))
        life.replace(effective_date=day("2027-01-01"))
        life.replace(effective_date=day("2027-01-01"))
        life.revoke(3)
        assert [life.cycles[c].superseded_on for c in (1, 2)] == [day("2027-01-01"), None]
        assert life.active(day("2027-01-01")) == [2]
        life.revoke(2)
        assert life.active(day("2027-01-01")) == [1]

    def test_replacement_that_has_begun_gives_nothing_back(self) -> None:
        life = Life("a")
        life.award(day("2026-06-01"))
        life.replace()
        life.today += timedelta(days=1)
        life.revoke(2)
        assert life.status(cycle=1) is Status.SUPERSEDED


class TestOrganizations:
    """R31."""

    TIER = certification("tier", type=HolderType.ORGANIZATION, expiration=None)
    HOLDER = Holder(type=HolderType.ORGANIZATION, id="o-1")

    def _award(
        self, cycles: list[Any], first: str, last: str | None, *, mode: Mode | None = None, **standing: Any
    ) -> Decided:
        wanted = HandAward(
            holder=self.HOLDER,
            certification_id="tier",
            completion_date=day(first),
            expiration_date=day(last) if last else None,
            end_given=last is not None,
            mode=mode,
        )
        values = {"certification": self.TIER, "organization": organization(), **standing}
        return award_by_hand(wanted, Standing(user=None, cycles=cycles, **values), moment())

    def test_no_end_means_open(self) -> None:
        """R2."""
        assert self._award([], "2026-01-01", None).completion.expiration_date is None

    def test_several_in_a_row_need_no_mode(self) -> None:
        first = self._award([], "2026-01-01", "2026-12-31").completion
        second = self._award([first], "2027-01-01", "2027-12-31").completion
        assert (second.cycle, second.effective_date) == (2, day("2027-01-01"))

    @pytest.mark.parametrize(
        ("start", "end"),
        [
            ("2026-12-31", "2027-12-31"),
            ("2025-01-01", "2026-01-01"),
            ("2026-06-01", "2026-07-01"),
            ("2025-01-01", None),
        ],
    )
    def test_two_that_overlap_by_a_day_are_refused_unless_replaced(self, start: str, end: str | None) -> None:
        held = self._award([], "2026-01-01", "2026-12-31").completion
        with pytest.raises(ConflictError) as caught:
            self._award([held], start, end)
        assert caught.value.present == held
        decided = self._award([held], start, end, mode=Mode.REPLACE)
        superseded = decided.changed[0]
        for span in occupied_spans(superseded):
            assert span[1] < decided.completion.effective_date

    def test_inactive_organization_gets_nothing(self) -> None:
        """R21."""
        with pytest.raises(ConflictError) as caught:
            self._award([], "2026-01-01", None, organization=organization(active=False))
        assert caught.value.code == "organization_inactive"

    @pytest.mark.parametrize(
        ("permissions", "covered"),
        [
            (EVERYONE, True),
            (Permissions(audience=Audience.NO_ONE), False),
            (Permissions(audience=Audience.GROUPS, groups=frozenset({"gold"})), True),
            (Permissions(audience=Audience.GROUPS, groups=frozenset({"silver"})), False),
            (
                Permissions(
                    audience=Audience.RULES,
                    rules=(AttributeRule(attribute="organization.tier", values=(1,)),),
                ),
                True,
            ),
            (
                Permissions(audience=Audience.RULES, rules=(AttributeRule(attribute="tier", values=(1,)),)),
                True,
            ),
            (
                Permissions(
                    audience=Audience.RULES, rules=(AttributeRule(attribute="user.tier", values=(1,)),)
                ),
                False,
            ),
        ],
    )
    def test_outside_the_permissions_a_reason_is_asked_for(
        self, permissions: Permissions, covered: bool
    ) -> None:
        """R19."""
        tier = replace(self.TIER, permissions=permissions)
        org = organization(groups=frozenset({"gold"}), attributes={"tier": 1})
        if covered:
            assert (
                self._award([], "2026-01-01", None, certification=tier, organization=org).completion.cycle
                == 1
            )
        else:
            with pytest.raises(InvalidError) as caught:
                self._award([], "2026-01-01", None, certification=tier, organization=org)
            assert [e.code for e in caught.value.errors] == ["reason_missing"]

    def test_users_certification_is_not_for_an_organization(self) -> None:
        with pytest.raises(InvalidError) as caught:
            self._award([], "2026-01-01", None, certification=certification("tier"))
        assert [e.code for e in caught.value.errors] == ["wrong_holder_type"]


def test_every_decision_is_the_next_revision_with_who_when_and_why() -> None:
    """R33."""
    life = Life("a")
    life.award()
    life.change_end(day("2028-01-01"))
    life.revoke()
    life.reinstate()
    held = life.cycles[1]
    assert (held.revision, held.changed_by, held.reason) == (4, "key:admin", "after all")
    assert held.changed_at > NOW
