"""Bring the pending rows of one object into the CRM: row, present state, difference, attempt, call, outcome (R38, R39).

The order is what makes it right. The row is read before the state, so a change that the state does not show yet
marks the row again and breaks its revision. The attempt is written before the call, so a drain that dies leaves the
properties in doubt, and they are written again. The outcome is written under the attempt's revision, so a row that
was marked meanwhile stays pending.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from certification.domain.connection import Connection, StoredMapping
from certification.domain.model import CertificationCompletion, Holder
from certification.domain.projection import HolderFacts, project
from certification.domain.push import (
    Decided,
    Prepared,
    Pusher,
    PushFailedError,
    outcome,
    prepare,
    released,
    shadowed,
)
from certification.domain.sync import (
    SyncChange,
    SyncRow,
    SyncState,
    attempted,
    is_taken,
    linked_to,
    settled,
)
from certification.services.crm_facts import FactsParts, read_facts

if TYPE_CHECKING:
    from datetime import date, datetime

    from certification.domain.ports import Clock
    from certification.domain.sync_ports import Outbox

logger = logging.getLogger(__name__)

PAGE_SIZE = 100
READ_AT_ONCE = 25
"""Between two such reads the drain looks at the time: a table that is slow must not cost it its life."""
BUSY_ATTEMPTS = 3


class PushParts(FactsParts, Protocol):
    """The parts of the application that a push needs."""

    @property
    def outbox(self) -> Outbox: ...
    @property
    def clock(self) -> Clock: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One drain at work: who it is, until when it may be, and in whose name it reads and writes."""

    connection: Connection
    attempt: str
    until: datetime
    today: date
    in_time: Callable[[], bool]
    public_id: Callable[[CertificationCompletion], str]
    public_url: str


@dataclass(slots=True, kw_only=True)
class Tally:
    """What a drain did. `overtaken`: rows that became dirty, or were another's, while they were pushed."""

    calls: int = 0
    unchanged: int = 0
    overtaken: int = 0
    states: dict[SyncState, int] = field(default_factory=dict)

    def count(self, state: SyncState) -> None:
        self.states[state] = self.states.get(state, 0) + 1

    @property
    def settled(self) -> int:
        return self.unchanged + sum(self.states.values())


