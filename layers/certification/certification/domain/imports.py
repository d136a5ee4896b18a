"""An import: a file of history, worked off row by row, in pages, with what came of each row (R32). Pure.

A page's counts and how many rows are done are written together, under the condition that nobody else wrote this page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from certification.domain.csv_rows import Values
from certification.domain.errors import FieldError
from certification.domain.ports import Receipt, Slice, StartKey


class ImportKind(StrEnum):
    CERTIFICATION_COMPLETIONS = "certification_completions"
    COURSE_COMPLETIONS = "course_completions"


class ImportState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"


class RowOutcome(StrEnum):
    """What a row led to, or in a dry run would lead to. `accepted`: handed on to be matched later."""

    CREATED = "created"
    UNCHANGED = "unchanged"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`number` is the line in the file, the header being 1; `values` None: more of them than columns."""

    number: int
    values: Values | None


Group = Sequence[Row]
TimeLeft = Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    row: int
    outcome: RowOutcome
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """`rows`: how many there are; `done`: how many of them were worked off, in the importer's own order."""

    import_id: str
    kind: ImportKind
    dry_run: bool
    rows: int
    done: int = 0
    state: ImportState = ImportState.QUEUED
    counts: Mapping[str, int] = field(default_factory=dict)
    created_at: datetime
    created_by: str
    finished_at: datetime | None = None
    correlation_id: str = ""
    revision: int = 1

    @property
    def finished(self) -> bool:
        return self.state is ImportState.COMPLETED


def after_rows(run: Import, results: Sequence[RowResult], now: datetime) -> Import:
    """The next revision, with these rows counted; completed where they were the last."""
    counts = Counter(run.counts)
    counts.update(result.outcome.value for result in results)
    done = run.done + len(results)
    ended = done >= run.rows
    return replace(
        run,
        counts=dict(counts),
        done=done,
        state=ImportState.COMPLETED if ended else ImportState.RUNNING,
        finished_at=now if ended else None,
        revision=run.revision + 1,
    )


class Importer(Protocol):
    """What one kind of file means."""

    def read(self, text: str) -> Sequence[Group]:
        """The rows in the order of work, always the same for the same text; `InvalidError` for the whole file.

        The rows of a group depend on each other: they are worked off together.
        """

    def take(self, groups: Sequence[Group], run: Import, time_left: TimeLeft) -> list[RowResult]:
        """Work off these rows, or the first groups of them where time runs out: a result for each row of a group.

        At least one group. Again is harmless, and tells the same of the same run.
        """


class Imports(Protocol):
    """Imports and what was wrong with their rows."""

    def find(self, import_id: str) -> Import | None:
        """Strongly consistent."""

    def add(self, run: Import, *, receipt: Receipt | None = None) -> None:
        """Put a new one; `RepeatedRequestError` where the receipt's key was used before."""

    def save(self, run: Import) -> None:
        """Write the next revision; `ChangedMeanwhileError` where another worker wrote it first."""

    def add_rejected(self, run: Import, rejected: Sequence[RowResult]) -> None:
        """Store each under its row; again is harmless."""

    def rejected(self, import_id: str, *, limit: int, start: StartKey | None = None) -> Slice[RowResult]:
        """The rows that were rejected, in the file's order."""


class ImportFiles(Protocol):
    """The texts of imports, while they are worked off and some weeks after."""

    def save(self, import_id: str, text: str) -> None: ...

    def read(self, import_id: str) -> str: ...
