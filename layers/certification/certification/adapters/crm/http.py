"""HTTP to one CRM: no retries, no redirects, nothing without a time limit, and no secret in what it says.

What concerns no single record is raised here as `PushFailedError`: not reached, down, throttled, not understood.
Everything else is the caller's to judge.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    SSLError,
)

from certification.adapters.crm.deadline import Deadline, Patience, within
from certification.adapters.crm.retry_after import retry_after
from certification.domain.connection import PauseReason
from certification.domain.push import PushFailedError

MOST_BYTES = 32 * 1024 * 1024
LONGEST_WORDS = 500
_OK, _REDIRECT, _BAD, _SERVER = 200, 300, 400, 500
_BUSY = frozenset({423, 429, 477})
_CORRELATION = ("x-hubspot-correlation-id", "x-sfdc-request-id", "x-request-id")
_TIME_OUT = 408
_NEVER_SENT = (ConnectTimeoutError, NewConnectionError, NameResolutionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`body` goes as JSON, `form` as a form. `writes`: it may take effect even where no answer comes."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    form: Mapping[str, str] | None = None
    writes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`content` is the parsed JSON; None where the body is empty, or no JSON beside a refusal."""

    status: int
    content: Any
    correlation_id: str = ""
    retry_after: timedelta | None = None

    @property
    def ok(self) -> bool:
        return _OK <= self.status < _REDIRECT


