"""What one holder has, while the rows of an import that name it are worked off (R32)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from certification.domain.evaluation import Moment
from certification.domain.hand_awards import Decided
from certification.domain.imported_awards import ImportedAward
from certification.domain.imports import Import, RowOutcome, RowResult
from certification.domain.model import CertificationCompletion, CourseCompletion, User

Key = tuple[str, int]


@dataclass(slots=True, kw_only=True)
class Holding:
    """What one holder has: as `read`, and as it becomes by `new` cycles and `changed` ones of those read."""

    run: Import
    moment: Moment
    read: Sequence[CertificationCompletion]
    user: User | None = None
    course_completions: Sequence[CourseCompletion] = ()
    new: dict[Key, CertificationCompletion] = field(default_factory=dict)
    changed: dict[Key, CertificationCompletion] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    def cycles(self, certification_id: str) -> list[CertificationCompletion]:
        present = {_key(c): c for c in self.read} | self.changed | self.new
        return [c for c in present.values() if c.certification_id == certification_id]

    def new_by_certification(self) -> dict[str, list[CertificationCompletion]]:
        found: dict[str, list[CertificationCompletion]] = {}
        for completion in self.new.values():
            found.setdefault(completion.certification_id, []).append(completion)
        return found

    def created(self, wanted: ImportedAward, decided: Decided) -> RowResult:
        for one in decided.changed:
            self._change(one)
        self.new[_key(decided.completion)] = decided.completion
        return self._told(wanted, RowOutcome.CREATED)

    def _change(self, following: CertificationCompletion) -> None:
        """What is written at once has one revision, however often it changed on the way."""
        key = _key(following)
        if key in self.new:
            made = self.new[key]
            self.new[key] = replace(following, revision=made.revision, reason=made.reason)
        else:
            revision = self.changed[key].revision if key in self.changed else following.revision
            self.changed[key] = replace(following, revision=revision)

    def known(self, wanted: ImportedAward, made: CertificationCompletion) -> RowResult:
        """What this import made before it was interrupted counts as made, once: a repeated row changes nothing."""
        mine = made.idempotency == self.run.import_id and wanted.key not in self.told
        return self._told(wanted, RowOutcome.CREATED if mine else RowOutcome.UNCHANGED)

    def unchanged(self, wanted: ImportedAward) -> RowResult:
        return self._told(wanted, RowOutcome.UNCHANGED)

    def _told(self, wanted: ImportedAward, outcome: RowOutcome) -> RowResult:
        self.told.add(wanted.key)
        return RowResult(row=wanted.row, outcome=outcome)


def _key(completion: CertificationCompletion) -> Key:
    return completion.certification_id, completion.cycle
