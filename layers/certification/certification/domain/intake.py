"""Webhooks as they arrived, kept for an admin: 30 days of all that was read, 400 days of what was not."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptWebhook:
    """One webhook, without secrets. `problems` is empty for what was read without any.

    `intake_id` begins with the instant of receipt, so that ids sort as time does.
    """

    source_id: str
    intake_id: str
    provider: str
    received_at: datetime
    correlation_id: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes
    problems: tuple[Mapping[str, str], ...] = ()

    @property
    def readable(self) -> bool:
        return not self.problems


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEntry:
    """A kept webhook in a list."""

    source_id: str
    intake_id: str
    readable: bool
    size: int


def new_intake_id(now: datetime) -> str:
    """Unique, and in the order of time."""
    return f"{intake_stamp(now)}-{secrets.token_hex(6)}"


def intake_stamp(at: datetime) -> str:
    """What every intake id of this or a later instant is not less than."""
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")


def received_at(intake_id: str) -> datetime:
    """The instant that an intake id begins with; the first of all for what is none of ours."""
    try:
        return datetime.strptime(intake_id.partition("-")[0], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
