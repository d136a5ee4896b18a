"""Work that mostly waits for the table, of which nothing needs to wait for the rest (ADR 9)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor, wait
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def side_by_side(threads: Executor, act: Callable[[T], R], each: Iterable[T]) -> list[R]:
    """What comes of it for each, in their order; a failure is told when nothing is under way any more."""
    under_way = [threads.submit(act, one) for one in each]
    wait(under_way)
    return [done.result() for done in under_way]
