"""A request and its answer, as the faces of the sandbox see them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class NotJsonError(Exception):
    """The body of the request is no JSON, or no object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`path` is without the face's prefix, which is in `prefix`; header names are lower-cased.

    What is given several times in the query is joined by commas.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes = b""
    prefix: str = ""

    @property
    def body(self) -> Any:
        try:
            return json.loads(self.raw) if self.raw else {}
        except ValueError as exc:
            raise NotJsonError(str(exc)) from exc

    @property
    def shape(self) -> dict[str, Any]:
        """The body, which has to be an object."""
        if not isinstance(self.body, dict):
            raise NotJsonError("an object is expected")
        return self.body

    @property
    def parts(self) -> list[str]:
        return [part for part in self.path.split("/") if part]


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """`content` goes out as JSON, or `page` as HTML, or nothing."""

    status: int = 200
    content: Any = None
    page: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def raw(self) -> bytes:
        if self.page:
            return self.page.encode()
        return b"" if self.content is None else json.dumps(self.content).encode()


class RefusedError(Exception):
    """The request is refused with this answer; nothing was changed."""

    def __init__(self, response: Response) -> None:
        super().__init__(str(response.content))
        self.response = response
