"""What an LMS takes back, whenever it says so: before, after or instead of the completion itself (R30). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from certification.domain.model import CourseCompletion, CourseId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraction:
    """Either of a course, what was completed up to and including `at`; or of the one event `event_id` of `source`."""

    user_id: UserId
    source: str
    at: datetime
    course_id: CourseId | None = None
    event_id: str | None = None

    def covers(self, completion: CourseCompletion) -> bool:
        if self.event_id is not None:
            return (completion.source, completion.event_id) == (self.source, self.event_id)
        return completion.course_id == self.course_id and completion.completed_at <= self.at


def retracted(
    completions: Iterable[CourseCompletion], retractions: Sequence[Retraction]
) -> tuple[CourseCompletion, ...]:
    """The completions, those that any retraction covers marked with its instant: the earliest, so in any order."""
    if not retractions:
        return tuple(completions)
    return tuple(_marked(completion, retractions) for completion in completions)


def _marked(completion: CourseCompletion, retractions: Sequence[Retraction]) -> CourseCompletion:
    instants = [retraction.at for retraction in retractions if retraction.covers(completion)]
    return replace(completion, retracted_at=min(instants)) if instants else completion