class CrmHttp:
    """One CRM's host, with its pool of connections. Nothing connects before the first call."""

    def __init__(self, name: str, patience: Patience, hidden: Iterable[str]) -> None:
        self.name = name
        self.patience = patience
        self._hidden = {text for text in hidden if text}
        self._pool = _new_pool()
        self._used = 0.0

    def deadline(self) -> Deadline:
        return Deadline(self.patience)

    def hide(self, secret: str) -> None:
        """Never show this text in an error."""
        if secret:
            self._hidden.add(secret)

    def words(self, text: object) -> str:
        """The CRM's own words: without secrets, on one line, not endless."""
        shown = " ".join(str(text).split())
        for secret in self._hidden:
            shown = shown.replace(secret, "***")
        return shown if len(shown) <= LONGEST_WORDS else f"{shown[:LONGEST_WORDS]}…"

    def call(self, request: Request, deadline: Deadline) -> Answer:
        """The answer, if it is about the request; `PushFailedError` where the CRM is not there or wants a pause."""
        if not deadline.allows_a_call:
            raise self.failed(
                PauseReason.UNAVAILABLE, f"{self.name} is too slow: the time for one push is over"
            )
        if not all(value.isascii() and value.isprintable() for value in request.headers.values()):
            # The client's own complaint would show them.
            raise self.failed(PauseReason.CREDENTIALS, "the credentials hold a character that cannot be sent")
        status, headers, raw = self._exchange(request, deadline)
        correlation = next((headers[name] for name in _CORRELATION if name in headers), "")
        if status in _BUSY:
            content = _parsed(raw)
            raise PushFailedError(
                f"{self.name} asks for a pause: {self._said(content, status)}",
                reason=PauseReason.THROTTLED,
                retry_after=retry_after(headers.get("retry-after")),
                correlation_id=_correlation(content) or correlation,
            )
        if status >= _SERVER or status == _TIME_OUT or not (_OK <= status < _REDIRECT or status >= _BAD):
            said = self._said(_parsed(raw), status)
            raise self.failed(PauseReason.UNAVAILABLE, f"{self.name} answers {said}", unknown=request.writes)
        content = _parsed(raw)
        if raw and content is None and status < _REDIRECT:
            message = f"{self.name} answers {status} with something that is not JSON: is this its base URL?"
            raise self.failed(PauseReason.UNAVAILABLE, message, unknown=request.writes)
        return Answer(
            status=status,
            content=content,
            correlation_id=_correlation(content) or correlation,
            retry_after=retry_after(headers.get("retry-after")),
        )

    def listed(self, found: object, *keys: str, unknown: bool = False) -> list[Mapping[str, Any]]:
        """A list of objects with these keys. Anything else is not this CRM speaking, whatever the status says."""
        wanted = set(keys)
        if isinstance(found, list) and all(
            isinstance(each, dict) and wanted <= each.keys() for each in found
        ):
            return found
        message = f"{self.name}'s answer is not what it describes"
        raise self.failed(PauseReason.UNAVAILABLE, message, unknown=unknown)

    def throttled(self, answer: Answer, message: str) -> PushFailedError:
        """A refusal that asks for a pause, by the words of this CRM."""
        return PushFailedError(
            self.words(message),
            reason=PauseReason.THROTTLED,
            retry_after=answer.retry_after,
            correlation_id=answer.correlation_id,
        )

    def failed(self, reason: PauseReason, message: str, *, unknown: bool = False) -> PushFailedError:
        return PushFailedError(self.words(message), reason=reason, unknown=unknown)

    def _said(self, content: Any, status: int) -> str:
        first = content[0] if isinstance(content, list) and content else content
        message = first.get("message") if isinstance(first, dict) else ""
        return self.words(f"{status}: {message}" if message else f"status {status}")

    def _exchange(self, request: Request, deadline: Deadline) -> tuple[int, Mapping[str, str], bytes]:
        self._forget_idle()
        try:
            return within(deadline.seconds, lambda: self._sent(self._pool, request, deadline))
        except _NEVER_SENT as exc:
            raise self.failed(PauseReason.UNAVAILABLE, _unreachable(request, exc)) from exc
        except SSLError as exc:
            message = f"no trusted TLS connection to {urlsplit(request.url).netloc}"
            raise self.failed(PauseReason.UNAVAILABLE, message, unknown=request.writes) from exc
        except (HTTPError, OSError) as exc:
            if type(exc) is TimeoutError:
                self._pool = _new_pool()  # the connection of the old one may be in use for long
            message = f"{self.name} did not answer to the end ({type(exc).__name__})"
            raise self.failed(PauseReason.UNAVAILABLE, message, unknown=request.writes) from exc
        finally:
            self._used = time.monotonic()

    def _sent(
        self, pool: urllib3.PoolManager, request: Request, deadline: Deadline
    ) -> tuple[int, Mapping[str, str], bytes]:
        patience = self.patience
        response = pool.request(
            request.method,
            request.url,
            headers=_headers(request),
            body=_encoded(request),
            timeout=urllib3.Timeout(
                connect=min(patience.connect, deadline.seconds), read=min(patience.read, deadline.seconds)
            ),
            preload_content=False,
            redirect=False,
        )
        raw = self._read(response, deadline)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return response.status, headers, raw

    def _read(self, response: urllib3.BaseHTTPResponse, deadline: Deadline) -> bytes:
        """The body, however slowly it drips, until the time is over."""
        parts: list[bytes] = []
        room = MOST_BYTES
        while part := response.read1(65_536, decode_content=True):
            parts.append(part)
            room -= len(part)
            if room < 0 or not deadline.seconds:
                response.close()
                raise TimeoutError
        response.release_conn()
        return b"".join(parts)

    def _forget_idle(self) -> None:
        """A connection that rested through a frozen function is often dead without knowing it."""
        if self._used and time.monotonic() - self._used > self.patience.idle:
            self._pool.clear()


def _new_pool() -> urllib3.PoolManager:
    return urllib3.PoolManager(maxsize=1, retries=False)


def _unreachable(request: Request, exc: Exception) -> str:
    host = urlsplit(request.url).netloc
    if isinstance(exc, NameResolutionError):
        return f"the host {host} does not exist, or its name cannot be resolved now"
    return f"{host} cannot be reached"


def _headers(request: Request) -> dict[str, str]:
    content = "application/x-www-form-urlencoded" if request.form is not None else "application/json"
    carries = request.form is not None or request.body is not None
    return {
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
        "User-Agent": "partner-certification",
        **({"Content-Type": content} if carries else {}),
        **request.headers,
    }


def _encoded(request: Request) -> bytes | None:
    if request.form is not None:
        return urlencode(request.form).encode()
    if request.body is None:
        return None
    return json.dumps(request.body, separators=(",", ":"), ensure_ascii=False).encode()


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except (ValueError, RecursionError):  # brackets within brackets without end
        return None


def _correlation(content: Any) -> str:
    return str(content.get("correlationId") or "") if isinstance(content, dict) else ""
