"""Sources: the LMS that post course completions, and replays of what they sent."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from certification.domain.errors import NotFoundError
from certification.domain.instants import format_instant
from certification.domain.replay import Replay
from certification.domain.sources import PROVIDERS, Source, SourceDay, SourceHealth
from certification.http import schemas
from certification.http.instants import instant_json
from certification.http.paging import page_of, start_of
from certification.http.preconditions import check_if_match
from certification.http.request import Request
from certification.http.responses import Response
from certification.http.router import Route, Scope
from certification.services.sources import SourceInput

if TYPE_CHECKING:
    from certification.bootstrap import App

TAG = "Sources"
PATH = "/sources/{source_id}"
KEPT = timedelta(days=30)


def put_source(app: App, request: Request) -> Response:
    source_id, body = request.params["source_id"], request.body
    present = app.sources.source(source_id)
    check_if_match(request, present.revision if present else None)
    given = SourceInput(
        provider=body.provider, secret=body.secret, name=body.name, match_email=body.match_email
    )
    source = app.source_setup.put(source_id, given, present=present, actor=request.caller.actor)
    status = 201 if present is None else 200
    return Response(status, source_json(source, request.base_url), etag=source.revision)


def get_source(app: App, request: Request) -> Response:
    found = app.sources.with_health(request.params["source_id"])
    if found is None:
        raise NotFoundError("There is no such source.")
    source, health = found
    shown = source_json(source, request.base_url) | {"health": _health_json(health)}
    return Response(200, shown, etag=source.revision)


def delete_source(app: App, request: Request) -> Response:
    source = _source(app, request)
    check_if_match(request, source.revision)
    app.source_setup.delete(source)
    return Response(204)


def list_sources(app: App, request: Request) -> Response:
    part = app.sources.page(limit=request.query.limit, start=start_of(app, request))
    return page_of(app, request, part, lambda source: source_json(source, request.base_url))


def post_replay(app: App, request: Request) -> Response:
    since = request.body.since or app.clock.now() - KEPT
    replay = app.replayer.start(
        request.params["source_id"],
        since=since,
        replay_id=f"replay-{secrets.token_hex(8)}",
        actor=request.caller.actor,
    )
    return Response(202, replay_json(replay))


def get_replay(app: App, request: Request) -> Response:
    replay = app.sources.replay(request.params["source_id"], request.params["replay_id"])
    if replay is None:
        raise NotFoundError("There is no such replay.")
    return Response(200, replay_json(replay), etag=replay.revision)


def _source(app: App, request: Request) -> Source:
    source = app.sources.source(request.params["source_id"])
    if source is None:
        raise NotFoundError("There is no such source.")
    return source


def source_json(source: Source, base_url: str) -> dict[str, Any]:
    return {
        "source_id": source.source_id,
        "provider": source.provider,
        "name": source.name,
        "match_email": source.match_email,
        "webhook_url": _webhook_url(source, base_url),
        "secret_set_at": format_instant(source.secret_set_at),
        "previous_secret_valid_until": instant_json(source.previous_secret_until),
        "created_at": format_instant(source.created_at),
        "changed_at": format_instant(source.changed_at),
        "changed_by": source.changed_by,
    }


def _webhook_url(source: Source, base_url: str) -> str:
    proof = PROVIDERS.get(source.provider)
    ending = "/{secret}" if proof and proof.in_path else ""
    return f"{base_url}/webhooks/{quote(source.source_id, safe=':@+')}{ending}"


def _health_json(health: SourceHealth) -> dict[str, Any]:
    return {
        "last_received_at": instant_json(health.last_received_at),
        "last_accepted_at": instant_json(health.last_accepted_at),
        "days": [_day_json(day) for day in health.days],
    }


def _day_json(day: SourceDay) -> dict[str, Any]:
    return {
        "day": day.day.isoformat(),
        "webhooks": dict(day.webhooks),
        "contents": dict(day.contents),
        "ignored": dict(day.ignored),
    }


def replay_json(replay: Replay) -> dict[str, Any]:
    return {
        "replay_id": replay.replay_id,
        "source_id": replay.source_id,
        "since": format_instant(replay.since),
        "state": replay.state.value,
        "counts": dict(replay.counts),
        "started_at": format_instant(replay.started_at),
        "started_by": replay.started_by,
        "finished_at": instant_json(replay.finished_at),
    }


ROUTES = (
    Route(
        "PUT",
        PATH,
        put_source,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="Configure an LMS that posts course completions",
        description="A new secret leaves the old one valid for 24 hours; without one the present one is kept.",
        body=lambda: schemas.sources.SourceBody,
        answers=lambda: {201: schemas.sources.SourceAnswer, 200: schemas.sources.SourceAnswer},
        precondition=True,
        example={"provider": "thinkific", "secret": "the-signing-secret-of-the-app", "name": "Academy"},
    ),
    Route(
        "GET",
        PATH,
        get_source,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="A source with its health, without its secret",
        answers=lambda: {200: schemas.sources.SourceWithHealthAnswer},
    ),
    Route(
        "DELETE",
        PATH,
        delete_source,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="Remove a source and its secret; webhooks are refused within a minute",
        answers=lambda: {204: None},
        precondition=True,
    ),
    Route(
        "GET",
        "/sources",
        list_sources,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="List sources",
        query=lambda: schemas.base.ListQuery,
        answers=lambda: {200: schemas.base.Page[schemas.sources.SourceAnswer]},
    ),
    Route(
        "POST",
        PATH + "/replays",
        post_replay,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="Run what a source sent in the last 30 days through the present code",
        description="It changes nothing that is already right (R12).",
        body=lambda: schemas.sources.ReplayBody,
        body_required=False,
        example={"since": "2026-11-01T00:00:00Z"},
        answers=lambda: {202: schemas.sources.ReplayAnswer},
    ),
    Route(
        "GET",
        PATH + "/replays/{replay_id}",
        get_replay,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="How far a replay is",
        answers=lambda: {200: schemas.sources.ReplayAnswer},
    ),
)
