"""What the benchmarks set up: definitions through the service, masses of rows past it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from bench.rig import NOW, Rig
from builders import certification, completion, course, course_completion, organization, user
from certification.adapters.dynamodb.items.completions import completion_to_item, course_completion_to_item
from certification.adapters.dynamodb.items.directory import user_to_item
from certification.adapters.dynamodb.table import Item
from certification.domain.model import Certification, PublishStatus

FIVE = tuple(f"c-{number}" for number in range(1, 6))


def publish(rig: Rig, *definitions: Certification) -> None:
    """As a publish leaves them: the definition, and the hints of its courses."""
    for wanted in definitions:
        draft = replace(wanted, publish_status=PublishStatus.DRAFT, frozen=False, revision=0)
        rig.app.definitions.add(draft)
        rig.app.definitions.save(wanted, previous=draft)


def five_courses(rig: Rig, certification_id: str = "cert-1", **changes: Any) -> None:
    """A certification of five courses, which are there."""
    for course_id in FIVE:
        rig.app.directory.save_course(course(course_id), previous=None)
    publish(rig, certification(certification_id, *FIVE, **changes))


def users(ids: Iterable[str], **changes: Any) -> list[Item]:
    return [user_to_item(user(user_id, **changes)) for user_id in ids]


def one_organization(rig: Rig, organization_id: str = "o-1") -> None:
    rig.app.directory.save_organization(organization(organization_id), previous=None)


def course_completions(user_id: str, courses: Iterable[str]) -> list[Item]:
    """One of each course, a day apart, so that none is another's duplicate."""
    return [
        course_completion_to_item(
            course_completion(
                course_id,
                NOW - timedelta(days=2 + number % 300, minutes=number),
                user_id,
                score=91,
                source="academy",
            )
        )
        for number, course_id in enumerate(courses)
    ]


def held(ids: Iterable[str], *, until: date, certification_id: str = "cert-1") -> Iterator[Item]:
    """Active awards that end on that day."""
    for user_id in ids:
        yield completion_to_item(completion(certification_id, user_id, expiration_date=until))
