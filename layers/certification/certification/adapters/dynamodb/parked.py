"""Parked course completions under the partitions of what may come to name their user (R17)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items import parked as items
from certification.adapters.dynamodb.items.values import iso
from certification.adapters.dynamodb.table import (
    Absent,
    All,
    AttributeAbsent,
    ConditionFailedError,
    Delete,
    Equals,
    Exists,
    Item,
    Key,
    Put,
    Query,
    Table,
    TransactionFailedError,
    Update,
)
from certification.domain.course_completion_message import UserReference
from certification.domain.errors import ChangedMeanwhileError
from certification.domain.parking import ParkedCompletion
from certification.domain.ports import Slice, StartKey


class DynamoDBParking:
    """Implements the port `Parking`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def park(self, entries: Sequence[ParkedCompletion]) -> None:
        rows: dict[Key, Item] = {}
        for entry in entries:
            for item in items.parked_to_items(entry):
                rows[Key(item["pk"], item["sk"])] = item
        results = self._table.write_each([Put(item, Absent()) for item in rows.values()])
        for (key, item), result in zip(rows.items(), results, strict=True):
            if not result.ok:
                self._park_again(key, item)

    def _park_again(self, key: Key, item: Item) -> None:
        """Move the row's instant: a release that read the earlier one must not remove it. What was decided stays so."""
        moved = {name: item[name] for name in item if name not in key._fields}
        undecided = All((AttributeAbsent("discarded_at"), AttributeAbsent("assigned_to")))
        try:
            self._table.write(Update(key=key, set=moved, condition=undecided))
        except ConditionFailedError:
            return

    def parked_under(self, user: UserReference) -> tuple[ParkedCompletion, ...]:
        found: dict[str, ParkedCompletion] = {}
        for pk in items.partitions(user):
            for item in self._table.query_all(Query(pk=pk, sk_prefix=keys.PARKED_PREFIX, consistent=True)):
                if items.is_assigned(item):
                    continue
                entry = items.parked_from_item(item)
                if entry.discarded_at is None:
                    found[entry.parked_id] = entry
        return tuple(found.values())

    def find(self, parked_id: str) -> ParkedCompletion | None:
        for listing in (keys.PARKED, keys.PARKED_DISCARDED):
            query = Query(pk=listing, index="listing", sk_between=(parked_id, parked_id), limit=1)
            for listed in self._table.query(query).items:
                item = self._table.get(Key(listed["pk"], listed["sk"]))
                return items.parked_from_item(item) if item and not items.is_assigned(item) else None
        return None

    def page(
        self, *, limit: int, start: StartKey | None = None, discarded: bool = False
    ) -> Slice[ParkedCompletion]:
        page = self._table.query(
            Query(pk=items.listing(discarded=discarded), index="listing", limit=limit, start=start)
        )
        return Slice(items=tuple(items.parked_from_item(item) for item in page.items), next=page.next)

    def remove(self, entry: ParkedCompletion) -> None:
        for key in items.row_keys(entry):
            try:
                self._table.write(Delete(key, Equals("parked_at", iso(entry.parked_at))))
            except ConditionFailedError:
                continue  # parked again since it was read, or gone already: either is right as it is

    def settle(self, entry: ParkedCompletion, user_id: str) -> None:
        waits, given = All((Exists(), AttributeAbsent("discarded_at"))), {"assigned_to": user_id}
        for key in items.row_keys(entry):
            with suppress(ConditionFailedError):  # released or discarded meanwhile
                self._table.write(Update(key=key, set=given, remove=items.NOT_OF_ASSIGNED, condition=waits))

    def discard(self, entry: ParkedCompletion, *, reason: str, actor: str, now: datetime) -> ParkedCompletion:
        given_up = replace(entry, discarded_at=now, discarded_by=actor, discard_reason=reason)
        puts = [
            Put(item, Equals("parked_at", iso(entry.parked_at))) for item in items.parked_to_items(given_up)
        ]
        try:
            self._table.write_together(puts)
        except TransactionFailedError as exc:
            raise ChangedMeanwhileError("it was released or delivered again meanwhile") from exc
        return given_up
