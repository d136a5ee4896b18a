"""Tasks that take turns: one runs until it reaches an effect where the seed says that another goes on, or it dies.

Each task is a thread, but only the one with the baton runs, so a seed decides the order completely.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from simulation.faults import Rates

TRACE_KEPT = 20_000
STALLS = (10, 50, 200)
PATIENCE_SECONDS = 60


class CrashError(BaseException):
    """The process is gone: nobody catches this."""


@dataclass(eq=False)
class Task:
    """One invocation. `hurt`: a fault was put into it, so that a failure of it is no surprise."""

    name: str
    act: Callable[[], Any]
    ended: Callable[[Task], None]
    baton: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    thread: threading.Thread | None = None
    doomed: bool = False
    hurt: bool = False
    crashed: bool = False
    result: Any = None
    error: Exception | None = None
    stalled_until: int = 0


class Scheduler:
    """`position` counts what was committed, so that a task's reads and writes can be placed in the log."""

    def __init__(self, random: Random, rates: Rates, tick: Callable[[], None]) -> None:
        self.random = random
        self.rates = rates
        self.running: list[Task] = []
        self.current: Task | None = None
        self.trace: deque[str] = deque(maxlen=TRACE_KEPT)
        self.told: Callable[[], str] = str
        self.effects = 0
        self._tick = tick
        self._main = threading.Semaphore(0)

    def tell(self, line: str) -> None:
        self.trace.append(f"{self.told()} {line}")

    def chance(self, rate: float) -> bool:
        """Whether a fault of this rate strikes here; never outside of a task."""
        return self.current is not None and rate > 0 and self.random.random() < rate

    def hurts(self, rate: float, what: str) -> bool:
        """As `chance`, and the task remembers that it was hurt."""
        task = self.current
        if task is None or not self.chance(rate):
            return False
        task.hurt = True
        self.tell(f"{task.name}: {what}")
        return True

    def start(self, name: str, act: Callable[[], Any], ended: Callable[[Task], None]) -> Task:
        task = Task(name=name, act=act, ended=ended)
        task.thread = threading.Thread(target=self._run, args=(task,), daemon=True)
        self.running.append(task)
        task.thread.start()
        return task

    def resume(self, task: Task) -> None:
        """Let this one run to its next switch, or to its end."""
        self.current = task
        task.baton.release()
        if not self._main.acquire(timeout=PATIENCE_SECONDS):
            raise AssertionError(f"{task.name} hangs")
        self.current = None
        if task in self.running and task.thread is None:
            self.running.remove(task)
            task.ended(task)

    def kill(self, task: Task) -> None:
        task.doomed = True
        self.resume(task)

    def effect(self, name: str) -> None:
        """A point between two effects: the clock goes on, another task may, and this one may die."""
        task = self.current
        if task is None:
            return
        self.effects += 1
        self._tick()
        stalls = not task.doomed and self.chance(self.rates.stall)
        if stalls:
            task.stalled_until = self.effects + self.random.choice(STALLS)
        if stalls or (not task.doomed and self.random.random() < self.rates.switch):
            self._main.release()
            task.baton.acquire()
        if not task.doomed and self.chance(self.rates.crash):
            task.doomed = True
        if task.doomed:
            if not task.crashed:
                self.tell(f"{task.name}: dies at {name}")
            task.crashed = True
            raise CrashError(name)

    def _run(self, task: Task) -> None:
        task.baton.acquire()
        try:
            task.result = None if task.doomed else task.act()
            task.crashed = task.doomed
        except CrashError:
            task.crashed = True
        except Exception as exc:  # noqa: BLE001 whoever started the task judges
            task.error = exc
        task.thread = None
        self._main.release()
