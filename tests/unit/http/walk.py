"""The route table as test parameters: a new route is walked without a test of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pytest

from certification.http.router import Route
from certification.http.routes import route_table

ROUTES = route_table().routes
PATHS = sorted({route.path for route in ROUTES})
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_KNOWN = {"crm": "hubspot", "object": "contact"}


def name(route: Route) -> str:
    return f"{route.method} {route.path}"


def path_of(path: str, **params: str) -> str:
    """The path with its parameters filled in: with those given, or else with ids that nothing has."""
    return re.sub(r"{(\w+)}", lambda found: params.get(found[1]) or _KNOWN.get(found[1]) or "none-1", path)


def each(routes: Iterable[Route]) -> pytest.MarkDecorator:
    """A test for each of these routes."""
    return pytest.mark.parametrize("route", list(routes), ids=name)


def fields_of(route: Route, part: str) -> dict[str, Any]:
    """The fields of a route's `body` or `query`, by the name that callers use."""
    shape = getattr(route, part)
    found = {} if shape is None else shape().model_fields
    return {info.alias or field: info for field, info in found.items()}
