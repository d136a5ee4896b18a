"""Whatever sweeps ran when, in whatever order, with whatever decided in between: one end state (R10, R33a)."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from builders import TODAY, completion
from certification.domain.errors import ConflictError, InvalidError, NotFoundError
from certification.domain.hand_awards import Mode
from certification.domain.model import Renewal, RenewalBasis, Status
from certification.domain.status import status_on
from certification.domain.validity import parse_duration
from unit.expiry.service import U1, Sweeping, at_noon

LAST = TODAY + timedelta(days=900)
RENEWALS = (
    None,
    Renewal(opens=parse_duration("P60D"), grace=parse_duration("P30D")),
    Renewal(opens=parse_duration("P60D"), basis=RenewalBasis.COMPLETION),
)

days = st.integers(0, 900).map(lambda n: TODAY + timedelta(days=n))
offsets = st.lists(st.sampled_from(["P60D", "P30D", "P7D", "P1M"]), unique=True, max_size=3)


@st.composite
def completions(draw: st.DrawFn) -> list[Any]:
    """One for each of up to six holders: valid at once or later, for a day, for years or for good."""
    made = []
    for number in range(draw(st.integers(1, 6))):
        effective = draw(days)
        length = draw(st.none() | st.integers(0, 500))
        made.append(
            completion(
                holder_id=f"u-{number + 1}",
                effective_date=effective,
                expiration_date=None if length is None else effective + timedelta(days=length),
                started_on=effective if effective <= TODAY else None,
            )
        )
    return made


@settings(max_examples=150, deadline=None)
@given(held=completions(), reminders=offsets, sweeps=st.lists(days, max_size=8))
def test_sweeps_of_any_days_in_any_order_end_like_one_of_the_last_day(
    held: Sequence[Any], reminders: list[str], sweeps: list[date]
) -> None:
    once, often = Sweeping(*reminders).hold(*held), Sweeping(*reminders).hold(*held)
    once.sweep(LAST)
    for day in [*sweeps, LAST, *sweeps]:
        often.sweep(day)
    assert without_reminders_of_lapsed(often) == without_reminders_of_lapsed(once)
    assert transitions_told(often) == transitions_told(once)
    assert all(count == 1 for count in transitions_told(often).values())


def without_reminders_of_lapsed(service: Sweeping) -> dict[Any, Any]:
    """Which of its reminders were sent in time, what has lapsed keeps; nothing follows from it any more."""
    state = service.end_state()
    for item in state.values():
        if "lapsed_on" in item:
            item.pop("reminded_on", None)
    return state


def transitions_told(service: Sweeping) -> Counter[tuple[Any, ...]]:
    service.follow()
    return Counter(
        (kind, detail["holder"]["id"], detail["cycle"], detail["effective_date"], detail["expiration_date"])
        for kind, detail in service.announced()
        if kind in {"Changed", "Expired"}
    )


DECISIONS = ("end", "no end", "revoke", "reinstate", "award", "renew", "replace", "later", "nothing")
decisions = st.lists(
    st.tuples(
        st.integers(0, 200),  # days since the one before
        st.sampled_from(DECISIONS),
        st.integers(1, 3),  # the cycle it is about
        st.integers(-200, 400),  # days from then: what it is changed to
    ),
    max_size=7,
)


def decide(service: Sweeping, kind: str, cycle: int, day: date, other_day: date) -> str:
    """Carry it out, where the rules allow; the word for what came of it."""
    try:
        match kind:
            case "end":
                service.change_end(other_day, cycle)
            case "no end":
                service.change_end(None, cycle)
            case "revoke":
                service.revoke(cycle)
            case "reinstate":
                service.reinstate(cycle)
            case "award":
                service.award_by_hand(min(day, other_day))
            case "renew":
                service.award_by_hand(day, mode=Mode.RENEW)
            case "replace":
                service.award_by_hand(min(day, other_day), mode=Mode.REPLACE)
            case "later":
                service.award_by_hand(day, mode=Mode.REPLACE, effective_date=max(day, other_day))
    except (ConflictError, InvalidError, NotFoundError) as exc:
        return type(exc).__name__
    return "done"


@settings(max_examples=150, deadline=None)
@given(
    made=decisions,
    reminders=offsets,
    renewal=st.sampled_from(RENEWALS),
    swept=st.lists(st.lists(st.integers(0, 300), max_size=3), min_size=7, max_size=7),
)
def test_decisions_between_sweeps_come_out_as_without_them(
    made: list[tuple[int, str, int, int]],
    reminders: list[str],
    renewal: Renewal | None,
    swept: list[list[int]],
) -> None:
    """Sweeps run late, not at all or for days gone by; none runs ahead of the clock."""
    quiet = Sweeping(*reminders, renewal=renewal).hold(completion())
    busy = Sweeping(*reminders, renewal=renewal).hold(completion())
    day = TODAY
    for (passed, kind, cycle, shift), late in zip(made, swept, strict=False):
        day += timedelta(days=passed)
        quiet.clock.instant = busy.clock.instant = at_noon(day)
        for days_late in late:
            busy.sweep(day - timedelta(days=days_late))
        other = day + timedelta(days=shift)
        assert decide(quiet, kind, cycle, day, other) == decide(busy, kind, cycle, day, other)
    end = day + timedelta(days=1500)
    quiet.sweep(end)
    busy.sweep(end)
    assert as_read(quiet, end) == as_read(busy, end)
    assert quiet.due() == busy.due()


def as_read(service: Sweeping, today: date) -> dict[int, list[Any]]:
    """What any reader sees of each cycle, on any day."""
    span = [TODAY + timedelta(days=n) for n in range(-250, 3000, 3)]
    return {
        cycle: [held.expiration_date, *(status_on(held, on=day, today=today) for day in span)]
        for cycle, held in service.cycles().items()
    }


@settings(max_examples=150, deadline=None)
@given(
    made=decisions,
    reminders=offsets,
    renewal=st.sampled_from(RENEWALS),
    swept=st.lists(st.lists(st.integers(-40, 60), max_size=2), min_size=7, max_size=7),
)
def test_nobody_ever_holds_two_at_once_and_nothing_is_told_twice(
    made: list[tuple[int, str, int, int]],
    reminders: list[str],
    renewal: Renewal | None,
    swept: list[list[int]],
) -> None:
    """With sweeps before their day, too: on no day, asked on whatever day, are two cycles active."""
    service = Sweeping(*reminders, renewal=renewal).hold(completion())
    day = TODAY
    for (passed, kind, cycle, shift), late in zip(made, swept, strict=False):
        day += timedelta(days=passed)
        service.clock.instant = at_noon(day)
        for days_late in late:
            service.sweep(day - timedelta(days=days_late))
        decide(service, kind, cycle, day, day + timedelta(days=shift))
        only_one_active(service, day)
    service.sweep(day + timedelta(days=1500))
    service.follow()
    reminded = Counter(
        (detail["cycle"], detail["expiration_date"], detail["occurred_at"])
        for kind, detail in service.announced()
        if kind == "Expiring"
    )
    assert all(count == 1 for count in reminded.values())
    for cycle, end, _ in reminded:
        told = sum(1 for other in reminded if other[:2] == (cycle, end))
        assert told <= len(reminders)


def only_one_active(service: Sweeping, today: date) -> None:
    cycles = service.cycles()
    for shift in range(-700, 1500, 7):
        day = today + timedelta(days=shift)
        active = [c for c, held in cycles.items() if status_on(held, on=day, today=today) is Status.ACTIVE]
        assert len(active) <= 1, (day, active)


def test_the_decisions_above_are_carried_out_and_refused_both() -> None:
    """Guards the properties against testing nothing."""
    service = Sweeping(renewal=RENEWALS[1]).hold(completion())
    day = TODAY + timedelta(days=10)
    service.clock.instant = at_noon(day)
    outcomes = {kind: decide(service, kind, 1, day, day + timedelta(days=30)) for kind in DECISIONS}
    assert outcomes["end"] == outcomes["revoke"] == outcomes["reinstate"] == outcomes["renew"] == "done"
    assert outcomes["award"] == "ConflictError"
    assert decide(service, "revoke", 9, day, day) == "NotFoundError"
    with contextlib.suppress(ConflictError):
        service.revoke(1)
    assert len(service.app.ledger.completions_of(U1)) >= 3
