"""The outbox: one row for each holder and CRM; in the index `due` while it is not in sync."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items.values import instant_in, iso, new_item, required_instant
from certification.adapters.dynamodb.table import Item
from certification.domain.sync import SentValue, SyncRow, SyncState

SYNC = "sync"
REVISION = "revision"
ATTEMPT = "attempt"
MARK = (REVISION, "state", "marked_at", "cause", "due_pk", "due_sk")
OUTCOME = (
    "link",
    "record_id",
    "sent",
    "in_doubt",
    ATTEMPT,
    "attempt_until",
    "outcome",
    "tried",
    "code",
    "message",
    "correlation_id",
    "settled_at",
    "would_send",
)


def sync_to_item(row: SyncRow) -> Item:
    indexed = row.state is not SyncState.SYNCED
    shard = keys.sync_shard(row.holder)
    return new_item(
        keys.sync(row.holder, row.crm),
        SYNC,
        {
            "crm": row.crm,
            "state": row.state.value,
            "revision": row.revision,
            "marked_at": iso(row.marked_at),
            "cause": row.cause,
            "link": row.link,
            "record_id": row.record_id,
            "sent": _values_to_item(row.sent),
            "in_doubt": sorted(row.in_doubt),
            "attempt": row.attempt,
            "attempt_until": iso(row.attempt_until),
            "outcome": row.outcome.value if row.outcome else None,
            "tried": row.tried,
            "code": row.code,
            "message": row.message,
            "correlation_id": row.correlation_id,
            "settled_at": iso(row.settled_at),
            "would_send": _values_to_item(row.would_send),
            "due_pk": keys.sync_shard_pk(row.crm, row.state.value, shard) if indexed else None,
            "due_sk": keys.holder_pk(row.holder) if indexed else None,
        },
    )


def sync_from_item(item: Item) -> SyncRow:
    return SyncRow(
        holder=keys.holder_of(item["pk"]),
        crm=item["crm"],
        state=SyncState(item["state"]),
        revision=item["revision"],
        marked_at=required_instant(item, "marked_at"),
        cause=item.get("cause", ""),
        link=item.get("link", ""),
        record_id=item.get("record_id", ""),
        sent=_values_from_item(item.get("sent", {})),
        in_doubt=frozenset(item.get("in_doubt", ())),
        attempt=item.get("attempt", ""),
        attempt_until=instant_in(item, "attempt_until"),
        outcome=SyncState(item["outcome"]) if item.get("outcome") else None,
        tried=item.get("tried", ""),
        code=item.get("code", ""),
        message=item.get("message", ""),
        correlation_id=item.get("correlation_id", ""),
        settled_at=instant_in(item, "settled_at"),
        would_send=_values_from_item(item.get("would_send", {})),
    )


def _values_to_item(values: Mapping[str, SentValue]) -> Item:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _values_from_item(item: Mapping[str, Any]) -> dict[str, SentValue]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in item.items()}
