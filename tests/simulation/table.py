"""The table with what DynamoDB does on a bad day: lag, throttling, lost answers, repeated and conflicting requests."""

from __future__ import annotations

import copy
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from certification.adapters.dynamodb.table import (
    Check,
    Item,
    Key,
    Page,
    Put,
    Query,
    ThrottledError,
    TransactionFailedError,
    Update,
    Write,
)
from fakes import InMemoryTable
from simulation.clock import SimulatedClock
from simulation.scheduler import Scheduler

T = TypeVar("T")
EVENTUAL_SECONDS = 2
INDEX_SECONDS = (1, 5, 60, 600)


class LostAnswerError(Exception):
    """The connection broke: nobody knows whether the request arrived."""


class SimulatedTable(InMemoryTable):
    """`committed_at` has the time of each of `changes`, `by` the task that made it."""

    def __init__(self, scheduler: Scheduler, clock: SimulatedClock) -> None:
        super().__init__()
        self.committed_at: list[float] = []
        self.by: list[str] = []
        self._together = False
        self._scheduler = scheduler
        self._clock = clock
        self._lag_seconds: float = 0

    def get(self, key: Key, *, consistent: bool = True) -> Item | None:
        return self._reading(
            f"get {key[1]}", consistent, lambda: InMemoryTable.get(self, key, consistent=consistent)
        )

    def get_many(self, keys: Iterable[Key], *, consistent: bool = False) -> dict[Key, Item]:
        wanted = list(keys)
        return self._reading(
            "get_many", consistent, lambda: InMemoryTable.get_many(self, wanted, consistent=consistent)
        )

    def query(self, query: Query) -> Page:
        name = f"query {query.index or ''} {query.pk}"
        return self._reading(name, query.consistent, lambda: InMemoryTable.query(self, query), query.index)

    def update(self, update: Update) -> Item:
        found: Item = {}

        def apply() -> None:
            self._apply_checked(update)
            found.update(copy.deepcopy(self.items[Key(*update.key)]))

        self._effect(update, apply)
        return found

    def write_together(self, writes: Sequence[Write]) -> None:
        self._together = True
        super().write_together(writes)

    def _reading(self, name: str, consistent: bool, read: Callable[[], T], index: str | None = None) -> T:
        self._scheduler.effect(name)
        self._may_fail(name)
        self._lag_seconds = 0 if consistent else self._drawn_lag(index)
        found = read()
        self._lag_seconds = 0
        return found

    def _drawn_lag(self, index: str | None) -> float:
        scheduler = self._scheduler
        if not scheduler.chance(scheduler.rates.stale):
            return 0
        most = scheduler.random.choice(INDEX_SECONDS) if index else EVENTUAL_SECONDS
        return most * scheduler.random.random()

    def _may_fail(self, name: str) -> None:
        rates = self._scheduler.rates
        if self._scheduler.hurts(rates.throttle, f"throttled at {name}"):
            raise ThrottledError("throttled by the simulation")

    def _effect(self, write: Write, apply: Callable[[], None]) -> None:
        scheduler, rates = self._scheduler, self._scheduler.rates
        together, self._together = self._together, False
        name = f"{type(write).__name__} {_key_of(write)}"
        scheduler.effect(f"before {name}")
        self._may_fail(name)
        if together and scheduler.hurts(rates.conflict, f"conflict at {name}"):
            raise TransactionFailedError(["TransactionConflict"] * 100)
        lost = scheduler.hurts(rates.lost, f"answer lost at {name}")
        if not lost or scheduler.random.random() < 0.7:
            apply()
        if lost:
            scheduler.effect(f"after {name}")
            raise LostAnswerError("the answer was lost by the simulation")
        if not together and scheduler.hurts(rates.repeated, f"repeated by the SDK: {name}"):
            apply()
        scheduler.effect(f"after {name}")

    def _apply(self, write: Write, factor: int = 1) -> None:
        before = len(self.changes)
        super()._apply(write, factor)
        if len(self.changes) > before:
            task = self._scheduler.current
            self.committed_at.append(self._clock.seconds)
            self.by.append(task.name if task else "setup")
            if task is not None and not isinstance(write, Check):
                self._scheduler.tell(f"{task.name}: wrote {type(write).__name__} {_key_of(write)}")

    def _state(self, consistent: bool) -> Mapping[Key, Item]:
        if consistent or not self._lag_seconds:
            return self.items
        first = bisect_right(self.committed_at, self._clock.seconds - self._lag_seconds)
        self.lag = len(self.changes) - first
        state = super()._state(consistent=False)
        self.lag = 0
        return state


def _key_of(write: Write) -> str:
    if isinstance(write, Put):
        return f"{write.item['pk']} {write.item['sk']}"
    return " ".join(write.key)
