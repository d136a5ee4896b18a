"""How long a CRM is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds: to connect, for each silence in an answer, for one use of the port with all its calls.

    `least`: no call is begun with less than that left. `idle`: a connection that rested longer is not used again.
    """

    connect: float = 3.0
    read: float = 8.0
    whole: float = 15.0
    least: float = 2.0
    idle: float = 50.0


class Deadline:
    """When one use of the port has to be over."""

    def __init__(self, patience: Patience, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._end = monotonic() + patience.whole
        self._least = patience.least

    @property
    def seconds(self) -> float:
        return max(0.0, self._end - self._monotonic())

    @property
    def allows_a_call(self) -> bool:
        return self.seconds >= self._least


def within(seconds: float, work: Callable[[], T]) -> T:
    """What `work` gives or raises; after so many seconds `TimeoutError`, while it goes on by itself.

    The time limits of a socket hold for each silence only, and not at all for the resolution of a name.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as exc:  # noqa: BLE001 - raised where it is waited for
            future.set_exception(exc)

    Thread(target=run, daemon=True).start()
    return future.result(seconds)
