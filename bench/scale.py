"""What grows with what: the sweep, an award of somebody who holds much, a publish with its users."""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from functions.award.app import take as award
from functions.expiry.app import take as expire
from local.place import Place

from bench import people
from bench.report import Row
from bench.rig import (
    NOW,
    InPartitions,
    OnTheEmulator,
    Rig,
    Shared,
    completion_body,
    invoke,
    quiet,
    sqs_event,
    table_cpu_seconds,
    table_server,
)
from bench.units import call, work_evaluations
from builders import certification

STORED = (10_000, 100_000, 1_000_000)
DUE = (100, 1_000, 10_000)
EVALUATED, EVALUATED_HERE = 100_000, 5_000
_CHUNK = 10_000
_SMALL = 5
_JUDGED, _ROUNDS, _PROCESSES = 1_000, 3, 4


def measure() -> Iterator[Row]:
    """Each on an embedded cloud of its own: a million rows are in the way of all that follows."""
    for part in (_sweeps, _parallel_sweep, _awards, _publish):
        with table_server() as place:
            yield from part(OnTheEmulator(place))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Row(what="memory of one process that did all of this, at its peak", value=peak, unit="MB")
    yield from _publishes()


def _sweeps(rig: OnTheEmulator) -> Iterator[Row]:
    """Time and units of a sweep: flat in what is stored, linear in what is due."""
    people.five_courses(rig)
    stored = 0
    of_a_thousand: list[float] = []
    for total in _wanted(STORED):
        _store(rig, stored, total)
        stored = total
        for due in DUE if total < STORED[-1] else DUE[:-1]:  # the emulator would take half an hour
            print(f"\r  sweeping {due:,} of {total:,} ", end="", flush=True)
            sweep = _median_sweep(rig, due)
            if due == _JUDGED:
                of_a_thousand.append(sweep.cpu)
            print(f"\r{'':40}\r", end="", flush=True)
            yield Row(
                what=f"sweep of {due:,} due among {total:,} stored",
                value=sweep.seconds,
                unit="s",
                key=f"sweep_{total}_{due}",
                note=f"of it {sweep.cpu:.2f} s our CPU, {sweep.table_cpu:.2f} s the table's; "
                f"for each {sweep.written / due:.2f} WRU, {sweep.read / due:.3f} RRU",
            )
    yield Row(
        what=f"our CPU for a sweep of {_JUDGED:,} due: among {stored:,} stored, against {STORED[0]:,}",
        value=of_a_thousand[-1] / of_a_thousand[0],
        unit="x",
        target=1.1,
        note="of ours, since the emulator's query of an index looks at every row that is stored",
    )


@dataclass(frozen=True, kw_only=True)
class _Sweep:
    """Seconds that passed, of our CPU and of that of the table's process; units."""

    seconds: float
    cpu: float
    table_cpu: float
    written: float
    read: float


def _median_sweep(rig: OnTheEmulator, due: int) -> _Sweep:
    """Of several, where one is over so soon that a moment of the machine's would be its figure."""
    sweeps = [_sweep(rig, due) for _ in range(_ROUNDS if due <= _JUDGED else 1)]
    return _Sweep(
        **{f.name: statistics.median(getattr(sweep, f.name) for sweep in sweeps) for f in fields(_Sweep)}
    )


def _wanted(sizes: tuple[int, ...]) -> tuple[int, ...]:
    """BENCH_SMALL=1 leaves the largest out: a million rows take a few minutes to store."""
    return sizes[:-1] if os.environ.get("BENCH_SMALL") else sizes


def _store(rig: Rig, first: int, last: int) -> None:
    """Awards of others that end in years."""
    for at in range(first, last, _CHUNK):
        print(f"\r  storing {at:,} of {last:,} ", end="", flush=True)
        ids = (f"s-{n}" for n in range(at, min(at + _CHUNK, last)))
        rig.load(list(people.held(ids, until=NOW.date() + timedelta(days=900))))
    print(f"\r{'':40}\r", end="", flush=True)


def _sweep(rig: OnTheEmulator, due: int) -> _Sweep:
    ids = (f"d-{due}-{n}" for n in range(due))
    certification_id = f"cert-{time.time_ns()}"
    rig.load(list(people.held(ids, until=NOW.date() - timedelta(days=1), certification_id=certification_id)))
    gc.collect()
    rig.meter.reset()
    table_cpu, started, cpu = table_cpu_seconds(rig.place), time.perf_counter(), time.process_time()
    invoke(expire, {"time": NOW.isoformat()}, rig.app)
    _work_off(rig, rig.app.transition_queue.take())  # type: ignore[attr-defined]
    return _Sweep(
        seconds=time.perf_counter() - started,
        cpu=time.process_time() - cpu,
        table_cpu=table_cpu_seconds(rig.place) - table_cpu,
        written=rig.meter.written,
        read=rig.meter.read,
    )


def _work_off(rig: Rig, bodies: list[dict[str, Any]]) -> None:
    queue: Any = rig.app.transition_queue
    while bodies:
        for body in bodies:
            invoke(expire, sqs_event([body], "TransitionQueue"), rig.app)
        bodies = queue.take()


