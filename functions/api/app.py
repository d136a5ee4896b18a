"""The HTTP API: every route but the webhooks."""

from __future__ import annotations

from typing import Any

from certification import observability
from certification.bootstrap import app
from certification.http.application import respond
from certification.http.routes import RoutesByPath


@observability.handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001
    return respond(app(), RoutesByPath(), event)
