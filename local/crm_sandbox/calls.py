"""How often the sandbox was called, and for what: no bodies, no tokens."""

from __future__ import annotations

import threading
from collections import Counter, deque
from typing import Any

from local.crm_sandbox.exchange import NotJsonError, Request

_KEPT = 500


class Calls:
    """Safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        with self._lock:
            self._counts: dict[str, Counter[str]] = {}
            self._latest: deque[dict[str, Any]] = deque(maxlen=_KEPT)

    def begin(self, crm: str, request: Request) -> dict[str, Any]:
        """Count the call; its `status` is 0 until the caller sets it, and so it stays where there is no answer."""
        entry = {"crm": crm, "method": request.method, "path": request.path, "status": 0}
        with self._lock:
            counts = self._counts.setdefault(crm, Counter())
            counts[f"{request.method} {request.path}"] += 1
            self._latest.append({**entry, "records": _size(request)})
            return self._latest[-1]

    def shown(self) -> dict[str, Any]:
        """By CRM: `total`, and `by_path`; and the `latest` calls with status and number of records."""
        with self._lock:
            shown: dict[str, Any] = {
                crm: {"total": sum(counts.values()), "by_path": dict(counts)}
                for crm, counts in self._counts.items()
            }
            return {**shown, "latest": list(self._latest)}


def _size(request: Request) -> int:
    """How many records the call is about."""
    try:
        body = request.body if "json" in request.headers.get("content-type", "") else None
    except NotJsonError:
        return 0
    if not isinstance(body, dict):
        return 0
    batch = body.get("inputs") or body.get("records") or body.get("ids") or []
    return len(batch) if isinstance(batch, list) else 0
