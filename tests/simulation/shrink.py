"""Leave operations out as long as the run still breaks the same invariant."""

from __future__ import annotations

import time
from collections.abc import Sequence

from simulation.run import Outcome, run
from simulation.workload import Operation

Indexes = tuple[int, ...]


def shrink(outcome: Outcome, operations: Sequence[Operation], *, seconds: float) -> tuple[Indexes, Outcome]:
    """The indexes of the operations that are needed, as far as the time goes, and the run of only these."""
    until = time.monotonic() + seconds
    kept = tuple(range(len(operations)))
    size = max(1, len(kept) // 2)
    while size >= 1:
        kept, outcome, shorter = _without_chunks(kept, outcome, operations, size, until)
        if time.monotonic() > until:
            break
        if not shorter:
            size //= 2
    return kept, outcome


def _without_chunks(
    kept: Indexes, outcome: Outcome, operations: Sequence[Operation], size: int, until: float
) -> tuple[Indexes, Outcome, bool]:
    shorter = False
    first = 0
    while first < len(kept) and time.monotonic() < until:
        tried = kept[:first] + kept[first + size :]
        found = run(outcome.seed, [operations[index] for index in tried])
        if found.kind == outcome.kind:
            kept, outcome, shorter = tried, found, True
        else:
            first += size
    return kept, outcome, shorter
