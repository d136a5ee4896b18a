"""The application on fakes, with what the award worker's tests set up again and again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from builders import NOW
from certification.bootstrap import App
from certification.config import Config
from certification.domain.course_completion_message import CourseCompletionMessage
from certification.domain.model import (
    Certification,
    CertificationCompletion,
    Course,
    Organization,
    PublishStatus,
    User,
)
from certification.services.record_course_completions import Recorded
from fakes import FixedClock, InMemoryQueue, InMemoryTable


class Service:
    def __init__(self, table: InMemoryTable | None = None, **parts: Any) -> None:
        self.table = table or InMemoryTable()
        self.clock = FixedClock(NOW)
        self.evaluations = InMemoryQueue()
        self.course_completions = InMemoryQueue()
        self.app = App(
            Config(table_name="t"),
            table=self.table,
            clock=self.clock,
            evaluation_queue=self.evaluations,
            course_completion_queue=self.course_completions,
            **parts,
        )

    def defined(self, *things: Certification | User | Organization | Course) -> Service:
        for thing in things:
            self._define(thing)
        return self

    def _define(self, thing: Certification | User | Organization | Course) -> None:
        match thing:
            case Certification():
                draft = replace(thing, publish_status=PublishStatus.DRAFT, frozen=False, revision=0)
                self.app.definitions.add(draft)
                self.app.definitions.save(thing, previous=draft)
            case User():
                self.app.directory.save_user(thing, previous=self.app.directory.user(thing.user_id))
            case Organization():
                self.app.directory.save_organization(thing, previous=None)
            case Course():
                self.app.directory.save_course(thing, previous=None)

    def receive(self, *messages: CourseCompletionMessage) -> Recorded:
        return self.app.course_completion_recorder.record(list(enumerate(messages)))

    def held(self, user_id: str = "u-1") -> tuple[CertificationCompletion, ...]:
        return self.app.ledger.read_user(user_id).completions

    def work(self) -> None:
        """Do what lies on both queues, until nothing does."""
        while self.evaluations.sent or self.course_completions.sent:
            from certification.domain.course_completion_message import parse_course_completion
            from certification.services.evaluation_messages import handle

            for body in self.evaluations.take():
                handle(body, self.app.evaluation_handlers, lambda: True)
            messages = [
                parse_course_completion(
                    body, source=None, now=self.clock.now(), zone=self.app.config.zone, own_api=False
                )
                for body in self.course_completions.take()
            ]
            if messages:
                self.receive(*messages)
