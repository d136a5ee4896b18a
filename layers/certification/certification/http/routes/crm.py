"""CRM connections, mappings, preview and sync; reconciliation is in `crm_reports`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from certification.domain.backfill import Backfill
from certification.domain.backfill import Scope as BackfillScope
from certification.domain.connection import Connection, Pause, Setup, StoredMapping
from certification.domain.instants import format_instant
from certification.domain.mapping import holder_type_of, mapping_to_json
from certification.domain.model import Holder, HolderType
from certification.domain.sync import SentValue, SyncRow
from certification.domain.validity import civil_date
from certification.http import schemas
from certification.http.paging import page_of, start_of
from certification.http.preconditions import check_if_match
from certification.http.request import Request
from certification.http.responses import Response
from certification.http.router import Route, Scope
from certification.services import crm_connections, crm_mappings, crm_preview, crm_requests

if TYPE_CHECKING:
    from certification.bootstrap import App
    from certification.http.schemas.crm import SyncQuery

TAG = "CRM"
CONNECTION = "/crm/{crm}/connection"
MAPPING = "/crm/{crm}/mappings/{object}"
SYNC = "/crm/{crm}/sync"


def put_connection(app: App, request: Request) -> Response:
    crm, body = request.params["crm"], request.body
    crm_connections.require_crm(crm)
    previous = app.connections.setup(crm).connection
    check_if_match(request, previous.revision if previous else None)
    wanted = crm_connections.WantedConnection(
        base_url=body.base_url,
        api_version=body.api_version or "",
        credentials=body.credentials.model_dump(exclude_none=True) if body.credentials else None,
        create_missing=body.create_missing,
        shadow=body.shadow,
    )
    connection, new = crm_connections.save_connection(app, crm, wanted, actor=request.caller.actor)
    shape = connection_json(connection, app.connections.setup(crm), app)
    return Response(201 if new else 200, shape, etag=connection.revision)


def get_connection(app: App, request: Request) -> Response:
    setup, connection = crm_connections.require_connection(app, request.params["crm"])
    return Response(200, connection_json(connection, setup, app), etag=connection.revision)


def delete_connection(app: App, request: Request) -> Response:
    _, connection = crm_connections.require_connection(app, request.params["crm"])
    check_if_match(request, connection.revision)
    crm_connections.delete_connection(app, connection)
    return Response(204)


def put_mapping(app: App, request: Request) -> Response:
    crm, object_name = request.params["crm"], request.params["object"]
    holder_type_of(crm, object_name)
    previous = app.connections.setup(crm).mappings.get(object_name)
    check_if_match(request, previous.revision if previous else None)
    shape = request.body.model_dump(exclude_unset=True, exclude_none=True)
    stored, new = crm_mappings.save_mapping(app, crm, object_name, shape, actor=request.caller.actor)
    return Response(201 if new else 200, mapping_json(stored, None), etag=stored.revision)


def get_mapping(app: App, request: Request) -> Response:
    crm, object_name = request.params["crm"], request.params["object"]
    stored = crm_mappings.get_mapping(app, crm, object_name)
    pause = app.connections.setup(crm).pauses.get(object_name)
    held = pause if pause is not None and pause.holds(app.clock.now()) else None
    return Response(200, mapping_json(stored, held), etag=stored.revision)


def post_preview(app: App, request: Request) -> Response:
    shown = crm_preview.preview(
        app,
        request.params["crm"],
        holder_of(request.body.user_id, request.body.organization_id),
        today=civil_date(app.clock.now(), app.config.zone),
        public_id=app.completion_ids.id_of,
        public_url=request.base_url,
    )
    return Response(200, preview_json(shown, app))


def post_sync(app: App, request: Request) -> Response:
    crm, body = request.params["crm"], request.body
    if body.user_id or body.organization_id:
        row = crm_requests.sync_holder(app, crm, holder_of(body.user_id, body.organization_id))
        return Response(202, {"record": row_json(row), "backfill": None})
    scope = BackfillScope.FAILED if body.failed else BackfillScope.ALL
    backfill = crm_requests.start_backfill(app, crm, scope, actor=request.caller.actor)
    return Response(202, {"record": None, "backfill": backfill_json(backfill)})


def get_sync(app: App, request: Request) -> Response:
    query: SyncQuery = request.query
    part = crm_requests.rows_of(
        app, request.params["crm"], query.state, limit=query.limit, start=start_of(app, request)
    )
    return page_of(app, request, part, row_json)


def get_backfill(app: App, request: Request) -> Response:
    found = crm_requests.get_backfill(app, request.params["crm"], request.params["backfill_id"])
    return Response(200, backfill_json(found))


def holder_of(user_id: str | None, organization_id: str | None) -> Holder:
    if user_id is not None:
        return Holder(type=HolderType.USER, id=user_id)
    return Holder(type=HolderType.ORGANIZATION, id=organization_id or "")


def connection_json(connection: Connection, setup: Setup, app: App) -> dict[str, Any]:
    now = app.clock.now()
    pauses = [pause_json(pause) for _, pause in sorted(setup.pauses.items()) if pause.holds(now)]
    return {
        "crm": connection.crm,
        "base_url": connection.base_url,
        "api_version": connection.api_version or None,
        "credentials": connection.credentials,
        "create_missing": connection.create_missing,
        "shadow": connection.shadow,
        "account": connection.account,
        "tested_at": format_instant(connection.tested_at) if connection.tested_at else None,
        "changed_at": format_instant(connection.changed_at),
        "state": "paused" if any(not pause["scope"] for pause in pauses) else "connected",
        "pauses": pauses,
    }


def pause_json(pause: Pause) -> dict[str, Any]:
    return {
        "scope": pause.scope,
        "reason": pause.reason.value,
        "message": pause.message,
        "correlation_id": pause.correlation_id or None,
        "since": format_instant(pause.since),
        "until": format_instant(pause.until),
    }


def mapping_json(stored: StoredMapping, pause: Pause | None) -> dict[str, Any]:
    return {
        **mapping_to_json(stored.mapping),
        "problems": [{"pointer": e.pointer, "code": e.code, "message": e.message} for e in stored.problems],
        "checked_at": format_instant(stored.checked_at),
        "changed_at": format_instant(stored.changed_at),
        "paused": pause_json(pause) if pause else None,
        "backfill_id": crm_mappings.backfill_id_of(stored),
    }


def preview_json(shown: crm_preview.Preview, app: App) -> dict[str, Any]:
    return {
        "object": shown.object_name,
        "match_value": shown.match_value,
        "record_id": shown.record_id or None,
        "action": shown.action,
        "explanation": shown.explanation,
        "fields": [_preview_field_json(one, app) for one in shown.fields],
    }


def _preview_field_json(one: crm_preview.PreviewedField, app: App) -> dict[str, Any]:
    completion = one.projected.completion
    return {
        "target": one.field.target,
        "source": one.field.source.value if one.field.source else None,
        "certification_id": one.field.certification_id,
        "present": None if one.present is None else _value(one.present),
        "new": _value(one.new),
        "written": one.written,
        "why": one.why,
        "from": one.projected.because,
        "certification_completion_id": app.completion_ids.id_of(completion) if completion else None,
    }


def row_json(row: SyncRow) -> dict[str, Any]:
    return {
        "holder": {"type": row.holder.type.value, "id": row.holder.id},
        "state": row.state.value,
        "record_id": row.record_id or None,
        "code": row.code or None,
        "message": row.message or None,
        "correlation_id": row.correlation_id or None,
        "sent": values_json(row.sent),
        "would_send": values_json(row.would_send),
        "in_doubt": sorted(row.in_doubt),
        "changed_at": format_instant(row.marked_at),
        "settled_at": format_instant(row.settled_at) if row.settled_at else None,
    }


def backfill_json(backfill: Backfill) -> dict[str, Any]:
    return {
        "backfill_id": backfill.backfill_id,
        "scope": backfill.scope.value,
        "cause": backfill.cause,
        "state": "completed" if backfill.finished else "running",
        "marked": backfill.marked,
        "created_at": format_instant(backfill.created_at),
        "finished_at": format_instant(backfill.finished_at) if backfill.finished_at else None,
    }


def values_json(values: Any) -> dict[str, Any]:
    return {name: _value(value) for name, value in values.items()}


def _value(value: SentValue) -> str | list[str]:
    return list(value) if isinstance(value, tuple) else value


ROUTES = (
    Route(
        "PUT",
        CONNECTION,
        put_connection,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="Connect a CRM; tested before it is saved",
        body=lambda: schemas.crm.ConnectionBody,
        answers=lambda: {201: schemas.crm.ConnectionAnswer, 200: schemas.crm.ConnectionAnswer},
        precondition=True,
        example={"base_url": "https://api.hubapi.com", "credentials": {"access_token": "pat-…"}},
    ),
    Route(
        "GET",
        CONNECTION,
        get_connection,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="The connection, and what pauses it",
        answers=lambda: {200: schemas.crm.ConnectionAnswer},
    ),
    Route(
        "DELETE",
        CONNECTION,
        delete_connection,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="Disconnect, and forget the credentials",
        answers=lambda: {204: None},
        precondition=True,
    ),
    Route(
        "PUT",
        MAPPING,
        put_mapping,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="Map our fields to the CRM's; checked against its own metadata, then everyone is synced",
        body=lambda: schemas.crm.MappingBody,
        answers=lambda: {201: schemas.crm.MappingAnswer, 200: schemas.crm.MappingAnswer},
        problems=(409,),
        precondition=True,
        example={
            "match": {"source": "email", "target": "email"},
            "fields": [{"source": "active_certification_count", "target": "certification_count"}],
        },
    ),
    Route(
        "GET",
        MAPPING,
        get_mapping,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="The mapping, and what the daily check says of it",
        answers=lambda: {200: schemas.crm.MappingAnswer},
    ),
    Route(
        "POST",
        "/crm/{crm}/preview",
        post_preview,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="What a push of this holder would write, and why; nothing is written",
        body=lambda: schemas.crm.HolderBody,
        answers=lambda: {200: schemas.crm.PushPreviewAnswer},
        problems=(409,),
        example={"user_id": "u-1"},
    ),
    Route(
        "POST",
        SYNC,
        post_sync,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="Sync one holder now, retry what failed, or backfill everyone",
        body=lambda: schemas.crm.SyncBody,
        answers=lambda: {202: schemas.crm.SyncRequestAnswer},
        example={"user_id": "u-1"},
    ),
    Route(
        "GET",
        SYNC,
        get_sync,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="The sync state of each record",
        query=lambda: schemas.crm.SyncQuery,
        answers=lambda: {200: schemas.base.Page[schemas.crm.SyncRowAnswer]},
    ),
    Route(
        "GET",
        "/crm/{crm}/backfills/{backfill_id}",
        get_backfill,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="How far a backfill is",
        answers=lambda: {200: schemas.crm.BackfillAnswer},
    ),
)
