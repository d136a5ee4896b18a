"""Field mappings as they were accepted, and the backfills that they and others call for."""

from __future__ import annotations

import json

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items.values import instant_in, iso, new_item, required_instant
from certification.adapters.dynamodb.table import Item
from certification.domain.backfill import Backfill, Scope
from certification.domain.connection import StoredMapping
from certification.domain.errors import FieldError
from certification.domain.mapping import mapping_to_json
from certification.domain.mapping_reader import mapping_from_json

MAPPING = "crm_mapping"
BACKFILL = "crm_backfill"
_KEPT_SECONDS = 30 * 24 * 3600


def mapping_to_item(stored: StoredMapping) -> Item:
    mapping = stored.mapping
    return new_item(
        keys.mapping(mapping.crm, mapping.object_name),
        MAPPING,
        {
            "crm": mapping.crm,
            "object": mapping.object_name,
            "mapping": mapping_to_json(mapping),
            "kinds": dict(stored.kinds),
            "problems": [
                {"pointer": e.pointer, "code": e.code, "message": e.message} for e in stored.problems
            ],
            "checked_at": iso(stored.checked_at),
            "revision": stored.revision,
            "changed_at": iso(stored.changed_at),
            "changed_by": stored.changed_by,
        },
    )


def mapping_from_item(item: Item) -> StoredMapping:
    return StoredMapping(
        mapping=mapping_from_json(item["crm"], item["object"], item["mapping"]),
        kinds=item.get("kinds", {}),
        problems=tuple(FieldError(**problem) for problem in item.get("problems", ())),
        checked_at=required_instant(item, "checked_at"),
        revision=item["revision"],
        changed_at=required_instant(item, "changed_at"),
        changed_by=item.get("changed_by", ""),
    )


def backfill_to_item(backfill: Backfill) -> Item:
    finished = backfill.finished_at
    return new_item(
        keys.backfill(backfill.crm, backfill.backfill_id),
        BACKFILL,
        {
            "backfill_id": backfill.backfill_id,
            "crm": backfill.crm,
            "scope": backfill.scope.value,
            "cause": backfill.cause,
            "certification_id": backfill.certification_id,
            "asked": backfill.asked,
            "stage": backfill.stage,
            "start": json.dumps(backfill.start) if backfill.start is not None else None,
            "marked": backfill.marked,
            "created_at": iso(backfill.created_at),
            "created_by": backfill.created_by,
            "finished_at": iso(finished),
            "revision": backfill.revision,
            "expires_at": int(finished.timestamp()) + _KEPT_SECONDS if finished else None,
        },
    )


def backfill_from_item(item: Item) -> Backfill:
    start = item.get("start")
    return Backfill(
        backfill_id=item["backfill_id"],
        crm=item["crm"],
        scope=Scope(item["scope"]),
        cause=item.get("cause", ""),
        certification_id=item.get("certification_id", ""),
        asked=item.get("asked", False),
        stage=item["stage"],
        start=json.loads(start) if start else None,
        marked=item["marked"],
        created_at=required_instant(item, "created_at"),
        created_by=item.get("created_by", ""),
        finished_at=instant_in(item, "finished_at"),
        revision=item["revision"],
    )
