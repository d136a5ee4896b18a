"""What grows with what: the sweep, an award of somebody who holds much, a publish with its users."""

from __future__ import annotations

import gc
import os
import resource
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from functions.award.app import take as award
from functions.expiry.app import take as expire

from bench import people
from bench.report import Row
from bench.rig import NOW, OnTheEmulator, Rig, completion_body, invoke, sqs_event
from bench.units import call, work_evaluations
from builders import certification

STORED = (10_000, 100_000, 1_000_000)
DUE = (100, 1_000, 10_000)
EVALUATED = 100_000
_CHUNK = 10_000
_SMALL = 5


def measure(rig: OnTheEmulator) -> Iterator[Row]:
    yield from _sweeps(rig)
    yield from _awards(rig)
    yield from _publish(rig)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Row(what="memory of this process at its peak, workers included", value=peak, unit="MB")


def _sweeps(rig: OnTheEmulator) -> Iterator[Row]:
    """Time and units of a sweep: flat in what is stored, linear in what is due."""
    rig.fresh()
    people.five_courses(rig)
    stored, base = 0, 0.0
    for total in _wanted(STORED):
        _store(rig, stored, total)
        stored = total
        for due in DUE:
            seconds, units = _sweep(rig, due)
            base = base or seconds
            yield Row(
                what=f"sweep of {due:,} due among {total:,} stored",
                value=seconds,
                unit="s",
                key=f"sweep_{total}_{due}",
                note=f"{due / seconds:,.0f} a second; {units[0] / due:.2f} WRU, {units[1] / due:.3f} RRU each",
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


def _sweep(rig: Rig, due: int) -> tuple[float, tuple[float, float]]:
    ids = (f"d-{due}-{n}" for n in range(due))
    rig.load(
        list(
            people.held(ids, until=NOW.date() - timedelta(days=1), certification_id=f"cert-{time.time_ns()}")
        )
    )
    queue: Any = rig.app.transition_queue
    gc.collect()
    rig.meter.reset()
    started = time.perf_counter()
    invoke(expire, {"time": NOW.isoformat()}, rig.app)
    while bodies := queue.take():
        for body in bodies:
            invoke(expire, sqs_event([body], "TransitionQueue"), rig.app)
    return time.perf_counter() - started, (rig.meter.written, rig.meter.read)


def _awards(rig: Rig) -> Iterator[Row]:
    rig.fresh()
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


def _publish(rig: Rig) -> Iterator[Row]:
    """Evaluate everyone who completed the courses before."""
    users = EVALUATED // 10 if os.environ.get("BENCH_SMALL") else EVALUATED
    rig.fresh()
    people.five_courses(rig)
    for at in range(0, users, _CHUNK // _SMALL):
        print(f"\r  storing {at:,} of {users:,} users ", end="", flush=True)
        ids = [f"u-{n}" for n in range(at, min(at + _CHUNK // _SMALL, users))]
        rig.load(people.users(ids))
        rig.load([item for user_id in ids for item in people.course_completions(user_id, people.FIVE)])
    print(f"\r{'':50}\r", end="", flush=True)
    answer = call(rig, "POST", "/evaluations", {"certification_id": "cert-1", "dry_run": False})
    gc.collect()
    started = time.perf_counter()
    work_evaluations(rig, [{"kind": "run", "evaluation_id": answer["evaluation_id"]}])
    seconds = time.perf_counter() - started
    done = call(rig, "GET", f"/evaluations/{answer['evaluation_id']}")
    yield Row(
        what=f"publish evaluates {users:,} users, each is awarded",
        value=seconds,
        unit="s",
        note=f"{done['counts']['awarded']:,} awarded, {users / seconds:,.0f} a second in one worker",
    )
