"""The publish checklist: everything that would make a certification useless or surprising once published. Pure.

Rules: R2, R8, R15, R25. Codes are those of `contract.md`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from certification.domain.errors import FieldError, InvalidError
from certification.domain.model import (
    AfterDuration,
    Anchored,
    Audience,
    Certification,
    Course,
    FixedDate,
    HolderType,
    NeverExpires,
    RenewalBasis,
)
from certification.domain.validity import add


def checklist(
    certification: Certification, courses: Mapping[str, Course], today: date
) -> tuple[FieldError, ...]:
    """What is still missing, in the order in which a person fills it in. `courses` are those that exist."""
    return tuple(
        FieldError(pointer=pointer, code=code, message=message)
        for pointer, code, message in _items(certification, courses, today)
    )


Item = tuple[str, str, str]


def _items(certification: Certification, courses: Mapping[str, Course], today: date) -> Iterator[Item]:
    if not certification.name.strip():
        yield "/name", "name_missing", "Give it a name."
    if not certification.details.strip():
        yield "/details", "details_missing", "Say in the details what it certifies."
    yield from _expiration(certification, today)
    yield from _permissions(certification)
    if certification.type is HolderType.USER:
        yield from _courses(certification, courses)
        yield from _renewal(certification)


def _expiration(certification: Certification, today: date) -> Iterator[Item]:
    policy = certification.expiration
    if policy is None and certification.type is HolderType.USER:
        yield "/expiration", "expiration_missing", "Choose when it expires; never is a choice too."
    if isinstance(policy, FixedDate) and policy.date < today:
        yield (
            "/expiration/date",
            "expiration_past",
            f"It would have expired on {policy.date.isoformat()} already: nobody could hold it.",
        )


def _permissions(certification: Certification) -> Iterator[Item]:
    permissions = certification.permissions
    if permissions is None:
        yield "/permissions", "permissions_missing", "Choose who can earn it."
    elif permissions.audience is Audience.GROUPS and not permissions.groups:
        yield "/permissions/groups", "permissions_missing", "Name at least one group that can earn it."
    elif permissions.audience is Audience.RULES and not permissions.rules:
        yield "/permissions/rules", "permissions_missing", "Give at least one rule that says who can earn it."


def _courses(certification: Certification, courses: Mapping[str, Course]) -> Iterator[Item]:
    requirements = certification.requirements
    if not requirements.courses:
        yield "/requirements/courses", "courses_missing", "Add at least one required course."
        return
    for index, requirement in enumerate(requirements.courses):
        places = [(f"/requirements/courses/{index}/course_id", requirement.course_id)]
        places += [
            (f"/requirements/courses/{index}/equivalents/{n}", c)
            for n, c in enumerate(requirement.equivalents)
        ]
        for pointer, course_id in places:
            course = courses.get(course_id)
            if course is None:
                yield pointer, "course_unknown", f"There is no course {course_id!r}."
            elif not course.active:
                yield pointer, "course_inactive", f"The course {course_id!r} is inactive."
    wanted = requirements.required_count
    if wanted is not None and wanted > len(requirements.courses):
        yield (
            "/requirements/required_count",
            "required_count_too_high",
            f"It asks for {wanted} of {len(requirements.courses)} courses.",
        )


def _renewal(certification: Certification) -> Iterator[Item]:
    renewal, policy = certification.renewal, certification.expiration
    if renewal is None or policy is None:
        return
    if isinstance(policy, NeverExpires | FixedDate):
        yield (
            "/renewal",
            "renewal_not_possible",
            "What never expires, or expires for all on one day, cannot be renewed.",
        )
    elif not _opens_within_validity(certification):
        yield (
            "/renewal/opens",
            "renewal_not_possible",
            "The renewal window would open before the certification is earned.",
        )
    elif _grace_outlasts_validity(certification):
        yield (
            "/renewal/grace",
            "renewal_not_possible",
            "Renewed at the end of the grace, the certification would have ended already.",
        )


def _opens_within_validity(certification: Certification) -> bool:
    """A window as long as the validity itself would make everybody renew at once."""
    renewal, policy = certification.renewal, certification.expiration
    start = date(2025, 1, 1)
    if renewal is None or not isinstance(policy, AfterDuration | Anchored):
        return True
    shortest = policy.duration if isinstance(policy, AfterDuration) else policy.minimum
    try:
        return add(start, renewal.opens) < add(start, shortest) or isinstance(policy, Anchored)
    except InvalidError:
        return False


def _grace_outlasts_validity(certification: Certification) -> bool:
    renewal, policy = certification.renewal, certification.expiration
    if renewal is None or renewal.grace is None or renewal.basis is not RenewalBasis.EXPIRATION:
        return False
    start = date(2025, 1, 1)
    return isinstance(policy, AfterDuration) and add(start, renewal.grace) >= add(start, policy.duration)
