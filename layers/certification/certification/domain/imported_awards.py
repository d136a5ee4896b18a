"""One row of imported history: what it says, and whether that is stored already (R32). Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from certification.domain.errors import FieldError
from certification.domain.hand_awards import HandAward, Mode
from certification.domain.instants import start_of_day
from certification.domain.model import CertificationCompletion, Holder, Status
from certification.domain.status import status_on, validity
from certification.domain.validity import ONE_DAY, civil_date

NEVER = "never"
_ENDED = frozenset({Status.EXPIRED, Status.REVOKED, Status.SUPERSEDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedAward:
    """`expiration_date` None: never, where `end_given`; else the policy gives it. `status`: only compared."""

    row: int
    holder: Holder
    certification_id: str
    completion_date: date
    effective_date: date | None = None
    expiration_date: date | None = None
    end_given: bool = False
    revoked_on: date | None = None
    superseded_on: date | None = None
    reason: str = ""
    status: Status | None = None

    @property
    def order(self) -> tuple[str, date, date, int]:
        """Cycles are made in the order of their dates."""
        first_day = self.effective_date or self.completion_date
        return (self.certification_id, self.completion_date, first_day, self.row)

    @property
    def key(self) -> str:
        """The same row, in whatever file: what it says, without the reason (R32)."""
        end = self.expiration_date.isoformat() if self.expiration_date else NEVER if self.end_given else ""
        dates = (self.completion_date, self.effective_date, self.revoked_on, self.superseded_on)
        said = [self.holder.type.value, self.holder.id, self.certification_id, end]
        text = "\n".join([*said, *(d.isoformat() if d else "" for d in dates)])
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def as_hand_award(
    wanted: ImportedAward, import_id: str, cycles: Sequence[CertificationCompletion], zone: ZoneInfo
) -> HandAward:
    """As the rules for awards by hand take it. What goes on where the last one ends is its renewal (R25).

    Where an award by hand would start later, to make room, history was what it was.
    """
    return HandAward(
        holder=wanted.holder,
        certification_id=wanted.certification_id,
        completion_date=wanted.completion_date,
        effective_date=wanted.effective_date or wanted.completion_date,
        expiration_date=wanted.expiration_date,
        end_given=wanted.end_given,
        reason=wanted.reason or "imported",
        mode=Mode.RENEW if _continues(wanted, cycles) else None,
        imported=True,
        import_key=wanted.key,
        import_id=import_id,
        revoked_at=start_of_day(wanted.revoked_on, zone) if wanted.revoked_on else None,
        revoked_on=wanted.revoked_on,
        superseded_on=wanted.superseded_on,
    )


def _continues(wanted: ImportedAward, cycles: Sequence[CertificationCompletion]) -> bool:
    """Only what has not lapsed yet: nobody shall be reminded of the end of what goes on."""
    if wanted.revoked_on is not None or wanted.effective_date is None:
        return False
    spans = [(span[1], c) for c in cycles if (span := validity(c)) is not None]
    if not spans:
        return False
    last_day, last = max(spans, key=lambda pair: (pair[0], pair[1].cycle))
    return last_day < date.max and last_day + ONE_DAY == wanted.effective_date and last.lapsed_on is None


def made_by_row(
    wanted: ImportedAward, cycles: Sequence[CertificationCompletion]
) -> CertificationCompletion | None:
    """What this very row made before, in this import or an earlier one, whatever became of it since."""
    return next((c for c in cycles if c.import_key == wanted.key), None)


def described(
    wanted: ImportedAward, cycles: Sequence[CertificationCompletion], zone: ZoneInfo
) -> CertificationCompletion | None:
    """The stored one that has these dates; of several, the one that was revoked when the row says so."""
    same = [c for c in cycles if _same_dates(wanted, c)]
    return max(same, key=lambda c: (not differences(wanted, c, zone), c.cycle), default=None)


def _same_dates(wanted: ImportedAward, stored: CertificationCompletion) -> bool:
    return (
        wanted.completion_date == stored.completion_date
        and wanted.effective_date in {None, stored.effective_date}
        and (not wanted.end_given or wanted.expiration_date == stored.expiration_date)
    )


def differences(wanted: ImportedAward, stored: CertificationCompletion, zone: ZoneInfo) -> list[FieldError]:
    """Where the row says something else of the same completion: decisions are made by a person, not by a file."""
    errors = []
    revoked_on = civil_date(stored.revoked_at, zone) if stored.revoked_at else None
    if revoked_on != wanted.revoked_on:
        there = f"was revoked on {revoked_on.isoformat()}" if revoked_on else "was not revoked"
        message = f"This completion is stored already and {there}; decide that by hand."
        errors.append(FieldError(pointer="/revoked_on", code="stored_otherwise", message=message))
    if wanted.superseded_on is not None and wanted.superseded_on != stored.superseded_on:
        message = "This completion is stored already, and was not superseded on that day."
        errors.append(FieldError(pointer="/superseded_on", code="stored_otherwise", message=message))
    return errors


def contradiction(wanted: ImportedAward, made: CertificationCompletion, today: date) -> FieldError | None:
    """A row that calls itself ended shall not become something valid."""
    status = status_on(made, on=today, today=today)
    if wanted.status not in _ENDED or status in _ENDED:
        return None
    message = f"The row says {wanted.status.value}, but by its dates it would be {status.value}."
    return FieldError(pointer="/status", code="status_contradicted", message=message)
