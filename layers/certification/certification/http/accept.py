"""Whether a caller would rather read a page than JSON, by its `Accept` header (RFC 9110, 12.5.1)."""

from __future__ import annotations

from collections.abc import Mapping

_HTML = ("text/html", "application/xhtml+xml")
_JSON = ("application/json", "application/problem+json")


def prefers_html(accept: str) -> bool:
    """Only who names HTML, and likes it better than JSON: a browser. Anything else gets JSON."""
    weights = _weights(accept)
    html = max((weights.get(media, 0.0) for media in _HTML), default=0.0)
    json = max((weights.get(media, 0.0) for media in _JSON), default=0.0)
    return html > json


def _weights(accept: str) -> Mapping[str, float]:
    weights: dict[str, float] = {}
    for part in accept.split(","):
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weights[media] = next((_quality(p[2:]) for p in parameters if p.startswith("q=")), 1.0)
    return weights


def _quality(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0
