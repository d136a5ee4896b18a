"""What the CRM sync needs from the outside, as contracts. The table's implementations live in `adapters/dynamodb`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from certification.domain.backfill import Backfill
from certification.domain.certified import Contribution, Membership
from certification.domain.connection import Connection, Pause, Plan, Setup, StoredMapping
from certification.domain.drift import Reconciliation
from certification.domain.model import Holder, HolderType, Organization, User
from certification.domain.ports import Slice, StartKey
from certification.domain.sync import SyncChange, SyncRow, SyncState


class Outbox(Protocol):
    """What the CRMs still have to hear: one row for each holder and CRM (R38, R39)."""

    def mark(
        self,
        holders: Iterable[Holder],
        crm: str,
        *,
        now: datetime,
        asked: bool = False,
        causes: Mapping[Holder, str] | None = None,
    ) -> None:
        """Make each pending, with a new revision; also one that is being pushed stays pending then.

        `asked`: somebody wants it tried again, although nothing changed. `causes`: the correlation ids of what
        happened to them. Safe to repeat.
        """

    def rows(self, holders: Iterable[Holder], crm: str) -> Mapping[Holder, SyncRow]:
        """Those that exist; strongly consistent."""

    def pending(self, crm: str, holder_type: HolderType, *, page_size: int) -> Iterator[Holder]:
        """Holders whose row is pending, lazily; may lag by a moment, in both directions."""

    def save(self, changes: Sequence[SyncChange]) -> list[bool]:
        """Write each as long as its revision is the one before; per change, whether it was."""

    def save_outcomes(self, rows: Sequence[SyncRow], *, attempt: str) -> list[bool]:
        """Write the outcomes only; state and revision stay: the row became dirty meanwhile.

        Only while `attempt` is still the one at work on it; per row, whether it was.
        """

    def page(
        self, crm: str, state: SyncState, *, limit: int, start: StartKey | None = None
    ) -> Slice[SyncRow]:
        """Rows in a state other than synced; a page may be short, or empty, while `next` is not None."""


class Plans(Protocol):
    def plan(self, *, consistent: bool = True) -> Plan:
        """What is connected and mapped: one small item."""


class Connections(Plans, Protocol):
    """Connections, mappings, pauses and backfills of the CRMs. Reads are strongly consistent."""

    def setup(self, crm: str) -> Setup:
        """All there is of this CRM, in one query."""

    def save_connection(
        self, connection: Connection, *, previous: Connection | None, backfill: Backfill | None
    ) -> None:
        """Write it, the plan, and what follows from it, together; all pauses end. `ChangedMeanwhileError`."""

    def delete_connection(self, connection: Connection) -> None:
        """`ChangedMeanwhileError` where it is not as read. Mappings and rows stay."""

    def save_mapping(
        self, stored: StoredMapping, *, previous: StoredMapping | None, backfill: Backfill | None
    ) -> None:
        """Write it, the plan, and the backfill that follows, together; its pause ends. `ChangedMeanwhileError`."""

    def save_check(self, stored: StoredMapping) -> None:
        """Write what a check found; the revision stays. `ChangedMeanwhileError` where the mapping was changed."""

    def save_pause(self, pause: Pause) -> None: ...

    def end_pause(self, crm: str, scope: str) -> None: ...

    def backfill(self, crm: str, backfill_id: str) -> Backfill | None: ...

    def add_backfill(self, backfill: Backfill) -> bool:
        """Store a new one; False where this id exists."""

    def save_backfill(self, backfill: Backfill) -> None:
        """Write the next revision; `ChangedMeanwhileError` where another worker did this page."""


class HolderLists(Protocol):
    """All holders of a kind, in pages, which may lag by a moment; and the profiles of many at once."""

    def profiles(self, holders: Iterable[Holder]) -> Mapping[Holder, User | Organization]:
        """Those that exist; strongly consistent."""

    def course_ids(self) -> Sequence[str]:
        """All courses, in order."""

    def holders(
        self, holder_type: HolderType, *, limit: int, start: StartKey | None = None
    ) -> Slice[Holder]: ...

    def holders_of_certification(
        self, certification_id: str, *, limit: int, start: StartKey | None = None
    ) -> Slice[Holder]:
        """Who has a completion of it; one who has several cycles comes several times."""


class Certified(Protocol):
    """Which users count for which certification of which organization."""

    def contribution(self, user_id: str) -> Contribution:
        """What is stored for this user; strongly consistent. Read it before the user's state."""

    def save(self, before: Contribution, memberships: frozenset[Membership]) -> Contribution:
        """Write the memberships in one transaction, as far as one can carry them; what is stored then comes back.

        `ChangedMeanwhileError` where somebody else wrote since `before` was read.
        """

    def marked(self, contributions: Sequence[Contribution]) -> None:
        """Their organizations were marked: forget `unmarked`, unless it changed meanwhile."""

    def members(self, organization_id: str, certification_id: str) -> Iterable[Membership]:
        """All members that count for this certification, whatever the day; strongly consistent."""


class CrmReconciliations(Protocol):
    """Reconciliations of a CRM with what was written to it; strongly consistent."""

    def add(self, run: Reconciliation) -> None: ...

    def get(self, crm: str, reconciliation_id: str) -> Reconciliation | None: ...

    def save(self, run: Reconciliation) -> None:
        """Write the next revision; `ChangedMeanwhileError` where another worker did this page."""

    def page(self, crm: str, *, limit: int, start: StartKey | None = None) -> Slice[Reconciliation]:
        """The latest first: their ids sort by time."""

    def sample_place(self, crm: str) -> StartKey | None:
        """Where the last sample ended; None: start from the beginning."""

    def save_sample_place(self, crm: str, place: StartKey | None) -> None: ...
