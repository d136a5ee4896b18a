"""Reconciliations."""

from __future__ import annotations

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items.values import instant_in, iso, new_item, required_instant
from certification.adapters.dynamodb.table import Item
from certification.domain.reconciliation import Drift, Reconciliation

RECONCILIATION = "reconciliation"
KEPT_SECONDS = 400 * 24 * 3600


def reconciliation_to_item(run: Reconciliation) -> Item:
    return new_item(
        keys.award_reconciliation(run.reconciliation_id),
        RECONCILIATION,
        {
            "reconciliation_id": run.reconciliation_id,
            "repair": run.repair,
            "users": run.users,
            "drifted": run.drifted,
            "repaired": run.repaired,
            "released": run.released,
            "sample": [
                {"user_id": d.user_id, "certification_id": d.certification_id, "kind": d.kind}
                for d in run.sample
            ],
            "start": dict(run.start) if run.start else None,
            "users_done": run.users_done,
            "completed_at": iso(run.completed_at),
            "created_at": iso(run.created_at),
            "created_by": run.created_by,
            "revision": run.revision,
            "expires_at": int(run.created_at.timestamp()) + KEPT_SECONDS,
            "listing_pk": keys.AWARD_RECONCILIATIONS,
            "listing_sk": iso(run.created_at),
        },
    )


def reconciliation_from_item(item: Item) -> Reconciliation:
    return Reconciliation(
        reconciliation_id=item["reconciliation_id"],
        repair=item.get("repair", False),
        users=item["users"],
        drifted=item["drifted"],
        repaired=item["repaired"],
        released=item["released"],
        sample=tuple(Drift(**drift) for drift in item.get("sample", ())),
        start=item.get("start"),
        users_done=item.get("users_done", False),
        completed_at=instant_in(item, "completed_at"),
        created_at=required_instant(item, "created_at"),
        created_by=item["created_by"],
        revision=item["revision"],
    )
