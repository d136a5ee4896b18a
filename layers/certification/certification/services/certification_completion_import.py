"""Import certification completions that another system awarded: history of past cycles, told to nobody (R32).

Every row goes by the rules of an award by hand, except that whoever held something may be inactive by now. A dry run
takes the same path and leaves out the write, so it tells what the run would.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from certification.domain.csv_rows import read_rows
from certification.domain.errors import (
    CertificationServiceError,
    ChangedMeanwhileError,
    FieldError,
    InvalidError,
)
from certification.domain.hand_awards import Decided, Standing, award_by_hand
from certification.domain.imported_awards import (
    ImportedAward,
    as_hand_award,
    contradiction,
    described,
    differences,
    made_by_row,
)
from certification.domain.imported_row import COLUMNS, REQUIRED_COLUMNS, UNREAD_COLUMNS
from certification.domain.imports import Group, Import, Row, RowOutcome, RowResult, TimeLeft
from certification.domain.instants import require_not_ahead, start_of_day
from certification.domain.model import Certification, CertificationCompletion, Holder, HolderType
from certification.domain.ports import Clock, Definitions, Directory, Ledger
from certification.services.awarding import ContendedError
from certification.services.decisions_by_hand import MOST_ATTEMPTS, Asker, moment_of
from certification.services.import_page import Page, column_error, grouped
from certification.services.imported_holding import Holding

MOST_ROWS = 100_000
_COLUMN_OF_CODE = {
    "not_published": "certification_id",
    "overlapping": "effective_date",
}


class CertificationCompletionImporter:
    """Implements the port `Importer`."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        definitions: Definitions,
        directory: Directory,
        clock: Clock,
        zone: ZoneInfo,
    ) -> None:
        self._ledger = ledger
        self._definitions = definitions
        self._directory = directory
        self._clock = clock
        self._zone = zone

    def read(self, text: str) -> Sequence[Group]:
        """Grouped by holder, so that the cycles of each are made in the order of their dates."""
        found = read_rows(
            text, columns=(*COLUMNS, *UNREAD_COLUMNS), required=REQUIRED_COLUMNS, most_rows=MOST_ROWS
        )
        return grouped([Row(number=number, values=values) for number, values in found])

    def take(self, groups: Sequence[Group], run: Import, time_left: TimeLeft) -> list[RowResult]:
        page = Page(groups, self._definitions, self._directory)
        results: list[RowResult] = []
        for group in groups:
            results += self._take_group(group, page, run)
            if not time_left():
                break
        return results

    def _take_group(self, group: Group, page: Page, run: Import) -> list[RowResult]:
        """All rows of one holder; again from the start where somebody else wrote meanwhile."""
        read = [page.read(row) for row in group]
        rejected = [
            RowResult(row=row.number, outcome=RowOutcome.REJECTED, errors=tuple(errors))
            for row, (_, errors) in zip(group, read, strict=True)
            if errors
        ]
        wanted = sorted((award for award, _ in read if award is not None), key=lambda award: award.order)
        if not wanted:
            return rejected
        for _ in range(MOST_ATTEMPTS):
            try:
                return [*rejected, *self._take_awards(wanted, page, run)]
            except ChangedMeanwhileError:
                continue
        raise ContendedError("others keep changing the completions of one holder")

    def _take_awards(self, wanted: Sequence[ImportedAward], page: Page, run: Import) -> list[RowResult]:
        holding = self._holding(wanted[0].holder, run)
        if holding is None:
            return [_rejected(one, [page.unknown_holder(one)]) for one in wanted]
        results = [
            self._take_award(one, page.certifications.get(one.certification_id), holding) for one in wanted
        ]
        if not run.dry_run:
            self._write(holding, page)
        return results

    def _write(self, holding: Holding, page: Page) -> None:
        """All new cycles of a certification together: one call, and either all of them or none."""
        for certification_id, new in holding.new_by_certification().items():
            changed = [c for c in holding.changed.values() if c.certification_id == certification_id]
            cycles = {c.cycle for c in changed}
            self._ledger.add_cycles(
                new,
                reminders=page.certifications[certification_id].reminders,
                siblings=[
                    c
                    for c in holding.read
                    if c.certification_id == certification_id and c.cycle not in cycles
                ],
                changed=changed,
            )

    def _holding(self, holder: Holder, run: Import) -> Holding | None:
        asker = Asker(actor=run.created_by, correlation_id=run.correlation_id)
        moment = moment_of(asker, self._clock, self._zone)
        if holder.type is HolderType.ORGANIZATION:
            if self._directory.organization(holder.id) is None:
                return None
            return Holding(run=run, moment=moment, read=self._ledger.completions_of(holder))
        record = self._ledger.read_user(holder.id)
        if record.user is None:
            return None
        return Holding(
            run=run,
            moment=moment,
            user=record.user,
            read=record.completions,
            course_completions=record.course_completions,
        )

    def _take_award(
        self, wanted: ImportedAward, certification: Certification | None, holding: Holding
    ) -> RowResult:
        if certification is None:
            unknown = column_error(
                "certification_id", "unknown_certification", "There is no such certification."
            )
            return _rejected(wanted, [unknown])
        cycles = holding.cycles(wanted.certification_id)
        known = made_by_row(wanted, cycles)
        if known is not None:
            return holding.known(wanted, known)
        stored = described(wanted, cycles, self._zone)
        if stored is not None:
            errors = differences(wanted, stored, self._zone)
            return _rejected(wanted, errors) if errors else holding.unchanged(wanted)
        try:
            decided = self._decided(wanted, certification, cycles, holding)
        except ChangedMeanwhileError:
            raise
        except CertificationServiceError as exc:
            return _rejected(wanted, _by_column(exc))
        return holding.created(wanted, decided)

    def _decided(
        self,
        wanted: ImportedAward,
        certification: Certification,
        cycles: Sequence[CertificationCompletion],
        holding: Holding,
    ) -> Decided:
        self._check_days(wanted)
        standing = Standing(
            certification=certification,
            user=holding.user,
            organization=None,
            cycles=cycles,
            course_completions=holding.course_completions,
        )
        hand_award = as_hand_award(wanted, holding.run.import_id, cycles, self._zone)
        decided = award_by_hand(hand_award, standing, holding.moment)
        contradicted = contradiction(wanted, decided.completion, holding.moment.today)
        if contradicted is not None:
            raise InvalidError(contradicted.message, errors=(contradicted,))
        return decided

    def _check_days(self, wanted: ImportedAward) -> None:
        """R5: nothing is completed, or revoked, more than a day ahead."""
        for name, day in (("completion_date", wanted.completion_date), ("revoked_on", wanted.revoked_on)):
            if day is None:
                continue
            try:
                require_not_ahead(start_of_day(day, self._zone), now=self._clock.now())
            except InvalidError as exc:
                message = "It lies more than 24 hours ahead (R5)."
                raise InvalidError(message, errors=(column_error(name, exc.code, message),)) from exc


def _rejected(wanted: ImportedAward, errors: Iterable[FieldError]) -> RowResult:
    return RowResult(row=wanted.row, outcome=RowOutcome.REJECTED, errors=tuple(errors))


def _by_column(exc: CertificationServiceError) -> list[FieldError]:
    if exc.errors:
        return list(exc.errors)
    column = _COLUMN_OF_CODE.get(exc.code, "")
    return [column_error(column, exc.code, exc.message)]
