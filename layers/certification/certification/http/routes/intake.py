"""The intake: webhooks as they arrived. What could not be read waits here for an admin; replay it after a fix."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from certification.domain.errors import FieldError, NotFoundError
from certification.domain.instants import format_instant
from certification.domain.intake import KeptEntry, KeptWebhook, received_at
from certification.http import schemas
from certification.http.paging import page_of, start_of
from certification.http.problems import RefusedError
from certification.http.request import Request
from certification.http.responses import Response
from certification.http.router import Route, Scope

if TYPE_CHECKING:
    from certification.bootstrap import App
    from certification.http.schemas.sources import IntakeQuery

TAG = "Intake"
PATH = "/intake/{source_id}/{intake_id}"


def list_intake(app: App, request: Request) -> Response:
    query: IntakeQuery = request.query
    if query.source_id is None and query.state is schemas.sources.IntakeState.READ:
        words = "What was read is listed by source: say which."
        error = FieldError(pointer="/source_id", code="missing", message=words)
        raise RefusedError(422, "source-missing", words, errors=(error,))
    start = start_of(app, request) or {}
    part = app.intake.page(
        query.source_id,
        readable=query.state is schemas.sources.IntakeState.READ,
        limit=query.limit,
        after=start.get("after"),
    )
    return page_of(app, request, part, _entry_json)


def get_webhook(app: App, request: Request) -> Response:
    return Response(200, _webhook_json(_webhook(app, request)))


def replay_webhook(app: App, request: Request) -> Response:
    read = app.replayer.replay(request.params["source_id"], request.params["intake_id"])
    counts = read.contents
    shown = {name: counts[name] for name in ("completions", "retractions", "ignored")}
    return Response(202, {**shown, "problems": _problems_json(read.problems)})


def delete_webhook(app: App, request: Request) -> Response:
    app.intake.discard(_webhook(app, request))
    return Response(204)


def _webhook(app: App, request: Request) -> KeptWebhook:
    webhook = app.intake.find(request.params["source_id"], request.params["intake_id"])
    if webhook is None:
        raise NotFoundError("There is no such webhook: what was read is kept for 30 days, the rest for 400.")
    return webhook


def _entry_json(entry: KeptEntry) -> dict[str, Any]:
    at = received_at(entry.intake_id)
    return _head_json(entry.source_id, entry.intake_id, entry.size, at, readable=entry.readable)


def _webhook_json(webhook: KeptWebhook) -> dict[str, Any]:
    head = _head_json(
        webhook.source_id,
        webhook.intake_id,
        len(webhook.body),
        webhook.received_at,
        readable=webhook.readable,
    )
    return head | {
        "provider": webhook.provider,
        "correlation_id": webhook.correlation_id,
        "headers": dict(webhook.headers),
        **_body_json(webhook.body),
        "problems": _problems_json(webhook.problems),
    }


def _head_json(source_id: str, intake_id: str, size: int, at: datetime, *, readable: bool) -> dict[str, Any]:
    return {
        "source_id": source_id,
        "intake_id": intake_id,
        "state": (schemas.sources.IntakeState.READ if readable else schemas.sources.IntakeState.KEPT).value,
        "received_at": format_instant(at),
        "size": size,
    }


def _body_json(body: bytes) -> dict[str, str | None]:
    try:
        return {"body": body.decode(), "body_base64": None}
    except UnicodeDecodeError:
        return {"body": None, "body_base64": base64.b64encode(body).decode()}


def _problems_json(problems: Iterable[Mapping[str, str]]) -> list[dict[str, str | None]]:
    return [
        {"reason": problem["reason"], "detail": problem["detail"], "part": problem.get("part")}
        for problem in problems
    ]


ROUTES = (
    Route(
        "GET",
        "/intake",
        list_intake,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="List webhooks that could not be read, or all of a source",
        query=lambda: schemas.sources.IntakeQuery,
        answers=lambda: {200: schemas.base.Page[schemas.sources.IntakeEntryAnswer]},
    ),
    Route(
        "GET",
        PATH,
        get_webhook,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="A webhook as it arrived, without secrets, and what was wrong with it",
        answers=lambda: {200: schemas.sources.IntakeWebhookAnswer},
    ),
    Route(
        "POST",
        PATH + "/replay",
        replay_webhook,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="Run a webhook through the present code",
        answers=lambda: {202: schemas.sources.ReplayedAnswer},
    ),
    Route(
        "DELETE",
        PATH,
        delete_webhook,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="Take a webhook off the list of those that could not be read",
        answers=lambda: {204: None},
    ),
)
