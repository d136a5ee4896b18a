"""`python -m simulation`: many seeds, seeds without end, or one seed once more. Fails with the first that fails."""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import count, islice
from multiprocessing import Pool
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulation.run import Outcome

HASH_SEED = "0"
TOLD_EVERY = 500
SHRINKING_SECONDS = 40
TRACE_SHOWN = 60
TRACE_WIDTH = 200
ALWAYS_TOLD = (" # ", ": dies at ", " lost", "repeated by", "conflict", "throttled")
AT_ONCE = 40


def main() -> None:
    if os.environ.get("PYTHONHASHSEED") != HASH_SEED:  # sets would iterate in another order each time
        os.environ["PYTHONHASHSEED"] = HASH_SEED
        os.execv(sys.executable, [sys.executable, "-m", "simulation", *sys.argv[1:]])
    options = _options()
    with _mutated(options.mutation):
        sys.exit(_replay(options) if options.seed is not None else _search(options))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=300, help="how many")
    parser.add_argument("--first", type=int, default=1, help="the first of them")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--soak", action="store_true", help="go on until one fails")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--keep", help="of its operations only those with these numbers: 3,7,9")
    parser.add_argument("--trace", action="store_true", help="tell everything that happens")
    parser.add_argument("--quick", action="store_true", help="do not shorten a failure")
    parser.add_argument("--mutation", help="take a safeguard away (mutations.py)")
    return parser.parse_args()


def _mutated(name: str | None) -> AbstractContextManager[None]:
    from simulation.mutations import mutated

    return mutated(name) if name else nullcontext()


def _replay(options: argparse.Namespace) -> int:
    from simulation.run import operations_of, run

    operations = operations_of(options.seed)
    kept = _numbers(options.keep) if options.keep is not None else range(len(operations))
    outcome = run(options.seed, [operations[number] for number in kept])
    if options.trace:
        _say(*outcome.trace)
    if not outcome.problems:
        _say(f"seed {outcome.seed}: all invariants hold, {outcome.effects} effects")
        return 0
    _say(f"seed {outcome.seed}:", *(f"  {problem}" for problem in outcome.problems))
    return 1


def _search(options: argparse.Namespace) -> int:
    started = time.monotonic()
    seeds = count(options.first) if options.soak else range(options.first, options.first + options.seeds)
    passed = effects = 0
    for outcome in _outcomes(seeds, options.workers):
        if outcome.problems:
            _tell_failure(outcome, options.mutation, shorten=not options.quick)
            return 1
        passed, effects = passed + 1, effects + outcome.effects
        seconds = time.monotonic() - started
        if passed % TOLD_EVERY == 0 or seconds > options.seconds:
            _say(_told(passed, effects, seconds))
        if seconds > options.seconds:
            return 0
    _say(_told(passed, effects, time.monotonic() - started))
    return 0


def _told(passed: int, effects: int, seconds: float) -> str:
    return f"{passed} seeds passed, {effects} effects, {seconds:.1f} s"


def _outcomes(seeds: Iterable[int], workers: int) -> Iterator[Outcome]:
    """In the order of the seeds, so that the first failure is always the same one."""
    from simulation.run import run

    if workers == 1:
        yield from map(run, seeds)
        return
    with Pool(workers) as pool:
        for part in _parts(seeds):
            yield from pool.imap(_short, part)


def _parts(seeds: Iterable[int]) -> Iterator[list[int]]:
    """A pool reads ahead without bound; without end there must be a bound."""
    left = iter(seeds)
    while part := list(islice(left, AT_ONCE)):
        yield part


def _short(seed: int) -> Outcome:
    """Without the trace of what went well: it would only be copied from process to process."""
    from simulation.run import run

    outcome = run(seed)
    outcome.trace = list(outcome.trace) if outcome.problems else ()
    return outcome


def _tell_failure(outcome: Outcome, mutation: str | None, *, shorten: bool) -> None:
    from simulation.run import operations_of
    from simulation.shrink import shrink

    operations = operations_of(outcome.seed)
    _say(f"seed {outcome.seed} fails:", *(f"  {problem}" for problem in outcome.problems))
    if not shorten:
        return
    kept, shorter = shrink(outcome, operations, seconds=SHRINKING_SECONDS)
    again = f"make simulate SEED={outcome.seed} ARGS='--keep {','.join(map(str, kept))}"
    _say(f"{len(kept)} of its {len(operations)} operations are needed:")
    _say(*(f"  {operations[number]}" for number in kept), *(f"  {problem}" for problem in shorter.problems))
    _say("what happened there:", *(f"  {line}" for line in _about(shorter)))
    _say("once more:", f"  {again}{f' --mutation {mutation}' if mutation else ''}'")


def _about(outcome: Outcome) -> list[str]:
    """The operations, the faults, and what concerns the holders that the problems name; the last of it."""
    named = set(re.findall(r"\b[uo]-\d\b", " ".join(outcome.problems)))
    everything = outcome.kind == "crm"
    told = [
        line[:TRACE_WIDTH]
        for line in outcome.trace
        if any(mark in line for mark in ALWAYS_TOLD)
        or (any(holder in line for holder in named) and (everything or "SYNC#" not in line))
    ]
    return told[-TRACE_SHOWN:]


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",") if number]


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
