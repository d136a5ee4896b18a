"""The outbox in the table."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items import sync as items
from certification.adapters.dynamodb.table import (
    Absent,
    EachWrite,
    Equals,
    Exists,
    Put,
    Query,
    Table,
    Update,
)
from certification.domain.model import Holder, HolderType
from certification.domain.ports import Slice, StartKey
from certification.domain.sync import SyncChange, SyncRow, SyncState

_MARKING_ROUNDS = 5


class MarkingLostError(Exception):
    """Rows came and went under us again and again; marking them once more is safe."""


class DynamoDBOutbox:
    """Implements the port `Outbox`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def mark(
        self,
        holders: Iterable[Holder],
        crm: str,
        *,
        now: datetime,
        asked: bool = False,
        causes: Mapping[Holder, str] | None = None,
    ) -> None:
        known = causes or {}
        left = [_new_row(holder, crm, now, known.get(holder, "")) for holder in dict.fromkeys(holders)]
        for again in range(_MARKING_ROUNDS):
            left = self._mark_once(left, asked=asked, consistent=again > 0)
            if not left:
                return
        raise MarkingLostError(f"{len(left)} rows could not be marked")

    def _mark_once(self, rows: list[SyncRow], *, asked: bool, consistent: bool) -> list[SyncRow]:
        """Those that were not as expected. A wrong guess costs a unit, so look first: that costs half of one."""
        there = self._table.get_many((keys.sync(row.holder, row.crm) for row in rows), consistent=consistent)
        marks: list[EachWrite] = [
            _mark(row, asked=asked)
            if keys.sync(row.holder, row.crm) in there
            else Put(items.sync_to_item(row), Absent())
            for row in rows
        ]
        results = self._table.write_each(marks)
        return [row for row, result in zip(rows, results, strict=True) if not result.ok]

    def rows(self, holders: Iterable[Holder], crm: str) -> Mapping[Holder, SyncRow]:
        wanted = [keys.sync(holder, crm) for holder in holders]
        found = self._table.get_many(wanted, consistent=True)
        rows = [items.sync_from_item(item) for item in found.values()]
        return {row.holder: row for row in rows}

    def pending(self, crm: str, holder_type: HolderType, *, page_size: int) -> Iterator[Holder]:
        for shard in range(keys.SYNC_SHARDS):
            query = Query(
                pk=keys.sync_shard_pk(crm, SyncState.PENDING.value, shard),
                index="due",
                sk_prefix=f"{holder_type.value.upper()}#",
                limit=page_size,
            )
            for item in self._table.query_all(query):
                yield keys.holder_of(item["pk"])

    def save(self, changes: Sequence[SyncChange]) -> list[bool]:
        writes = [
            _update(
                change.after, (*items.MARK, *items.OUTCOME), Equals(items.REVISION, change.before.revision)
            )
            for change in changes
        ]
        return [result.ok for result in self._table.write_each(writes)]

    def save_outcomes(self, rows: Sequence[SyncRow], *, attempt: str) -> list[bool]:
        writes = [_update(row, items.OUTCOME, Equals(items.ATTEMPT, attempt)) for row in rows]
        return [result.ok for result in self._table.write_each(writes)]

    def page(
        self, crm: str, state: SyncState, *, limit: int, start: StartKey | None = None
    ) -> Slice[SyncRow]:
        """Shard after shard, until the page is full; `start` carries the shard beside the index key."""
        rows: list[SyncRow] = []
        following = start
        while True:
            part = self._part(crm, state, limit - len(rows), following)
            rows += part.items
            following = part.next
            if following is None or len(rows) == limit:
                return Slice(items=tuple(rows), next=following)

    def _part(self, crm: str, state: SyncState, limit: int, start: StartKey | None) -> Slice[SyncRow]:
        shard = int(start["shard"]) if start else 0
        inner = start.get("key") if start else None
        query = Query(pk=keys.sync_shard_pk(crm, state.value, shard), index="due", limit=limit, start=inner)
        page = self._table.query(query)
        holders = [keys.holder_of(item["pk"]) for item in page.items]
        found = self.rows(holders, crm)
        rows = tuple(found[h] for h in holders if h in found and found[h].state is state)
        return Slice(items=rows, next=_next(shard, page.next))


def _next(shard: int, following: StartKey | None) -> StartKey | None:
    if following is not None:
        return {"shard": shard, "key": dict(following)}
    return {"shard": shard + 1} if shard + 1 < keys.SYNC_SHARDS else None


def _new_row(holder: Holder, crm: str, now: datetime, cause: str) -> SyncRow:
    return SyncRow(holder=holder, crm=crm, revision=secrets.token_hex(8), marked_at=now, cause=cause)


def _mark(row: SyncRow, *, asked: bool) -> Update:
    item = items.sync_to_item(row)
    return Update(
        key=keys.sync(row.holder, row.crm),
        set={name: item[name] for name in items.MARK if name in item},
        remove=(*(name for name in items.MARK if name not in item), *(("tried",) if asked else ())),
        condition=Exists(),
    )


def _update(row: SyncRow, attributes: tuple[str, ...], condition: Equals) -> Update:
    item = items.sync_to_item(row)
    return Update(
        key=keys.sync(row.holder, row.crm),
        set={name: item[name] for name in attributes if name in item},
        remove=tuple(name for name in attributes if name not in item),
        condition=condition,
    )
