"""Put each completion of a certification under its next day again, when its reminders were changed (R33a, ADR 5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from certification.domain.model import Duration
from certification.domain.ports import Definitions, Queue, Transitions
from certification.domain.transitions import Awaiting, rearmed

AT_ONCE = 100
# Whoever awarded with the definition as it was before, has written by then, and the index shows it.
SECOND_LOOK_SECONDS = 900


class ReminderRearming:
    """Page by page, twice; harmless when repeated: it writes only what stands under another day."""

    def __init__(self, *, transitions: Transitions, definitions: Definitions, queue: Queue) -> None:
        self._transitions = transitions
        self._definitions = definitions
        self._queue = queue

    def rearm(self, message: Mapping[str, Any], time_left: Callable[[], bool]) -> int:
        """How many were put under another day; what time does not suffice for goes on through the queue."""
        certification = self._definitions.certification(message["certification_id"])
        if certification is None:
            return 0
        count, start = 0, message.get("start")
        while True:
            page = self._transitions.of_certification(
                certification.certification_id, limit=AT_ONCE, start=start
            )
            count += sum(self._put_right(awaiting, certification.reminders) for awaiting in page.items)
            start = page.next
            if start is None:
                self._look_again(message)
                return count
            if not time_left():
                self._queue.send([{**message, "start": dict(start)}])
                return count

    def _put_right(self, awaiting: Awaiting, reminders: tuple[Duration, ...]) -> bool:
        """Where somebody else wrote meanwhile, they read the new definition, or the second look finds it."""
        step = rearmed(awaiting, reminders)
        return step is not None and self._transitions.take(step)

    def _look_again(self, message: Mapping[str, Any]) -> None:
        if "look" not in message:
            again = {"kind": message["kind"], "certification_id": message["certification_id"], "look": 2}
            self._queue.send([again], delay_seconds=SECOND_LOOK_SECONDS)
