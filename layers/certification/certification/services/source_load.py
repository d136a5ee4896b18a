"""How much one source may ask of us, so that a flood of one is nobody else's: the gateway knows routes, not sources.

What is proven is counted on the source's day anyway. That count comes back with everyone's webhooks in it, so each
environment sees the rate of all without asking for it. What is not proven never holds back what is: who only knows a
source's name cannot shut it out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from certification.domain.errors import CertificationServiceError

WINDOW_SECONDS = 10.0
BURST_SECONDS = 2.0
HELD_SECONDS = 2.0
REFUSALS_PER_SECOND = 5.0
REFUSALS_AT_ONCE = 20.0
Monotonic = Callable[[], float]


class SourceThrottledError(CertificationServiceError):
    """More than a source may send (429): nothing of it is taken in, and it has to be sent again."""

    code = "source-throttled"


@dataclass(slots=True)
class _Window:
    since: float
    first: int
    held_until: float = 0.0


class SourceThrottle:
    """`per_second`: proven webhooks of one source, over all environments; 0 = as many as come."""

    def __init__(self, per_second: int, monotonic: Monotonic) -> None:
        self._per_second = per_second
        self._monotonic = monotonic
        self._windows: dict[str, _Window] = {}

    def check(self, source_id: str) -> None:
        """`SourceThrottledError` while the source has to wait."""
        window = self._windows.get(source_id)
        if window is not None and self._monotonic() < window.held_until:
            raise SourceThrottledError("This source sends more than it may; send it again later.")

    def note(self, source_id: str, total: int) -> None:
        """`total`: webhooks of this source so far, a number that grows until the day ends."""
        now, window = self._monotonic(), self._windows.get(source_id)
        if window is None or total < window.first or now - window.since > WINDOW_SECONDS:
            window = self._windows[source_id] = _Window(now, total)
        allowed = self._per_second * (now - window.since + BURST_SECONDS)
        if self._per_second and total - window.first > allowed:
            self._windows[source_id] = _Window(now, total, now + HELD_SECONDS)


class RefusalTally:
    """How many refusals to write now. A few each on its own; of a flood many in one write, and then the rest."""

    def __init__(self, monotonic: Monotonic) -> None:
        self._monotonic = monotonic
        self._tokens = REFUSALS_AT_ONCE
        self._at = monotonic()
        self._waiting: dict[tuple[str, str], int] = {}

    def to_write(self, source_id: str, outcome: str) -> int:
        """0: not now. The count of a flood's last second is written with the next refusal."""
        now = self._monotonic()
        self._tokens = min(REFUSALS_AT_ONCE, self._tokens + (now - self._at) * REFUSALS_PER_SECOND)
        self._at = now
        waiting = self._waiting.pop((source_id, outcome), 0) + 1
        if self._tokens < 1:
            self._waiting[source_id, outcome] = waiting
            return 0
        self._tokens -= 1
        return waiting
