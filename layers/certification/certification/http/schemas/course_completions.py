"""Shapes of course completions, parked ones among them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, PlainValidator, RootModel, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from certification.domain.parking import ParkingReason
from certification.domain.payload_reader import LARGEST_NUMBER as MOST_SCORE
from certification.http.schemas.base import (
    Answer,
    Body,
    FieldProblem,
    Id,
    IdentityShape,
    ListQuery,
    Reason,
    exactly_one,
)
from certification.services.course_completion_intake import MOST_AT_ONCE

_ID = {"type": "string", "pattern": "^[A-Za-z0-9._:+@-]{1,128}$"}
_IDENTITY = {
    "type": "object",
    "properties": {"source": _ID, "external_id": {"type": "string", "minLength": 1, "maxLength": 512}},
    "required": ["source", "external_id"],
    "additionalProperties": False,
}
_WHOM: dict[str, Any] = {
    "user_id": _ID,
    "email": {"type": "string", "format": "email", "maxLength": 320},
    "identity": _IDENTITY,
}
_ONE: dict[str, Any] = {
    "type": "object",
    "description": "Whom: exactly one of `user_id`, `email`, `identity`. Who is unknown is no error: it is parked.",
    "properties": {
        "event_id": {"type": "string", "minLength": 1, "maxLength": 256},
        **{name: {"anyOf": [schema, {"type": "null"}]} for name, schema in _WHOM.items()},
        "course_id": _ID,
        "completed_at": {
            "type": "string",
            "anyOf": [{"format": "date-time"}, {"format": "date"}],
            "description": "ISO 8601 with an offset, or a date alone (R5); at most 24 hours ahead",
            "examples": ["2026-11-20T09:30:00Z", "2026-11-20"],
        },
        "score": {"type": ["number", "null"], "minimum": -MOST_SCORE, "maximum": MOST_SCORE},
    },
    "required": ["event_id", "course_id", "completed_at"],
    **exactly_one(*_WHOM),
    "additionalProperties": False,
}


def _one_or_many(value: object) -> object:
    if isinstance(value, dict | list):
        return value
    raise PydanticCustomError("one_or_many", "Must be an object, or an array of them.")


OneOrMany = Annotated[
    dict[str, Any] | list[Any],
    PlainValidator(_one_or_many),
    WithJsonSchema(
        {"anyOf": [_ONE, {"type": "array", "items": _ONE, "minItems": 1, "maxItems": MOST_AT_ONCE}]}
    ),
]


class CourseCompletionsBody(RootModel[OneOrMany]):
    """One, or up to a hundred. Each is checked on its own, so the list is not refused for one of them."""


class ResultAnswer(Answer):
    index: int
    status: str = Field(examples=["accepted", "rejected"])
    errors: list[FieldProblem] = Field(default_factory=list)


class SubmittedAnswer(Answer):
    accepted: int
    rejected: int
    results: list[ResultAnswer]


class ReceivedScoreAnswer(Answer):
    """A further delivery: a correction of the score, or a conflict of event ids, which does not count (R12)."""

    score: float | None
    source: str
    event_id: str
    received_at: datetime
    conflict: bool


class CourseCompletionAnswer(Answer):
    user_id: Id
    course_id: str
    completed_at: datetime
    score: float | None = Field(default=None, description="After corrections")
    source: str
    event_id: str
    received_at: datetime
    received: list[ReceivedScoreAnswer] = Field(default_factory=list)
    retracted_at: datetime | None = Field(default=None, description="The LMS took it back (R30)")


class ParkedQuery(ListQuery):
    discarded: bool = Field(default=False, description="Those that were given up instead")


class ParkedCompletionAnswer(Answer):
    """In the LMS's own words, where they are not ours: `identity`, `course_identity`."""

    source: str
    event_id: str
    user_id: Id | None = None
    email: str | None = None
    identity: IdentityShape | None = None
    course_id: str | None = None
    course_identity: IdentityShape | None = None
    completed_at: datetime
    score: float | None = None
    retracts: bool | None = None


class ParkedAnswer(Answer):
    parked_id: Id
    reason: ParkingReason
    message: str = Field(description="The reason in words")
    parked_at: datetime
    expires_at: datetime
    course_completion: ParkedCompletionAnswer
    discarded_at: datetime | None
    discarded_by: str | None
    discard_reason: str | None


class AssignBody(Body):
    user_id: Id


class DiscardBody(Body):
    reason: Reason = Field(examples=["a test account"])


class AssignedAnswer(Answer):
    parked_id: Id
    user_id: Annotated[str, StringConstraints(max_length=128)]
