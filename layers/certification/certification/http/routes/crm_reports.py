"""Reconciliation of a CRM: what others changed there since we wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from certification.domain.drift import Drift, Reconciliation
from certification.domain.instants import format_instant
from certification.http import schemas
from certification.http.paging import page_of, start_of
from certification.http.request import Request
from certification.http.responses import Response
from certification.http.router import Route, Scope
from certification.http.routes.crm import TAG, values_json
from certification.services import crm_reconciliation
from certification.services.crm_connections import require_crm

if TYPE_CHECKING:
    from certification.bootstrap import App

PATH = "/crm/{crm}/reconciliations"


def post_reconciliation(app: App, request: Request) -> Response:
    run = crm_reconciliation.start_reconciliation(
        app,
        request.params["crm"],
        whole=request.body.all,
        repair=request.body.repair,
        actor=request.caller.actor,
    )
    return Response(202, reconciliation_json(run))


def get_reconciliation(app: App, request: Request) -> Response:
    crm, reconciliation_id = request.params["crm"], request.params["reconciliation_id"]
    return Response(
        200, reconciliation_json(crm_reconciliation.get_reconciliation(app, crm, reconciliation_id))
    )


def list_reconciliations(app: App, request: Request) -> Response:
    crm = request.params["crm"]
    require_crm(crm)
    part = app.crm_reconciliations.page(crm, limit=request.query.limit, start=start_of(app, request))
    return page_of(app, request, part, reconciliation_json)


def reconciliation_json(run: Reconciliation) -> dict[str, Any]:
    state = "stopped" if run.problem else "completed" if run.finished else "running"
    return {
        "reconciliation_id": run.reconciliation_id,
        "all": run.whole,
        "repair": run.repair,
        "state": state,
        "checked": run.checked,
        "drifted": run.drifted,
        "gone": run.gone,
        "repaired": run.repaired,
        "problem": run.problem or None,
        "findings": [_drift_json(drift) for drift in run.findings],
        "created_at": format_instant(run.created_at),
        "finished_at": format_instant(run.finished_at) if run.finished_at else None,
    }


def _drift_json(drift: Drift) -> dict[str, Any]:
    return {
        "holder": {"type": drift.holder.type.value, "id": drift.holder.id},
        "record_id": drift.record_id,
        "gone": drift.gone,
        "expected": values_json(drift.expected),
        "found": values_json(drift.found),
    }


ROUTES = (
    Route(
        "POST",
        PATH,
        post_reconciliation,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="Read back what was written, report what differs, repair it if told to",
        body=lambda: schemas.crm.CrmReconciliationBody,
        answers=lambda: {202: schemas.crm.CrmReconciliationAnswer},
        example={"all": True, "repair": False},
    ),
    Route(
        "GET",
        PATH,
        list_reconciliations,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="Reconciliations, the latest first",
        query=lambda: schemas.base.ListQuery,
        answers=lambda: {200: schemas.base.Page[schemas.crm.CrmReconciliationAnswer]},
    ),
    Route(
        "GET",
        PATH + "/{reconciliation_id}",
        get_reconciliation,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="A reconciliation, and what it found",
        answers=lambda: {200: schemas.crm.CrmReconciliationAnswer},
    ),
)
