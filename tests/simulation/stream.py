"""The table's stream: in order for each key, in batches, from a place that goes on only when a batch succeeded."""

from __future__ import annotations

import zlib
from typing import Any

from certification.adapters.dynamodb.table import Key
from fakes import Change, stream_record
from simulation.scheduler import Scheduler
from simulation.table import SimulatedTable

SHARDS = 2
BATCH = 8
MOST_REPLAYED = 12
# What the event source's filter lets through (template.yaml).
FOLLOWED = frozenset({"PROFILE", "IDENTITY", "CERTIFICATION", "EVALUATION"})


class SimulatedStream:
    """`taken` and `put_back` are what Lambda's poller does; one batch of a shard at a time."""

    def __init__(self, scheduler: Scheduler, table: SimulatedTable) -> None:
        self.busy: set[int] = set()
        self._scheduler = scheduler
        self._table = table
        self._sorted = 0
        self._shards: list[list[Change]] = [[] for _ in range(SHARDS)]
        self._places = [0] * SHARDS

    def ready(self) -> list[int]:
        self._sort()
        return [s for s in range(SHARDS) if s not in self.busy and self._places[s] < len(self._shards[s])]

    def take(self, shard: int) -> list[Change]:
        self.busy.add(shard)
        scheduler = self._scheduler
        if scheduler.random.random() < scheduler.rates.replay:
            back = scheduler.random.randint(0, MOST_REPLAYED)
            self._places[shard] = max(0, self._places[shard] - back)
        place = self._places[shard]
        return self._shards[shard][place : place + scheduler.random.randint(1, BATCH)]

    def done(self, shard: int, batch: list[Change], failed: str | None) -> None:
        """Everything before the record `failed` is done; None: all of it."""
        self.busy.discard(shard)
        numbers = [record["dynamodb"]["SequenceNumber"] for record in self.event(batch)["Records"]]
        self._places[shard] += len(batch) if failed is None else numbers.index(failed)

    def failed(self, shard: int) -> None:
        self.busy.discard(shard)

    def event(self, batch: list[Change]) -> dict[str, Any]:
        return {"Records": [stream_record(change) for change in batch]}

    def _sort(self) -> None:
        for change in self._table.changes[self._sorted :]:
            if change.key.sk in FOLLOWED or change.key.sk.startswith("COMPLETION#"):
                self._shards[_shard(change.key)].append(change)
        self._sorted = len(self._table.changes)


def _shard(key: Key) -> int:
    return zlib.crc32(key.pk.encode()) % SHARDS
