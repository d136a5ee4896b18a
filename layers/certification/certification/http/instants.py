"""Instants in answers."""

from __future__ import annotations

from datetime import datetime

from certification.domain.instants import format_instant


def instant_json(instant: datetime | None) -> str | None:
    return format_instant(instant) if instant is not None else None
