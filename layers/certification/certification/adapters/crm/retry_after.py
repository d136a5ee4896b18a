"""The header `Retry-After`: seconds, or an HTTP date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

MOST_SECONDS = 7 * 24 * 3600


def retry_after(header: str | None, *, now: datetime | None = None) -> timedelta | None:
    """How long to wait; None where it is missing or makes no sense."""
    text = (header or "").strip()
    try:
        seconds = float(text)
    except ValueError:
        return _until(text, now or datetime.now(UTC))
    return timedelta(seconds=seconds) if 0 <= seconds <= MOST_SECONDS else None


def _until(text: str, now: datetime) -> timedelta | None:
    try:
        instant = parsedate_to_datetime(text)
    except ValueError:
        return None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return max(timedelta(0), min(instant - now, timedelta(seconds=MOST_SECONDS)))
