"""Entities and values of the domain: immutable, changed by `dataclasses.replace`. Words as in `domain.md`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NewType

CertificationId = NewType("CertificationId", str)
CourseId = NewType("CourseId", str)
UserId = NewType("UserId", str)
OrganizationId = NewType("OrganizationId", str)

Attributes = Mapping[str, str | int | float | bool]


class HolderType(StrEnum):
    """What can hold a certification; also the type of a certification."""

    USER = "user"
    ORGANIZATION = "organization"


class PublishStatus(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


class Status(StrEnum):
    """Derived from a completion's facts and a date (R9); never stored."""

    SCHEDULED = "scheduled"
    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"


class Origin(StrEnum):
    """How a certification completion came to be."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"
    IMPORTED = "imported"


class Audience(StrEnum):
    EVERYONE = "everyone"
    GROUPS = "groups"
    RULES = "rules"
    NO_ONE = "no_one"


class RenewalBasis(StrEnum):
    EXPIRATION = "expiration"
    COMPLETION = "completion"


class ChangeKind(StrEnum):
    """Decisions that count from the day they were made (R9)."""

    DATES = "dates"
    REVOKED = "revoked"
    REINSTATED = "reinstated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """An ISO 8601 duration of whole years, months, weeks and days; more than nothing (R3)."""

    years: int = 0
    months: int = 0
    weeks: int = 0
    days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverExpires:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedDate:
    date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterDuration:
    duration: Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchored:
    """The first such calendar day on or after the start plus `minimum`; 29 February clamps (R2)."""

    month: int
    day: int
    minimum: Duration = Duration(days=1)


Expiration = NeverExpires | FixedDate | AfterDuration | Anchored


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """R25. `opens`: how long before the expiration the window opens; `grace`: how long after it stays open."""

    opens: Duration
    basis: RenewalBasis = RenewalBasis.EXPIRATION
    grace: Duration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    course_id: CourseId
    minimum_score: float | None = None
    equivalents: tuple[CourseId, ...] = ()

    @property
    def accepted_courses(self) -> tuple[CourseId, ...]:
        return (self.course_id, *self.equivalents)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """Required courses; `required_count` = any N of them, absent = all (R15)."""

    courses: tuple[Requirement, ...] = ()
    required_count: int | None = None

    @property
    def needed(self) -> int:
        return len(self.courses) if self.required_count is None else self.required_count

    @property
    def accepted_courses(self) -> frozenset[CourseId]:
        return frozenset(course for requirement in self.courses for course in requirement.accepted_courses)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeRule:
    """`attribute` is a user's own (`country`, `user.country`) or its organization's (`organization.region`)."""

    attribute: str
    values: tuple[str | int | float | bool, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """Who can earn it (R19). Several rules: all of them must hold."""

    audience: Audience
    groups: frozenset[str] = frozenset()
    rules: tuple[AttributeRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Certification:
    """The definition. `version` numbers requirements, expiration and renewal; `frozen`: it has been published (R22)."""

    certification_id: CertificationId
    type: HolderType
    name: str = ""
    details: str = ""
    publish_status: PublishStatus = PublishStatus.DRAFT
    version: int = 1
    frozen: bool = False
    ever_published: bool = False
    expiration: Expiration | None = None
    renewal: Renewal | None = None
    requirements: Requirements = Requirements()
    permissions: Permissions | None = None
    reminders: tuple[Duration, ...] = ()
    revision: int = 0
    created_at: datetime | None = None
    changed_at: datetime | None = None
    changed_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """How an outside system calls a user or a course; `source` is ours, `external_id` theirs."""

    source: str
    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    course_id: CourseId
    name: str
    description: str = ""
    identities: frozenset[Identity] = frozenset()
    active: bool = True
    revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    organization_id: OrganizationId
    name: str
    domain: str | None = None
    groups: frozenset[str] = frozenset()
    attributes: Attributes = field(default_factory=dict)
    active: bool = True
    revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    user_id: UserId
    email: str
    name: str = ""
    organization_id: OrganizationId | None = None
    groups: frozenset[str] = frozenset()
    attributes: Attributes = field(default_factory=dict)
    identities: frozenset[Identity] = frozenset()
    active: bool = True
    revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The user or organization that a certification completion belongs to."""

    type: HolderType
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedScore:
    """A further delivery for a known course completion: a correction, or a conflict of event ids (R12)."""

    score: float | None
    source: str
    event_id: str
    received_at: datetime
    conflict: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseCompletion:
    """The fact that a user completed a course at an instant. Identity: user, course, `completed_at` (R12).

    `completed_on` is its civil date in the service's zone (R1). `received` lists what came after the first delivery.
    `outside_name`: what the LMS calls the course, where it was found by that name.
    `retracted_at`: the LMS took it back (R30); it no longer counts.
    """

    user_id: UserId
    course_id: CourseId
    outside_name: str = ""
    completed_at: datetime
    completed_on: date
    score: float | None = None
    source: str = ""
    event_id: str = ""
    received_at: datetime
    received: tuple[ReceivedScore, ...] = ()
    retracted_at: datetime | None = None
    revision: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A course completion that satisfied a requirement."""

    course_id: CourseId
    completed_at: datetime
    score: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedChange:
    """A decision on a completion and what it replaced, so that `as_of` can look behind it (R9)."""

    on: date
    kind: ChangeKind
    previous_expiration_date: date | None = None
    previous_reminded_on: date | None = None
    previous_revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificationCompletion:
    """The award: this holder earned this certification on this date and holds it until that date.

    Dates are civil and inclusive; `expiration_date` None = never (R1). `started_on` is set once it has begun
    (at once, unless scheduled); `lapsed_on` once its lapse at the present expiration date is recorded (R9, R10).
    `renewed_by` is the cycle that continues this one, `renews` the one it continues. `reminded_on` is the day of the
    last reminder that counts as sent for the present expiration date (R33a). `announced` False: history that nobody
    is told about (R7, R32). `reviewed` lists broken evidence that a person looked at and let stand (R30), with the
    score that it had then.
    """

    holder: Holder
    certification_id: CertificationId
    certification_version: int
    cycle: int
    completion_date: date
    effective_date: date
    expiration_date: date | None
    origin: Origin
    evidence: tuple[Evidence, ...] = ()
    under_review: bool = False
    reviewed: tuple[Evidence, ...] = ()
    started_on: date | None = None
    lapsed_on: date | None = None
    revoked_at: datetime | None = None
    superseded_on: date | None = None
    renews: int | None = None
    renewed_by: int | None = None
    reminded_on: date | None = None
    announced: bool = True
    changes: tuple[DatedChange, ...] = ()
    revision: int = 1
    changed_at: datetime
    changed_by: str
    reason: str = ""
    idempotency: str = ""
    import_key: str = ""
    correlation_id: str = ""
