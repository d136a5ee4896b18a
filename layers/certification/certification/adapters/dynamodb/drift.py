"""Reconciliations of a CRM in the table, and how far the samples have come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items import drift as items
from certification.adapters.dynamodb.table import Absent, ConditionFailedError, Equals, Put, Query, Table
from certification.domain.drift import Reconciliation
from certification.domain.errors import ChangedMeanwhileError
from certification.domain.ports import Slice, StartKey


class DynamoDBCrmReconciliations:
    """Implements the port `CrmReconciliations`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, run: Reconciliation) -> None:
        self._table.write(Put(items.reconciliation_to_item(run), Absent()))

    def get(self, crm: str, reconciliation_id: str) -> Reconciliation | None:
        item = self._table.get(keys.reconciliation(crm, reconciliation_id))
        return items.reconciliation_from_item(item) if item else None

    def save(self, run: Reconciliation) -> None:
        try:
            self._table.write(Put(items.reconciliation_to_item(run), Equals("revision", run.revision - 1)))
        except ConditionFailedError as exc:
            raise ChangedMeanwhileError("another worker did this page") from exc

    def page(self, crm: str, *, limit: int, start: StartKey | None = None) -> Slice[Reconciliation]:
        page = self._table.query(
            Query(
                pk=keys.reconciliation(crm, "").pk,
                sk_prefix=keys.RECONCILIATION_PREFIX,
                limit=limit,
                start=start,
                descending=True,
            )
        )
        found = tuple(items.reconciliation_from_item(item) for item in page.items)
        return Slice(items=found, next=page.next)

    def sample_place(self, crm: str) -> Mapping[str, Any] | None:
        return items.sample_place_from_item(self._table.get(keys.sample_place(crm)))

    def save_sample_place(self, crm: str, place: Mapping[str, Any] | None) -> None:
        self._table.write(Put(items.sample_place_to_item(crm, place)))
