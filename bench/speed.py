"""CPU for each event inside the worker, and events a second: our process here, the table in another one."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from multiprocessing.pool import Pool
from typing import Any

from functions.award.app import take as award
from local.place import Place

from bench import people
from bench.report import Row
from bench.rig import (
    NOW,
    OnTheEmulator,
    Rig,
    Shared,
    completion_body,
    invoke,
    quiet,
    sqs_event,
    table_cpu_seconds,
)
from bench.sweep import work_off

EVENTS, EXPIRIES = 3000, 10_000
PROCESSES = 4


def measure(rig: OnTheEmulator) -> Iterator[Row]:
    for size in (1, 10, 100):
        yield from _batches_of(rig, size)
    yield _several_processes(rig.place)
    yield _parallel_sweep(rig)


def _batches_of(rig: OnTheEmulator, size: int) -> Iterator[Row]:
    events = min(EVENTS, size * 100)
    prepare(rig, events)
    batches = five_courses_each(events, size)
    invoke(award, batches[0], rig.app)  # the first call makes connections and imports what it needs
    started, cpu, table = time.perf_counter(), time.process_time(), table_cpu_seconds(rig.place)
    for batch in batches[1:]:
        invoke(award, batch, rig.app)
    cpu, passed = time.process_time() - cpu, time.perf_counter() - started
    table = table_cpu_seconds(rig.place) - table
    done = sum(len(batch["Records"]) for batch in batches[1:])
    calls = sum(rig.meter.calls.values()) / events
    is_largest = size == 100
    yield Row(
        what=f"CPU for each course completion, batches of {size}",
        value=cpu / done * 1000,
        unit="ms",
        target=2.5 if is_largest else None,
        note=f"{calls:.2f} calls to the table for each",
        key=f"award_cpu_ms_{size}",
    )
    yield Row(
        what=f"course completions a second, one process, batches of {size}",
        value=done / passed,
        unit="/s",
        target=400 if is_largest else None,
        at_least=True,
        note=f"the table's process: {table / done * 1000:.2f} ms of CPU for each, {table / passed:.0%} of the time",
    )


def prepare(rig: Rig, events: int) -> None:
    """Five events for each user: a certification of five courses, so that every fifth event awards."""
    rig.fresh()
    people.five_courses(rig)
    rig.load(people.users(f"u-{n}" for n in range(events // 5 + 1)))
    rig.meter.reset()


def five_courses_each(events: int, size: int, first_user: int = 0) -> list[dict[str, Any]]:
    """Batches of which no user is in twice in a row: as they come from an LMS, not sorted for us."""
    users = range(first_user, first_user + events // 5)
    bodies = [completion_body(f"u-{n}", course) for course in people.FIVE for n in users]
    return [sqs_event(bodies[at : at + size]) for at in range(0, len(bodies), size)]


def _several_processes(place: Place) -> Row:
    """The same in four processes at once, each with users of its own."""
    rig = OnTheEmulator(place)
    prepare(rig, EVENTS * PROCESSES)
    with multiprocessing.get_context("spawn").Pool(PROCESSES, quiet) as pool:
        _in_each(pool, place, events=50)  # imports and connections first
        started, table = time.perf_counter(), table_cpu_seconds(place)
        done = _in_each(pool, place, events=EVENTS)
        passed, table = time.perf_counter() - started, table_cpu_seconds(place) - table
    return Row(
        what=f"course completions a second, {PROCESSES} processes, batches of 100",
        value=sum(done) / passed,
        unit="/s",
        note=f"the table's one process computes {table / passed:.0%} of the time, "
        f"on {multiprocessing.cpu_count()} cores that all share",
    )


def _in_each(pool: Pool, place: Place, *, events: int) -> Sequence[int]:
    return pool.starmap(_work, [(place, number * EVENTS // 5, events) for number in range(PROCESSES)])


def _work(place: Place, first_user: int, events: int) -> int:
    app = Shared(place).app
    for batch in five_courses_each(events, 100, first_user):
        invoke(award, batch, app)
    return events


def _parallel_sweep(rig: OnTheEmulator) -> Row:
    """The shards of one sweep in several processes at once, as their queue hands them out."""
    rig.fresh()
    people.five_courses(rig)
    due = EXPIRIES
    rig.load(list(people.held((f"p-{n}" for n in range(due)), until=NOW.date() - timedelta(days=1))))
    with multiprocessing.get_context("spawn").Pool(PROCESSES, quiet) as pool:
        pool.starmap(_work_shard, [(rig.place, None)] * PROCESSES)  # imports and connections first
        rig.app.expiry_sweep.run(NOW, lambda: False)  # out of time: hands every shard over to the queue
        shards = [(rig.place, body) for body in rig.app.transition_queue.take()]  # type: ignore[attr-defined]
        table, started = table_cpu_seconds(rig.place), time.perf_counter()
        ours = sum(pool.starmap(_work_shard, shards, chunksize=1))
        passed, table = time.perf_counter() - started, table_cpu_seconds(rig.place) - table
    cores = multiprocessing.cpu_count()
    return Row(
        what=f"expiries a second, {len(shards)} shards in {PROCESSES} processes",
        value=due / passed,
        unit="/s",
        note=f"the table's one process computes {table / passed:.0%} of the time and these {ours / passed:.0%}, "
        f"of the {cores * 100} % that {cores} cores have",
    )


def _work_shard(place: Place, body: dict[str, Any] | None) -> float:
    """Seconds of CPU that it took."""
    cpu = time.process_time()
    rig = Shared(place)
    work_off(rig, [] if body is None else [body])
    return time.process_time() - cpu
