"""How often work has continued itself: each message that follows from another one says that it is one hop further.

Lambda's own detection of loops is switched off where work continues through its queue (template.yaml); this is what
takes its place. The function tells how far the message at hand has come, and whatever is sent meanwhile is one further.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from certification.domain.ports import Queue

MOST_HOPS = 5_000
"""A publish to a million users takes some hundreds."""


class HopLimitError(Exception):
    """The work has continued itself far longer than any such work should."""


class Hops:
    """How far the message at hand has come; 0 outside of one."""

    def __init__(self) -> None:
        self.current = 0

    @contextmanager
    def following(self, message: object) -> Iterator[None]:
        """What is sent inside follows from this message; `HopLimitError` where it has come too far."""
        found = message.get("hop") if isinstance(message, Mapping) else None
        come = found if isinstance(found, int) else 0
        if come >= MOST_HOPS:
            raise HopLimitError(f"stopped after {come} hops")
        self.current = come + 1
        try:
            yield
        finally:
            self.current = 0


class HopCountingQueue:
    """Implements the port `Queue`."""

    def __init__(self, queue: Queue, hops: Hops) -> None:
        self._queue = queue
        self._hops = hops

    def send(self, bodies: Sequence[Mapping[str, Any]], *, delay_seconds: int = 0) -> None:
        hop = self._hops.current
        further = [{**body, "hop": hop} for body in bodies] if hop else bodies
        self._queue.send(further, delay_seconds=delay_seconds)
