"""The table of routes: what is dispatched, who may, and what the OpenAPI document says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from certification.http.request import Request
from certification.http.responses import Response

if TYPE_CHECKING:
    from pydantic import BaseModel

    from certification.bootstrap import App

Handler = Callable[["App", Request], Response]
Shape = Callable[[], "type[BaseModel]"]
Answers = Callable[[], Mapping[int, "type[BaseModel] | str | None"]]


class Scope(StrEnum):
    READ = "read"
    WRITE = "write"
    AWARD = "award"
    COMPLETIONS = "completions"
    ADMIN = "admin"


def allows(held: Iterable[str], wanted: Scope) -> bool:
    """`admin` implies all, each writing scope implies `read`."""
    scopes = set(held)
    if Scope.ADMIN in scopes or wanted in scopes:
        return True
    return wanted is Scope.READ and bool(scopes & {Scope.WRITE, Scope.AWARD, Scope.COMPLETIONS})


@dataclass(frozen=True, slots=True)
class Route:
    """`scope` None: public. `answers`: status → model of its body (None: no body; a text: its media type).

    `body`, `query` and `answers` are functions, so that a route's models are made only where a request or the document
    needs them: they, and pydantic, are a third of a cold start.
    `raw_body`: the media type of a body that the handler reads itself. `free_params`: path parameters that are not ids
    of ours (the others match `[A-Za-z0-9._:+@-]{1,128}`, else 422). `problems`: statuses beyond those that follow by
    themselves. `idempotent`: honours `Idempotency-Key`; `precondition`: honours `If-Match`. `pages`: statuses that are
    answered as a page too, to those who prefer `text/html`.
    """

    method: str
    path: str
    handle: Handler
    scope: Scope | None = field(kw_only=True)
    tag: str = field(kw_only=True)
    summary: str = field(kw_only=True)
    answers: Answers = field(kw_only=True)
    body: Shape | None = field(default=None, kw_only=True)
    body_required: bool = field(default=True, kw_only=True)
    raw_body: str | None = field(default=None, kw_only=True)
    query: Shape | None = field(default=None, kw_only=True)
    problems: tuple[int, ...] = field(default=(), kw_only=True)
    idempotent: bool = field(default=False, kw_only=True)
    precondition: bool = field(default=False, kw_only=True)
    pages: tuple[int, ...] = field(default=(), kw_only=True)
    free_params: tuple[str, ...] = field(default=(), kw_only=True)
    description: str = field(default="", kw_only=True)
    example: Any = field(default=None, kw_only=True)

    @property
    def segments(self) -> tuple[str, ...]:
        return tuple(self.path.strip("/").split("/"))

    @property
    def params(self) -> tuple[str, ...]:
        return tuple(part[1:-1] for part in self.segments if part.startswith("{"))

    def match(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """The path parameters, where this route's path has these segments."""
        own = self.segments
        if len(own) != len(segments):
            return None
        params: dict[str, str] = {}
        for pattern, part in zip(own, segments, strict=True):
            if pattern.startswith("{"):
                params[pattern[1:-1]] = part
            elif pattern != part:
                return None
        return params


Found = tuple[dict[str, "Route"], dict[str, dict[str, str]]]


class Routes(Protocol):
    """Where dispatch looks a path up."""

    def find(self, segments: tuple[str, ...]) -> Found: ...


class RouteTable:
    """All routes; of several that match, the one with fewer parameters (`/course-completions/parked`)."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._by_length: dict[int, list[Route]] = {}
        for route in sorted(self.routes, key=lambda r: len(r.params)):
            self._by_length.setdefault(len(route.segments), []).append(route)

    def find(self, segments: tuple[str, ...]) -> Found:
        """By method: the routes of this path, and the path parameters of each. Empty for an unknown path.

        A path that is spelt out is not one with a parameter: `/course-completions/import` is nobody's id.
        """
        routes: dict[str, Route] = {}
        params: dict[str, dict[str, str]] = {}
        for route in self._by_length.get(len(segments), ()):
            found = route.match(segments)
            known = next(iter(routes.values()), route)
            if found is not None and len(route.params) == len(known.params) and route.method not in routes:
                routes[route.method], params[route.method] = route, found
        return routes, params