def _parallel_sweep(rig: OnTheEmulator) -> Iterator[Row]:
    """The shards of one sweep in several processes at once, as their queue hands them out."""
    people.five_courses(rig)
    due = DUE[-1]
    rig.load(list(people.held((f"p-{n}" for n in range(due)), until=NOW.date() - timedelta(days=1))))
    with multiprocessing.get_context("spawn").Pool(_PROCESSES, quiet) as pool:
        pool.starmap(_work_shard, [(rig.place, None)] * _PROCESSES)  # imports and connections first
        rig.app.expiry_sweep.run(NOW, lambda: False)  # out of time: hands every shard over to the queue
        shards = [(rig.place, body) for body in rig.app.transition_queue.take()]  # type: ignore[attr-defined]
        table, started = table_cpu_seconds(rig.place), time.perf_counter()
        ours = sum(pool.starmap(_work_shard, shards, chunksize=1))
        passed, table = time.perf_counter() - started, table_cpu_seconds(rig.place) - table
    cores = multiprocessing.cpu_count()
    yield Row(
        what=f"expiries a second, {len(shards)} shards in {_PROCESSES} processes",
        value=due / passed,
        unit="/s",
        note=f"the table's one process computes {table / passed:.0%} of the time and these {ours / passed:.0%}, "
        f"of the {cores * 100} % that {cores} cores have",
    )


def _work_shard(place: Place, body: dict[str, Any] | None) -> float:
    """Seconds of CPU that it took."""
    cpu = time.process_time()
    rig = Shared(place)
    _work_off(rig, [] if body is None else [body])
    return time.process_time() - cpu


def _awards(rig: Rig) -> Iterator[Row]:
    people.five_courses(rig)
    rig.load(people.users(["light", "heavy"]))
    rig.load(people.course_completions("heavy", (f"y-{n}" for n in range(500))))
    yield _last_course(rig, "the last of five courses", "light", people.FIVE)
    yield _last_course(rig, "… of a user who holds 500 course completions", "heavy", people.FIVE)
    fifty = [f"f-{n}" for n in range(50)]
    people.publish(rig, certification("fifty", *fifty))
    yield _last_course(rig, "the last of fifty courses", "light", fifty)
    people.publish(rig, *(certification(f"many-{n}", "shared", f"other-{n}") for n in range(200)))
    yield _last_course(rig, "a course that 200 certifications require", "light", ["shared"])


def _last_course(rig: Rig, what: str, user_id: str, courses: Any) -> Row:
    *before, last = courses
    rig.load(people.course_completions(user_id, before))
    event = sqs_event([completion_body(user_id, last)])
    rig.meter.reset()
    cpu = time.process_time()
    assert not invoke(award, event, rig.app)["batchItemFailures"], what
    spent = (time.process_time() - cpu) * 1000
    return Row(what=what, value=spent, unit="ms CPU", note=f"{sum(rig.meter.calls.values())} calls")


def _publish(rig: OnTheEmulator) -> Iterator[Row]:
    users = EVALUATED_HERE
    run = _ready_to_publish(rig, users)
    table_cpu, started, cpu = table_cpu_seconds(rig.place), time.perf_counter(), time.process_time()
    work_evaluations(rig, [run])
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    table_cpu = table_cpu_seconds(rig.place) - table_cpu
    yield Row(
        what=f"publish evaluates {users:,} users, each is awarded",
        value=seconds,
        unit="s",
        note=f"{users / seconds:,.0f} a second in one worker; {cpu:.1f} s our CPU, {table_cpu:.1f} s the table's",
    )


def _publishes() -> Iterator[Row]:
    """Of many more: the embedded cloud would look at each of their rows in each of ten thousand queries."""
    rig = InPartitions()
    for_each: list[float] = []
    for users in (EVALUATED // 10, EVALUATED):
        rig.fresh()
        run = _ready_to_publish(rig, users)
        gc.freeze()  # the rows would lie in the function's memory nowhere else, and be looked through for garbage
        cpu = time.process_time()
        work_evaluations(rig, [run])
        cpu = time.process_time() - cpu
        for_each.append(cpu / users)
        yield Row(
            what=f"publish evaluates {users:,} users, each is awarded, on the tests' table: CPU for each",
            value=cpu / users * 1000,
            unit="ms",
            note=f"the table's own included; {rig.meter.written / users:.2f} WRU, {rig.meter.read / users:.2f} RRU",
        )
    yield Row(
        what=f"CPU for each user, of {EVALUATED:,} against {EVALUATED // 10:,}",
        value=for_each[-1] / for_each[0],
        unit="x",
        target=1.1,
    )


def _ready_to_publish(rig: Rig, users: int) -> dict[str, str]:
    """The message that evaluates so many, who completed the courses before."""
    people.five_courses(rig)
    for at in range(0, users, _CHUNK // _SMALL):
        print(f"\r  storing {at:,} of {users:,} users ", end="", flush=True)
        ids = [f"u-{n}" for n in range(at, min(at + _CHUNK // _SMALL, users))]
        rig.load(people.users(ids))
        rig.load([item for user_id in ids for item in people.course_completions(user_id, people.FIVE)])
    print(f"\r  evaluating {users:,} users {'':30}", end="", flush=True)
    answer = call(rig, "POST", "/evaluations", {"certification_id": "cert-1", "dry_run": False})
    gc.collect()
    rig.meter.reset()
    return {"kind": "run", "evaluation_id": answer["evaluation_id"]}
