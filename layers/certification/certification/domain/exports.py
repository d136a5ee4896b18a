"""An export of certification completions as CSV, in the columns that an import takes (R32). Pure.

It is written part by part; a part and the place where the next one starts are known together, so it can be resumed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from certification.domain.csv_rows import as_text
from certification.domain.imported_awards import NEVER
from certification.domain.model import CertificationCompletion, HolderType, Status
from certification.domain.ports import Receipt
from certification.domain.status import facts_on, status_on
from certification.domain.validity import civil_date

COLUMNS = (
    "certification_completion_id",
    "user_id",
    "email",
    "organization_id",
    "certification_id",
    "certification_name",
    "certification_version",
    "cycle",
    "status",
    "completion_date",
    "effective_date",
    "expiration_date",
    "revoked_on",
    "superseded_on",
    "origin",
    "reason",
)


class ExportState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportWish:
    """Of one certification, of an organization with its members, or (neither) of everyone; as on a day, of a status."""

    certification_id: str | None = None
    organization_id: str | None = None
    status: Status | None = None
    as_of: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """`place`: where the next part starts, None where there is none; `today` is the day on which it was asked for."""

    export_id: str
    wish: ExportWish
    today: date
    state: ExportState = ExportState.QUEUED
    rows: int = 0
    parts: int = 0
    place: Mapping[str, Any] | None
    created_at: datetime
    created_by: str
    finished_at: datetime | None = None
    revision: int = 1

    @property
    def finished(self) -> bool:
        return self.state is ExportState.COMPLETED

    @property
    def day(self) -> date:
        return self.wish.as_of or self.today


def after_part(run: Export, rows: int, place: Mapping[str, Any] | None) -> Export:
    return replace(
        run,
        state=ExportState.RUNNING,
        rows=run.rows + rows,
        parts=run.parts + 1,
        place=place,
        revision=run.revision + 1,
    )


def finished(run: Export, now: datetime) -> Export:
    return replace(run, state=ExportState.COMPLETED, finished_at=now, revision=run.revision + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRow:
    """A completion with what is told about it from elsewhere."""

    completion: CertificationCompletion
    public_id: str
    certification_name: str
    email: str


def is_wanted(run: Export, completion: CertificationCompletion) -> bool:
    return run.wish.status in {None, status_on(completion, on=run.day, today=run.today)}


def to_csv(run: Export, rows: Iterable[ExportRow], zone: ZoneInfo, *, header: bool) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    if header:
        writer.writeheader()
    for row in rows:
        writer.writerow({name: as_text(value) for name, value in _cells(run, row, zone).items()})
    return text.getvalue()


def _cells(run: Export, row: ExportRow, zone: ZoneInfo) -> dict[str, str]:
    """Status and dates on the day that was asked about (R9)."""
    completion = row.completion
    facts = facts_on(completion, run.day)
    whose = "organization_id" if completion.holder.type is HolderType.ORGANIZATION else "user_id"
    return {
        "certification_completion_id": row.public_id,
        whose: completion.holder.id,
        "email": row.email,
        "certification_id": completion.certification_id,
        "certification_name": row.certification_name,
        "certification_version": str(completion.certification_version),
        "cycle": str(completion.cycle),
        "status": status_on(completion, on=run.day, today=run.today).value,
        "completion_date": facts.completion_date.isoformat(),
        "effective_date": facts.effective_date.isoformat(),
        "expiration_date": facts.expiration_date.isoformat() if facts.expiration_date else NEVER,
        "revoked_on": civil_date(facts.revoked_at, zone).isoformat() if facts.revoked_at else "",
        "superseded_on": facts.superseded_on.isoformat() if facts.superseded_on else "",
        "origin": completion.origin.value,
        "reason": " ".join(completion.reason.split()),
    }


class Exports(Protocol):
    def find(self, export_id: str) -> Export | None:
        """Strongly consistent."""

    def add(self, run: Export, *, receipt: Receipt | None = None) -> None:
        """Put a new one; `RepeatedRequestError` where the receipt's key was used before."""

    def save(self, run: Export) -> None:
        """Write the next revision; `ChangedMeanwhileError` where another worker wrote it first."""


class ExportFiles(Protocol):
    """Files that callers fetch, kept for a week."""

    def save_part(self, export_id: str, number: int, text: str) -> None:
        """Again is harmless."""

    def join(self, export_id: str, parts: int) -> None:
        """Make one file of the parts 1 to `parts`."""

    def url(self, export_id: str, *, seconds: int) -> str:
        """Where anybody who has it can fetch the file for so long."""
