"""An API Gateway event (HTTP API, payload 2.0) as the request it carries."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from certification.domain.errors import CertificationServiceError


class UnreadableRequestError(CertificationServiceError):
    """Not even HTTP: its encoding is broken (400)."""

    code = "unreadable-request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: `actor` is what the history names (`key:<id>`, `oidc:<subject>`)."""

    actor: str
    scopes: frozenset[str]


NOBODY = Caller(actor="", scopes=frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`params`, `query` and `body` are checked by the time a handler sees them: the route's models, or None.

    `segments` are the path's parts, percent-decoded once; header names are in lower case.
    """

    method: str
    segments: tuple[str, ...]
    query_items: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    raw_body: bytes
    request_id: str
    base_url: str
    params: Mapping[str, str] = field(default_factory=dict)
    query: Any = None
    body: Any = None
    caller: Caller = NOBODY

    @property
    def path(self) -> str:
        return "/" + "/".join(self.segments)

    @property
    def if_match(self) -> str | None:
        return self.headers.get("if-match")

    @property
    def idempotency_key(self) -> str | None:
        return self.headers.get("idempotency-key")

    @property
    def correlation_id(self) -> str:
        return self.request_id


def read_request(event: Mapping[str, Any], public_url: str) -> Request:
    """`UnreadableRequestError` where path, query or body are not what their encoding says."""
    http = event["requestContext"]["http"]
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return Request(
        method=http["method"].upper(),
        segments=_segments(event.get("rawPath") or "/", event["requestContext"].get("stage", "$default")),
        query_items=_query(event.get("rawQueryString") or ""),
        headers=headers,
        raw_body=_raw_body(event),
        request_id=event["requestContext"].get("requestId", ""),
        base_url=public_url or f"{headers.get('x-forwarded-proto', 'https')}://{headers.get('host', '')}",
    )


def _segments(raw_path: str, stage: str) -> tuple[str, ...]:
    path = raw_path.removeprefix(f"/{stage}") if stage != "$default" else raw_path
    try:
        return tuple(unquote(part, errors="strict") for part in path.strip("/").split("/"))
    except UnicodeDecodeError as exc:
        raise UnreadableRequestError("the path is not UTF-8") from exc


def _query(raw: str) -> tuple[tuple[str, str], ...]:
    try:
        return tuple(parse_qsl(raw, keep_blank_values=True, errors="strict", max_num_fields=100))
    except (UnicodeDecodeError, ValueError) as exc:
        raise UnreadableRequestError("the query is not UTF-8, or has too many parts") from exc


def _raw_body(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(text).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as exc:
        raise UnreadableRequestError("the body is not base64") from exc
