"""Status on a day, asked on a day, and what is due next: R9, R10."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from builders import NOW, TODAY, completion
from certification.domain.errors import ConflictError, InvalidError
from certification.domain.model import ChangeKind, DatedChange, Status
from certification.domain.occupied_days import first_free_day, in_the_way, occupied_spans, past_spans
from certification.domain.status import (
    Due,
    DueKind,
    next_due,
    overlapping,
    reminder_days,
    status_on,
    validity,
)
from certification.domain.validity import parse_duration
from unit.domain.life import Life, day

S, A, E, R, X = Status.SCHEDULED, Status.ACTIVE, Status.EXPIRED, Status.REVOKED, Status.SUPERSEDED


def at(text: str, **facts: Any) -> Status:
    """Of a completion from 20 November 2026 for a year, asked on that day itself."""
    return status_on(completion(**facts), on=day(text), today=day(text))


@pytest.mark.parametrize(
    ("on", "facts", "status"),
    [
        ("2026-11-19", {}, S),
        ("2026-11-20", {}, A),
        ("2027-11-20", {}, A),
        ("2027-11-21", {}, E),
        ("2026-11-20", {"expiration_date": day("2026-11-20")}, A),
        ("2026-11-21", {"expiration_date": day("2026-11-20")}, E),
        ("2099-01-01", {"expiration_date": None}, A),
        ("2026-11-20", {"effective_date": day("2026-11-21"), "started_on": None}, S),
        ("2026-11-21", {"effective_date": day("2026-11-21"), "started_on": None}, A),
        ("2027-02-28", {"superseded_on": day("2027-03-01")}, A),
        ("2027-03-01", {"superseded_on": day("2027-03-01")}, X),
        ("2028-03-01", {"superseded_on": day("2027-03-01")}, X),
        ("2026-11-19", {"superseded_on": day("2026-11-20")}, S),
        ("2026-11-20", {"superseded_on": day("2026-11-20")}, X),
        ("2026-11-20", {"revoked_at": NOW}, R),
        ("2028-11-20", {"revoked_at": NOW}, R),
        ("2027-03-01", {"revoked_at": NOW, "superseded_on": day("2027-03-01")}, R),
        ("2027-06-01", {"lapsed_on": day("2027-11-21")}, E),  # recorded by a sweep for a later day
        ("2027-06-01", {"lapsed_on": day("2027-11-21"), "superseded_on": day("2027-03-01")}, X),
    ],
)
def test_status_follows_from_the_facts_and_the_day(on: str, facts: dict[str, Any], status: Status) -> None:
    """R9."""
    assert at(on, **facts) is status


def test_every_completion_has_a_status_on_every_day() -> None:
    life = Life("a")
    life.award()
    life.replace(effective_date=day("2027-02-01"))
    assert {life.status(TODAY + timedelta(days=n), c) for n in range(-500, 900) for c in (1, 2)} == {
        S,
        A,
        E,
        X,
    }


class TestAsOf:
    """Validity on that day by today's facts; decisions count from the day they were made."""

    def test_revocation_counts_from_its_day(self) -> None:
        life = Life("a")
        life.award()
        life.today = day("2027-03-10")
        life.revoke()
        assert [life.status(day(d)) for d in ("2026-11-19", "2026-11-20", "2027-03-09")] == [S, A, A]
        assert [life.status(day(d)) for d in ("2027-03-10", "2027-12-01")] == [R, R]

    def test_reinstatement_counts_from_its_day(self) -> None:
        life = Life("a")
        life.award()
        life.today = day("2027-03-10")
        life.revoke()
        life.today = day("2027-04-10")
        life.reinstate()
        days = ("2027-03-09", "2027-03-10", "2027-04-09", "2027-04-10", "2027-11-20", "2027-11-21")
        assert [life.status(day(d)) for d in days] == [A, R, R, A, A, E]

    def test_revoked_reinstated_and_revoked_again(self) -> None:
        life = Life("a")
        life.award()
        for month, decide in ((1, life.revoke), (2, life.reinstate), (3, life.revoke)):
            life.today = date(2027, month, 10)
            decide()
        days = ("2027-01-09", "2027-01-10", "2027-02-09", "2027-02-10", "2027-03-09", "2027-03-10")
        assert [life.status(day(d)) for d in days] == [A, R, R, A, A, R]

    def test_revoked_and_reinstated_on_one_day_it_was_never_revoked_to_a_reader(self) -> None:
        life = Life("a")
        life.award()
        life.today = day("2027-03-10")
        life.revoke()
        life.reinstate()
        assert {life.status(day(d)) for d in ("2027-03-09", "2027-03-10", "2027-03-11")} == {A}

    def test_extension_counts_from_its_day(self) -> None:
        """It had expired, was extended in the new year, and is valid again: what was expired in between stays so."""
        life = Life("a")
        life.award()
        life.today = day("2028-01-15")
        life.change_end(day("2028-06-30"))
        days = ("2027-11-20", "2027-11-21", "2028-01-14", "2028-01-15", "2028-06-30", "2028-07-01")
        assert [life.status(day(d)) for d in days] == [A, E, E, A, A, E]

    def test_end_brought_forward_counts_from_its_day(self) -> None:
        life = Life("a")
        life.award()
        life.today = day("2027-05-10")
        life.change_end(day("2027-01-31"))
        days = ("2027-01-31", "2027-02-01", "2027-05-09", "2027-05-10")
        assert [life.status(day(d)) for d in days] == [A, A, A, E]

    def test_several_changes_are_looked_behind_one_after_the_other(self) -> None:
        life = Life("a")
        life.award()
        for today, end in (
            ("2027-01-01", "2027-02-01"),
            ("2027-03-01", "2027-12-31"),
            ("2027-06-01", "2027-05-01"),
        ):
            life.today = day(today)
            life.change_end(day(end))
        days = ("2027-02-15", "2027-03-01", "2027-05-31", "2027-06-01")
        assert [life.status(day(d)) for d in days] == [E, A, A, E]

    def test_supersession_is_a_fact_of_its_dates(self) -> None:
        """Replaced today from a day in the past: the days since then are the new one's, to any reader."""
        life = Life("a")
        life.award(day("2026-01-01"))
        life.replace(day("2026-10-01"))
        assert [life.status(day(d), 1) for d in ("2026-09-30", "2026-10-01")] == [A, X]
        assert [life.active(day(d)) for d in ("2026-09-30", "2026-10-01", "2026-11-20")] == [[1], [2], [2]]

    def test_lapse_that_was_recorded_is_not_seen_behind_the_change_that_cleared_it(self) -> None:
        life = Life("a")
        life.award()
        life.today = day("2027-11-21")
        life.sweep()
        life.today = day("2028-01-01")
        life.change_end(day("2028-12-31"))
        assert [life.status(day(d)) for d in ("2027-11-20", "2027-12-31", "2028-01-01")] == [A, E, A]

    def test_as_of_today_is_the_plain_read(self) -> None:
        life = Life("a")
        life.award()
        life.sweep(day("2028-01-01"))
        assert life.status() is life.status(life.today) is E

    def test_decisions_written_by_themselves_read_like_those_made(self) -> None:
        change = DatedChange(
            on=day("2027-03-01"), kind=ChangeKind.DATES, previous_expiration_date=day("2027-01-31")
        )
        changed = completion(expiration_date=day("2027-12-31"), changes=(change,))
        on = {d: status_on(changed, on=day(d), today=day("2027-06-01")) for d in ("2027-02-15", "2027-03-01")}
        assert on == {"2027-02-15": E, "2027-03-01": A}


