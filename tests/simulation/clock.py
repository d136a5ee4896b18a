"""The one clock of a run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


class SimulatedClock:
    def __init__(self) -> None:
        self.instant = START

    def now(self) -> datetime:
        return self.instant

    @property
    def seconds(self) -> float:
        return (self.instant - START).total_seconds()

    def advance(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)
