"""Course completions by our own API: one, or up to a hundred. Each on its own (R5, R12, R17).

They are checked here and queued; matching, parking and awarding come after. Who is unknown is no error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from certification.domain.course_completion_message import (
    CourseCompletionMessage,
    InvalidMessageError,
    parse_course_completion,
)
from certification.domain.errors import FieldError
from certification.domain.ports import Clock, Queue

SOURCE = "api"
MOST_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What came of one: a message, or what is wrong."""

    index: int
    message: CourseCompletionMessage | None = None
    errors: tuple[FieldError, ...] = ()


class CourseCompletionIntake:
    """`queue` carries what is accepted."""

    def __init__(self, *, queue: Queue, clock: Clock, zone: ZoneInfo) -> None:
        self._queue = queue
        self._clock = clock
        self._zone = zone

    def submit(self, payloads: Sequence[object], *, correlation_id: str) -> list[Checked]:
        """Check each, queue the good ones; all of them are on the queue when this returns, or it raises."""
        now = self._clock.now()
        checked = [self._check(index, payload, now) for index, payload in enumerate(payloads)]
        self._send(checked, correlation_id)
        return checked

    def _send(self, checked: Sequence[Checked], correlation_id: str) -> None:
        accepted = [one.message.to_payload() for one in checked if one.message is not None]
        self._queue.send([payload | {"correlation_id": correlation_id} for payload in accepted])

    def _check(self, index: int, payload: object, now: datetime) -> Checked:
        try:
            message = parse_course_completion(payload, source=SOURCE, now=now, zone=self._zone, own_api=True)
        except InvalidMessageError as exc:
            return Checked(index=index, errors=exc.errors)
        return Checked(index=index, message=message)
