"""Talking to a deployed stack over HTTP, and waiting for what comes after."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import urllib3


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer."""

    status: int
    headers: urllib3.HTTPHeaderDict
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Api:
    """The HTTP API at its real address; the name need not resolve, since it goes into the Host header."""

    def __init__(self, url: str, key: str | None) -> None:
        address = urlsplit(url)
        assert address.port
        self._host = address.netloc
        self._pool = urllib3.HTTPConnectionPool(
            "127.0.0.1", address.port, timeout=40, retries=False, maxsize=32
        )
        self._key = key

    def with_key(self, key: str | None) -> Api:
        """The same API for another caller; `None` sends no key."""
        return Api(f"http://{self._host}", key)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Answer:
        """`body` goes as JSON, `raw` as it is."""
        sent = {"Host": self._host, **({"Authorization": f"Bearer {self._key}"} if self._key else {})}
        content = raw
        if body is not None:
            content, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        answer = self._pool.request(method, path, body=content, headers={**sent, **(headers or {})})
        return Answer(status=answer.status, headers=answer.headers, body=answer.data)

    def get(self, path: str, **given: Any) -> Answer:
        return self.send("GET", path, **given)

    def put(self, path: str, body: Any, **given: Any) -> Answer:
        return self.send("PUT", path, body, **given)

    def post(self, path: str, body: Any = None, **given: Any) -> Answer:
        return self.send("POST", path, body, **given)

    def patch(self, path: str, body: Any, **given: Any) -> Answer:
        return self.send("PATCH", path, body, **given)

    def delete(self, path: str, **given: Any) -> Answer:
        return self.send("DELETE", path, **given)


def eventually(look: Callable[[], Any], *, within: float = 60, what: str = "it") -> Any:
    """What `look` answers, as soon as that is true; fails with the last answer after `within` seconds."""
    deadline = time.monotonic() + within
    while not (seen := look()):
        assert time.monotonic() < deadline, f"{what} did not come within {within} s; last seen: {seen!r}"
        time.sleep(0.2)
    return seen
