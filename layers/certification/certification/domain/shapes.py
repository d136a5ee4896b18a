"""The parts of a definition as plain JSON values, as `contract.md` shapes them: the API, the table and events share it.

Reading trusts the outline (the API's models or our own earlier writing made it) and checks the values.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeAlias

from certification.domain.errors import FieldError, InvalidError
from certification.domain.model import (
    AfterDuration,
    Anchored,
    AttributeRule,
    Audience,
    CourseId,
    Duration,
    Expiration,
    FixedDate,
    NeverExpires,
    Permissions,
    Renewal,
    RenewalBasis,
    Requirement,
    Requirements,
)
from certification.domain.validity import format_duration, parse_duration

Json: TypeAlias = dict[str, Any]


def expiration_to_json(policy: Expiration) -> Json:
    match policy:
        case NeverExpires():
            return {"type": "never"}
        case FixedDate(date=fixed):
            return {"type": "fixed_date", "date": fixed.isoformat()}
        case AfterDuration(duration=duration):
            return {"type": "duration", "duration": format_duration(duration)}
        case Anchored(month=month, day=day, minimum=minimum):
            return {"type": "anchored", "month": month, "day": day, "minimum": format_duration(minimum)}


def expiration_from_json(shape: Mapping[str, Any]) -> Expiration:
    match shape["type"]:
        case "never":
            return NeverExpires()
        case "fixed_date":
            return FixedDate(date=date.fromisoformat(shape["date"]))
        case "duration":
            return AfterDuration(duration=parse_duration(shape["duration"]))
        case "anchored":
            return _anchored(shape)
        case other:
            raise InvalidError(f"{other!r} is no expiration policy")


def _anchored(shape: Mapping[str, Any]) -> Anchored:
    month, day = shape["month"], shape["day"]
    try:
        date(2024, month, day)  # a leap year: 29 February is an anchor, 31 April is none
    except ValueError as exc:
        words = f"There is no day {day} in month {month}."
        error = FieldError(pointer="/expiration/day", code="no_such_day", message=words)
        raise InvalidError(words, errors=(error,)) from exc
    return Anchored(month=month, day=day, minimum=parse_duration(shape.get("minimum") or "P1D"))


def renewal_to_json(renewal: Renewal) -> Json:
    shape: Json = {"opens": format_duration(renewal.opens), "basis": renewal.basis.value}
    if renewal.grace is not None:
        shape["grace"] = format_duration(renewal.grace)
    return shape


def renewal_from_json(shape: Mapping[str, Any]) -> Renewal:
    grace = shape.get("grace")
    return Renewal(
        opens=parse_duration(shape["opens"]),
        basis=RenewalBasis(shape.get("basis") or RenewalBasis.EXPIRATION),
        grace=parse_duration(grace) if grace else None,
    )


def requirements_to_json(requirements: Requirements) -> Json:
    shape: Json = {"courses": [requirement_to_json(requirement) for requirement in requirements.courses]}
    if requirements.required_count is not None:
        shape["required_count"] = requirements.required_count
    return shape


def requirement_to_json(requirement: Requirement) -> Json:
    shape: Json = {"course_id": requirement.course_id}
    if requirement.minimum_score is not None:
        shape["minimum_score"] = requirement.minimum_score
    if requirement.equivalents:
        shape["equivalents"] = list(requirement.equivalents)
    return shape


def requirements_from_json(shape: Mapping[str, Any]) -> Requirements:
    return Requirements(
        courses=tuple(requirement_from_json(course) for course in shape.get("courses", ())),
        required_count=shape.get("required_count"),
    )


def requirement_from_json(shape: Mapping[str, Any]) -> Requirement:
    return Requirement(
        course_id=CourseId(shape["course_id"]),
        minimum_score=shape.get("minimum_score"),
        equivalents=tuple(CourseId(course) for course in shape.get("equivalents") or ()),
    )


def permissions_to_json(permissions: Permissions) -> Json:
    shape: Json = {"audience": permissions.audience.value}
    if permissions.groups:
        shape["groups"] = sorted(permissions.groups)
    if permissions.rules:
        shape["rules"] = [{"attribute": r.attribute, "in": list(r.values)} for r in permissions.rules]
    return shape


def permissions_from_json(shape: Mapping[str, Any]) -> Permissions:
    return Permissions(
        audience=Audience(shape["audience"]),
        groups=frozenset(shape.get("groups") or ()),
        rules=tuple(
            AttributeRule(attribute=rule["attribute"], values=tuple(rule["in"]))
            for rule in shape.get("rules") or ()
        ),
    )


def reminders_to_json(reminders: tuple[Duration, ...]) -> list[str]:
    return [format_duration(offset) for offset in reminders]


def reminders_from_json(shape: list[str] | None) -> tuple[Duration, ...]:
    return tuple(parse_duration(offset) for offset in shape or ())


def rule_in_words(policy: Expiration) -> str:
    """The policy as a sentence."""
    match policy:
        case NeverExpires():
            return "It never expires."
        case FixedDate(date=fixed):
            return f"It is valid until {fixed.isoformat()} for everybody."
        case AfterDuration(duration=duration):
            return f"It is valid for {format_duration(duration)} from the completion date."
        case Anchored(month=month, day=day, minimum=minimum):
            return f"It is valid until the next {day:02}.{month:02}. that leaves at least {format_duration(minimum)}."
