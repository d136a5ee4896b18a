"""Import the course completions that an LMS had before: each row is checked, queued, and matched later (R12, R17)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from certification.domain.course_completion_message import (
    CourseCompletionMessage,
    InvalidMessageError,
    parse_course_completion,
)
from certification.domain.csv_rows import TOO_MANY_VALUES, Values, read_rows
from certification.domain.errors import FieldError
from certification.domain.imports import Group, Import, Row, RowOutcome, RowResult, TimeLeft
from certification.domain.ports import Clock, Queue

MOST_ROWS = 100_000
SOURCE = "import"
COLUMNS = (
    "event_id",
    "user_id",
    "email",
    "identity_source",
    "identity_external_id",
    "course_id",
    "completed_at",
    "score",
)
_REQUIRED = ("course_id", "completed_at")
_NOT_AS_THEY_ARE = frozenset({"score", "identity_source", "identity_external_id"})
Checked = tuple["CourseCompletionMessage | None", tuple[FieldError, ...]]


class CourseCompletionImporter:
    """Implements the port `Importer`. A row without an `event_id` has one by its content."""

    def __init__(self, *, queue: Queue, clock: Clock, zone: ZoneInfo) -> None:
        self._queue = queue
        self._clock = clock
        self._zone = zone

    def read(self, text: str) -> Sequence[Group]:
        found = read_rows(text, columns=COLUMNS, required=_REQUIRED, most_rows=MOST_ROWS)
        return [(Row(number=number, values=values),) for number, values in found]

    def take(
        self,
        groups: Sequence[Group],
        run: Import,
        time_left: TimeLeft,  # noqa: ARG002 a page is a second's work
    ) -> list[RowResult]:
        now = self._clock.now()
        rows = [row for group in groups for row in group]
        checked = [self._check(row, now) for row in rows]
        if not run.dry_run:
            accepted = [message.to_payload() for message, _ in checked if message is not None]
            self._queue.send([payload | {"correlation_id": run.correlation_id} for payload in accepted])
        return [_result(row, errors) for row, (_, errors) in zip(rows, checked, strict=True)]

    def _check(self, row: Row, now: datetime) -> Checked:
        if row.values is None:
            return None, (TOO_MANY_VALUES,)
        payload, errors = _payload(row.values)
        try:
            message = parse_course_completion(payload, source=SOURCE, now=now, zone=self._zone, own_api=True)
        except InvalidMessageError as exc:
            return None, (*errors, *(_by_column(error) for error in exc.errors))
        return (None, tuple(errors)) if errors else (message, ())


def _result(row: Row, errors: tuple[FieldError, ...]) -> RowResult:
    outcome = RowOutcome.REJECTED if errors else RowOutcome.ACCEPTED
    return RowResult(row=row.number, outcome=outcome, errors=errors)


def _payload(values: Values) -> tuple[Mapping[str, object], list[FieldError]]:
    """The row as a body of our own API, and what is wrong before that."""
    errors = []
    payload: dict[str, object] = {n: value for n, value in values.items() if n not in _NOT_AS_THEY_ARE}
    if "identity_source" in values or "identity_external_id" in values:
        payload["identity"] = {
            "source": values.get("identity_source", ""),
            "external_id": values.get("identity_external_id", ""),
        }
    if "score" in values:
        try:
            payload["score"] = float(values["score"])
        except ValueError:
            errors.append(FieldError(pointer="/score", code="invalid_number", message="Must be a number."))
    content = json.dumps(values, sort_keys=True)
    payload.setdefault("event_id", f"import:{hashlib.sha256(content.encode()).hexdigest()[:40]}")
    return payload, errors


def _by_column(error: FieldError) -> FieldError:
    """An error in the body as one of the column it came from."""
    pointer = "/identity_external_id" if error.pointer == "/identity" else error.pointer
    return FieldError(pointer=pointer, code=error.code, message=error.message)
