"""Marking many holders dirty, page after page: who asked, how far it is. Pure.

A page may be marked twice when a worker dies between marking and writing its progress: marking twice is harmless.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any


class Scope(StrEnum):
    """Whose rows: everyone's, those of one certification's holders, or those that are not in sync for a reason."""

    ALL = "all"
    CERTIFICATION = "certification"
    FAILED = "failed"


class Stage(StrEnum):
    """Where the page comes from."""

    USERS = "users"
    ORGANIZATIONS = "organizations"
    HOLDERS = "holders"
    FAILED = "failed"
    UNLINKED = "unlinked"
    DISCONNECTED = "disconnected"


STAGES: Mapping[Scope, tuple[Stage, ...]] = {
    # Users first: what an organization counts is brought up to date with them.
    Scope.ALL: (Stage.USERS, Stage.ORGANIZATIONS),
    Scope.CERTIFICATION: (Stage.HOLDERS,),
    Scope.FAILED: (Stage.FAILED, Stage.UNLINKED, Stage.DISCONNECTED),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """`asked`: a person wants also those tried again for whom nothing changed. `stage` counts from 0."""

    backfill_id: str
    crm: str
    scope: Scope
    cause: str
    certification_id: str = ""
    asked: bool = False
    stage: int = 0
    start: Mapping[str, Any] | None = None
    marked: int = 0
    created_at: datetime
    created_by: str
    finished_at: datetime | None = None
    revision: int = 1

    @property
    def finished(self) -> bool:
        return self.finished_at is not None

    @property
    def current_stage(self) -> Stage:
        return STAGES[self.scope][self.stage]


def after_page(
    backfill: Backfill, marked: int, following: Mapping[str, Any] | None, now: datetime
) -> Backfill:
    """The backfill with this page done: on with the stage, with the next one, or finished."""
    done = replace(backfill, marked=backfill.marked + marked, start=following, revision=backfill.revision + 1)
    if following is not None:
        return done
    if backfill.stage + 1 < len(STAGES[backfill.scope]):
        return replace(done, stage=backfill.stage + 1)
    return replace(done, finished_at=now)