class ObjectDrain:
    """Drains the rows of one mapping; made for one shift."""

    def __init__(
        self, app: PushParts, stored: StoredMapping, pusher: Pusher, shift: Shift, tally: Tally
    ) -> None:
        self._app = app
        self._stored = stored
        self._pusher = pusher
        self._shift = shift
        self._tally = tally
        self._handled: dict[Holder, str] = {}
        self._busy: dict[Holder, int] = {}
        self._waiting: list[Prepared] = []
        self._damaged: set[Holder] = set()

    def run(self) -> bool:
        """Until nothing new is pending: True. False where time ran out. `PushFailedError` where a call failed."""
        while True:
            found = False
            for holders in _chunks(self._pending(), READ_AT_ONCE):
                if not self._shift.in_time():
                    return False
                found = self._take(holders) or found
            while self._waiting:
                if not self._shift.in_time():
                    return False
                self._push_waiting()
            if not found:
                return True

    def _pending(self) -> Iterator[Holder]:
        mapping = self._stored.mapping
        return self._app.outbox.pending(mapping.crm, mapping.holder_type, page_size=PAGE_SIZE)

    def _take(self, holders: Sequence[Holder]) -> bool:
        """Read rows, then states; settle what needs no call, keep the rest for a full batch."""
        mapping = self._stored.mapping
        rows = [row for row in self._app.outbox.rows(holders, mapping.crm).values() if self._is_news(row)]
        if not rows:
            return False
        self._handled.update({row.holder: row.revision for row in rows})
        facts = self._facts(rows)
        now = self._app.clock.now()
        decided = []
        for row in rows:
            if row.holder in self._damaged:
                continue
            found = facts.get(row.holder)
            ready = prepare(
                self._stored,
                linked_to(row, self._shift.connection.link),
                found,
                project(mapping, found, self._shift.today) if found else {},
                create=self._shift.connection.create_missing,
                now=now,
            )
            if isinstance(ready, Decided):
                decided.append(ready)
            else:
                self._waiting.append(ready)
        self._settle_without_call(decided)
        while len(self._waiting) >= self._pusher.batch_size and self._shift.in_time():
            self._push_waiting()
        return True

    def _facts(self, rows: Sequence[SyncRow]) -> Mapping[Holder, HolderFacts]:
        """What is known of each; who cannot be read has failed by now, and blocks nobody else (R39)."""
        try:
            return read_facts(
                self._app,
                self._stored.mapping,
                [row.holder for row in rows],
                today=self._shift.today,
                public_id=self._shift.public_id,
                public_url=self._shift.public_url,
            )
        except (KeyError, TypeError, ValueError):
            if len(rows) == 1:
                logger.exception("a holder cannot be read", extra={"holder_id": rows[0].holder.id})
                self._give_up(rows[0])
                return {}
        return {holder: found for row in rows for holder, found in self._facts([row]).items()}

    def _give_up(self, row: SyncRow) -> None:
        """Until something of it is written again."""
        self._damaged.add(row.holder)
        failed = settled(
            row,
            SyncState.FAILED,
            now=self._app.clock.now(),
            code="unreadable",
            message="What is stored of this holder cannot be read: see the log.",
        )
        self._record([SyncChange(before=row, after=failed)])

    def _is_news(self, row: SyncRow) -> bool:
        if row.state is not SyncState.PENDING or self._handled.get(row.holder) == row.revision:
            return False
        return not is_taken(row, by=self._shift.attempt, now=self._app.clock.now())

    def _settle_without_call(self, decided: Sequence[Decided]) -> None:
        saved = self._app.outbox.save([SyncChange(before=each.row, after=each.after) for each in decided])
        self._tally.unchanged += sum(saved)
        if decided:
            self._tell("records need no call", [each.row for each in decided])
        self._tally.overtaken += len(saved) - sum(saved)

    def _push_waiting(self) -> None:
        size = self._pusher.batch_size
        batch, self._waiting = self._waiting[:size], self._waiting[size:]
        if self._shift.connection.shadow:
            self._report(batch)
        else:
            self._push(batch)

    def _report(self, batch: Sequence[Prepared]) -> None:
        """Shadow mode: what would be written, and to which record, is kept on the row, and nothing is written."""
        self._tally.calls += 1
        answers = self._pusher.look(self._stored, [each.outgoing for each in batch])
        now = self._app.clock.now()
        self._record(
            [
                SyncChange(before=each.row, after=shadowed(each, answer, now))
                for each, answer in zip(batch, answers, strict=True)
            ]
        )

    def _push(self, batch: Sequence[Prepared]) -> None:
        taken = self._attempt(batch)
        if not taken:
            return
        try:
            self._tally.calls += 1
            answers = self._pusher.push(self._stored, [each.outgoing for each, _ in taken])
        except PushFailedError as exc:
            self._record(
                [
                    SyncChange(before=row, after=released(each, row, unknown=exc.unknown))
                    for each, row in taken
                ]
            )
            raise
        now = self._app.clock.now()
        changes = [
            SyncChange(before=row, after=outcome(each, answer, row, now))
            for (each, row), answer in zip(taken, answers, strict=True)
        ]
        self._tell("records pushed", [row for _, row in taken])
        self._record(changes)
        self._leave_busy_ones(changes)

    def _tell(self, what: str, rows: Sequence[SyncRow]) -> None:
        """One line for each call: it ends the way of a correlation id that began at a webhook."""
        causes = sorted({row.cause for row in rows if row.cause})
        mapping = self._stored.mapping
        extra = {"crm": mapping.crm, "object": mapping.object_name, "records": len(rows)}
        logger.info(what, extra={**extra, "correlation_ids": causes})

    def _attempt(self, batch: Sequence[Prepared]) -> list[tuple[Prepared, SyncRow]]:
        """Announce the call; without those that became dirty since they were read, or that another drain took."""
        rows = [
            attempted(
                each.row,
                frozenset(each.outgoing.values),
                by=self._shift.attempt,
                until=self._shift.until,
                revision=secrets.token_hex(8),
            )
            for each in batch
        ]
        changes = [SyncChange(before=each.row, after=row) for each, row in zip(batch, rows, strict=True)]
        saved = self._app.outbox.save(changes)
        self._tally.overtaken += len(saved) - sum(saved)
        return [(each, row) for each, row, won in zip(batch, rows, saved, strict=True) if won]

    def _record(self, changes: Sequence[SyncChange]) -> None:
        saved = self._app.outbox.save(changes)
        for change, won in zip(changes, saved, strict=True):
            if won:
                self._tally.count(change.after.state)
        # Marked while it was pushed: what was learned is kept, and the row stays pending.
        marked = [replace(c.after, tried="") for c, won in zip(changes, saved, strict=True) if not won]
        self._app.outbox.save_outcomes(marked, attempt=self._shift.attempt)
        self._tally.overtaken += len(marked)

    def _leave_busy_ones(self, changes: Sequence[SyncChange]) -> None:
        """A record that somebody holds locked is tried again in this shift, but not for ever."""
        for change in changes:
            row = change.after
            if row.state is not SyncState.PENDING:
                continue
            self._busy[row.holder] = self._busy.get(row.holder, 0) + 1
            if self._busy[row.holder] >= BUSY_ATTEMPTS:
                self._handled[row.holder] = row.revision


def _chunks(holders: Iterator[Holder], size: int) -> Iterator[list[Holder]]:
    while chunk := list(islice(holders, size)):
        yield chunk
