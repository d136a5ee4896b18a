"""Anybody who was given a certification completion's id may see whether it is valid.

The id cannot be guessed. The holder's name stays out, and so does the reason of a revocation: whoever passes the
address on says whose it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from certification.domain.errors import NotFoundError
from certification.domain.model import CertificationCompletion, Status
from certification.domain.projection import foremost
from certification.domain.status import status_on
from certification.http import schemas
from certification.http.accept import prefers_html
from certification.http.completion_shapes import today
from certification.http.problems import problem_for
from certification.http.request import Request
from certification.http.responses import Response
from certification.http.router import Route
from certification.http.routes.certification_completions import ID, named
from certification.http.verify_page import HEADERS, in_words, unknown_page, verify_page
from certification.services.decisions_by_hand import Named

if TYPE_CHECKING:
    from certification.bootstrap import App

_HTML = "text/html; charset=utf-8"
_VARY = {"Vary": "Accept"}
_PAGE = {**HEADERS, **_VARY}
_OVER = frozenset({Status.EXPIRED, Status.SUPERSEDED})
_HELD = frozenset({Status.ACTIVE, Status.SCHEDULED})
_SUMMARIES = {
    Status.SCHEDULED: "Valid from {start} on",
    Status.EXPIRED: "Expired on {end}",
    Status.REVOKED: "Revoked: not valid any more",
    Status.SUPERSEDED: "Another completion has taken its place",
}


def get_verification(app: App, request: Request) -> Response:
    as_page = prefers_html(request.headers.get("accept", ""))
    try:
        shape = _shape(app, named(app, request))
    except NotFoundError as error:
        return Response(404, unknown_page(), _PAGE, _HTML) if as_page else problem_for(error)
    return Response(200, verify_page(shape), _PAGE, _HTML) if as_page else Response(200, shape, _VARY)


def _shape(app: App, key: Named) -> dict[str, Any]:
    cycles = app.ledger.completions_of(key.holder, key.certification_id)
    completion = next((one for one in cycles if one.cycle == key.cycle), None)
    if completion is None:
        raise NotFoundError("There is no such certification completion.")
    certification = app.definitions.certification(key.certification_id)
    shape = {
        "certification_name": certification.name if certification else key.certification_id,
        "holder_type": key.holder.type.value,
        "as_of": today(app).isoformat(),
        **_validity(app, completion),
    }
    later = _in_its_place(app, completion, cycles)
    return shape | ({"followed_by": _validity(app, later)} if later is not None else {})


def _validity(app: App, completion: CertificationCompletion) -> dict[str, Any]:
    day = today(app)
    status = status_on(completion, on=day, today=day)
    expires = completion.expiration_date
    return {
        ID: app.completion_ids.id_of(completion),
        "status": status.value,
        "completion_date": completion.completion_date.isoformat(),
        "effective_date": completion.effective_date.isoformat(),
        "expiration_date": expires.isoformat() if expires else None,
        "summary": _summary(completion, status),
    }


def _in_its_place(
    app: App, completion: CertificationCompletion, cycles: Iterable[CertificationCompletion]
) -> CertificationCompletion | None:
    """What the same holder has by now: an address that was passed on before a renewal stays of use."""
    day = today(app)
    status = status_on(completion, on=day, today=day)
    later = foremost(
        [one for one in cycles if one.cycle > completion.cycle], completion.certification_id, day
    )
    if later is None or status not in _OVER or status_on(later, on=day, today=day) not in _HELD:
        return None
    return later


def _summary(completion: CertificationCompletion, status: Status) -> str:
    end = in_words(completion.expiration_date or date.max)
    if status is Status.ACTIVE:
        return f"Valid until {end}" if completion.expiration_date else "Valid, without an end"
    return _SUMMARIES[status].format(start=in_words(completion.effective_date), end=end)


ROUTES = (
    Route(
        "GET",
        "/verify/{certification_completion_id}",
        get_verification,
        scope=None,
        tag="Certification completions",
        summary="Whether a certification completion is valid: for anybody who has its id",
        description="A page for who prefers `text/html`, else JSON. It does not say whose it is.",
        answers=lambda: {200: schemas.certification_completions.VerifyAnswer},
        free_params=(ID,),
        pages=(200, 404),
    ),
)
