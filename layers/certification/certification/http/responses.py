"""What a handler answers, and how it becomes an answer of API Gateway."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any

JSON = "application/json"
PROBLEM = "application/problem+json"
NO_CONTENT = 204
_TAG_LENGTH = 24
# A page may say what it loads; everything else is data, never to be cached, framed, guessed at or rendered.
_SAFE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True, slots=True)
class Response:
    """`body` is JSON-able, or text where `media_type` is another. `etag` is a revision; it goes out quoted."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = JSON
    etag: int | str | None = None


def to_event(response: Response, more_headers: Mapping[str, str], *, head: bool) -> dict[str, Any]:
    headers = {**_SAFE, **response.headers, **more_headers, **_varying(response.headers, more_headers)}
    if response.etag is not None:
        headers["ETag"] = quoted(response.etag)
    text = "" if response.status == NO_CONTENT else _text(response)
    if response.status != NO_CONTENT:
        headers["Content-Type"] = response.media_type
    return {
        "statusCode": response.status,
        "headers": headers,
        "body": "" if head else text,
        "isBase64Encoded": False,
    }


def _varying(*sources: Mapping[str, str]) -> dict[str, str]:
    """All that the answer depends on: one `Vary` does not push the other out."""
    names = [source["Vary"] for source in sources if "Vary" in source]
    return {"Vary": ", ".join(names)} if names else {}


def tagged(response: Response) -> Response:
    """With an `ETag` of the content, for a read of what has no revision of its own: lists, reports, pages."""
    if response.status != HTTPStatus.OK or response.etag is not None:
        return response
    return replace(response, etag=hashlib.sha256(_text(response).encode()).hexdigest()[:_TAG_LENGTH])


def quoted(etag: int | str) -> str:
    return f'"{etag}"'


def _text(response: Response) -> str:
    if isinstance(response.body, str) and response.media_type not in {JSON, PROBLEM}:
        return response.body
    return json.dumps(response.body, ensure_ascii=False, separators=(",", ":"))
