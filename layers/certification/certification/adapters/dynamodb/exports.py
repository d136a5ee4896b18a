"""Exports: one record each, forgotten with its file after a week."""

from __future__ import annotations

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items.exports import export_from_item, export_to_item
from certification.adapters.dynamodb.items.receipts import receipt_to_item
from certification.adapters.dynamodb.table import (
    Absent,
    ConditionFailedError,
    Equals,
    Put,
    Table,
    TransactionFailedError,
)
from certification.domain.errors import ChangedMeanwhileError
from certification.domain.exports import Export
from certification.domain.ports import Receipt, RepeatedRequestError


class DynamoDBExports:
    """Implements the port `Exports`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def find(self, export_id: str) -> Export | None:
        item = self._table.get(keys.export_run(export_id))
        return export_from_item(item) if item else None

    def add(self, run: Export, *, receipt: Receipt | None = None) -> None:
        put = Put(export_to_item(run), Absent())
        try:
            if receipt is None:
                self._table.write(put)
            else:
                self._table.write_together([put, Put(receipt_to_item(receipt), Absent())])
        except TransactionFailedError as exc:
            raise RepeatedRequestError("this request was carried out before") from exc

    def save(self, run: Export) -> None:
        try:
            self._table.write(Put(export_to_item(run), Equals("revision", run.revision - 1)))
        except ConditionFailedError as exc:
            raise ChangedMeanwhileError("another worker wrote this part first") from exc
