"""The API as the guided run calls it: plain HTTP, plain words where something goes wrong."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")
FIRST_ERROR = 400


class StepFailedError(Exception):
    """A step did not do what it should; the message says what was asked and what came back."""


class Api:
    """Calls `base_url`, whose host need not resolve: an embedded cloud's names are all on this machine."""

    def __init__(self, base_url: str, key: str = "") -> None:
        parts = urlsplit(base_url)
        self._host, self._port = parts.netloc, parts.port or 80
        self._key = key
        self.base_url = base_url.rstrip("/")

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON; `StepFailedError` for a refusal."""
        status, text = self.send(
            method, path, None if body is None else json.dumps(body).encode(), self._headers()
        )
        if status >= FIRST_ERROR:
            raise StepFailedError(f"{method} {path} answered {status}: {text[:500]}")
        return json.loads(text) if text else None

    def refused(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """The problem that this request is refused with; `StepFailedError` where it is not refused."""
        status, text = self.send(
            method, path, None if body is None else json.dumps(body).encode(), self._headers()
        )
        if status < FIRST_ERROR:
            raise StepFailedError(f"{method} {path} should have been refused, and answered {status}")
        problem: dict[str, Any] = json.loads(text)
        return problem

    def send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request(method, path, body=body, headers={"Host": self._host, **headers})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}


def wait_for(what: str, look: Callable[[], T | None], *, seconds: float = 90) -> T:
    """Look again and again until there is something to see."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen is not None:
            return seen
        if time.monotonic() > deadline:
            raise StepFailedError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.5)
