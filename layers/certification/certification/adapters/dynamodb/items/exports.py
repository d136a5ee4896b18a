"""Exports."""

from __future__ import annotations

import json
from typing import Any

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items.values import (
    date_in,
    instant_in,
    iso,
    new_item,
    required_date,
    required_instant,
)
from certification.adapters.dynamodb.table import Item
from certification.domain.exports import Export, ExportState, ExportWish
from certification.domain.model import Status

EXPORT = "export"
KEPT_SECONDS = 7 * 24 * 3600


def export_to_item(run: Export) -> Item:
    return new_item(
        keys.export_run(run.export_id),
        EXPORT,
        {
            "export_id": run.export_id,
            "certification_id": run.wish.certification_id,
            "organization_id": run.wish.organization_id,
            "status": run.wish.status.value if run.wish.status else None,
            "as_of": iso(run.wish.as_of),
            "today": iso(run.today),
            "state": run.state.value,
            "rows": run.rows,
            "parts": run.parts,
            "place": json.dumps(run.place, default=_plain) if run.place is not None else None,
            "created_at": iso(run.created_at),
            "created_by": run.created_by,
            "finished_at": iso(run.finished_at),
            "revision": run.revision,
            "expires_at": int(run.created_at.timestamp()) + KEPT_SECONDS,
        },
    )


def export_from_item(item: Item) -> Export:
    place = item.get("place")
    status = item.get("status")
    return Export(
        export_id=item["export_id"],
        wish=ExportWish(
            certification_id=item.get("certification_id"),
            organization_id=item.get("organization_id"),
            status=Status(status) if status else None,
            as_of=date_in(item, "as_of"),
        ),
        today=required_date(item, "today"),
        state=ExportState(item["state"]),
        rows=item["rows"],
        parts=item["parts"],
        place=json.loads(place) if place is not None else None,
        created_at=required_instant(item, "created_at"),
        created_by=item["created_by"],
        finished_at=instant_in(item, "finished_at"),
        revision=item["revision"],
    )


def _plain(value: Any) -> Any:
    """A start key is a mapping of whatever kind."""
    return dict(value)
