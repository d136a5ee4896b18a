"""One batch on its way to a CRM: what goes out, and what became of each record (R39, R40). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from certification.domain.connection import PauseReason, StoredMapping
from certification.domain.mapping import ObjectMapping
from certification.domain.model import Organization, User
from certification.domain.projection import HolderFacts, Value, match_value
from certification.domain.push_plan import canonical, digest, to_write
from certification.domain.sync import RETRIED, SyncRow, SyncState, settled, unlinked, written


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What one record gets. `record_id` is known, or empty: then the record is found by `match_value`.

    `create`: where none is found, make one, with `name` where the CRM requires one. Records of one `group`
    belong to one organization.
    """

    record_id: str
    match_value: str
    values: Mapping[str, Value]
    create: bool = False
    name: str = ""
    group: str = ""


class Fate(StrEnum):
    """What became of one record of a batch. `unknown`: the CRM answered, and said nothing of this record."""

    WRITTEN = "written"
    REFUSED = "refused"
    NOT_FOUND = "not_found"
    AMBIGUOUS = "ambiguous"
    DELETED = "deleted"
    BUSY = "busy"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """`message` are the CRM's own words, `correlation_id` what its support asks for."""

    fate: Fate
    record_id: str = ""
    code: str = ""
    message: str = ""
    correlation_id: str = ""


