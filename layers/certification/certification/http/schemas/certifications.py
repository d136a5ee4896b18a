"""Shapes of certifications: `contract.md`, R2, R15, R19, R25, R33a."""

from __future__ import annotations

import calendar
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from certification.domain.model import Audience, HolderType, PublishStatus, RenewalBasis
from certification.http.schemas.base import (
    WHOLE,
    Answer,
    AwardLimit,
    Body,
    CivilDate,
    CleanText,
    DurationText,
    Group,
    Id,
    ListQuery,
    Name,
    Query,
    Scalar,
    Score,
    Text,
)

_LEAP_YEAR = 2024  # 29 February is an anchor


class NeverShape(Body):
    """It never expires."""

    type: Literal["never"]


class FixedDateShape(Body):
    """The same last valid day for all."""

    type: Literal["fixed_date"]
    date: CivilDate


class DurationShape(Body):
    """From the completion date (R3)."""

    type: Literal["duration"]
    duration: DurationText


class AnchoredShape(Body):
    """The next such calendar day that leaves at least `minimum`; 29 February clamps (R2)."""

    type: Literal["anchored"]
    month: Annotated[int, Field(ge=1, le=12), WHOLE] = Field(examples=[12])
    day: Annotated[int, Field(ge=1, le=31), WHOLE] = Field(examples=[31])
    minimum: DurationText = "P1D"

    @field_validator("day")
    @classmethod
    def _in_its_month(cls, day: int, info: ValidationInfo) -> int:
        month = info.data.get("month")
        if month is not None and day > calendar.monthrange(_LEAP_YEAR, month)[1]:
            raise PydanticCustomError("no_such_day", f"there is no day {day} in month {month}")
        return day


def _tag(value: Any) -> str:
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return f"={kind}"


ExpirationShape = Annotated[
    Annotated[NeverShape, Tag("=never")]
    | Annotated[FixedDateShape, Tag("=fixed_date")]
    | Annotated[DurationShape, Tag("=duration")]
    | Annotated[AnchoredShape, Tag("=anchored")],
    Discriminator(
        _tag,
        custom_error_type="expiration_type",
        custom_error_message="type must be one of never, fixed_date, duration, anchored",
    ),
]


class RenewalShape(Body):
    """R25: when the window opens before the expiration, and how long it stays open after it."""

    opens: DurationText = Field(examples=["P60D"])
    basis: RenewalBasis = RenewalBasis.EXPIRATION
    grace: DurationText | None = Field(default=None, examples=["P30D"])


class RequirementShape(Body):
    course_id: Id
    minimum_score: Score | None = Field(default=None, ge=-1e6, le=1e6, examples=[80])
    equivalents: list[Id] = Field(default_factory=list, max_length=20)


class RequirementsShape(Body):
    """`required_count` N: any N of the courses; absent: all (R15)."""

    courses: list[RequirementShape] = Field(max_length=90)
    required_count: Annotated[int, Field(ge=1, le=90), WHOLE] | None = None


class RuleShape(Body):
    """`attribute`: a user's own (`country`), or of its organization (`organization.region`)."""

    attribute: Annotated[CleanText, Field(min_length=1, max_length=160)] = Field(
        examples=["organization.region"]
    )
    in_: list[Scalar] = Field(alias="in", min_length=1, max_length=100, examples=[["EMEA"]])


class PermissionsShape(Body):
    """Who can earn it (R19). Several rules: all of them must hold."""

    audience: Audience
    groups: list[Group] = Field(default_factory=list, max_length=100)
    rules: list[RuleShape] = Field(default_factory=list, max_length=20)


Reminders = Annotated[list[DurationText], Field(max_length=10, examples=[["P60D", "P30D", "P7D"]])]


class CertificationParts(Body):
    name: Name = ""
    details: Text = ""
    expiration: ExpirationShape | None = None
    permissions: PermissionsShape | None = None
    renewal: RenewalShape | None = None
    requirements: RequirementsShape | None = None
    reminders: Reminders = Field(default_factory=list)


class CertificationBody(CertificationParts):
    type: HolderType


class CertificationPatch(CertificationParts):
    """Only what is given changes; null takes a part away."""

    type: HolderType | None = Field(
        default=None, description="Another one only while it was never published; null leaves it"
    )


class RequiredCourseBody(Body):
    minimum_score: Score | None = Field(default=None, ge=-1e6, le=1e6)
    equivalents: list[Id] = Field(default_factory=list, max_length=20)


class PublishBody(Body):
    max_awards: AwardLimit | None = Field(
        default=None, description="Award nobody where it would be more than this (R23)"
    )


class ChecklistItem(Answer):
    code: str = Field(examples=["courses_missing"])
    message: str
    pointer: str


class CertificationAnswer(Answer):
    certification_id: Id
    type: HolderType
    name: str
    details: str
    publish_status: PublishStatus
    version: int
    expiration: ExpirationShape | None
    permissions: PermissionsShape | None
    renewal: RenewalShape | None
    requirements: RequirementsShape
    reminders: list[str]
    publish_checklist: list[ChecklistItem]
    created_at: str | None
    changed_at: str | None
    evaluation_id: str | None = Field(
        default=None, description="The evaluation that this change started, where it started one"
    )


class VersionAnswer(Answer):
    version: int
    published_at: str | None
    expiration: ExpirationShape | None
    renewal: RenewalShape | None
    requirements: RequirementsShape


class ChangeAnswer(Answer):
    """`from` and `to`: how the part read before and after."""

    part: str
    from_: Any = Field(alias="from")
    to: Any
    summary: list[str] = Field(description="What is different, in sentences")


class VersionsAnswer(Answer):
    """`changes`: what differs from the version before, or between the two asked for."""

    items: list[VersionAnswer]
    changes: list[ChangeAnswer]
    next_cursor: str | None


class CertificationsQuery(ListQuery):
    type: HolderType | None = None
    publish_status: PublishStatus | None = None


class VersionsQuery(ListQuery):
    from_: int | None = Field(default=None, alias="from", ge=1)
    to: int | None = Field(default=None, ge=1)


class PreviewQuery(Query):
    completion_date: CivilDate


class ExpirationPreviewAnswer(Answer):
    """What the expiration policy gives for a completion date; null: never."""

    completion_date: date
    expiration_date: date | None
    rule: str
