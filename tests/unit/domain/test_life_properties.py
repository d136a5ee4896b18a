"""Whatever happens to a holder's cycles, in whatever order: what must hold always (R9, R11, R25, R28, R29)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from certification.domain.model import (
    AfterDuration,
    Anchored,
    Duration,
    Expiration,
    NeverExpires,
    Renewal,
    RenewalBasis,
    Status,
)
from certification.domain.validity import parse_duration
from unit.domain.life import Life

POLICIES: tuple[Expiration, ...] = (
    AfterDuration(duration=Duration(months=12)),
    AfterDuration(duration=Duration(days=40)),
    Anchored(month=12, day=31, minimum=Duration(months=3)),
    Anchored(month=2, day=29),
    NeverExpires(),
)
RENEWALS = (
    None,
    Renewal(opens=parse_duration("P60D")),
    Renewal(opens=parse_duration("P60D"), grace=parse_duration("P30D")),
    Renewal(opens=parse_duration("P30D"), grace=parse_duration("P2Y")),
    Renewal(opens=parse_duration("P60D"), basis=RenewalBasis.COMPLETION, grace=parse_duration("P30D")),
)

shift = st.integers(-120, 500)
events = st.one_of(
    st.tuples(st.just("learn"), st.sampled_from(["a", "b"]), st.integers(-200, 0)),
    st.tuples(st.just("learn both"), st.integers(-60, 0)),
    st.tuples(st.just("award"), shift),
    st.tuples(st.just("renew"), shift),
    st.tuples(st.just("replace"), shift),
    st.tuples(st.just("later"), st.integers(1, 300)),
    st.tuples(st.just("end"), st.integers(1, 4), shift),
    st.tuples(st.just("for good"), st.integers(1, 4)),
    st.tuples(st.just("revoke"), st.integers(1, 4)),
    st.tuples(st.just("reinstate"), st.integers(1, 4)),
    st.tuples(st.just("sweep"), st.integers(-30, 60)),
    st.tuples(st.just("wait"), st.integers(1, 200)),
)

# R9: they count from the day they were made.
DECISIONS = frozenset({"end", "for good", "revoke", "reinstate"})


def happen(life: FullLife, event: tuple[Any, ...]) -> str:
    kind, *given_values = event
    match kind:
        case "learn":
            course, days = given_values
            life.learn(course, on=life.today + timedelta(days=days))
            return life.evaluate()
        case "learn both":
            life.learn("a", "b", on=life.today + timedelta(days=given_values[0]))
            return life.evaluate()
        case "award" | "renew" | "replace":
            completed_on = life.today + timedelta(days=min(0, given_values[0]))
            return life.tries(kind, completed_on)
        case "later":
            return life.tries("replace_from", life.today + timedelta(days=given_values[0]))
        case "end":
            cycle, days = given_values
            return life.tries("change_end", life.today + timedelta(days=days), cycle)
        case "for good":
            return life.tries("change_end", None, given_values[0])
        case "sweep":
            life.sweep(life.today + timedelta(days=given_values[0]))
        case "wait":
            life.today += timedelta(days=given_values[0])
        case _:
            return life.tries(kind, *given_values)
    return "done"


class FullLife(Life):
    def replace_from(self, effective: date) -> None:
        self.replace(effective_date=effective)

    def past(self) -> dict[int, dict[date, Status]]:
        """What a reader of today is told of the days before."""
        days = [day for day in self.turning_days() if day < self.today]
        return {cycle: {day: self.status(day, cycle) for day in days} for cycle in self.cycles}


@settings(max_examples=120, deadline=None)
@given(
    happening=st.lists(events, max_size=14),
    policy=st.sampled_from(POLICIES),
    renewal=st.sampled_from(RENEWALS),
)
def test_never_two_active_and_no_decision_rewrites_the_past(
    happening: list[tuple[Any, ...]], policy: Expiration, renewal: Renewal | None
) -> None:
    life = FullLife("a", "b", expiration=policy, renewal=renewal)
    for event in happening:
        past = life.past()
        happen(life, event)
        if event[0] in DECISIONS:
            assert {c: {day: life.status(day, c) for day in past[c]} for c in past} == past, event
        never_two_active_on_one_day(life)
        no_cycle_ends_before_it_begins(life)
    assert life.evaluate() == life.evaluate()


def never_two_active_on_one_day(life: Life) -> None:
    for on in life.turning_days():
        assert len(life.active(on)) <= 1, (on, life.spans())


def no_cycle_ends_before_it_begins(life: Life) -> None:
    for completion in life.cycles.values():
        if completion.expiration_date is not None:
            assert completion.expiration_date >= completion.effective_date
            assert completion.expiration_date >= completion.completion_date
