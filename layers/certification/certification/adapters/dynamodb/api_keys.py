"""API keys, by their id."""

from __future__ import annotations

from datetime import date, datetime

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items.api_keys import api_key_from_item, api_key_to_item
from certification.adapters.dynamodb.items.receipts import receipt_to_item
from certification.adapters.dynamodb.items.values import iso
from certification.adapters.dynamodb.table import (
    Absent,
    ConditionFailedError,
    Exists,
    Put,
    Query,
    Table,
    TransactionFailedError,
    Update,
)
from certification.domain.api_keys import ApiKey
from certification.domain.errors import NotFoundError
from certification.domain.ports import Receipt, RepeatedRequestError, Slice, StartKey


class DynamoDBApiKeys:
    """Implements the port `ApiKeys`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def find(self, key_id: str) -> ApiKey | None:
        item = self._table.get(keys.api_key(key_id))
        return api_key_from_item(item) if item else None

    def add(self, key: ApiKey, *, receipt: Receipt | None = None) -> None:
        put = Put(api_key_to_item(key), Absent())
        if receipt is None:
            self._table.write(put)
            return
        try:
            self._table.write_together([put, Put(receipt_to_item(receipt), Absent())])
        except TransactionFailedError as exc:
            raise RepeatedRequestError("this request was carried out before") from exc

    def revoke(self, key_id: str, now: datetime) -> None:
        key = self.find(key_id)
        if key is None or key.revoked_at is None:
            self._change(key_id, {"revoked_at": iso(now)})

    def note_use(self, key_id: str, on: date) -> None:
        self._change(key_id, {"last_used_on": iso(on)})

    def _change(self, key_id: str, values: dict[str, object]) -> None:
        try:
            self._table.write(Update(key=keys.api_key(key_id), set=values, condition=Exists()))
        except ConditionFailedError as exc:
            raise NotFoundError("there is no such key") from exc

    def page(self, *, limit: int, start: StartKey | None = None) -> Slice[ApiKey]:
        page = self._table.query(Query(pk=keys.API_KEYS, index="listing", limit=limit, start=start))
        return Slice(items=tuple(api_key_from_item(item) for item in page.items), next=page.next)
