"""Certification completions: awarded by hand, read, changed, revoked, reinstated, and their history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from certification.domain.errors import NotFoundError
from certification.domain.hand_awards import HandAward
from certification.domain.history import HistoryEntry
from certification.domain.instants import format_instant
from certification.domain.model import Certification, CertificationCompletion, Holder, HolderType
from certification.domain.ports import Slice
from certification.domain.status import status_on
from certification.http import schemas
from certification.http.completion_shapes import (
    completion_json,
    named_completion_json,
    readable_conflicts,
    today,
)
from certification.http.idempotency import MakeReceipt, once
from certification.http.paging import items_page, page_of, start_of
from certification.http.preconditions import check_if_match
from certification.http.request import Request
from certification.http.responses import Response
from certification.http.router import Route, Scope
from certification.services.decisions_by_hand import Asker, Check, Named

if TYPE_CHECKING:
    from certification.bootstrap import App
    from certification.http.schemas.certification_completions import (
        CompletionsQuery,
        ExpirationBody,
        HandAwardBody,
    )

TAG = "Certification completions"
COLLECTION = "/certification-completions"
PATH = COLLECTION + "/{certification_completion_id}"
ID = "certification_completion_id"


def post_certification_completion(app: App, request: Request) -> Response:
    wanted = _wanted(request.body)

    def act(receipt: MakeReceipt) -> Response:
        def answer(completion: CertificationCompletion, certification: Certification) -> Response:
            body = completion_json(app, completion, certification.name)
            headers = {"Location": f"{COLLECTION}/{body[ID]}"}
            return Response(201, body, headers, etag=completion.revision)

        with readable_conflicts(app):
            awarded = app.hand_awards.award(wanted, asker(request), lambda *made: receipt(answer(*made)))
        return answer(*awarded)

    return once(app, request, act)


def _wanted(body: HandAwardBody) -> HandAward:
    if body.user_id is not None:
        holder = Holder(type=HolderType.USER, id=body.user_id)
    else:
        holder = Holder(type=HolderType.ORGANIZATION, id=body.organization_id or "")
    return HandAward(
        holder=holder,
        certification_id=body.certification_id,
        completion_date=body.completion_date,
        effective_date=body.effective_date,
        expiration_date=body.expiration_date,
        end_given="expiration_date" in body.model_fields_set,
        reason=body.reason or "",
        mode=body.mode,
    )


def list_certification_completions(app: App, request: Request) -> Response:
    query: CompletionsQuery = request.query
    part = _part(app, request, query)
    now = today(app)
    day = query.as_of or now
    shown = [c for c in part.items if query.status in {None, status_on(c, on=day, today=now)}]
    definitions = app.definitions.certifications({c.certification_id for c in shown})
    names = {key: certification.name for key, certification in definitions.items()}
    bodies = [completion_json(app, c, names.get(c.certification_id, ""), on=day) for c in shown]
    return items_page(app, request, bodies, part.next)


def _part(app: App, request: Request, query: CompletionsQuery) -> Slice[CertificationCompletion]:
    start = start_of(app, request)
    if query.certification_id is not None:
        return app.completion_lists.of_certification(query.certification_id, limit=query.limit, start=start)
    if query.user_id is not None:
        holder = Holder(type=HolderType.USER, id=query.user_id)
    else:
        holder = Holder(type=HolderType.ORGANIZATION, id=query.organization_id or "")
    return app.completion_lists.of_holder(holder, limit=query.limit, start=start)


def get_certification_completion(app: App, request: Request) -> Response:
    return _response(app, stored(app, request))


def patch_certification_completion(app: App, request: Request) -> Response:
    body: ExpirationBody = request.body
    with readable_conflicts(app):
        changed = app.date_changes.change(
            named(app, request),
            expiration_date=body.expiration_date,
            reason=body.reason,
            asker=asker(request),
            check=_precondition(request),
        )
    return _response(app, changed)


def revoke_certification_completion(app: App, request: Request) -> Response:
    with readable_conflicts(app):
        revoked = app.revocations.revoke(
            named(app, request),
            reason=request.body.reason,
            asker=asker(request),
            check=_precondition(request),
        )
    return _response(app, revoked)


def reinstate_certification_completion(app: App, request: Request) -> Response:
    with readable_conflicts(app):
        reinstated = app.revocations.reinstate(
            named(app, request),
            reason=request.body.reason,
            asker=asker(request),
            check=_precondition(request),
        )
    return _response(app, reinstated)


def list_history(app: App, request: Request) -> Response:
    key = named(app, request)
    part = app.history.page(
        key.holder, key.certification_id, key.cycle, limit=request.query.limit, start=start_of(app, request)
    )
    if not part.items:
        stored(app, request)
    return page_of(app, request, part, history_json)


def history_json(entry: HistoryEntry) -> dict[str, Any]:
    return {
        "revision": entry.revision,
        "what": entry.what.value,
        "at": format_instant(entry.at),
        "by": entry.by,
        "reason": entry.reason,
        "correlation_id": entry.correlation_id,
        "before": dict(entry.before),
        "after": dict(entry.after),
    }


def named(app: App, request: Request) -> Named:
    """Whom an id means; NotFoundError for one that we never gave out."""
    found = app.completion_ids.read(request.params[ID])
    if found is None:
        raise NotFoundError("There is no such certification completion.")
    holder, certification_id, cycle = found
    return Named(holder=holder, certification_id=certification_id, cycle=cycle)


def stored(app: App, request: Request) -> CertificationCompletion:
    key = named(app, request)
    completion = app.ledger.completion(key.holder, key.certification_id, key.cycle)
    if completion is None:
        raise NotFoundError("There is no such certification completion.")
    return completion


def asker(request: Request) -> Asker:
    return Asker(actor=request.caller.actor, correlation_id=request.correlation_id)


def _precondition(request: Request) -> Check:
    return lambda completion: check_if_match(request, completion.revision)


def _response(app: App, completion: CertificationCompletion) -> Response:
    return Response(200, named_completion_json(app, completion), etag=completion.revision)


ROUTES = (
    Route(
        "POST",
        COLLECTION,
        post_certification_completion,
        scope=Scope.AWARD,
        tag=TAG,
        summary="Award by hand, to a user or an organization",
        description="Where the holder has it already: 409 with that as `present`, unless `mode` says what to do.",
        body=lambda: schemas.certification_completions.HandAwardBody,
        answers=lambda: {201: schemas.certification_completions.CertificationCompletionAnswer},
        problems=(404, 409),
        idempotent=True,
        example={"user_id": "u-1", "certification_id": "cert-1", "completion_date": "2026-11-20"},
    ),
    Route(
        "GET",
        COLLECTION,
        list_certification_completions,
        scope=Scope.READ,
        tag=TAG,
        summary="List those of a user, an organization or a certification, on a day",
        query=lambda: schemas.certification_completions.CompletionsQuery,
        answers=lambda: {
            200: schemas.base.Page[schemas.certification_completions.CertificationCompletionAnswer]
        },
    ),
    Route(
        "GET",
        PATH,
        get_certification_completion,
        scope=Scope.READ,
        tag=TAG,
        summary="A certification completion",
        answers=lambda: {200: schemas.certification_completions.CertificationCompletionAnswer},
        free_params=(ID,),
    ),
    Route(
        "PATCH",
        PATH,
        patch_certification_completion,
        scope=Scope.AWARD,
        tag=TAG,
        summary="Change the expiration date",
        description="A past date expires it, a later one revives it; in the history with its reason (R28).",
        body=lambda: schemas.certification_completions.ExpirationBody,
        answers=lambda: {200: schemas.certification_completions.CertificationCompletionAnswer},
        problems=(409,),
        precondition=True,
        free_params=(ID,),
        example={"expiration_date": "2027-12-31", "reason": "extended by the partner manager"},
    ),
    Route(
        "POST",
        PATH + "/revoke",
        revoke_certification_completion,
        scope=Scope.AWARD,
        tag=TAG,
        summary="Revoke for good; the record stays",
        body=lambda: schemas.certification_completions.DecisionBody,
        example={"reason": "issued to the wrong person"},
        answers=lambda: {200: schemas.certification_completions.CertificationCompletionAnswer},
        problems=(409,),
        precondition=True,
        free_params=(ID,),
    ),
    Route(
        "POST",
        PATH + "/reinstate",
        reinstate_certification_completion,
        scope=Scope.AWARD,
        tag=TAG,
        summary="Take a revocation back, or let stand what is under review",
        body=lambda: schemas.certification_completions.DecisionBody,
        example={"reason": "the LMS confirmed the course"},
        answers=lambda: {200: schemas.certification_completions.CertificationCompletionAnswer},
        problems=(409,),
        precondition=True,
        free_params=(ID,),
    ),
    Route(
        "GET",
        PATH + "/history",
        list_history,
        scope=Scope.READ,
        tag=TAG,
        summary="What happened to it: when, who, why, before, after",
        query=lambda: schemas.base.ListQuery,
        answers=lambda: {200: schemas.base.Page[schemas.certification_completions.HistoryAnswer]},
        free_params=(ID,),
    ),
)
