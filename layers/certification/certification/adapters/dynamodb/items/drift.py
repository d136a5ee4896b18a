"""Reconciliations and what they found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items.values import instant_in, iso, new_item, required_instant
from certification.adapters.dynamodb.table import Item
from certification.domain.drift import Drift, Reconciliation
from certification.domain.model import Holder, HolderType
from certification.domain.sync import SentValue

RECONCILIATION = "crm_reconciliation"
SAMPLE_PLACE = "crm_sample_place"
_KEPT_SECONDS = 90 * 24 * 3600


def reconciliation_to_item(run: Reconciliation) -> Item:
    return new_item(
        keys.reconciliation(run.crm, run.reconciliation_id),
        RECONCILIATION,
        {
            "reconciliation_id": run.reconciliation_id,
            "crm": run.crm,
            "whole": run.whole,
            "repair": run.repair,
            "size": run.size,
            "place": json.dumps(run.place) if run.place is not None else None,
            "checked": run.checked,
            "drifted": run.drifted,
            "gone": run.gone,
            "repaired": run.repaired,
            "findings": [_drift_to_item(drift) for drift in run.findings],
            "problem": run.problem,
            "created_at": iso(run.created_at),
            "created_by": run.created_by,
            "finished_at": iso(run.finished_at),
            "revision": run.revision,
            "expires_at": int(run.created_at.timestamp()) + _KEPT_SECONDS,
        },
    )


def reconciliation_from_item(item: Item) -> Reconciliation:
    place = item.get("place")
    return Reconciliation(
        reconciliation_id=item["reconciliation_id"],
        crm=item["crm"],
        whole=item.get("whole", False),
        repair=item.get("repair", False),
        size=item["size"],
        place=json.loads(place) if place else None,
        checked=item["checked"],
        drifted=item["drifted"],
        gone=item["gone"],
        repaired=item["repaired"],
        findings=tuple(_drift_from_item(drift) for drift in item.get("findings", ())),
        problem=item.get("problem", ""),
        created_at=required_instant(item, "created_at"),
        created_by=item.get("created_by", ""),
        finished_at=instant_in(item, "finished_at"),
        revision=item["revision"],
    )


def sample_place_to_item(crm: str, place: Mapping[str, Any] | None) -> Item:
    key = keys.sample_place(crm)
    return new_item(key, SAMPLE_PLACE, {"place": json.dumps(place) if place is not None else None})


def sample_place_from_item(item: Item | None) -> Mapping[str, Any] | None:
    place = (item or {}).get("place")
    return json.loads(place) if place else None


def _drift_to_item(drift: Drift) -> Item:
    return {
        "holder_type": drift.holder.type.value,
        "holder_id": drift.holder.id,
        "record_id": drift.record_id,
        "expected": _values(drift.expected),
        "found": _values(drift.found),
        "gone": drift.gone,
    }


def _drift_from_item(item: Item) -> Drift:
    return Drift(
        holder=Holder(type=HolderType(item["holder_type"]), id=item["holder_id"]),
        record_id=item["record_id"],
        expected=_texts(item["expected"]),
        found=_texts(item["found"]),
        gone=item["gone"],
    )


def _values(values: Mapping[str, SentValue]) -> Item:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _texts(item: Mapping[str, Any]) -> dict[str, SentValue]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in item.items()}
