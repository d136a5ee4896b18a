"""Instants and civil dates as outside systems write them (R1, R5): aware UTC, kept to the millisecond."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from certification.domain.errors import InvalidError

MAX_AHEAD = timedelta(hours=24)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?"
    r"(?P<offset>[Zz]|[+-][0-9]{2}(:?[0-9]{2})?)?"
)


class InvalidInstantError(InvalidError):
    """Text or number that is no instant we take. `code`: `invalid_instant`, `naive_instant` or `in_the_future`."""

    def __init__(self, message: str, *, code: str = "invalid_instant") -> None:
        super().__init__(message)
        self.code = code


def parse_instant(text: str, *, naive_zone: tzinfo | None = None) -> datetime:
    """Read ISO 8601; without an offset in `naive_zone`, refused (InvalidInstantError, R5) where that is None."""
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise InvalidInstantError("not a date-time such as 2026-11-20T09:30:00Z")
    try:
        value = datetime.fromisoformat(text.upper())
    except ValueError as exc:
        raise InvalidInstantError("no such date-time") from exc
    if match["offset"] is None:
        if naive_zone is None:
            raise InvalidInstantError(
                "a date-time needs an offset, such as Z or +01:00", code="naive_instant"
            )
        value = value.replace(tzinfo=naive_zone)
    return to_utc(value)


def parse_instant_or_date(
    text: str, *, zone: tzinfo, naive_zone: tzinfo | None = None
) -> tuple[datetime, bool]:
    """Like `parse_instant`; a date alone is midnight of that civil date in `zone` (R5). Second value: date alone."""
    if _DATE.fullmatch(text) is None:
        return parse_instant(text, naive_zone=naive_zone), False
    try:
        civil = date.fromisoformat(text)
    except ValueError as exc:
        raise InvalidInstantError("no such date") from exc
    return start_of_day(civil, zone), True


def from_epoch(seconds: float) -> datetime:
    """Read Unix seconds; raise InvalidInstantError where they are no date."""
    try:
        return to_utc(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError) as exc:
        raise InvalidInstantError("not Unix seconds") from exc


def start_of_day(civil: date, zone: tzinfo) -> datetime:
    """The first instant of a civil date in `zone`, in UTC."""
    return to_utc(datetime.combine(civil, time.min, tzinfo=zone))


def to_utc(value: datetime) -> datetime:
    """Convert an aware date-time to UTC and cut it to the millisecond, the precision of a completion's identity."""
    try:
        instant = value.astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise InvalidInstantError("outside the years 1 to 9999") from exc
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def require_not_ahead(instant: datetime, *, now: datetime) -> None:
    """Raise InvalidInstantError for what is more than 24 hours ahead of `now` (R5)."""
    if instant - now > MAX_AHEAD:
        raise InvalidInstantError("more than 24 hours in the future", code="in_the_future")


def format_instant(instant: datetime) -> str:
    """`2026-11-20T09:30:00Z`, with milliseconds only where there are any."""
    spec = "milliseconds" if instant.microsecond else "seconds"
    return instant.astimezone(UTC).isoformat(timespec=spec).replace("+00:00", "Z")
