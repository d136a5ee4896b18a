"""A reconciliation: everyone's awards computed afresh from what is stored, and compared. Pure.

It walks the users, not the index of completions by course, so it proves what the evaluation runs rely on. After a
healthy day it finds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

SAMPLE_SIZE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What is stored and what the rules give do not agree: `kind` is `award_missing` or `amendment_missing`.

    Or nobody can tell, since something of the user is damaged: `unreadable`, of no certification.
    """

    user_id: str
    certification_id: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """`repair`: write what is missing, not only report it.

    `start` is where the next page starts: of users, and when `users_done` of what is parked.
    """

    reconciliation_id: str
    repair: bool
    users: int = 0
    drifted: int = 0
    repaired: int = 0
    released: int = 0
    sample: tuple[Drift, ...] = ()
    start: Mapping[str, Any] | None = None
    users_done: bool = False
    completed_at: datetime | None = None
    created_at: datetime
    created_by: str
    revision: int = 1


def after_users(
    run: Reconciliation, *, users: int, drifts: list[Drift], repaired: int, start: Mapping[str, Any] | None
) -> Reconciliation:
    """The run with a page of users compared."""
    return replace(
        run,
        users=run.users + users,
        drifted=run.drifted + len(drifts),
        repaired=run.repaired + repaired,
        sample=(*run.sample, *drifts)[:SAMPLE_SIZE],
        start=start,
        users_done=start is None,
        revision=run.revision + 1,
    )


def after_parked(
    run: Reconciliation, *, released: int, start: Mapping[str, Any] | None, now: datetime
) -> Reconciliation:
    """The run with a page of what is parked looked through; the last one ends it."""
    return replace(
        run,
        released=run.released + released,
        start=start,
        completed_at=now if start is None else None,
        revision=run.revision + 1,
    )
