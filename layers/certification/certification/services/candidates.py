"""Which certifications could say something new about a user: told from hints, without reading a definition."""

from __future__ import annotations

from collections.abc import Iterable

from certification.domain.ports import Definitions, Hint, UserRecord
from certification.domain.requirements import satisfy


class Candidates:
    """Asks each course's hints once: for one batch only, since a hint that is cached for long holds too little."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._hints: dict[str, tuple[Hint, ...]] = {}

    def of(self, record: UserRecord, course_ids: Iterable[str], *, suspect: Iterable[str] = ()) -> set[str]:
        """Certification ids to evaluate after something came in about these courses.

        `suspect`: courses of which a completion was retracted or corrected; what rests on them is looked at (R30).
        """
        held = {completion.certification_id for completion in record.completions}
        found: set[str] = set()
        for hint in self._hints_of(course_ids):
            if hint.certification_id in held or _could_be_satisfied(hint, record):
                found.add(hint.certification_id)
        return found | _resting_on(record, frozenset(suspect))

    def _hints_of(self, course_ids: Iterable[str]) -> Iterable[Hint]:
        for course_id in set(course_ids):
            if course_id not in self._hints:
                self._hints[course_id] = self._definitions.hints(course_id)
            yield from self._hints[course_id]


def _could_be_satisfied(hint: Hint, record: UserRecord) -> bool:
    """With every window open. Who holds nothing yet and lacks a course has nothing coming."""
    return satisfy(hint.requirements, record.course_completions, lambda _: True).complete


def _resting_on(record: UserRecord, course_ids: frozenset[str]) -> set[str]:
    return {
        str(completion.certification_id)
        for completion in record.completions
        if any(evidence.course_id in course_ids for evidence in completion.evidence)
    }
