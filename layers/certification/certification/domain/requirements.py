"""Which course completions count, and which requirements they satisfy: R12–R15. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from certification.domain.model import CourseCompletion, Evidence, Requirement, Requirements

Counts = Callable[[CourseCompletion], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Satisfaction:
    """For each requirement, in the definition's order, the course completion that satisfies it, or None."""

    requirements: Requirements
    by: tuple[CourseCompletion | None, ...]

    @property
    def counted(self) -> tuple[CourseCompletion, ...]:
        """The completions the rule became true with: of any N, those that came first (R4, R15)."""
        in_order = sorted(filter(None, self.by), key=_order)
        return tuple(in_order[: self.requirements.needed])

    @property
    def complete(self) -> bool:
        needed = self.requirements.needed
        return 0 < needed <= sum(completion is not None for completion in self.by)

    @property
    def completion_date(self) -> date:
        """The civil date of the latest counted course completion (R4). Only where `complete`."""
        return max(completion.completed_on for completion in self.counted)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        return tuple(dict.fromkeys(as_evidence(completion) for completion in self.counted))


def satisfy(
    requirements: Requirements, completions: Sequence[CourseCompletion], counts: Counts
) -> Satisfaction:
    """The earliest qualifying completion for each requirement, among those that `counts` (R14)."""
    usable = [completion for completion in countable(completions) if counts(completion)]
    return Satisfaction(
        requirements=requirements,
        by=tuple(_earliest(requirement, usable) for requirement in requirements.courses),
    )


def countable(completions: Iterable[CourseCompletion]) -> list[CourseCompletion]:
    """Without what was retracted (R30) and what lost an event-id conflict (R12)."""
    everything = list(completions)
    losers = {_identity(loser) for loser in conflicting(everything)}
    return [c for c in everything if c.retracted_at is None and _identity(c) not in losers]


def conflicting(completions: Iterable[CourseCompletion]) -> list[CourseCompletion]:
    """Completions whose event id another one, received earlier, already had: the first received wins (R12)."""
    first: dict[tuple[str, str], CourseCompletion] = {}
    losers = []
    for completion in sorted(completions, key=lambda c: (c.received_at, *_order(c))):
        if not completion.event_id:
            continue
        winner = first.setdefault((completion.source, completion.event_id), completion)
        if _told(winner) != _told(completion):
            losers.append(completion)
    return losers


def _told(completion: CourseCompletion) -> tuple[object, ...]:
    """What the event said. A course of ours that took the LMS's name since then makes no conflict (R17)."""
    return completion.completed_at, completion.outside_name or completion.course_id


def current_score(completion: CourseCompletion) -> float | None:
    """The score after corrections; what came in as a conflict does not count (R12)."""
    corrections = [received.score for received in completion.received if not received.conflict]
    return corrections[-1] if corrections else completion.score


def qualifies(requirement: Requirement, completion: CourseCompletion) -> bool:
    """The right course, or an equivalent, with at least the minimum score (R14)."""
    if completion.course_id not in requirement.accepted_courses:
        return False
    if requirement.minimum_score is None:
        return True
    score = current_score(completion)
    return score is not None and score >= requirement.minimum_score


def as_evidence(completion: CourseCompletion) -> Evidence:
    return Evidence(
        course_id=completion.course_id,
        completed_at=completion.completed_at,
        score=current_score(completion),
    )


def _earliest(requirement: Requirement, completions: Iterable[CourseCompletion]) -> CourseCompletion | None:
    return min((c for c in completions if qualifies(requirement, c)), key=_order, default=None)


def _order(completion: CourseCompletion) -> tuple[object, ...]:
    return completion.completed_at, completion.course_id


def _identity(completion: CourseCompletion) -> tuple[object, ...]:
    return completion.user_id, completion.course_id, completion.completed_at