class TestDue:
    @pytest.mark.parametrize(
        ("facts", "due"),
        [
            ({}, Due(on=day("2027-11-21"), kind=DueKind.LAPSE)),
            ({"started_on": None}, Due(on=day("2026-11-20"), kind=DueKind.START)),
            (
                {"started_on": None, "superseded_on": day("2027-01-01")},
                Due(on=day("2026-11-20"), kind=DueKind.START),
            ),
            ({"started_on": None, "superseded_on": day("2026-11-20")}, None),
            ({"started_on": None, "revoked_at": NOW}, None),
            ({"expiration_date": None}, None),
            ({"expiration_date": None, "started_on": None}, Due(on=TODAY, kind=DueKind.START)),
            ({"lapsed_on": day("2027-11-21")}, None),
            ({"revoked_at": NOW}, None),
            ({"superseded_on": day("2027-01-01")}, None),
            ({"superseded_on": day("2027-11-21")}, None),
            ({"superseded_on": day("2027-11-22")}, Due(on=day("2027-11-21"), kind=DueKind.LAPSE)),
            ({"renewed_by": 2}, Due(on=day("2027-11-21"), kind=DueKind.LAPSE)),
            ({"under_review": True}, Due(on=day("2027-11-21"), kind=DueKind.LAPSE)),
        ],
    )
    def test_next_transition(self, facts: dict[str, Any], due: Due | None) -> None:
        assert next_due(completion(**facts), ()) == due

    def test_reminder_comes_before_the_lapse_and_after_the_start(self) -> None:
        offsets = (parse_duration("P30D"),)
        started, scheduled = completion(), completion(started_on=None)
        assert next_due(scheduled, offsets) == Due(on=TODAY, kind=DueKind.START)
        assert next_due(started, offsets) == Due(on=day("2027-10-21"), kind=DueKind.REMINDER)
        reminded = replace(started, reminded_on=day("2027-10-21"))
        assert next_due(reminded, offsets) == Due(on=day("2027-11-21"), kind=DueKind.LAPSE)

    def test_reminder_days_ascend_and_fall_within_the_validity(self) -> None:
        offsets = tuple(map(parse_duration, ("P7D", "P60D", "P30D", "P1Y", "P2Y")))
        assert reminder_days(completion(), offsets) == tuple(
            map(day, ("2027-09-21", "2027-10-21", "2027-11-13"))
        )

    def test_two_offsets_of_one_day_are_one_reminder(self) -> None:
        offsets = (parse_duration("P7D"), parse_duration("P1W"))
        assert reminder_days(completion(), offsets) == (day("2027-11-13"),)

    def test_nothing_that_is_due_is_left_when_all_steps_are_taken(self) -> None:
        life = Life("a", reminders=tuple(map(parse_duration, ("P60D", "P30D"))))
        life.award(effective_date=day("2026-12-01"))
        assert life.sweep(day("2027-09-21")) == ["started", "reminded"]
        assert life.sweep(day("2030-01-01")) == ["lapsed"]
        assert life.due() is None


