"""Cursors: where the next page starts, sealed. Opaque, unforgeable, good for the same list with the same filters."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from certification.domain.ports import Slice, StartKey
from certification.http.problems import RefusedError
from certification.http.request import Request
from certification.http.responses import Response

if TYPE_CHECKING:
    from certification.bootstrap import App

T = TypeVar("T")


def start_of(app: App, request: Request) -> StartKey | None:
    """Where the asked-for page starts; 400 for a cursor that we did not give out for this list."""
    cursor = request.query.cursor
    if cursor is None:
        return None
    text = app.completion_ids.unseal(cursor, _context(request))
    if text is None:
        raise RefusedError(
            400, "invalid-cursor", "The cursor is not one of this list; start again without it."
        )
    start: StartKey = json.loads(text)
    return start


def page_of(app: App, request: Request, part: Slice[T], shape: Callable[[T], dict[str, Any]]) -> Response:
    return items_page(app, request, (shape(item) for item in part.items), part.next)


def items_page(
    app: App, request: Request, items: Iterable[dict[str, Any]], following: StartKey | None
) -> Response:
    cursor = None
    if following is not None:
        cursor = app.completion_ids.seal(
            json.dumps(dict(following), separators=(",", ":")), _context(request)
        )
    return Response(200, {"items": list(items), "next_cursor": cursor})


def _context(request: Request) -> str:
    filters = request.query.model_dump(mode="json", exclude={"cursor", "limit"}, exclude_none=True)
    return f"{request.path}?{json.dumps(filters, sort_keys=True)}"