class PushFailedError(Exception):
    """No record of the batch is at fault. `scope` empty: the connection pauses; else only this object's mapping.

    `unknown`: the call may have taken effect. `retry_after`: as long as the CRM asked for.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: PauseReason,
        unknown: bool = False,
        retry_after: timedelta | None = None,
        correlation_id: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.unknown = unknown
        self.retry_after = retry_after
        self.correlation_id = correlation_id


class Pusher(Protocol):
    """Writes batches of one object's records to one CRM."""

    @property
    def batch_size(self) -> int: ...

    def look(self, stored: StoredMapping, batch: Sequence[Outgoing]) -> Sequence[Pushed]:
        """Per record what a push would find, in order, without writing: one to be made has no id yet."""

    def push(self, stored: StoredMapping, batch: Sequence[Outgoing]) -> Sequence[Pushed]:
        """Per record what became of it, in order; `PushFailedError` where the call as a whole failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A row with what a push of it would carry. Nothing in `values`: no call is needed."""

    row: SyncRow
    outgoing: Outgoing
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A row that needs no call: its next state."""

    row: SyncRow
    after: SyncRow


def prepare(
    stored: StoredMapping,
    row: SyncRow,
    facts: HolderFacts | None,
    values: Mapping[str, Value],
    *,
    create: bool,
    now: datetime,
) -> Prepared | Decided:
    """Whether this row needs a call, and with what (R36, R38, R39). `facts` None: the holder is gone."""
    if facts is None:
        gone = settled(
            row,
            SyncState.UNLINKED,
            now=now,
            code="holder_unknown",
            message="We have no profile of this holder.",
        )
        return Decided(row=row, after=unlinked(gone))
    mapping = stored.mapping
    by = match_value(mapping.match, facts.profile)
    due = to_write(mapping, values, row)
    if not due:
        return Decided(row=row, after=settled(row, SyncState.SYNCED, now=now))
    if not by and not row.record_id:
        return Decided(row=row, after=_unmatchable(mapping, row, facts.profile, now))
    attempt = digest(mapping, by, due, row, revision=stored.revision)
    if row.outcome in RETRIED and row.tried == attempt and not row.in_doubt:
        return Decided(row=row, after=_as_before(row))
    make = create and not row.record_id and not _was_deleted(row)
    outgoing = Outgoing(
        record_id=row.record_id,
        match_value=by,
        values=due,
        create=make,
        name=facts.profile.name if make else "",
        group=_group(facts.profile),
    )
    return Prepared(row=row, outgoing=outgoing, digest=attempt)


def _group(profile: User | Organization) -> str:
    return str((profile.organization_id or "") if isinstance(profile, User) else profile.organization_id)


def _was_deleted(row: SyncRow) -> bool:
    """Somebody deleted the record: it is not made anew before a person asks for it, which forgets `tried`."""
    return row.outcome is SyncState.DISCONNECTED and bool(row.tried)


def _unmatchable(
    mapping: ObjectMapping, row: SyncRow, profile: User | Organization, now: datetime
) -> SyncRow:
    kind = "organization" if isinstance(profile, Organization) else "user"
    message = f"The {kind} has no {mapping.match.source}, by which the record is found."
    return settled(row, SyncState.UNLINKED, now=now, code="match_value_missing", message=message)


def _as_before(row: SyncRow) -> SyncRow:
    """The same call was refused before; the words of then still stand."""
    return replace(row, state=row.outcome or SyncState.FAILED, attempt="", attempt_until=None)


def outcome(prepared: Prepared, pushed: Pushed, attempted: SyncRow, now: datetime) -> SyncRow:
    """The row after the answer for its record. `attempted` is the row as it was before the call."""
    row = attempted
    match pushed.fate:
        case Fate.WRITTEN:
            values = {target: canonical(value) for target, value in prepared.outgoing.values.items()}
            moved = bool(row.record_id and pushed.record_id and pushed.record_id != row.record_id)
            done = written(
                unlinked(row) if moved else row,
                values,
                record_id=pushed.record_id,
                now=now,
                correlation_id=pushed.correlation_id,
            )
            # Merged into another record: what was not part of this call has to go there too.
            return replace(done, state=SyncState.PENDING) if moved else done
        case Fate.BUSY:
            undone = released(prepared, row)
            return replace(
                undone, code=pushed.code, message=pushed.message, correlation_id=pushed.correlation_id
            )
        case Fate.DELETED:
            return _failed(unlinked(row), SyncState.DISCONNECTED, prepared, pushed, now)
        case Fate.NOT_FOUND:
            # It was known, and is no more: it was deleted. It was never known: there is none.
            state = SyncState.DISCONNECTED if _was_linked(row) else SyncState.UNLINKED
            return _failed(unlinked(row), state, prepared, pushed, now)
        case Fate.UNKNOWN:
            return _failed(row, SyncState.FAILED, prepared, pushed, now)
        case Fate.REFUSED | Fate.AMBIGUOUS:
            return _failed(_undoubted(prepared, row), SyncState.FAILED, prepared, pushed, now)


def shadowed(prepared: Prepared, found: Pushed, now: datetime) -> SyncRow:
    """The row where the connection only looks: what would be written, and to which record, or why to none."""
    row = replace(prepared.row, record_id=found.record_id or prepared.row.record_id)
    done = settled(row, SyncState.SHADOW, now=now, code=found.code, message=found.message)
    shown = {target: canonical(value) for target, value in prepared.outgoing.values.items()}
    return replace(done, would_send=shown)


def released(prepared: Prepared, attempted: SyncRow, *, unknown: bool = False) -> SyncRow:
    """The row back in the queue: the call did not happen, or (`unknown`) nobody knows whether it did."""
    row = attempted if unknown else _undoubted(prepared, attempted)
    return replace(row, attempt="", attempt_until=None)


def _was_linked(row: SyncRow) -> bool:
    return bool(row.record_id) or row.outcome is SyncState.DISCONNECTED


def _undoubted(prepared: Prepared, attempted: SyncRow) -> SyncRow:
    return replace(attempted, in_doubt=prepared.row.in_doubt)


def _failed(row: SyncRow, state: SyncState, prepared: Prepared, pushed: Pushed, now: datetime) -> SyncRow:
    return settled(
        row,
        state,
        now=now,
        code=pushed.code or pushed.fate.value,
        message=pushed.message,
        correlation_id=pushed.correlation_id,
        tried=prepared.digest,
    )
