"""Receipts of creating requests, read before a request is carried out."""

from __future__ import annotations

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items.receipts import receipt_from_item
from certification.adapters.dynamodb.table import Table
from certification.domain.ports import Receipt


class DynamoDBReceipts:
    """Implements the port `Receipts`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def find(self, actor: str, key: str) -> Receipt | None:
        item = self._table.get(keys.idempotency(actor, key))
        return receipt_from_item(item) if item else None
