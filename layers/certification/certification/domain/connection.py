"""A configured CRM: its connection, what pauses it, and what the mappings ask of whoever marks rows dirty. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from certification.domain.backfill import Backfill
from certification.domain.errors import FieldError
from certification.domain.mapping import MappingUses, ObjectMapping


class PauseReason(StrEnum):
    """Why nothing is pushed for a while; not one row is at fault (R40)."""

    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    CREDENTIALS = "credentials"
    FORBIDDEN = "forbidden"
    MAPPING = "mapping"


_FIRST_PAUSE = {
    PauseReason.THROTTLED: timedelta(seconds=10),
    PauseReason.UNAVAILABLE: timedelta(seconds=15),
    PauseReason.CREDENTIALS: timedelta(minutes=5),
    PauseReason.FORBIDDEN: timedelta(minutes=5),
    PauseReason.MAPPING: timedelta(minutes=15),
}
_LONGEST_PAUSE = timedelta(minutes=15)
_LONGEST_ASKED = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """`link` names what record ids belong to: another base URL, or a connection made anew, gets another one.

    `shadow`: compute and report everything, write nothing. `credentials`: which kind is stored, never what.
    """

    crm: str
    base_url: str
    api_version: str = ""
    credentials: str
    create_missing: bool = False
    shadow: bool = False
    link: str
    tested_at: datetime | None = None
    account: str = ""
    revision: int = 1
    changed_at: datetime
    changed_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """`scope` is empty for the connection, else the object whose mapping is paused. It ends by itself at `until`."""

    crm: str
    scope: str = ""
    reason: PauseReason
    message: str
    correlation_id: str = ""
    since: datetime
    until: datetime
    times: int = 1

    def holds(self, now: datetime) -> bool:
        return now < self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMapping:
    """A mapping as it was accepted. `kinds` are the types of its properties, as the CRM described them then.

    `problems` is what the daily check found since: not empty means that this mapping is broken.
    """

    mapping: ObjectMapping
    kinds: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[FieldError, ...] = ()
    checked_at: datetime
    revision: int = 1
    changed_at: datetime
    changed_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """All there is of one CRM, in one consistent look. `pauses` are by scope, `mappings` by object."""

    connection: Connection | None = None
    mappings: Mapping[str, StoredMapping] = field(default_factory=dict)
    pauses: Mapping[str, Pause] = field(default_factory=dict)
    backfills: tuple[Backfill, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is connected and mapped, by CRM: all that the marking of rows has to know."""

    uses: Mapping[str, tuple[MappingUses, ...]] = field(default_factory=dict)

    @property
    def counted(self) -> frozenset[str]:
        """Certifications of which some organization mapping counts the certified users."""
        return frozenset().union(*(use.counted for uses in self.uses.values() for use in uses))


def next_pause(
    previous: Pause | None,
    crm: str,
    reason: PauseReason,
    message: str,
    *,
    now: datetime,
    scope: str = "",
    correlation_id: str = "",
    asked: timedelta | None = None,
) -> Pause:
    """Twice as long each time for the same reason; as long as the CRM asked for, where it did (`Retry-After`)."""
    again = previous is not None and previous.reason is reason
    times = previous.times + 1 if previous is not None and again else 1
    length = min(_FIRST_PAUSE[reason] * 2 ** min(times - 1, 10), _LONGEST_PAUSE)
    if asked is not None:
        length = min(max(asked, timedelta(seconds=1)), _LONGEST_ASKED)
    return Pause(
        crm=crm,
        scope=scope,
        reason=reason,
        message=message,
        correlation_id=correlation_id,
        since=previous.since if previous is not None and again else now,
        until=now + length,
        times=times,
    )
