"""Exports of certification completions as CSV, in the columns that an import takes (R32)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from certification.domain.errors import NotFoundError
from certification.domain.exports import Export, ExportWish
from certification.domain.instants import format_instant
from certification.http import schemas
from certification.http.idempotency import MakeReceipt, once
from certification.http.request import Request
from certification.http.responses import Response
from certification.http.router import Route, Scope
from certification.http.routes.imports import time_for

if TYPE_CHECKING:
    from certification.bootstrap import App
    from certification.http.schemas.exports import ExportBody

TAG = "Certification completions"
PATH = "/certification-completions/export"
ONE = PATH + "/{export_id}"
SECONDS_AT_ONCE = 4
URL_SECONDS = 900


def post_export(app: App, request: Request) -> Response:
    """A small one is done with the answer; under an `Idempotency-Key` the answer is always that it is queued."""
    body: ExportBody = request.body
    wish = ExportWish(
        certification_id=body.certification_id,
        organization_id=body.organization_id,
        status=body.status,
        as_of=body.as_of,
    )

    def act(receipt: MakeReceipt) -> Response:
        run = app.export_jobs.start(
            wish,
            export_id=f"export-{uuid.uuid4()}",
            actor=request.caller.actor,
            receipt_of=lambda run: receipt(_response(app, run)),
        )
        return _response(app, run)

    response = once(app, request, act)
    export_id = response.body["export_id"]
    if request.idempotency_key is None:
        return _response(app, app.export_jobs.advance(export_id, time_for(SECONDS_AT_ONCE)))
    app.export_jobs.enqueue(export_id)
    return response


def get_export(app: App, request: Request) -> Response:
    run = _found(app, request)
    return Response(200, _export_json(app, run), etag=run.revision)


def resume_export(app: App, request: Request) -> Response:
    """An export whose message was given up on by its queue goes on where it stopped."""
    run = _found(app, request)
    if not run.finished:
        app.export_jobs.enqueue(run.export_id)
    return Response(202, _export_json(app, run))


def _found(app: App, request: Request) -> Export:
    run: Export | None = app.exports.find(request.params["export_id"])
    if run is None:
        raise NotFoundError("There is no such export; they are kept for a week.")
    return run


def _response(app: App, run: Export) -> Response:
    headers = {"Location": f"{PATH}/{run.export_id}"}
    return Response(200 if run.finished else 202, _export_json(app, run), headers)


def _export_json(app: App, run: Export) -> dict[str, Any]:
    return {
        "export_id": run.export_id,
        "state": run.state.value,
        "rows": run.rows,
        "url": app.export_files.url(run.export_id, seconds=URL_SECONDS) if run.finished else None,
        "created_at": format_instant(run.created_at),
        "created_by": run.created_by,
        "finished_at": format_instant(run.finished_at) if run.finished_at else None,
    }


ROUTES = (
    Route(
        "POST",
        PATH,
        post_export,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="Export as CSV: a certification's, an organization's and its members', or all",
        description="200 with the file's `url` where it is soon done, else 202: ask the `Location` for it.",
        body=lambda: schemas.exports.ExportBody,
        body_required=False,
        answers=lambda: {202: schemas.exports.ExportAnswer, 200: schemas.exports.ExportAnswer},
        problems=(404,),
        idempotent=True,
        example={"certification_id": "cert-1", "status": "active"},
    ),
    Route(
        "GET",
        ONE,
        get_export,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="Progress of an export, and where its file is",
        answers=lambda: {200: schemas.exports.ExportAnswer},
    ),
    Route(
        "POST",
        ONE + "/resume",
        resume_export,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="Go on with an export that stopped",
        answers=lambda: {202: schemas.exports.ExportAnswer},
    ),
)
