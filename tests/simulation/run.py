"""One run: a seed decides the workload, the faults and the order of everything; the invariants are checked last."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from random import Random
from unittest.mock import patch

from certification.observability import logger, metrics
from simulation import faults, invariants, setting, workload
from simulation.invariants import final
from simulation.play import Play
from simulation.workload import Operation
from simulation.world import StuckError, World

RESTED = 0.7


@dataclass(slots=True)
class Outcome:
    """`problems`: what is wrong in the end, nothing where all holds."""

    seed: int
    operations: Sequence[Operation]
    problems: list[str] = field(default_factory=list)
    trace: Sequence[str] = ()
    effects: int = 0

    @property
    def kind(self) -> str:
        """Which invariant broke: a shortened run has to break the same."""
        return self.problems[0].partition(":")[0] if self.problems else ""


def is_plain(seed: int) -> bool:
    """Every third seed: one completion of each course, where the outcome follows from the set alone."""
    return seed % 3 == 0


def operations_of(seed: int) -> list[Operation]:
    random = Random(f"workload {seed}")
    return workload.arrivals(random) if is_plain(seed) else workload.life(random)


def run(seed: int, operations: Sequence[Operation] | None = None) -> Outcome:
    chosen = operations_of(seed) if operations is None else list(operations)
    random = Random(f"run {seed}")
    plain = is_plain(seed)
    with _quiet(), _seeded(random):
        world = World(random, faults.Rates(switch=0.3))
        outcome = Outcome(seed, chosen, trace=world.scheduler.trace)
        try:
            outcome.problems = _run(world, chosen, plain=plain)
        except StuckError as exc:
            outcome.problems = [f"stuck: {exc}"]
        outcome.effects = world.scheduler.effects
        _end(world)
    return outcome


def _run(world: World, operations: Sequence[Operation], *, plain: bool) -> list[str]:
    definitions = setting.plain_certifications() if plain else setting.lively_certifications()
    ids = setting.furnish(world, definitions, world.random)
    setting.connect(world, ids, create_missing=world.random.random() < 0.8)
    if world.random.random() < RESTED:
        rest(world)
    play = Play(world, ids)
    world.scheduler.rates = faults.drawn(world.random)
    for operation in operations:
        play.perform(operation)
    settle(world, play)
    problems = invariants.check(world, play, plain=plain)
    left = final.leftovers(world)
    return [*problems, *final.reconciled(world, reconcile(world), left=left)]


def rest(world: World) -> None:
    """Everything that furnishing led to is over, second looks too: nothing mends by chance what goes wrong next."""
    world.drain()
    world.clock.advance(1000)
    world.drain()


def settle(world: World, play: Play) -> None:
    """Faults end, dead letters are sent back, everything is worked off, and the next morning is swept.

    No reconciliation yet: it would mend what is to be seen.
    """
    world.finish()
    world.calm()
    for _ in range(2):
        world.clock.advance(1000)
        for queue in world.queues:
            queue.redrive()
        world.ring()
        world.drain()
    play.morning(1)
    world.sweep()
    world.ring()
    world.drain()
    world.clock.advance(1000)
    setting.answered(world, "POST", "/crm/hubspot/sync", {"failed": True})
    world.ring()
    world.drain()


def reconcile(world: World) -> str:
    started = setting.answered(world, "POST", "/reconciliations", {"repair": False})
    world.drain()
    return str(started["reconciliation_id"])


def _end(world: World) -> None:
    for task in list(world.scheduler.running):
        world.scheduler.kill(task)


@contextmanager
def _seeded(random: Random) -> Iterator[None]:
    """Tokens, keys and ids come from the seed as well."""

    def key(size: int | None = None) -> bytes:
        return random.randbytes(size or 32)

    def token(size: int | None = None) -> str:
        return f"{random.getrandbits(8 * (size or 32)):0{2 * (size or 32)}x}"

    def unique() -> uuid.UUID:
        return uuid.UUID(int=random.getrandbits(128), version=4)

    def no_sleep(_: float) -> None:
        return None

    replaced: list[tuple[object, str, Callable[..., object]]] = [
        (secrets, "token_bytes", key),
        (secrets, "token_hex", token),
        (uuid, "uuid4", unique),
        (time, "sleep", no_sleep),
    ]
    with ExitStack() as stack:
        for owner, name, fake in replaced:
            stack.enter_context(patch.object(owner, name, fake))
        yield


@contextmanager
def _quiet() -> Iterator[None]:
    """No logs and no metrics: thousands of lines that nobody reads."""
    import logging

    package = logging.getLogger("certification")
    levels = logger.log_level, package.level
    logger.setLevel("CRITICAL")
    package.setLevel("CRITICAL")
    with patch.object(metrics, "count_each", lambda _: None), patch.object(metrics, "count", lambda *_: None):
        yield
    logger.setLevel(levels[0])
    package.setLevel(levels[1])
