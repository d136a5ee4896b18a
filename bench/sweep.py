"""The time and the units of a sweep: flat in what is stored, linear in what is due."""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from functions.expiry.app import take as expire

from bench import people
from bench.report import Row
from bench.rig import NOW, OnTheEmulator, Rig, invoke, sqs_event, table_cpu_seconds

STORED = (10_000, 100_000, 1_000_000)
DUE = (100, 1_000, 10_000)
_CHUNK = 10_000
_JUDGED, _ROUNDS = 1_000, 3


def measure(rig: OnTheEmulator) -> Iterator[Row]:
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
                what=f"our CPU for a sweep of {due:,} due among {total:,} stored",
                value=sweep.cpu,
                unit="s",
                key=f"sweep_{total}_{due}",
                note=f"{sweep.seconds:.2f} s passed, of which the table computed {sweep.table_cpu:.2f} s; "
                f"for each {sweep.written / due:.2f} WRU, {sweep.read / due:.3f} RRU",
            )
    yield Row(
        what=f"that of {_JUDGED:,} due: among {stored:,} stored, against {STORED[0]:,}",
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
    work_off(rig, rig.app.transition_queue.take())  # type: ignore[attr-defined]
    return _Sweep(
        seconds=time.perf_counter() - started,
        cpu=time.process_time() - cpu,
        table_cpu=table_cpu_seconds(rig.place) - table_cpu,
        written=rig.meter.written,
        read=rig.meter.read,
    )


def work_off(rig: Rig, bodies: list[dict[str, Any]]) -> None:
    queue: Any = rig.app.transition_queue
    while bodies:
        for body in bodies:
            invoke(expire, sqs_event([body], "TransitionQueue"), rig.app)
        bodies = queue.take()
