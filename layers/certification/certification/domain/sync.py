"""The outbox row of one holder and one CRM, and how it moves: R36, R38, R39. Pure.

`revision` is an opaque token that every mark and every attempt replaces. Who pushes writes its outcome under the
token it attempted with: a row that became dirty meanwhile stays pending. `in_doubt` are the properties whose last
write has no known outcome; they are written again whatever was sent before (R38).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from certification.domain.model import Holder

SentValue = str | tuple[str, ...]


class SyncState(StrEnum):
    """What an admin sees (R39). `shadow`: computed by a connection that only looks; nothing was written."""

    SYNCED = "synced"
    PENDING = "pending"
    FAILED = "failed"
    UNLINKED = "unlinked"
    DISCONNECTED = "disconnected"
    SHADOW = "shadow"


RETRIED = (SyncState.FAILED, SyncState.UNLINKED, SyncState.DISCONNECTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRow:
    """What one CRM knows of one holder.

    `cause` is the correlation id of what marked it last, where that is known; `correlation_id` is the CRM's own.
    `link` names the connection that `record_id` and `sent` belong to: under another one they mean nothing. `sent`
    has every property that was successfully written to the record, with its last value; an empty text was cleared.
    `outcome` is how the last push ended; `tried` the digest of what was refused by it: without a change that is not
    tried again. `would_send` is for the
    shadow mode. `attempt` and `attempt_until` name the drain that is at work on it, and until when it may be.
    """

    holder: Holder
    crm: str
    state: SyncState = SyncState.PENDING
    revision: str
    marked_at: datetime
    cause: str = ""
    link: str = ""
    record_id: str = ""
    sent: Mapping[str, SentValue] = field(default_factory=dict)
    in_doubt: frozenset[str] = frozenset()
    attempt: str = ""
    attempt_until: datetime | None = None
    outcome: SyncState | None = None
    tried: str = ""
    code: str = ""
    message: str = ""
    correlation_id: str = ""
    settled_at: datetime | None = None
    would_send: Mapping[str, SentValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncChange:
    """A row as it was read, and as it shall be: written only if its revision is still the one read."""

    before: SyncRow
    after: SyncRow


def linked_to(row: SyncRow, link: str) -> SyncRow:
    """The row under this connection: what belongs to another one is forgotten, R36 starts afresh."""
    return row if row.link == link else replace(unlinked(row), link=link, outcome=None)


def unlinked(row: SyncRow) -> SyncRow:
    """Without the record: whatever is matched next is a new one to us (R36)."""
    return replace(row, record_id="", sent={}, in_doubt=frozenset(), tried="")


def is_taken(row: SyncRow, *, by: str, now: datetime) -> bool:
    """Whether another drain may still be pushing it. One that died is past its time at `attempt_until`."""
    if not row.attempt or row.attempt == by:
        return False
    return row.attempt_until is not None and now < row.attempt_until


def attempted(row: SyncRow, targets: frozenset[str], *, by: str, until: datetime, revision: str) -> SyncRow:
    """The row before the call: from here on the outcome for these properties is unknown (R38)."""
    return replace(row, attempt=by, attempt_until=until, in_doubt=row.in_doubt | targets, revision=revision)


def settled(
    row: SyncRow,
    state: SyncState,
    *,
    now: datetime,
    code: str = "",
    message: str = "",
    correlation_id: str = "",
    tried: str = "",
) -> SyncRow:
    """The row with an outcome; nobody is at work on it any more."""
    return replace(
        row,
        state=state,
        outcome=None if state is SyncState.PENDING else state,
        attempt="",
        attempt_until=None,
        code=code,
        message=message,
        correlation_id=correlation_id,
        tried=tried,
        settled_at=now,
        would_send={},
    )


def written(
    row: SyncRow, values: Mapping[str, SentValue], *, record_id: str, now: datetime, correlation_id: str = ""
) -> SyncRow:
    """The row after a successful write of these values."""
    done = settled(row, SyncState.SYNCED, now=now, correlation_id=correlation_id)
    return replace(
        done,
        record_id=record_id or row.record_id,
        sent={**row.sent, **values},
        in_doubt=row.in_doubt - values.keys(),
    )
