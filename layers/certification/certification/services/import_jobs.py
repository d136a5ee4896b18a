"""Imports as jobs: a file is kept, then worked off in pages by whoever has time; resumed wherever it stopped (R32)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from certification.domain.errors import ChangedMeanwhileError, NotFoundError
from certification.domain.imports import (
    Group,
    Import,
    Importer,
    ImportFiles,
    ImportKind,
    Imports,
    RowOutcome,
    TimeLeft,
    after_rows,
)
from certification.domain.ports import Clock, Queue, Receipt
from certification.services.decisions_by_hand import Asker

KIND = "import"
ROWS_AT_ONCE = 200
_NOTHING_READ: tuple[str, Sequence[Group]] = ("", ())
ReceiptOf = Callable[[Import], "Receipt | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportParts:
    imports: Imports
    files: ImportFiles
    importers: Mapping[ImportKind, Importer]
    job_queue: Queue
    clock: Clock


class ImportJobs:
    """Two workers on one import write and count nothing twice: what a row makes has one key, a page is saved once."""

    def __init__(self, parts: ImportParts) -> None:
        self._parts = parts
        self._last_read = _NOTHING_READ

    def start(
        self,
        kind: ImportKind,
        text: str,
        *,
        import_id: str,
        dry_run: bool,
        asker: Asker,
        receipt_of: ReceiptOf,
    ) -> Import:
        """Keep the file; nothing is worked off yet. `InvalidError` for a file that cannot be read."""
        rows = sum(len(group) for group in self._parts.importers[kind].read(text))
        now = self._parts.clock.now()
        run = Import(
            import_id=import_id,
            kind=kind,
            dry_run=dry_run,
            rows=rows,
            created_at=now,
            created_by=asker.actor,
            correlation_id=asker.correlation_id,
        )
        self._parts.files.save(import_id, text)
        self._parts.imports.add(run, receipt=receipt_of(run))
        return run

    def enqueue(self, import_id: str) -> None:
        """Have it worked off by the job; again is harmless."""
        self._parts.job_queue.send([{"kind": KIND, "import_id": import_id}])

    def advance(self, import_id: str, time_left: TimeLeft) -> Import:
        """Work while there is time, at least one page; then leave a message for whoever goes on."""
        run = self._found(import_id)
        if run.finished:
            return run
        groups = _after(self._groups(run), run.done)
        try:
            while True:
                done = run.done
                run = self._take(_page(groups), run, time_left)
                if run.finished:
                    self._last_read = _NOTHING_READ
                    return run
                if not time_left():
                    break
                groups = _after(groups, run.done - done)
        except ChangedMeanwhileError:
            return self._found(import_id)
        self.enqueue(import_id)
        return run

    def _groups(self, run: Import) -> Sequence[Group]:
        """Read once where this worker goes on with what it just did: a file never changes."""
        if self._last_read[0] != run.import_id:
            text = self._parts.files.read(run.import_id)
            self._last_read = (run.import_id, self._parts.importers[run.kind].read(text))
        return self._last_read[1]

    def _take(self, page: Sequence[Group], run: Import, time_left: TimeLeft) -> Import:
        results = self._parts.importers[run.kind].take(page, run, time_left)
        rejected = [result for result in results if result.outcome is RowOutcome.REJECTED]
        if rejected:
            self._parts.imports.add_rejected(run, rejected)
        following = after_rows(run, results, self._parts.clock.now())
        self._parts.imports.save(following)
        return following

    def _found(self, import_id: str) -> Import:
        run = self._parts.imports.find(import_id)
        if run is None:
            raise NotFoundError("There is no such import.")
        return run


def _after(groups: Sequence[Group], done: int) -> Sequence[Group]:
    """The groups that are still to do: a page always ends with a group."""
    index = 0
    while done > 0 and index < len(groups):
        done -= len(groups[index])
        index += 1
    return groups[index:]


def _page(groups: Sequence[Group]) -> Sequence[Group]:
    index = rows = 0
    while index < len(groups) and rows < ROWS_AT_ONCE:
        rows += len(groups[index])
        index += 1
    return groups[:index]
