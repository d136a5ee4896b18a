"""What can go wrong, and how often. Each run draws its own mixture: some faults often, some not at all."""

from __future__ import annotations

from dataclasses import dataclass, fields
from random import Random

MOST = {
    "crash": 0.02,
    "throttle": 0.01,
    "lost": 0.015,
    "repeated": 0.015,
    "conflict": 0.05,
    "refused": 0.02,
    "duplicate": 0.25,
    "late": 0.15,
    "replay": 0.15,
    "short_time": 0.3,
    "stale": 0.5,
}
STALLS = (0.0, 0.02, 0.1)
SWITCHES = (0.03, 0.15, 0.4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Probabilities: of an effect `crash` … `refused`, of a message or batch `duplicate` … `short_time`.

    `crash`: the process dies at this point. `throttle`: the table refuses. `lost`: the answer to a request is lost, the
    write may have happened. `repeated`: the SDK repeats a write that had succeeded. `conflict`: a transaction meets
    another. `refused`: a queue or the bus refuses. `stale`: an eventual read lags. `stall`: a task stands still for
    long. `switch`: another task goes on.
    """

    crash: float = 0
    throttle: float = 0
    lost: float = 0
    repeated: float = 0
    conflict: float = 0
    refused: float = 0
    duplicate: float = 0
    late: float = 0
    replay: float = 0
    short_time: float = 0
    stale: float = 0
    stall: float = 0
    switch: float = 0


def drawn(random: Random) -> Rates:
    """A mixture; about a third of the faults are left out."""
    chosen = {name: 0.0 if random.random() < 1 / 3 else most * random.random() for name, most in MOST.items()}
    chosen["stall"] = random.choice(STALLS)
    return Rates(**chosen, switch=random.choice(SWITCHES))


def none(rates: Rates) -> Rates:
    """No faults any more, only the tasks' interleaving."""
    return Rates(**{f.name: 0.0 for f in fields(Rates) if f.name != "switch"}, switch=rates.switch)
