"""Files of history: certification completions (R32) and course completions. Small ones at once, large ones as a job."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any

from certification.domain.errors import NotFoundError
from certification.domain.imported_row import COLUMNS
from certification.domain.imports import Import, ImportKind, RowOutcome, RowResult
from certification.domain.instants import format_instant
from certification.http import schemas
from certification.http.idempotency import MakeReceipt, once
from certification.http.paging import items_page, start_of
from certification.http.request import Request
from certification.http.responses import Response
from certification.http.router import Handler, Route, Scope, Shape
from certification.http.uploads import text_of
from certification.services import course_completion_import
from certification.services.decisions_by_hand import Asker

if TYPE_CHECKING:
    from certification.bootstrap import App

MOST_ROWS_AT_ONCE = 1000
SECONDS_AT_ONCE = 8
ERRORS_SHOWN = 100
PATHS = {
    ImportKind.CERTIFICATION_COMPLETIONS: "/certification-completions/import",
    ImportKind.COURSE_COMPLETIONS: "/course-completions/import",
}
_OUTCOMES = {
    ImportKind.CERTIFICATION_COMPLETIONS: (RowOutcome.CREATED, RowOutcome.UNCHANGED, RowOutcome.REJECTED),
    ImportKind.COURSE_COMPLETIONS: (RowOutcome.ACCEPTED, RowOutcome.REJECTED),
}


def post_import(kind: ImportKind) -> Handler:
    def post(app: App, request: Request) -> Response:
        text = text_of(request)
        started: list[Import] = []

        def act(receipt: MakeReceipt) -> Response:
            run = app.import_jobs.start(
                kind,
                text,
                import_id=f"import-{uuid.uuid4()}",
                dry_run=request.query.dry_run,
                asker=Asker(actor=request.caller.actor, correlation_id=request.correlation_id),
                receipt_of=lambda run: receipt(_response(app, run)),
            )
            started.append(run)
            return _response(app, run)

        response = once(app, request, act)
        if request.idempotency_key is None and started[0].rows <= MOST_ROWS_AT_ONCE:
            return _response(app, app.import_jobs.advance(started[0].import_id, time_for(SECONDS_AT_ONCE)))
        app.import_jobs.enqueue(response.body["import_id"])
        return response

    return post


def get_import(kind: ImportKind) -> Handler:
    def get(app: App, request: Request) -> Response:
        run = _found(app, request, kind)
        return Response(200, _import_json(app, run), etag=run.revision)

    return get


def resume_import(kind: ImportKind) -> Handler:
    """An import whose message was given up on by its queue goes on where it stopped."""

    def resume(app: App, request: Request) -> Response:
        run = _found(app, request, kind)
        if not run.finished:
            app.import_jobs.enqueue(run.import_id)
        return Response(202, _import_json(app, run))

    return resume


def list_errors(kind: ImportKind) -> Handler:
    def page(app: App, request: Request) -> Response:
        run = _found(app, request, kind)
        part = app.imports.rejected(run.import_id, limit=request.query.limit, start=start_of(app, request))
        return items_page(app, request, _errors_json(part.items), part.next)

    return page


def _found(app: App, request: Request, kind: ImportKind) -> Import:
    run: Import | None = app.imports.find(request.params["import_id"])
    if run is None or run.kind is not kind:
        raise NotFoundError("There is no such import.")
    return run


def time_for(seconds: float) -> Callable[[], bool]:
    """Says whether there is time left of so many seconds from now."""
    end = monotonic() + seconds
    return lambda: monotonic() < end


def _response(app: App, run: Import) -> Response:
    """200 where it is done and nothing comes after."""
    over = run.finished and (run.dry_run or run.kind is ImportKind.CERTIFICATION_COMPLETIONS)
    headers = {"Location": f"{PATHS[run.kind]}/{run.import_id}"}
    return Response(200 if over else 202, _import_json(app, run), headers)


def _import_json(app: App, run: Import) -> dict[str, Any]:
    rejected = app.imports.rejected(run.import_id, limit=ERRORS_SHOWN).items if run.done else ()
    return {
        "import_id": run.import_id,
        "state": run.state.value,
        "dry_run": run.dry_run,
        "rows": run.rows,
        "done": run.done,
        **{outcome.value: run.counts.get(outcome.value, 0) for outcome in _OUTCOMES[run.kind]},
        "errors": _errors_json(rejected),
        "created_at": format_instant(run.created_at),
        "created_by": run.created_by,
        "finished_at": format_instant(run.finished_at) if run.finished_at else None,
    }


def _errors_json(rejected: tuple[RowResult, ...]) -> list[dict[str, Any]]:
    return [
        {
            "row": result.row,
            "column": error.pointer.removeprefix("/") or None,
            "code": error.code,
            "message": error.message,
        }
        for result in rejected
        for error in result.errors
    ]


def _routes(
    kind: ImportKind, scope: Scope, tag: str, answer: Shape, post: dict[str, Any]
) -> tuple[Route, ...]:
    path = PATHS[kind]
    one = path + "/{import_id}"
    return (
        Route(
            "POST",
            path,
            post_import(kind),
            scope=scope,
            tag=tag,
            raw_body="text/csv",
            query=lambda: schemas.imports.ImportQuery,
            answers=lambda: {202: answer(), 200: answer()},
            idempotent=True,
            problems=(400, 413, 415),
            **post,
        ),
        Route(
            "GET",
            one,
            get_import(kind),
            scope=scope,
            tag=tag,
            summary="Progress and result of an import",
            answers=lambda: {200: answer()},
        ),
        Route(
            "GET",
            one + "/errors",
            list_errors(kind),
            scope=scope,
            tag=tag,
            summary="What is wrong with which rows of an import",
            query=lambda: schemas.base.ListQuery,
            answers=lambda: {200: schemas.base.Page[schemas.imports.RowErrorAnswer]},
        ),
        Route(
            "POST",
            one + "/resume",
            resume_import(kind),
            scope=scope,
            tag=tag,
            summary="Go on with an import that stopped",
            answers=lambda: {202: answer()},
        ),
    )


def _columns(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


ROUTES = (
    *_routes(
        ImportKind.COURSE_COMPLETIONS,
        Scope.COMPLETIONS,
        "Course completions",
        lambda: schemas.imports.CourseCompletionImportAnswer,
        {
            "summary": "Hand in the history that an LMS had before, as CSV",
            "description": f"Columns: {_columns(course_completion_import.COLUMNS)}. Repeating a file changes nothing.",
            "example": "email,course_id,completed_at,score\nada@partner.example,c-1,2026-11-20,87.5\n",
        },
    ),
    *_routes(
        ImportKind.CERTIFICATION_COMPLETIONS,
        Scope.ADMIN,
        "Certification completions",
        lambda: schemas.imports.CertificationCompletionImportAnswer,
        {
            "summary": "Import what was awarded elsewhere, as CSV",
            "description": (
                f"Columns: {_columns(COLUMNS)}; an export has the same. An empty `expiration_date` is computed by the "
                "certification's policy, `never` is open. Nobody is told; repeating a file changes nothing (R32)."
            ),
            "example": "user_id,certification_id,completion_date,expiration_date\nu-1,cert-1,2024-03-01,2025-03-01\n",
        },
    ),
)
