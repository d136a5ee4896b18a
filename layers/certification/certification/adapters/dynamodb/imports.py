"""Imports: the record with its counts, and in the same partition the rows that were rejected."""

from __future__ import annotations

from collections.abc import Sequence

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items import imports as items
from certification.adapters.dynamodb.items.receipts import receipt_to_item
from certification.adapters.dynamodb.table import (
    Absent,
    ConditionFailedError,
    Equals,
    Put,
    Query,
    Table,
    TransactionFailedError,
)
from certification.domain.errors import ChangedMeanwhileError
from certification.domain.imports import Import, RowResult
from certification.domain.ports import Receipt, RepeatedRequestError, Slice, StartKey


class DynamoDBImports:
    """Implements the port `Imports`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def find(self, import_id: str) -> Import | None:
        item = self._table.get(keys.import_run(import_id))
        return items.import_from_item(item) if item else None

    def add(self, run: Import, *, receipt: Receipt | None = None) -> None:
        put = Put(items.import_to_item(run), Absent())
        try:
            if receipt is None:
                self._table.write(put)
            else:
                self._table.write_together([put, Put(receipt_to_item(receipt), Absent())])
        except TransactionFailedError as exc:
            raise RepeatedRequestError("this request was carried out before") from exc

    def save(self, run: Import) -> None:
        try:
            self._table.write(Put(items.import_to_item(run), Equals("revision", run.revision - 1)))
        except ConditionFailedError as exc:
            raise ChangedMeanwhileError("another worker wrote this page first") from exc

    def add_rejected(self, run: Import, rejected: Sequence[RowResult]) -> None:
        self._table.write_each([Put(items.rejected_to_item(run, result), Absent()) for result in rejected])

    def rejected(self, import_id: str, *, limit: int, start: StartKey | None = None) -> Slice[RowResult]:
        query = Query(
            pk=keys.import_run(import_id).pk,
            sk_prefix=keys.REJECTED_ROW_PREFIX,
            consistent=True,
            limit=limit,
            start=start,
        )
        page = self._table.query(query)
        return Slice(items=tuple(items.rejected_from_item(item) for item in page.items), next=page.next)
