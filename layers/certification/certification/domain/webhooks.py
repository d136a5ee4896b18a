"""Webhooks of LMS, and the protocol of a provider: verify the raw request, then parse it into course completions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from certification.domain.course_completion_message import CourseCompletionMessage
from certification.domain.errors import CertificationServiceError, InvalidError


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRequest:
    """What arrived: header names in lower case, the raw body, the secret in the path (None where there is none)."""

    headers: Mapping[str, str]
    body: bytes
    path_secret: str | None = None
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedPart:
    """A part of a body that should be a completion and is not a usable one, to be kept for an admin.

    `reason` is a stable code, `detail` names fields and holds no personal data, `part` is the part itself as JSON.
    """

    reason: str
    detail: str
    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedWebhook:
    """What a body held: completions and retractions, counts by kind of what is neither, and what was refused."""

    completions: tuple[CourseCompletionMessage, ...] = ()
    ignored: Mapping[str, int] = field(default_factory=dict)
    rejected: tuple[RejectedPart, ...] = ()


class SignatureRefusedError(CertificationServiceError):
    """The request does not prove that it comes from the source (401). `reason` is a stable code for counts."""

    code = "signature-refused"

    def __init__(self, reason: str) -> None:
        super().__init__("The signature is missing or wrong.")
        self.reason = reason


class UnparseableBodyError(InvalidError):
    """Nothing at all can be read from the body: it is kept whole for an admin."""

    code = "unparseable-body"


class Provider(Protocol):
    """A module of `adapters/lms`. Neither function does any I/O; `parse` needs no `verify` before it (replay).

    A module whose provider puts the secret into the body also has `without_secrets(body: bytes) -> bytes`.
    """

    def verify(self, request: WebhookRequest, secrets: Sequence[str], now: datetime) -> None:
        """Accept a request that any of the secrets (two while one is rotated) proves; else SignatureRefusedError."""

    def parse(
        self, request: WebhookRequest, *, source_id: str, now: datetime, zone: ZoneInfo
    ) -> ParsedWebhook:
        """Read the body; raise UnparseableBodyError where nothing can be read, and nothing else, whatever comes."""


class Providers(Protocol):
    """The providers that there are."""

    def get(self, name: str) -> Provider:
        """The provider of that name; NotFoundError where there is none."""

    def storable_body(self, name: str, body: bytes) -> bytes:
        """The body as it may be kept: some providers put the secret into it."""
