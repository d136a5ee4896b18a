"""History in the table: a partition for each certification completion, since it grows and nobody else reads it."""

from __future__ import annotations

from collections.abc import Sequence

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items import history as items
from certification.adapters.dynamodb.table import Absent, Put, Query, Table
from certification.domain.history import HistoryEntry
from certification.domain.model import Holder
from certification.domain.ports import Slice, StartKey


class DynamoDBHistory:
    """Implements the port `History`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, entries: Sequence[HistoryEntry]) -> int:
        puts = {(item["pk"], item["sk"]): Put(item, Absent()) for item in map(items.entry_to_item, entries)}
        return sum(result.ok for result in self._table.write_each(list(puts.values()))) if puts else 0

    def page(
        self,
        holder: Holder,
        certification_id: str,
        cycle: int,
        *,
        limit: int,
        start: StartKey | None = None,
    ) -> Slice[HistoryEntry]:
        pk = keys.history_pk(holder, certification_id, cycle)
        page = self._table.query(Query(pk=pk, consistent=True, limit=limit, start=start))
        return Slice(items=tuple(items.entry_from_item(item) for item in page.items), next=page.next)
