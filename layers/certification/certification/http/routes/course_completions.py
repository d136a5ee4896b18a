"""Course completions: handed in one by one or by the hundred; read by user and by course."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from certification.domain.errors import FieldError, NotFoundError
from certification.domain.instants import format_instant
from certification.domain.model import CourseCompletion, ReceivedScore
from certification.domain.requirements import current_score
from certification.http import schemas
from certification.http.instants import instant_json
from certification.http.paging import page_of, start_of
from certification.http.problems import RefusedError, problem
from certification.http.request import Request
from certification.http.responses import Response
from certification.http.router import Route, Scope
from certification.services.course_completion_intake import MOST_AT_ONCE, Checked

if TYPE_CHECKING:
    from certification.bootstrap import App

TAG = "Course completions"
_EXAMPLE = {
    "event_id": "e-1",
    "user_id": "u-1",
    "course_id": "c-1",
    "completed_at": "2026-11-20T09:30:00Z",
    "score": 87.5,
}


def post_course_completions(app: App, request: Request) -> Response:
    given = request.body.root
    payloads = given if isinstance(given, list) else [given]
    if not 1 <= len(payloads) <= MOST_AT_ONCE:
        raise RefusedError(422, "invalid-body", f"A list has 1 to {MOST_AT_ONCE} course completions.")
    checked = app.course_completion_intake.submit(payloads, correlation_id=request.correlation_id)
    return _submitted(checked, many=isinstance(given, list))


def _submitted(checked: Sequence[Checked], *, many: bool) -> Response:
    """202 as soon as one is accepted: each has a result of its own."""
    rejected = [one for one in checked if one.errors]
    results = [_result_json(one, f"/{one.index}" if many else "") for one in checked]
    counts = {"accepted": len(checked) - len(rejected), "rejected": len(rejected)}
    body: dict[str, Any] = {**counts, "results": results}
    if len(rejected) < len(checked):
        return Response(202, body)
    errors = [
        FieldError(pointer=error["pointer"], code=error["code"], message=error["message"])
        for result in results
        for error in result["errors"]
    ]
    return problem(422, "all-rejected", "None of the course completions is valid.", errors=errors, **body)


def _result_json(checked: Checked, at: str) -> dict[str, Any]:
    if not checked.errors:
        return {"index": checked.index, "status": "accepted"}
    errors = [{"pointer": at + e.pointer, "code": e.code, "message": e.message} for e in checked.errors]
    return {"index": checked.index, "status": "rejected", "errors": errors}


def list_of_user(app: App, request: Request) -> Response:
    user_id = request.params["user_id"]
    if app.directory.user(user_id) is None:
        raise NotFoundError("There is no such user.")
    part = app.ledger.course_completions_of_user(
        user_id, limit=request.query.limit, start=start_of(app, request)
    )
    return page_of(app, request, part, course_completion_json)


def list_of_course(app: App, request: Request) -> Response:
    """Also of a course that is only known by what an LMS calls it."""
    course_id = request.params["course_id"]
    part = app.ledger.course_completions_of_course(
        course_id, limit=request.query.limit, start=start_of(app, request)
    )
    if not part.items and app.directory.course(course_id) is None:
        raise NotFoundError("There is no such course, and nobody completed it.")
    return page_of(app, request, part, course_completion_json)


def course_completion_json(completion: CourseCompletion) -> dict[str, Any]:
    score = current_score(completion)
    shown: dict[str, Any] = {
        "user_id": completion.user_id,
        "course_id": completion.course_id,
        "completed_at": format_instant(completion.completed_at),
        "source": completion.source,
        "event_id": completion.event_id,
        "received_at": format_instant(completion.received_at),
    }
    if score is not None:
        shown["score"] = score
    if completion.received:
        shown["received"] = [_received_json(received) for received in completion.received]
    if completion.retracted_at is not None:
        shown["retracted_at"] = instant_json(completion.retracted_at)
    return shown


def _received_json(received: ReceivedScore) -> dict[str, Any]:
    return {
        "score": received.score,
        "source": received.source,
        "event_id": received.event_id,
        "received_at": format_instant(received.received_at),
        "conflict": received.conflict,
    }


ROUTES = (
    Route(
        "POST",
        "/course-completions",
        post_course_completions,
        scope=Scope.COMPLETIONS,
        tag=TAG,
        summary="Hand in one course completion, or up to a hundred",
        description="Each has its own result; 422 only where all are rejected. Matching and awarding come after.",
        body=lambda: schemas.course_completions.CourseCompletionsBody,
        answers=lambda: {202: schemas.course_completions.SubmittedAnswer},
        example=_EXAMPLE,
    ),
    Route(
        "GET",
        "/users/{user_id}/course-completions",
        list_of_user,
        scope=Scope.READ,
        tag=TAG,
        summary="What a user completed",
        query=lambda: schemas.base.ListQuery,
        answers=lambda: {200: schemas.base.Page[schemas.course_completions.CourseCompletionAnswer]},
    ),
    Route(
        "GET",
        "/courses/{course_id}/course-completions",
        list_of_course,
        scope=Scope.READ,
        tag=TAG,
        summary="Who completed a course",
        query=lambda: schemas.base.ListQuery,
        answers=lambda: {200: schemas.base.Page[schemas.course_completions.CourseCompletionAnswer]},
    ),
)
