"""Whatever can happen to what one user holds, through the routes and the workers, as values that Hypothesis draws."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from programme import Programme

ID = "certification_completion_id"
Event = tuple[Any, ...]
days = st.integers(-150, 450)
cycles = st.integers(0, 3)
learned = st.tuples(st.just("learn"), st.integers(-150, 0))
by_hand = st.tuples(
    st.just("award"), st.sampled_from([None, "renew", "replace"]), st.integers(-150, 0), st.none() | days
)
decided = st.one_of(
    st.tuples(st.just("end"), cycles, st.none() | days),
    st.tuples(st.just("revoke"), cycles),
    st.tuples(st.just("reinstate"), cycles),
)
decisions = st.one_of(learned, by_hand, decided)
passing = st.one_of(st.tuples(st.just("wait"), st.integers(1, 200)), st.just(("sweep",)))
events = st.one_of(decisions, passing)
definitions = st.fixed_dictionaries(
    {
        "renewal": st.sampled_from(
            [
                None,
                {"opens": "P60D", "grace": "P30D"},
                {"opens": "P60D", "basis": "completion", "grace": "P30D"},
            ]
        ),
        "expiration": st.sampled_from(
            [
                {"type": "duration", "duration": "P12M"},
                {"type": "duration", "duration": "P100D"},
                {"type": "anchored", "month": 12, "day": 31, "minimum": "P3M"},
            ]
        ),
    }
)


class Chronicle(Programme):
    """One certification of course `c-1`, one user. Any answer but a bug is fine: a refusal changes nothing."""

    def __init__(self, **parts: Any) -> None:
        super().__init__()
        self.certification = self.published(**parts)

    @property
    def today(self) -> date:
        return self.clock.now().date()

    def day(self, offset: int) -> str:
        return (self.today + timedelta(days=offset)).isoformat()

    def happen(self, event: Event) -> int:
        """The status of the answer, 200 where it is no request. Nobody's work is left undone."""
        status = self.act(event)
        assert status < 500, event
        self.work()
        self.clock.advance(seconds=1)
        return status

    def act(self, event: Event) -> int:
        kind, *values = event
        actions: dict[str, Callable[..., int]] = {
            "learn": self._learn,
            "award": self._award,
            "end": self._end,
            "revoke": lambda cycle: self._decide(cycle, "revoke"),
            "reinstate": lambda cycle: self._decide(cycle, "reinstate"),
            "wait": self._wait,
            "sweep": self._sweep,
        }
        return actions[kind](*values)

    def _learn(self, offset: int) -> int:
        self.complete("c-1", on=self.day(offset))
        return 200

    def _award(self, mode: str | None, offset: int, effective: int | None) -> int:
        fields: dict[str, Any] = {"mode": mode, "reason": "by hand"}
        if effective is not None:
            fields["effective_date"] = self.day(effective)
        return self.award(self.certification, self.day(offset), **fields)[0]

    def _end(self, cycle: int, offset: int | None) -> int:
        completion = self._cycle(cycle)
        if completion is None:
            return 404
        return self.change_end(completion[ID], None if offset is None else self.day(offset))[0]

    def _decide(self, cycle: int, what: str) -> int:
        completion = self._cycle(cycle)
        return 404 if completion is None else self.decide(completion[ID], what)[0]

    def _cycle(self, number: int) -> Any:
        held = self.held()
        return held[number % len(held)] if held else None

    def _wait(self, passed: int) -> int:
        self.clock.advance(days=passed)
        return 200

    def _sweep(self) -> int:
        self.app.expiry_sweep.run(self.clock.now(), lambda: True)
        return 200

    def turning_days(self) -> list[date]:
        """Every day on which anything about a completion begins or ends, and its neighbours."""
        stored = self.app.ledger.read_user("u-1").completions
        turns = {
            turn
            for c in stored
            for turn in (
                c.effective_date,
                c.expiration_date,
                c.superseded_on,
                *(change.on for change in c.changes),
                *(change.previous_expiration_date for change in c.changes),
            )
            if turn is not None
        }
        return sorted({t + timedelta(days=n) for t in {*turns, self.today} for n in (-1, 0, 1)})

    def check_never_two_active(self) -> None:
        for day in self.turning_days():
            statuses = self.statuses(as_of=day.isoformat())
            assert statuses.count("active") <= 1, (day, self.held())
