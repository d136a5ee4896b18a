"""The sweep over the application on fakes, with decisions by hand and the stream that tells of it all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from typing import Any

from builders import certification, user
from certification.adapters.dynamodb.table import Item
from certification.domain.hand_awards import HandAward
from certification.domain.model import CertificationCompletion, Duration, Holder, HolderType, Status
from certification.domain.status import status_on
from certification.domain.validity import parse_duration
from certification.services.decisions_by_hand import Asker, Named
from certification.services.expiry_steps import SweepReport
from fakes import InMemoryQueue, InMemoryTable
from unit.stream.service import Service

ASKER = Asker(actor="key:admin")
U1 = Holder(type=HolderType.USER, id="u-1")
WRITTEN_BY_WHOEVER = frozenset(
    {"revision", "changed_at", "changed_by", "reason", "correlation_id", "idempotency"}
)


class Died(BaseException):
    """The process is gone; no `except Exception` sees it."""


def at_noon(day: date) -> datetime:
    return datetime.combine(day, time(12), tzinfo=UTC)


class Sweeping(Service):
    """Published certification `cert-1`, user `u-1`; the clock stands at noon of 20 November 2026."""

    def __init__(
        self, *reminders: str, table: InMemoryTable | None = None, time_zone: str = "UTC", **definition: Any
    ) -> None:
        super().__init__(table, time_zone=time_zone)
        self.reminders: tuple[Duration, ...] = tuple(parse_duration(offset) for offset in reminders)
        self.app.__dict__["course_completion_queue"] = InMemoryQueue()
        self.app.definitions.add(certification(reminders=self.reminders, **definition))
        self.app.directory.save_user(user(), previous=None)

    def hold(self, *completions: CertificationCompletion) -> Sweeping:
        for completion in completions:
            self.award(completion, self.reminders)
        return self

    def sweep(self, day: date, *, now: datetime | None = None) -> SweepReport:
        """As of noon of that day, with all that goes through the queue."""
        report = self.app.expiry_sweep.run(now or at_noon(day), lambda: True)
        while self.transitions.sent:
            for message in self.transitions.take():
                self.app.expiry_sweep.go_on(message, lambda: True)
        return report

    def told(self) -> list[str]:
        """The types of the events since the last time."""
        before = len(self.bus.published)
        self.follow()
        return [event.type.partition(".")[2] for event in self.bus.published[before:]]

    def only(self) -> CertificationCompletion:
        [found] = self.app.ledger.completions_of(U1)
        return found

    def cycles(self) -> dict[int, CertificationCompletion]:
        return {c.cycle: c for c in self.app.ledger.completions_of(U1)}

    def status(self, on: date, cycle: int = 1, *, today: date | None = None) -> Status:
        return status_on(self.cycles()[cycle], on=on, today=today or on)

    def due(self) -> dict[str, str]:
        """What the due index has, by the completion's sort key."""
        return {key.sk: item["due_sk"] for key, item in self.completion_items() if "due_sk" in item}

    def completion_items(self) -> Iterator[tuple[Any, Item]]:
        for key, item in sorted(self.table.items.items()):
            if item.get("entity") == "certification_completion":
                yield key, item

    def end_state(self) -> dict[Any, Item]:
        """All completions but for who wrote them last, and how often."""
        return {
            key: {name: value for name, value in item.items() if name not in WRITTEN_BY_WHOEVER}
            for key, item in self.completion_items()
        }

    def change_end(self, end: date | None, cycle: int = 1) -> CertificationCompletion:
        return self.app.date_changes.change(
            named(cycle), expiration_date=end, reason="because", asker=ASKER, check=_anything
        )

    def revoke(self, cycle: int = 1) -> CertificationCompletion:
        return self.app.revocations.revoke(named(cycle), reason="a mistake", asker=ASKER, check=_anything)

    def reinstate(self, cycle: int = 1) -> CertificationCompletion:
        return self.app.revocations.reinstate(named(cycle), reason="after all", asker=ASKER, check=_anything)

    def award_by_hand(self, completed_on: date, **wanted: Any) -> CertificationCompletion:
        award = HandAward(holder=U1, certification_id="cert-1", completion_date=completed_on, **wanted)
        made, _ = self.app.hand_awards.award(award, ASKER, lambda *_: None)
        return made

    @contextmanager
    def just_before_the_next_write(self, somebody_else: Callable[[], object]) -> Iterator[None]:
        """Somebody else writes between what is read inside and what is written for it."""

        def meanwhile(_: str) -> None:
            self.table.before_effect = None
            somebody_else()

        self.table.before_effect = meanwhile
        yield
        self.table.before_effect = None

    @contextmanager
    def dying_at(self, effect: int, *, after: bool) -> Iterator[list[bool]]:
        """The process dies before or after its n-th write; what is given says afterwards whether it did."""
        died: list[bool] = []
        left = effect

        def count(_: str) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                died.append(True)
                raise Died

        if after:
            self.table.after_effect = count
        else:
            self.table.before_effect = count
        try:
            yield died
        except Died:
            pass
        finally:
            self.table.before_effect = self.table.after_effect = None


def named(cycle: int = 1) -> Named:
    return Named(holder=U1, certification_id="cert-1", cycle=cycle)


def _anything(_: CertificationCompletion) -> None:
    """No precondition."""
