"""CORS: pages of the origins in the deployment's setting may call the API; without the setting none may."""

from __future__ import annotations

from collections.abc import Mapping

_ALLOWED = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, If-Match",
    "Access-Control-Expose-Headers": "Allow, ETag, Idempotent-Replayed, Location, Retry-After",
    "Access-Control-Max-Age": "600",
}


def cors_headers(origins: tuple[str, ...], headers: Mapping[str, str]) -> dict[str, str]:
    """What to add to any answer, problems included; `*` among the origins allows every page."""
    if not origins:
        return {}
    varies = {"Vary": "Origin"}  # an answer to another origin must not come out of a cache
    origin = next((value for name, value in headers.items() if name.lower() == "origin"), "")
    if not origin or (origin not in origins and "*" not in origins):
        return varies
    return {"Access-Control-Allow-Origin": origin, **_ALLOWED, **varies}