class TestDaysTaken:
    def test_validity_is_clipped_by_what_took_its_place(self) -> None:
        assert validity(completion()) == (TODAY, day("2027-11-20"))
        assert validity(completion(expiration_date=None)) == (TODAY, date.max)
        assert validity(completion(superseded_on=day("2027-01-01"))) == (TODAY, day("2026-12-31"))
        assert validity(completion(superseded_on=TODAY)) is None
        assert validity(completion(revoked_at=NOW)) is None

    @pytest.mark.parametrize(
        ("first", "last", "overlaps"),
        [
            ("2026-01-01", "2026-11-19", False),
            ("2026-01-01", "2026-11-20", True),
            ("2027-11-20", None, True),
            ("2027-11-21", None, False),
            ("2027-01-01", "2027-01-01", True),
            ("2026-01-01", None, True),
        ],
    )
    def test_overlap_includes_both_ends(self, first: str, last: str | None, overlaps: bool) -> None:
        """R31."""
        other = completion(
            cycle=2, effective_date=day(first), expiration_date=day(last) if last else None, started_on=None
        )
        assert (overlapping(completion(), [other]) == (other,)) is overlaps
        assert (in_the_way(completion(), [other]) == (other,)) is overlaps

    def test_what_a_decision_took_back_was_taken_until_then(self) -> None:
        life = Life("a")
        life.award()
        life.today = day("2027-03-10")
        life.revoke()
        assert past_spans(life.cycles[1]) == ((TODAY, day("2027-03-09")),)
        assert occupied_spans(life.cycles[1]) == ((TODAY, day("2027-03-09")),)

    def test_days_between_an_end_brought_forward_and_the_decision_were_taken(self) -> None:
        life = Life("a")
        life.award()
        life.today = day("2027-05-10")
        life.change_end(day("2027-01-31"))
        assert past_spans(life.cycles[1]) == ((TODAY, day("2027-05-09")),)
        assert occupied_spans(life.cycles[1])[-1] == (TODAY, day("2027-01-31"))

    def test_revoked_before_it_began_it_took_no_day(self) -> None:
        life = Life("a")
        life.award(effective_date=day("2026-12-01"))
        life.revoke()
        assert occupied_spans(life.cycles[1]) == ()

    def test_first_free_day_lies_behind_what_was_taken(self) -> None:
        life = Life("a")
        life.award()
        life.today = day("2027-05-10")
        life.change_end(day("2027-01-31"))
        others = [life.cycles[1]]
        assert first_free_day(day("2027-02-15"), date.max, others) == day("2027-05-10")
        assert first_free_day(day("2027-06-01"), date.max, others) == day("2027-06-01")
        assert first_free_day(day("2026-01-01"), day("2026-02-01"), others) == day("2026-01-01")


def test_what_is_refused_leaves_everything_as_it_was() -> None:
    life = Life("a")
    life.award()
    before = dict(life.cycles)
    with pytest.raises(ConflictError):
        life.award()
    with pytest.raises(InvalidError):
        life.change_end(day("2026-11-19"))
    with pytest.raises(ConflictError):
        life.reinstate()
    with pytest.raises(InvalidError):
        life.replace(expiration_date=day("2026-01-01"), end_given=True)
    assert life.cycles == before
