"""What all shapes share: strict types, no unknown fields, the texts and ids of the contract."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from certification.domain.errors import InvalidError
from certification.domain.validity import parse_duration

T = TypeVar("T")
LONGEST_TEXT = 5000
FIRST_YEAR, LAST_YEAR = 1900, 9998  # a day more or less, or another zone, stays a date
LONGEST_SCALAR = 1000
MOST_EXACT = 2**53 - 1  # every JSON reader keeps these numbers exactly
# Only described here: the validators below say more than a pattern could.
_DURATION = "^P(?=.*[1-9])([0-9]{1,4}Y)?([0-9]{1,4}M)?([0-9]{1,4}W)?([0-9]{1,5}D)?$"
_NO_NUL = "^[^\\u0000]*$"
_YEARS = "^(19|[2-8][0-9]|9[0-8])[0-9]{2}-"
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Body(BaseModel):
    """What callers send: unknown fields are refused, types are not coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class Query(BaseModel):
    """Query parameters: text that is read as what it means."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Answer(BaseModel):
    """What we answer. Only described, never built: answers are made from the domain by hand."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


def _clean(text: str) -> str:
    if "\x00" in text:
        raise ValueError("a text cannot hold NUL")
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise ValueError("a text cannot hold half a surrogate pair") from exc
    return text


def _scalar(value: object) -> object:
    """One validator, not a union of four: a caller gets one error, at the place that it knows."""
    if isinstance(value, str) and len(value) <= LONGEST_SCALAR:
        return _clean(value)
    if isinstance(value, bool | int | float) and abs(value) <= MOST_EXACT:
        return value
    words = (
        f"Must be a text of up to {LONGEST_SCALAR} characters, a truth value, or a number up to {MOST_EXACT}."
    )
    raise PydanticCustomError("scalar", words)


def _instant(value: datetime) -> datetime:
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ValueError(f"the year must be from {FIRST_YEAR} to {LAST_YEAR}")
    return value.astimezone(UTC)


def _duration(text: str) -> str:
    try:
        parse_duration(text)
    except InvalidError as exc:
        code = "duration_too_long" if re.match(_DURATION, text) else "duration"
        raise PydanticCustomError(code, "{words}", {"words": exc.message}) from exc
    return text


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _civil_date(value: object) -> object:
    """pydantic alone would also take a number of seconds, and a date-time at midnight."""
    if not isinstance(value, str):
        return value
    if not _ISO_DATE.fullmatch(value):
        raise ValueError("A date is written YYYY-MM-DD.")
    day = date.fromisoformat(value)
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"The year must be from {FIRST_YEAR} to {LAST_YEAR}.")
    return day


Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:+@-]{1,128}$"), Field(examples=["c-1"])]
CleanText = Annotated[str, AfterValidator(_clean), Field(json_schema_extra={"pattern": _NO_NUL})]
Name = Annotated[CleanText, StringConstraints(max_length=256), Field(examples=["Sales Professional"])]
Text = Annotated[CleanText, StringConstraints(max_length=LONGEST_TEXT)]
Reason = Annotated[CleanText, StringConstraints(min_length=1, max_length=1000)]
ExternalId = Annotated[CleanText, StringConstraints(min_length=1, max_length=512)]
Group = Annotated[CleanText, StringConstraints(min_length=1, max_length=128)]
DurationText = Annotated[
    str,
    AfterValidator(_duration),
    Field(
        description="ISO 8601 `PnYnMnWnD`, more than nothing, at most a hundred years (R2, R3)",
        examples=["P12M"],
        json_schema_extra={"pattern": _DURATION},
    ),
]
CivilDate = Annotated[
    date,
    BeforeValidator(_civil_date),
    Field(examples=["2026-11-20"], json_schema_extra={"pattern": _YEARS}),
]
# JSON knows numbers only: 12.0 is the same as 12.
WHOLE = BeforeValidator(_whole)
AwardLimit = Annotated[int, Field(ge=0, le=MOST_EXACT), WHOLE]
Score = FiniteFloat
Instant = Annotated[
    AwareDatetime,
    AfterValidator(_instant),
    Field(examples=["2026-11-20T09:30:00Z"], json_schema_extra={"pattern": _YEARS}),
]
Scalar = Annotated[
    str | bool | int | float,
    PlainValidator(_scalar),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "maxLength": LONGEST_SCALAR, "pattern": _NO_NUL},
                {"type": "boolean"},
                {"type": "number", "minimum": -MOST_EXACT, "maximum": MOST_EXACT},
            ]
        }
    ),
]


def exactly_one(*names: str) -> JsonDict:
    """For the document: one of these fields is given, the others are absent or null."""
    null: JsonDict = {"type": "null"}
    given: JsonDict = {"not": {"type": "null"}}
    return {
        "oneOf": [
            {"required": [name], "properties": {other: given if other == name else null for other in names}}
            for name in names
        ]
    }


class IdentityShape(Body):
    """How an outside system calls a user or a course."""

    source: Id = Field(examples=["academy"])
    external_id: ExternalId = Field(examples=["7001"])


class ListQuery(Query):
    limit: int = Field(default=50, ge=1, le=100, description="How many at most")
    cursor: str | None = Field(default=None, description="`next_cursor` of the page before")


class Page(Answer, Generic[T]):
    """A page of a list: `next_cursor` null at the end; a filtered page may be short before it."""

    items: list[T]
    next_cursor: str | None


class FieldProblem(Answer):
    pointer: str = Field(description="RFC 6901, within the body, the query or the path", examples=["/email"])
    code: str = Field(examples=["missing"])
    message: str = Field(examples=["Field required"])


class Problem(BaseModel):
    """RFC 9457."""

    model_config = ConfigDict(defer_build=True)

    type: str = Field(examples=["urn:partner-certification:problem:invalid-body"])
    title: str = Field(examples=["Unprocessable Entity"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["The body is not valid: /email: Field required"])
    errors: list[FieldProblem]
