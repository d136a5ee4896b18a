"""Reconciliations: everyone's awards, computed afresh and compared."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from certification.domain.errors import NotFoundError
from certification.domain.instants import format_instant
from certification.domain.reconciliation import Reconciliation
from certification.http import schemas
from certification.http.paging import page_of, start_of
from certification.http.request import Request
from certification.http.responses import Response
from certification.http.router import Route, Scope

if TYPE_CHECKING:
    from certification.bootstrap import App

TAG = "Reconciliations"


def post_reconciliation(app: App, request: Request) -> Response:
    run = app.reconciler.start(f"rec-{uuid.uuid4()}", repair=request.body.repair, actor=request.caller.actor)
    return Response(202, reconciliation_json(run))


def get_reconciliation(app: App, request: Request) -> Response:
    run = app.reconciliations.find(request.params["reconciliation_id"])
    if run is None:
        raise NotFoundError("There is no such reconciliation.")
    return Response(200, reconciliation_json(run))


def list_reconciliations(app: App, request: Request) -> Response:
    part = app.reconciliations.page(limit=request.query.limit, start=start_of(app, request))
    return page_of(app, request, part, reconciliation_json)


def reconciliation_json(run: Reconciliation) -> dict[str, Any]:
    return {
        "reconciliation_id": run.reconciliation_id,
        "repair": run.repair,
        "users": run.users,
        "drifted": run.drifted,
        "repaired": run.repaired,
        "released": run.released,
        "sample": [
            {"user_id": d.user_id, "certification_id": d.certification_id or None, "kind": d.kind}
            for d in run.sample
        ],
        "created_at": format_instant(run.created_at),
        "created_by": run.created_by,
        "completed_at": format_instant(run.completed_at) if run.completed_at else None,
    }


ROUTES = (
    Route(
        "POST",
        "/reconciliations",
        post_reconciliation,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="Compare everyone's awards with what is stored",
        body=lambda: schemas.evaluations.ReconciliationBody,
        body_required=False,
        example={"repair": False},
        answers=lambda: {202: schemas.evaluations.ReconciliationAnswer},
    ),
    Route(
        "GET",
        "/reconciliations/{reconciliation_id}",
        get_reconciliation,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="What a reconciliation found",
        answers=lambda: {200: schemas.evaluations.ReconciliationAnswer},
    ),
    Route(
        "GET",
        "/reconciliations",
        list_reconciliations,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="List reconciliations, the latest first; one starts every day",
        query=lambda: schemas.base.ListQuery,
        answers=lambda: {200: schemas.base.Page[schemas.evaluations.ReconciliationAnswer]},
    ),
)
