"""Parked course completions: nobody is known under what the LMS calls their user (R17)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from certification.domain.instants import format_instant
from certification.domain.parking import ParkedCompletion
from certification.http import schemas
from certification.http.instants import instant_json
from certification.http.paging import page_of, start_of
from certification.http.request import Request
from certification.http.responses import Response
from certification.http.router import Route, Scope
from certification.services import parked

if TYPE_CHECKING:
    from certification.bootstrap import App

TAG = "Course completions"
PATH = "/course-completions/parked"
_NOT_SHOWN = {"date_only", "voidable", "retracts_event_id", "correlation_id"}


def list_parked(app: App, request: Request) -> Response:
    part = app.parking.page(
        limit=request.query.limit, start=start_of(app, request), discarded=request.query.discarded
    )
    return page_of(app, request, part, parked_json)


def assign_parked(app: App, request: Request) -> Response:
    entry = parked.assign(
        request.params["parked_id"],
        request.body.user_id,
        parking=app.parking,
        directory=app.directory,
        queue=app.course_completion_queue,
    )
    return Response(202, {"parked_id": entry.parked_id, "user_id": request.body.user_id})


def discard_parked(app: App, request: Request) -> Response:
    entry = parked.discard(
        request.params["parked_id"],
        request.body.reason,
        parking=app.parking,
        actor=request.caller.actor,
        now=app.clock.now(),
    )
    return Response(200, parked_json(entry))


def parked_json(entry: ParkedCompletion) -> dict[str, Any]:
    payload = entry.message.to_payload()
    return {
        "parked_id": entry.parked_id,
        "reason": entry.reason.value,
        "message": entry.reason.words,
        "parked_at": format_instant(entry.parked_at),
        "expires_at": format_instant(entry.expires_at),
        "course_completion": {name: payload[name] for name in payload if name not in _NOT_SHOWN},
        "discarded_at": instant_json(entry.discarded_at),
        "discarded_by": entry.discarded_by or None,
        "discard_reason": entry.discard_reason or None,
    }


ROUTES = (
    Route(
        "GET",
        PATH,
        list_parked,
        scope=Scope.READ,
        tag=TAG,
        summary="List what waits for its user, 400 days at most",
        query=lambda: schemas.course_completions.ParkedQuery,
        answers=lambda: {200: schemas.base.Page[schemas.course_completions.ParkedAnswer]},
    ),
    Route(
        "POST",
        PATH + "/{parked_id}/assign",
        assign_parked,
        scope=Scope.COMPLETIONS,
        tag=TAG,
        summary="Give a parked completion to a user",
        description="Better is to give the user that identity: what comes later finds its way then.",
        body=lambda: schemas.course_completions.AssignBody,
        answers=lambda: {202: schemas.course_completions.AssignedAnswer},
        problems=(409,),
        example={"user_id": "u-1"},
    ),
    Route(
        "POST",
        PATH + "/{parked_id}/discard",
        discard_parked,
        scope=Scope.COMPLETIONS,
        tag=TAG,
        summary="Give a parked completion up; it stays among the discarded",
        body=lambda: schemas.course_completions.DiscardBody,
        answers=lambda: {200: schemas.course_completions.ParkedAnswer},
        problems=(409, 412),
        example={"reason": "a test account"},
    ),
)
