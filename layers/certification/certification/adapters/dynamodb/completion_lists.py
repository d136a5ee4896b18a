"""Certification completions in pages: of one holder from its partition, of one certification from the index."""

from __future__ import annotations

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items import completions as items
from certification.adapters.dynamodb.ledger import DynamoDBLedger
from certification.adapters.dynamodb.table import Query, Table
from certification.domain.model import CertificationCompletion, Holder
from certification.domain.ports import Slice, StartKey


class DynamoDBCompletionLists:
    """Implements the port `CompletionLists`. One query a page; of a certification, one batch of gets more."""

    def __init__(self, table: Table, ledger: DynamoDBLedger) -> None:
        self._table = table
        self._ledger = ledger

    def of_holder(
        self, holder: Holder, *, limit: int, start: StartKey | None = None
    ) -> Slice[CertificationCompletion]:
        query = Query(
            pk=keys.holder_pk(holder),
            sk_prefix=keys.COMPLETION_PREFIX,
            consistent=True,
            limit=limit,
            start=start,
        )
        page = self._table.query(query)
        return Slice(items=tuple(items.completion_from_item(item) for item in page.items), next=page.next)

    def of_certification(
        self, certification_id: str, *, limit: int, start: StartKey | None = None
    ) -> Slice[CertificationCompletion]:
        return self._ledger.completions_of_certification(certification_id, limit=limit, start=start)
