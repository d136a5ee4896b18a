"""What two versions of a definition do not agree in, in words for a person (R22). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from certification.domain.model import (
    Certification,
    Expiration,
    Renewal,
    RenewalBasis,
    Requirement,
    Requirements,
)
from certification.domain.shapes import rule_in_words
from certification.domain.validity import format_duration

VERSIONED = ("requirements", "expiration", "renewal")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartChange:
    """One versioned part that differs; each line of `summary` is a sentence about the newer one."""

    part: str
    summary: tuple[str, ...]


def difference(older: Certification, newer: Certification) -> tuple[PartChange, ...]:
    """The parts that differ, in the order of `VERSIONED`."""
    lines = {
        "requirements": _requirements(older.requirements, newer.requirements),
        "expiration": _expiration(older.expiration, newer.expiration),
        "renewal": _renewal(newer.renewal),
    }
    return tuple(
        PartChange(part=part, summary=tuple(lines[part]))
        for part in VERSIONED
        if getattr(older, part) != getattr(newer, part)
    )


def _requirements(older: Requirements, newer: Requirements) -> Iterator[str]:
    before = {requirement.course_id: requirement for requirement in older.courses}
    after = {requirement.course_id: requirement for requirement in newer.courses}
    yield from (f"{course} is not required any more." for course in before if course not in after)
    yield from (f"{course} is required now." for course in after if course not in before)
    for course, requirement in before.items():
        if course in after:
            yield from _requirement(requirement, after[course])
    if older.required_count != newer.required_count:
        yield f"{_count(newer)}; before: {_count(older)}."
    elif list(before) != list(after) and before.keys() == after.keys():
        yield "The courses are listed in another order."


def _requirement(older: Requirement, newer: Requirement) -> Iterator[str]:
    if older.minimum_score != newer.minimum_score:
        yield f"{newer.course_id} needs {_score(newer)}; before: {_score(older)}."
    if older.equivalents != newer.equivalents:
        yield f"{newer.course_id} can be replaced by {_equivalents(newer)}; before: by {_equivalents(older)}."


def _score(requirement: Requirement) -> str:
    if requirement.minimum_score is None:
        return "no score"
    return f"a score of at least {requirement.minimum_score:g}"


def _equivalents(requirement: Requirement) -> str:
    return " or ".join(requirement.equivalents) or "nothing"


def _count(requirements: Requirements) -> str:
    if requirements.required_count is None:
        return f"All {len(requirements.courses)} courses are required"
    return f"Any {requirements.required_count} of {len(requirements.courses)} courses are enough"


def _expiration(older: Expiration | None, newer: Expiration | None) -> Iterator[str]:
    for when, policy in (("Before", older), ("Now", newer)):
        yield f"{when}: {rule_in_words(policy) if policy else 'there is no expiration policy.'}"


def _renewal(newer: Renewal | None) -> Iterator[str]:
    if newer is None:
        yield "It is not renewed any more: after it has expired it is earned anew."
        return
    basis = "the old expiration" if newer.basis is RenewalBasis.EXPIRATION else "the new completion"
    yield f"It can be renewed from {format_duration(newer.opens)} before its expiration on; counted from {basis}."
    if newer.grace is None:
        yield "Once it has expired, it is earned anew."
    else:
        yield f"Once it has expired, it can still be renewed for {format_duration(newer.grace)}."
