"""Receipts of creating requests; DynamoDB's TTL removes them in time."""

from __future__ import annotations

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items.values import new_item
from certification.adapters.dynamodb.table import Item
from certification.domain.ports import Receipt

RECEIPT = "receipt"


def receipt_to_item(receipt: Receipt) -> Item:
    return new_item(
        keys.idempotency(receipt.actor, receipt.key),
        RECEIPT,
        {
            "actor": receipt.actor,
            "key": receipt.key,
            "request_hash": receipt.request_hash,
            "status": receipt.status,
            "body": receipt.body,
            "headers": dict(receipt.headers),
            "expires_at": receipt.expires_at,
        },
    )


def receipt_from_item(item: Item) -> Receipt:
    return Receipt(
        actor=item["actor"],
        key=item["key"],
        request_hash=item["request_hash"],
        status=item["status"],
        body=item.get("body", ""),
        headers=item.get("headers", {}),
        expires_at=item["expires_at"],
    )
