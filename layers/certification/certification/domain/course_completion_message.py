"""The canonical course completion: what `POST /course-completions` takes and the course-completion queue carries.

Parsed by hand, because the workers cannot afford pydantic's import. Pointers in errors are relative to the payload.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from certification.domain.errors import FieldError, InvalidError
from certification.domain.instants import format_instant
from certification.domain.model import Identity
from certification.domain.payload_reader import PayloadReader

MAX_EVENT_ID = 256
OWN_API_FIELDS = frozenset(
    {"event_id", "user_id", "email", "identity", "course_id", "completed_at", "score"},
)
QUEUE_FIELDS = OWN_API_FIELDS | {
    "source",
    "course_identity",
    "date_only",
    "retracts",
    "retracts_event_id",
    "voidable",
    "correlation_id",
}
_USER_FIELDS = ("user_id", "email", "identity")


class InvalidMessageError(InvalidError):
    """A payload is no course completion; `errors` says everything that is wrong with it."""

    code = "invalid-course-completion"

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        super().__init__("The course completion is not valid.", errors=errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserReference:
    """Who: by our id, by e-mail (lower case), by identity. What an LMS sent may carry identity and e-mail both."""

    user_id: str | None = None
    email: str | None = None
    identity: Identity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseCompletionMessage:
    """A course completion on its way in; `completed_at` is aware UTC, midnight in the service's zone if `date_only`.

    One of `course_id` and `course_identity` (the LMS's name for the course) is set. `retracts`: the LMS takes back
    (R30) what it sent under `retracts_event_id` (same source; user and course may be unknown then) or, without one,
    this user's completions of this course up to `completed_at`, which is then the instant of the retraction.
    `voidable`: its source may retract it by `event_id` alone, so whose event it was is kept.
    """

    event_id: str
    source: str
    user: UserReference
    course_id: str | None = None
    course_identity: Identity | None = None
    completed_at: datetime
    date_only: bool = False
    score: float | None = None
    retracts: bool = False
    retracts_event_id: str | None = None
    voidable: bool = False
    correlation_id: str | None = None

    def to_payload(self) -> dict[str, object]:
        """The JSON object that `parse_course_completion(…, own_api=False)` reads back as this message."""
        values: dict[str, object] = {
            "event_id": self.event_id,
            "source": self.source,
            "user_id": self.user.user_id,
            "email": self.user.email,
            "identity": _identity_payload(self.user.identity),
            "course_id": self.course_id,
            "course_identity": _identity_payload(self.course_identity),
            "completed_at": format_instant(self.completed_at),
            "date_only": self.date_only or None,
            "score": self.score,
            "retracts": self.retracts or None,
            "retracts_event_id": self.retracts_event_id,
            "voidable": self.voidable or None,
            "correlation_id": self.correlation_id,
        }
        return {name: value for name, value in values.items() if value is not None}


def parse_course_completion(
    payload: object, *, source: str | None, now: datetime, zone: ZoneInfo, own_api: bool
) -> CourseCompletionMessage:
    """Read one course completion or raise InvalidMessageError with all that is wrong (R5).

    `source` given: the message is from there, whatever it says. None: it must say so itself (a queue message).
    `own_api`: exactly one of user_id, email, identity; a `course_id`; none of the fields only the queue has.
    """
    if not isinstance(payload, Mapping):
        error = FieldError(pointer="", code="not_an_object", message="A course completion is an object.")
        raise InvalidMessageError((error,))
    reader = PayloadReader(payload, allowed=OWN_API_FIELDS if own_api else QUEUE_FIELDS)
    completed_at, date_alone = reader.instant("completed_at", now=now, zone=zone)
    retracts_event_id = reader.text("retracts_event_id", limit=MAX_EVENT_ID)
    message = CourseCompletionMessage(
        event_id=reader.text("event_id", limit=MAX_EVENT_ID) or "",
        source=source or reader.id("source") or "",
        user=_read_user(reader, own_api=own_api, optional=retracts_event_id is not None),
        course_id=reader.id("course_id"),
        course_identity=reader.identity("course_identity"),
        completed_at=completed_at,
        date_only=reader.flag("date_only") or date_alone,
        score=reader.number("score"),
        retracts=reader.flag("retracts") or retracts_event_id is not None,
        retracts_event_id=retracts_event_id,
        voidable=reader.flag("voidable"),
        correlation_id=reader.text("correlation_id", limit=MAX_EVENT_ID),
    )
    _require_fields(reader, source=source, course_optional=retracts_event_id is not None)
    if reader.errors:
        raise InvalidMessageError(tuple(reader.errors))
    return message


def _read_user(reader: PayloadReader, *, own_api: bool, optional: bool) -> UserReference:
    given = [name for name in _USER_FIELDS if reader.has(name)]
    if not given and not optional:
        reader.fail("", "user_missing", "One of user_id, email, identity is required.")
    if own_api and len(given) > 1:
        reader.fail(given[1], "user_ambiguous", "Only one of user_id, email, identity may be given.")
    return UserReference(
        user_id=reader.id("user_id"), email=reader.email("email"), identity=reader.identity("identity")
    )


def _require_fields(reader: PayloadReader, *, source: str | None, course_optional: bool) -> None:
    reader.require("event_id")
    reader.require("completed_at")
    if source is None:
        reader.require("source")
    if reader.has("course_id") and reader.has("course_identity"):
        reader.fail(
            "course_identity", "course_ambiguous", "Only one of course_id, course_identity may be given."
        )
    elif not reader.has("course_identity") and not course_optional:
        reader.require("course_id")


def _identity_payload(identity: Identity | None) -> dict[str, str] | None:
    if identity is None:
        return None
    return {"source": identity.source, "external_id": identity.external_id}
