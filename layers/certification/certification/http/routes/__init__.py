"""All routes, in the order in which the document shows them."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from certification.http.router import RouteTable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from certification.http.router import Found

MODULES = {
    "meta": ("status", "openapi.json", "docs"),
    "courses": ("courses",),
    "organizations": ("organizations",),
    "users": ("users",),
    "certifications": ("certifications",),
    "evaluations": ("evaluations",),
    "course_completions": ("course-completions", "courses", "users"),
    "certification_completions": ("certification-completions",),
    "imports": ("certification-completions", "course-completions"),
    "exports": ("certification-completions",),
    "progress": ("users",),
    "personal_data": ("users",),
    "verify": ("verify",),
    "sources": ("sources",),
    "webhooks": ("webhooks",),
    "parked": ("course-completions",),
    "intake": ("intake",),
    "crm": ("crm",),
    "crm_reports": ("crm",),
    "api_keys": ("api-keys",),
    "reconciliations": ("reconciliations",),
}
"""Each module, and what the paths of its routes begin with."""


@cache
def route_table() -> RouteTable:
    """All of them: for the document, and for who wants to walk them."""
    return _table_of(MODULES)


class RoutesByPath:
    """Dispatch that imports what serves the path and no more: the shapes of all resources take half a cold start."""

    @staticmethod
    def find(segments: tuple[str, ...]) -> Found:
        first = segments[0] if segments else ""
        return _table_for(first).find(segments)


@cache
def _table_for(first: str) -> RouteTable:
    return _table_of(name for name, beginnings in MODULES.items() if first in beginnings)


def _table_of(modules: Iterable[str]) -> RouteTable:
    return RouteTable(
        route for name in modules for route in import_module(f"certification.http.routes.{name}").ROUTES
    )
