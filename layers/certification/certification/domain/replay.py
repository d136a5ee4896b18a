"""A replay: what a source sent since some day, once more through the present code. It changes nothing that is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum


class ReplayState(StrEnum):
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """`after`: the last intake id that is done. `counts`: webhooks, and what they held."""

    replay_id: str
    source_id: str
    since: datetime
    state: ReplayState = ReplayState.RUNNING
    after: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    started_at: datetime
    started_by: str
    finished_at: datetime | None = None
    revision: int = 1

    def advanced(self, after: str, contents: Mapping[str, int]) -> Replay:
        """After one more webhook."""
        counts = Counter(self.counts) + Counter(contents) + Counter({"webhooks": 1})
        return replace(self, after=after, counts=dict(counts))

    def ended(self, state: ReplayState, now: datetime) -> Replay:
        return replace(self, state=state, finished_at=now)
