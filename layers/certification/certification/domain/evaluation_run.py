"""An evaluation run: everyone who completed one of a certification's courses, page by page (R13, R18, R22, R23). Pure.

A run that has `max_awards` counts first, and awards only where the count does not exceed it. A page's counts and the
place where the next page starts are written together, under the condition that nobody else wrote this page: a
message that comes twice, or a worker that dies, counts nobody twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from certification.domain.ports import UserPage

SAMPLE_SIZE = 20


class RunState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    REFUSED = "refused"
    FAILED = "failed"


class Phase(StrEnum):
    COUNT = "count"
    AWARD = "award"


class Outcome(StrEnum):
    """What the run finds for one user."""

    WOULD_AWARD = "would_award"
    WOULD_AWARD_EXPIRED = "would_award_expired"
    AWARDED = "awarded"
    AWARDED_EXPIRED = "awarded_expired"
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    user_id: str
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """`already_expired`: of those awarded, or that would be, who would hold nothing valid (R7)."""

    evaluated: int = 0
    would_award: int = 0
    awarded: int = 0
    already_expired: int = 0
    unchanged: int = 0
    failed: int = 0

    def plus(self, finding: Finding) -> Counts:
        would = finding.outcome in {Outcome.WOULD_AWARD, Outcome.WOULD_AWARD_EXPIRED}
        awarded = finding.outcome in {Outcome.AWARDED, Outcome.AWARDED_EXPIRED}
        expired = finding.outcome in {Outcome.WOULD_AWARD_EXPIRED, Outcome.AWARDED_EXPIRED}
        return Counts(
            evaluated=self.evaluated + 1,
            would_award=self.would_award + (would or awarded),
            awarded=self.awarded + awarded,
            already_expired=self.already_expired + expired,
            unchanged=self.unchanged + (finding.outcome is Outcome.UNCHANGED),
            failed=self.failed + (finding.outcome is Outcome.FAILED),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the next page starts: with the user that follows `after`; nowhere, at the `end`."""

    after: str = ""
    end: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRun:
    """`trial` holds what a dry run tries instead of the definition's own parts, in the API's shapes (R23).

    `look` is 2 for the second look that follows a publish, when the index of completions has caught up.
    """

    evaluation_id: str
    certification_id: str
    dry_run: bool
    max_awards: int | None = None
    trial: Mapping[str, Any] | None = None
    state: RunState = RunState.QUEUED
    phase: Phase = Phase.AWARD
    counts: Counts = Counts()
    sample: tuple[Finding, ...] = ()
    place: Place = Place()
    look: int = 1
    reason: str = ""
    created_at: datetime
    created_by: str
    finished_at: datetime | None = None
    correlation_id: str = ""
    revision: int = 1

    @property
    def finished(self) -> bool:
        return self.state in {RunState.COMPLETED, RunState.REFUSED, RunState.FAILED}

    @property
    def writes(self) -> bool:
        """Whether the present phase awards, or only counts."""
        return not self.dry_run and self.phase is Phase.AWARD

    @property
    def request(self) -> dict[str, str]:
        """The message that asks for work on this run, at its start or from where it stands."""
        asked = {"kind": "run", "evaluation_id": self.evaluation_id}
        return asked | ({"correlation_id": self.correlation_id} if self.correlation_id else {})


def new_run(
    evaluation_id: str,
    certification_id: str,
    *,
    dry_run: bool,
    now: datetime,
    actor: str,
    max_awards: int | None = None,
    trial: Mapping[str, Any] | None = None,
    reason: str = "",
    look: int = 1,
    correlation_id: str = "",
) -> EvaluationRun:
    counts_first = dry_run or max_awards is not None
    return EvaluationRun(
        evaluation_id=evaluation_id,
        certification_id=certification_id,
        dry_run=dry_run,
        max_awards=max_awards,
        trial=trial,
        phase=Phase.COUNT if counts_first else Phase.AWARD,
        look=look,
        reason=reason,
        created_at=now,
        created_by=actor,
        correlation_id=correlation_id,
    )


def next_page(lists: Iterable[UserPage], size: int) -> tuple[tuple[str, ...], Place]:
    """The first users of several ordered lists, each once, and where the page after this one starts.

    Beyond the last user of a list that goes on, it may hold somebody who comes before the next of another.
    """
    lists = tuple(lists)
    reached = min((page.users[-1] for page in lists if page.more), default=None)
    known = sorted({user for page in lists for user in page.users if reached is None or user <= reached})
    end = reached is None and len(known) <= size
    users = tuple(known[:size])
    return users, Place(end=True) if end else Place(after=users[-1])


def after_page(run: EvaluationRun, findings: list[Finding], place: Place) -> EvaluationRun:
    """The run with this page counted, to go on at `place`."""
    counts = run.counts
    for finding in findings:
        counts = counts.plus(finding)
    return replace(
        run,
        state=RunState.RUNNING,
        counts=counts,
        sample=_sample(run.sample, findings),
        place=place,
        revision=run.revision + 1,
    )


def after_phase(run: EvaluationRun, now: datetime) -> EvaluationRun:
    """The run with its present phase done: completed, refused, or about to award what it counted (R23)."""
    if run.dry_run or run.phase is Phase.AWARD:
        return _finished(run, RunState.COMPLETED, now)
    if run.max_awards is not None and run.counts.would_award > run.max_awards:
        return _finished(run, RunState.REFUSED, now)
    return replace(
        run, phase=Phase.AWARD, counts=Counts(), sample=(), place=Place(), revision=run.revision + 1
    )


def failed(run: EvaluationRun, reason: str, now: datetime) -> EvaluationRun:
    return replace(_finished(run, RunState.FAILED, now), reason=reason)


def _finished(run: EvaluationRun, state: RunState, now: datetime) -> EvaluationRun:
    return replace(run, state=state, finished_at=now, revision=run.revision + 1)


def _sample(sample: tuple[Finding, ...], findings: list[Finding]) -> tuple[Finding, ...]:
    """Awards tell more than what stays unchanged: they push the others out."""
    ranked = sorted([*sample, *findings], key=lambda f: f.outcome is Outcome.UNCHANGED)
    return tuple(ranked[:SAMPLE_SIZE])
