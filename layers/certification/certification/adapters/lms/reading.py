"""Turns the parts of a body into course completions, each on its own: one bad part does not lose the others."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from certification.adapters.lms.bodies import dump_json
from certification.adapters.lms.fields import Fields, PartRefusedError, When
from certification.domain.course_completion_message import (
    MAX_EVENT_ID,
    CourseCompletionMessage,
    UserReference,
)
from certification.domain.instants import InvalidInstantError, require_not_ahead
from certification.domain.model import Identity
from certification.domain.payload_reader import normalize_email
from certification.domain.webhooks import ParsedWebhook, RejectedPart

MAX_KIND = 64
DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceContext:
    """Whose body it is, what time it is, and the service's zone (R1)."""

    source_id: str
    now: datetime
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Ignored:
    """A part that is no completion, by the provider's own name for its kind."""

    kind: str


Outcome = CourseCompletionMessage | Ignored
ReadPart = Callable[[Fields, SourceContext], Outcome]


def read_parts(parts: Iterable[object], read: ReadPart, context: SourceContext) -> ParsedWebhook:
    """Read each part; within one body no two different completions share an event id, and equal ones count once."""
    completions: dict[str, CourseCompletionMessage] = {}
    ignored: Counter[str] = Counter()
    rejected: list[RejectedPart] = []
    for part in parts:
        try:
            outcome = read(Fields.of(part), context)
        except PartRefusedError as exc:
            rejected.append(RejectedPart(reason=exc.reason, detail=exc.detail, part=dump_json(part)))
            continue
        if isinstance(outcome, CourseCompletionMessage):
            outcome = _keep(outcome, completions)
        if isinstance(outcome, Ignored):
            ignored[kind_name(outcome.kind)] += 1
    if not (completions or ignored or rejected):
        ignored["empty"] = 1
    return ParsedWebhook(
        completions=tuple(completions.values()), ignored=dict(ignored), rejected=tuple(rejected)
    )


def lms_completion(
    context: SourceContext,
    *,
    user: str | None,
    email: str | None = None,
    course: str,
    when: When,
    event_id: str | None,
    score: float | None = None,
    retracts: bool = False,
) -> CourseCompletionMessage:
    """A completion in the LMS's own ids. `event_id` None: derived from the content, so that a redelivery has the same.

    PartRefusedError where nobody is named or the instant is more than 24 hours ahead (R5).
    """
    address = normalize_email(email)
    if user is None and address is None:
        raise PartRefusedError("user_missing", "neither a user id nor an e-mail address")
    refuse_ahead(when, context)
    identity = None if user is None else Identity(source=context.source_id, external_id=user)
    message = CourseCompletionMessage(
        event_id=bounded_event_id(event_id or "-"),
        source=context.source_id,
        user=UserReference(email=address, identity=identity),
        course_identity=Identity(source=context.source_id, external_id=course),
        completed_at=when.at,
        date_only=when.date_only,
        score=score,
        retracts=retracts,
    )
    return message if event_id else replace(message, event_id=f"sha256:{content_hash(message)}")


def refuse_ahead(when: When, context: SourceContext) -> None:
    """PartRefusedError for an instant more than 24 hours in the future (R5)."""
    try:
        require_not_ahead(when.at, now=context.now)
    except InvalidInstantError as exc:
        raise PartRefusedError(exc.code, "the completion's instant") from exc


def content_hash(message: CourseCompletionMessage) -> str:
    """A hash of what a message says, whatever its event id."""
    content = replace(message, event_id="").to_payload()
    return hashlib.sha256(dump_json(content).encode()).hexdigest()


def bounded_event_id(text: str) -> str:
    """An event id as it is, or its hash where it is too long for one."""
    if len(text) <= MAX_EVENT_ID:
        return text
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def kind_name(text: str) -> str:
    """A short, printable name for a kind: it goes into counts and metrics."""
    return re.sub(r"[^A-Za-z0-9._:/-]+", "_", text[:MAX_KIND]) or "unknown"


def _keep(message: CourseCompletionMessage, seen: dict[str, CourseCompletionMessage]) -> Outcome:
    event_id = message.event_id
    if seen.get(event_id, message) != message:
        suffix = content_hash(message)[:16]
        event_id = bounded_event_id(f"{event_id}:{suffix}")
        message = replace(message, event_id=event_id)
    if event_id in seen:
        return Ignored(DUPLICATE)
    seen[event_id] = message
    return message
