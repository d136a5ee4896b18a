"""Webhooks, for the document: the function `lms_webhook` takes them, by the same paths and before this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certification.domain.errors import NotFoundError
from certification.http import schemas
from certification.http.request import Request
from certification.http.responses import Response
from certification.http.router import Route

if TYPE_CHECKING:
    from certification.bootstrap import App

TAG = "Webhooks"
PATH = "/webhooks/{source_id}"
_PROOF = "No API key: the provider's own signature over the raw body, or its secret. "
_KEPT = "What could not be read is kept for an admin (`GET /intake`); it is no error to the LMS (R17)."
_EXAMPLE = (
    '{"event_id": "e-1", "email": "ada@partner.example", "course_id": "c-1", '
    '"completed_at": "2026-11-20T09:30:00Z", "score": 91.5}'
)


def post_webhook(app: App, request: Request) -> Response:  # noqa: ARG001 a handler's signature
    raise NotFoundError("Webhooks are not taken at this address.")


def _route(path: str, summary: str, free: tuple[str, ...] = ()) -> Route:
    return Route(
        "POST",
        path,
        post_webhook,
        scope=None,
        tag=TAG,
        summary=summary,
        description=_PROOF + _KEPT,
        raw_body="*/*",
        example=_EXAMPLE,
        answers=lambda: {202: schemas.sources.WebhookAnswer},
        problems=(401,),
        free_params=("source_id", *free),
    )


ROUTES = (
    _route(PATH, "Where an LMS sends its webhooks"),
    _route(PATH + "/{secret}", "The same, for providers that cannot sign", ("secret",)),
)
