"""The CRM with its bad days: down, throttling, refusing, silent about whether it did what it was told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from certification.domain.connection import PauseReason, StoredMapping
from certification.domain.push import Fate, Outgoing, Pushed, PushFailedError
from fake_crm import FakeCrm
from simulation.scheduler import Scheduler

BATCH = 3
TROUBLES = ("none", "down", "throttled", "silent", "busy", "refusing")


class SimulatedCrm(FakeCrm):
    """`trouble` is set by the workload; `silent`: calls take effect or not, and the answer never comes."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__(batch_size=BATCH)
        self.trouble = "none"
        self._scheduler = scheduler
        self._made = 0

    def add(self, match_value: str, **values: Any) -> str:
        self._made += 1
        self.records[f"r-{self._made}"] = {"match": match_value, **values}
        return f"r-{self._made}"

    def push(self, stored: StoredMapping, batch: Sequence[Outgoing]) -> Sequence[Pushed]:
        scheduler = self._scheduler
        scheduler.effect("before push")
        strikes = scheduler.current is not None and scheduler.random.random() < 0.6
        trouble = self.trouble if strikes else "none"
        if trouble != "none":
            scheduler.tell(f"the CRM is {trouble}")
        if trouble == "down":
            raise PushFailedError("down", reason=PauseReason.UNAVAILABLE)
        if trouble == "throttled":
            wait = timedelta(seconds=scheduler.random.choice((1, 5, 60)))
            raise PushFailedError("throttled", reason=PauseReason.THROTTLED, retry_after=wait)
        answers = self._carried_out(stored, batch, trouble)
        scheduler.effect("after push")
        if trouble == "silent":
            raise PushFailedError("no answer", reason=PauseReason.UNAVAILABLE, unknown=True)
        return answers

    def _carried_out(
        self, stored: StoredMapping, batch: Sequence[Outgoing], trouble: str
    ) -> Sequence[Pushed]:
        scheduler = self._scheduler
        if trouble == "silent" and scheduler.random.random() < 0.3:
            return []
        answers = super().push(stored, batch)
        scheduler.tell(f"CRM got {[(o.match_value, dict(o.values)) for o in batch]}")
        return answers

    def _one(self, outgoing: Outgoing) -> Pushed:
        roll = self._scheduler.random.random()
        if self.trouble == "busy" and roll < 0.5:
            return Pushed(fate=Fate.BUSY, code="LOCKED", message="somebody holds it")
        if self.trouble == "refusing" and roll < 0.5:
            return Pushed(fate=Fate.REFUSED, code="INVALID", message="not like this")
        return super()._one(outgoing)
