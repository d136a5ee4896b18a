"""Evaluation runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items.values import instant_in, iso, new_item, required_instant
from certification.adapters.dynamodb.table import Item
from certification.domain.evaluation_run import (
    Counts,
    EvaluationRun,
    Finding,
    Outcome,
    Phase,
    Place,
    RunState,
)

EVALUATION = "evaluation"
KEPT_SECONDS = 400 * 24 * 3600


def evaluation_to_item(run: EvaluationRun) -> Item:
    return new_item(
        keys.evaluation(run.evaluation_id),
        EVALUATION,
        {
            "evaluation_id": run.evaluation_id,
            "certification_id": run.certification_id,
            "dry_run": run.dry_run,
            "max_awards": run.max_awards,
            "trial": json.dumps(run.trial) if run.trial else None,
            "state": run.state.value,
            "phase": run.phase.value,
            "counts": {name: getattr(run.counts, name) for name in Counts.__slots__},
            "sample": [
                {"user_id": f.user_id, "outcome": f.outcome.value, "reason": f.reason} for f in run.sample
            ],
            "place": _place_to_item(run.place),
            "look": run.look,
            "reason": run.reason,
            "created_at": iso(run.created_at),
            "created_by": run.created_by,
            "finished_at": iso(run.finished_at),
            "correlation_id": run.correlation_id,
            "revision": run.revision,
            "expires_at": int(run.created_at.timestamp()) + KEPT_SECONDS,
        },
    )


def evaluation_from_item(item: Item) -> EvaluationRun:
    trial = item.get("trial")
    return EvaluationRun(
        evaluation_id=item["evaluation_id"],
        certification_id=item["certification_id"],
        dry_run=item.get("dry_run", False),
        max_awards=item.get("max_awards"),
        trial=json.loads(trial) if trial else None,
        state=RunState(item["state"]),
        phase=Phase(item["phase"]),
        counts=Counts(**item["counts"]),
        sample=tuple(
            Finding(user_id=f["user_id"], outcome=Outcome(f["outcome"]), reason=f["reason"])
            for f in item.get("sample", ())
        ),
        place=_place_from_item(item.get("place", {})),
        look=item["look"],
        reason=item.get("reason", ""),
        created_at=required_instant(item, "created_at"),
        created_by=item["created_by"],
        finished_at=instant_in(item, "finished_at"),
        correlation_id=item.get("correlation_id", ""),
        revision=item["revision"],
    )


def _place_to_item(place: Place) -> Item:
    return {"after": place.after, "end": place.end}


def _place_from_item(item: Mapping[str, Any]) -> Place:
    return Place(after=item.get("after") or "", end=item.get("end", False))
