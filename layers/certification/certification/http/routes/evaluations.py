"""Evaluations: who would get a certification, who gets it (R23)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from certification.domain.errors import ConflictError, FieldError, InvalidError, NotFoundError
from certification.domain.evaluation_run import Counts, EvaluationRun, new_run
from certification.domain.instants import format_instant
from certification.http import schemas
from certification.http.idempotency import MakeReceipt, once
from certification.http.request import Request
from certification.http.responses import Response
from certification.http.router import Route, Scope
from certification.services.definitions import new_evaluation_id
from certification.services.evaluation_runs import TRIED_PARTS, start_evaluation

if TYPE_CHECKING:
    from certification.bootstrap import App
    from certification.http.schemas.evaluations import EvaluationBody

TAG = "Evaluations"
PATH = "/evaluations/{evaluation_id}"


def post_evaluation(app: App, request: Request) -> Response:
    body: EvaluationBody = request.body
    given = body.model_dump(mode="json", by_alias=True, exclude_none=True)
    trial = {part: given[part] for part in TRIED_PARTS if part in given}
    if trial and not body.dry_run:
        words = "Only a dry run tries other parts than the definition's own."
        errors = [FieldError(pointer=f"/{part}", code="dry_run_only", message=words) for part in trial]
        raise InvalidError(words, errors=tuple(errors))
    run = new_run(
        new_evaluation_id(),
        body.certification_id,
        dry_run=body.dry_run,
        now=app.clock.now(),
        actor=request.caller.actor,
        max_awards=body.max_awards,
        trial=trial or None,
        reason="asked for",
        correlation_id=request.correlation_id,
    )

    def act(receipt: MakeReceipt) -> Response:
        headers = {"Location": f"/evaluations/{run.evaluation_id}"}
        response = Response(202, evaluation_json(run), headers)
        certification = app.definitions.certification(body.certification_id)
        start_evaluation(certification, run, app.evaluations, receipt=receipt(response))
        return response

    return once(app, request, act)


def get_evaluation(app: App, request: Request) -> Response:
    return Response(200, evaluation_json(_found(app, request)))


def resume_evaluation(app: App, request: Request) -> Response:
    """A run whose message was lost, or that was given up on by its queue, goes on where it stopped."""
    run = _found(app, request)
    if run.finished:
        raise ConflictError(f"the evaluation is {run.state.value}", code="evaluation-finished")
    app.evaluation_queue.send([run.request])
    return Response(202, evaluation_json(run))


def _found(app: App, request: Request) -> EvaluationRun:
    run: EvaluationRun | None = app.evaluations.run(request.params["evaluation_id"])
    if run is None:
        raise NotFoundError("There is no such evaluation.")
    return run


def evaluation_json(run: EvaluationRun) -> dict[str, Any]:
    return {
        "evaluation_id": run.evaluation_id,
        "certification_id": run.certification_id,
        "dry_run": run.dry_run,
        "max_awards": run.max_awards,
        "state": run.state.value,
        "counts": {name: getattr(run.counts, name) for name in Counts.__slots__},
        "sample": [
            {"user_id": f.user_id, "outcome": f.outcome.value, "reason": f.reason} for f in run.sample
        ],
        "reason": run.reason,
        "created_at": format_instant(run.created_at),
        "created_by": run.created_by,
        "finished_at": format_instant(run.finished_at) if run.finished_at else None,
    }


ROUTES = (
    Route(
        "POST",
        "/evaluations",
        post_evaluation,
        scope=Scope.WRITE,
        tag=TAG,
        summary="Evaluate everyone, or try what would happen",
        body=lambda: schemas.evaluations.EvaluationBody,
        answers=lambda: {202: schemas.evaluations.EvaluationAnswer},
        problems=(404,),
        idempotent=True,
        example={"certification_id": "cert-1", "dry_run": True, "max_awards": 500},
    ),
    Route(
        "GET",
        PATH,
        get_evaluation,
        scope=Scope.WRITE,
        tag=TAG,
        summary="Progress and findings of an evaluation",
        answers=lambda: {200: schemas.evaluations.EvaluationAnswer},
    ),
    Route(
        "POST",
        PATH + "/resume",
        resume_evaluation,
        scope=Scope.WRITE,
        tag=TAG,
        summary="Go on with an evaluation that stopped",
        answers=lambda: {202: schemas.evaluations.EvaluationAnswer},
        problems=(409,),
    ),
)
