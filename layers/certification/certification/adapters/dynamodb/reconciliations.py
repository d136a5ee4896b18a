"""Reconciliations, newest last in their list."""

from __future__ import annotations

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items.reconciliations import (
    reconciliation_from_item,
    reconciliation_to_item,
)
from certification.adapters.dynamodb.table import Absent, ConditionFailedError, Equals, Put, Query, Table
from certification.domain.errors import AlreadyExistsError, ChangedMeanwhileError
from certification.domain.ports import Slice, StartKey
from certification.domain.reconciliation import Reconciliation


class DynamoDBReconciliations:
    """Implements the port `Reconciliations`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def find(self, reconciliation_id: str) -> Reconciliation | None:
        item = self._table.get(keys.award_reconciliation(reconciliation_id))
        return reconciliation_from_item(item) if item else None

    def add(self, run: Reconciliation) -> None:
        try:
            self._table.write(Put(reconciliation_to_item(run), Absent()))
        except ConditionFailedError as exc:
            raise AlreadyExistsError("this reconciliation exists") from exc

    def save(self, run: Reconciliation) -> None:
        try:
            self._table.write(Put(reconciliation_to_item(run), Equals("revision", run.revision - 1)))
        except ConditionFailedError as exc:
            raise ChangedMeanwhileError("another worker wrote this page first") from exc

    def page(self, *, limit: int, start: StartKey | None = None) -> Slice[Reconciliation]:
        query = Query(
            pk=keys.AWARD_RECONCILIATIONS, index="listing", limit=limit, start=start, descending=True
        )
        page = self._table.query(query)
        return Slice(items=tuple(reconciliation_from_item(item) for item in page.items), next=page.next)
