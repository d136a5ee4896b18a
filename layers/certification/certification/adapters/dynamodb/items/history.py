"""History entries."""

from __future__ import annotations

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items.values import iso, new_item, required_instant
from certification.adapters.dynamodb.table import Item
from certification.domain.history import HistoryEntry, What

HISTORY = "history"


def entry_to_item(entry: HistoryEntry) -> Item:
    return new_item(
        keys.history(entry.holder, entry.certification_id, entry.cycle, entry.revision),
        HISTORY,
        {
            "certification_id": entry.certification_id,
            "cycle": entry.cycle,
            "holder_pk": keys.holder_pk(entry.holder),
            "revision": entry.revision,
            "what": entry.what.value,
            "at": iso(entry.at),
            "by": entry.by,
            "reason": entry.reason,
            "correlation_id": entry.correlation_id,
            "before": dict(entry.before),
            "after": dict(entry.after),
        },
    )


def entry_from_item(item: Item) -> HistoryEntry:
    return HistoryEntry(
        holder=keys.holder_of(item["holder_pk"]),
        certification_id=item["certification_id"],
        cycle=item["cycle"],
        revision=item["revision"],
        what=What(item["what"]),
        at=required_instant(item, "at"),
        by=item.get("by", ""),
        reason=item.get("reason", ""),
        correlation_id=item.get("correlation_id", ""),
        before=item.get("before", {}),
        after=item.get("after", {}),
    )
