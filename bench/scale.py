"""What grows with what: an award of somebody who holds much, a publish with its users."""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Iterator
from typing import Any

from functions.award.app import take as award

from bench import people
from bench.report import Row
from bench.rig import (
    InPartitions,
    OnTheEmulator,
    Rig,
    completion_body,
    invoke,
    sqs_event,
    table_cpu_seconds,
    table_server,
)
from bench.units import call, work_evaluations
from builders import certification

EVALUATED, EVALUATED_HERE = 100_000, 5_000
_AT_ONCE = 2_000


def measure() -> Iterator[Row]:
    """Each on an embedded cloud of its own: what one part stores is in the way of the next."""
    for part in (_awards, _publish):
        with table_server() as place:
            yield from part(OnTheEmulator(place))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Row(what="memory of one process that did all of this, at its peak", value=peak, unit="MB")
    yield from _publishes()


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
    for users in (EVALUATED // 10, EVALUATED):
        rig.fresh()
        run = _ready_to_publish(rig, users)
        gc.freeze()  # the rows would lie in the function's memory nowhere else, and be looked through for garbage
        cpu = time.process_time()
        work_evaluations(rig, [run])
        cpu = time.process_time() - cpu
        yield Row(
            what=f"publish evaluates {users:,} users, each is awarded, on the tests' table: CPU for each",
            value=cpu / users * 1000,
            unit="ms",
            note=f"the table's own included; {rig.meter.written / users:.2f} WRU, {rig.meter.read / users:.2f} RRU",
        )


def _ready_to_publish(rig: Rig, users: int) -> dict[str, str]:
    """The message that evaluates so many, who completed the courses before."""
    people.five_courses(rig)
    for at in range(0, users, _AT_ONCE):
        print(f"\r  storing {at:,} of {users:,} users ", end="", flush=True)
        ids = [f"u-{n}" for n in range(at, min(at + _AT_ONCE, users))]
        rig.load(people.users(ids))
        rig.load([item for user_id in ids for item in people.course_completions(user_id, people.FIVE)])
    print(f"\r  evaluating {users:,} users {'':30}", end="", flush=True)
    answer = call(rig, "POST", "/evaluations", {"certification_id": "cert-1", "dry_run": False})
    gc.collect()
    rig.meter.reset()
    return {"kind": "run", "evaluation_id": answer["evaluation_id"]}
