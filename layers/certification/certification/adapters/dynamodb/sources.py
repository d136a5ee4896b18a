"""Sources and their health: the source's own partition holds both."""

from __future__ import annotations

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items import sources as items
from certification.adapters.dynamodb.table import (
    Absent,
    ConditionFailedError,
    Delete,
    Equals,
    Put,
    Query,
    Table,
)
from certification.domain.errors import ChangedMeanwhileError
from certification.domain.lms_ports import Received
from certification.domain.ports import Slice, StartKey
from certification.domain.replay import Replay
from certification.domain.sources import Source, SourceHealth

DAYS_SHOWN = 14


class DynamoDBSources:
    """Implements the ports `Sources` and `Replays`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def source(self, source_id: str) -> Source | None:
        item = self._table.get(keys.source(source_id))
        return items.source_from_item(item) if item else None

    def with_health(self, source_id: str) -> tuple[Source, SourceHealth] | None:
        source = self.source(source_id)
        if source is None:
            return None
        days = Query(
            pk=keys.source(source_id).pk,
            sk_prefix=keys.SOURCE_DAY_PREFIX,
            consistent=True,
            limit=DAYS_SHOWN,
            descending=True,
        )
        found = tuple(items.day_from_item(item) for item in self._table.query(days).items)
        return source, SourceHealth(days=found)

    def page(self, *, limit: int, start: StartKey | None = None) -> Slice[Source]:
        page = self._table.query(Query(pk=keys.SOURCES, index="listing", limit=limit, start=start))
        return Slice(items=tuple(items.source_from_item(item) for item in page.items), next=page.next)

    def save(self, source: Source) -> None:
        self._write(Put(items.source_to_item(source), _follows(source.revision)))

    def delete(self, source: Source) -> None:
        self._write(Delete(keys.source(source.source_id), Equals("revision", source.revision)))

    def _write(self, write: Put | Delete) -> None:
        try:
            self._table.write(write)
        except ConditionFailedError as exc:
            raise ChangedMeanwhileError("somebody else changed this first") from exc

    def replay(self, source_id: str, replay_id: str) -> Replay | None:
        item = self._table.get(keys.source_replay(source_id, replay_id))
        return items.replay_from_item(item) if item else None

    def save_replay(self, replay: Replay) -> None:
        self._write(Put(items.replay_to_item(replay), _follows(replay.revision)))

    def count(self, source_id: str, received: Received) -> int:
        return items.proven_in(self._table.update(items.day_update(source_id, received)))


def _follows(revision: int) -> Absent | Equals:
    """Nothing is there yet, or exactly the revision before."""
    return Absent() if revision == 1 else Equals("revision", revision - 1)
