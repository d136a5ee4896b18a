"""The application on fakes, with a stream that is followed on command."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from builders import NOW
from certification.adapters.completion_ids import CompletionIds
from certification.bootstrap import App
from certification.config import Config
from certification.domain.history import HistoryEntry
from certification.domain.model import CertificationCompletion, Duration
from certification.services.follow_changes import Followed
from fake_crm import InMemorySecrets
from fakes import FixedClock, InMemoryEventBus, InMemoryQueue, InMemoryTable


class Service:
    def __init__(self, table: InMemoryTable | None = None, *, time_zone: str = "UTC") -> None:
        self.table = table or InMemoryTable()
        self.clock = FixedClock(NOW)
        self.evaluations = InMemoryQueue()
        self.transitions = InMemoryQueue()
        self.bus = InMemoryEventBus()
        self.bells = InMemoryQueue()
        self.app = App(
            Config(table_name="t", time_zone=time_zone, transition_queue_url="https://sqs/transitions"),
            table=self.table,
            clock=self.clock,
            evaluation_queue=self.evaluations,
            transition_queue=self.transitions,
            event_bus=self.bus,
            doorbells={"hubspot": self.bells, "salesforce": self.bells},
            completion_ids=CompletionIds(InMemorySecrets()),
        )
        self.followed = 0

    def follow(self) -> Followed | None:
        """Follow what was written since the last time."""
        records = self.table.stream_event(self.followed)["Records"]
        self.followed = len(self.table.changes)
        return self.app.follow_stream(records) if records else None

    def follow_all_again(self) -> Followed:
        return self.app.follow_stream(self.table.stream_event()["Records"])

    def award(
        self, completion: CertificationCompletion, reminders: Iterable[Duration] = ()
    ) -> CertificationCompletion:
        self.app.ledger.add_completion(completion, reminders=reminders)
        return completion

    def amend(
        self, completion: CertificationCompletion, reminders: Iterable[Duration] = ()
    ) -> CertificationCompletion:
        self.app.ledger.amend_completion(completion, reminders=reminders)
        return completion

    def held(self, completion: CertificationCompletion) -> CertificationCompletion:
        found = self.app.ledger.completion(completion.holder, completion.certification_id, completion.cycle)
        assert found is not None
        return found

    def history(self, completion: CertificationCompletion) -> list[HistoryEntry]:
        page = self.app.history.page(
            completion.holder, completion.certification_id, completion.cycle, limit=100
        )
        return list(page.items)

    def announced(self) -> list[tuple[str, dict[str, Any]]]:
        return [(event.type.partition(".")[2], dict(event.detail)) for event in self.bus.published]

    def announced_types(self) -> list[str]:
        return [kind for kind, _ in self.announced()]
