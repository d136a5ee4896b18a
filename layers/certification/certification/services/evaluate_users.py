"""Evaluate users because something about them or their organization changed (R19), or since it failed before (R16)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from certification.domain.evaluation import Moment
from certification.domain.ports import Clock, Definitions, Directory, Ledger, Queue
from certification.domain.validity import civil_date
from certification.services.awarding import Awarding, Organizations
from certification.services.candidates import Candidates

ACTOR = "job:evaluation"
MEMBERS_AT_ONCE = 100


class UserEvaluator:
    """Everything here is harmless when repeated."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        definitions: Definitions,
        directory: Directory,
        evaluation_queue: Queue,
        clock: Clock,
        zone: ZoneInfo,
    ) -> None:
        self._ledger = ledger
        self._definitions = definitions
        self._directory = directory
        self._evaluation_queue = evaluation_queue
        self._clock = clock
        self._zone = zone
        self._awarding = Awarding(ledger)

    def evaluate(self, user_id: str, certification_id: str, *, correlation_id: str = "") -> int:
        """One user for one certification; how many completions were awarded."""
        certification = self._definitions.certification(certification_id)
        record = self._ledger.read_user(user_id)
        if certification is None or record.user is None:
            return 0
        organization = Organizations(self._directory).of(record)
        moment = self._moment(correlation_id)
        return len(self._awarding.settle(record, certification, moment, organization).awarded)

    def evaluate_all(self, user_id: str, *, correlation_id: str = "") -> int:
        """One user for all that it has completed courses of; a failure hands this certification over (R16)."""
        record = self._ledger.read_user(user_id)
        if record.user is None:
            return 0
        courses = {str(completion.course_id) for completion in record.course_completions}
        candidates = Candidates(self._definitions).of(record, courses)
        messages = [
            {"kind": "evaluate", "user_id": user_id, "certification_id": c, "correlation_id": correlation_id}
            for c in sorted(candidates)
        ]
        if len(messages) > 1:
            self._evaluation_queue.send(messages)
            return 0
        return sum(self.evaluate(user_id, c, correlation_id=correlation_id) for c in candidates)

    def evaluate_members(self, message: Mapping[str, Any], time_left: Callable[[], bool]) -> int:
        """Have every member of `organization_id` evaluated: one message each. How many were asked for by now.

        What time does not suffice for goes on through the queue.
        """
        asked, start = 0, message.get("start")
        while True:
            page = self._directory.members(message["organization_id"], limit=MEMBERS_AT_ONCE, start=start)
            self._evaluation_queue.send([{"kind": "user_changed", "user_id": u} for u in page.items])
            asked += len(page.items)
            start = page.next
            if start is None:
                return asked
            if not time_left():
                self._evaluation_queue.send([{**message, "start": dict(start)}])
                return asked

    def _moment(self, correlation_id: str) -> Moment:
        now = self._clock.now()
        return Moment(
            now=now,
            today=civil_date(now, self._zone),
            actor=ACTOR,
            correlation_id=correlation_id,
        )
