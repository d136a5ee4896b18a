"""Domain objects for tests: sensible everywhere, so that a test names only what it is about."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from certification.domain.course_completion_message import CourseCompletionMessage, UserReference
from certification.domain.evaluation import Moment
from certification.domain.model import (
    AfterDuration,
    Audience,
    Certification,
    CertificationCompletion,
    CertificationId,
    Course,
    CourseCompletion,
    CourseId,
    Duration,
    Holder,
    HolderType,
    Organization,
    OrganizationId,
    Origin,
    Permissions,
    PublishStatus,
    Requirement,
    Requirements,
    User,
    UserId,
)

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TODAY = NOW.date()
A_YEAR = AfterDuration(duration=Duration(months=12))
EVERYONE = Permissions(audience=Audience.EVERYONE)


def requirements(*courses: str, needed: int | None = None) -> Requirements:
    return Requirements(
        courses=tuple(Requirement(course_id=CourseId(course)) for course in courses), required_count=needed
    )


def certification(certification_id: str = "cert-1", *courses: str, **changes: Any) -> Certification:
    """A published user certification of these courses (`c-1` where none is named), valid for a year."""
    values: dict[str, Any] = {
        "certification_id": CertificationId(certification_id),
        "type": HolderType.USER,
        "name": "Sales Pro",
        "details": "Knows how to sell it.",
        "publish_status": PublishStatus.PUBLISHED,
        "frozen": True,
        "ever_published": True,
        "expiration": A_YEAR,
        "requirements": requirements(*(courses or ("c-1",))),
        "permissions": EVERYONE,
        "revision": 1,
        "created_at": NOW - timedelta(days=400),
        "changed_at": NOW - timedelta(days=400),
        "changed_by": "key:test",
    }
    return Certification(**{**values, **changes})


def user(user_id: str = "u-1", **changes: Any) -> User:
    values: dict[str, Any] = {
        "user_id": UserId(user_id),
        "email": f"{user_id}@partner.example",
        "name": f"User {user_id}",
        "revision": 1,
    }
    return User(**{**values, **changes})


def organization(organization_id: str = "o-1", **changes: Any) -> Organization:
    values: dict[str, Any] = {
        "organization_id": OrganizationId(organization_id),
        "name": f"Organization {organization_id}",
        "revision": 1,
    }
    return Organization(**{**values, **changes})


def course(course_id: str = "c-1", **changes: Any) -> Course:
    return Course(
        **{"course_id": CourseId(course_id), "name": f"Course {course_id}", "revision": 1, **changes}
    )


def course_completion(
    course_id: str = "c-1", completed_at: datetime = NOW, user_id: str = "u-1", **changes: Any
) -> CourseCompletion:
    values: dict[str, Any] = {
        "user_id": UserId(user_id),
        "course_id": CourseId(course_id),
        "completed_at": completed_at,
        "completed_on": completed_at.date(),
        "source": "lms",
        "event_id": f"{user_id}-{course_id}-{completed_at.isoformat()}",
        "received_at": completed_at,
    }
    return CourseCompletion(**{**values, **changes})


def completion(
    certification_id: str = "cert-1", holder_id: str = "u-1", cycle: int = 1, **changes: Any
) -> CertificationCompletion:
    """An active award by hand of today, for a year."""
    values: dict[str, Any] = {
        "holder": Holder(type=HolderType.USER, id=holder_id),
        "certification_id": CertificationId(certification_id),
        "certification_version": 1,
        "cycle": cycle,
        "completion_date": TODAY,
        "effective_date": TODAY,
        "expiration_date": date(TODAY.year + 1, TODAY.month, TODAY.day),
        "origin": Origin.MANUAL,
        "started_on": TODAY,
        "changed_at": NOW,
        "changed_by": "key:test",
    }
    return CertificationCompletion(**{**values, **changes})


def message(
    course_id: str | None = "c-1", completed_at: datetime = NOW, user_id: str | None = "u-1", **changes: Any
) -> CourseCompletionMessage:
    values: dict[str, Any] = {
        "event_id": f"{user_id}-{course_id}-{completed_at.isoformat()}",
        "source": "lms",
        "user": UserReference(user_id=user_id),
        "course_id": course_id,
        "completed_at": completed_at,
    }
    return CourseCompletionMessage(**{**values, **changes})


def moment(now: datetime = NOW, actor: str = "job:test") -> Moment:
    return Moment(now=now, today=now.date(), actor=actor)
