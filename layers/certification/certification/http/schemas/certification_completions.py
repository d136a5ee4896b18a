"""Shapes of certification completions, their history, and the progress towards one."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Self

from pydantic import ConfigDict, Field, model_validator

from certification.domain.hand_awards import Mode
from certification.domain.history import What
from certification.domain.model import HolderType, Origin, Status
from certification.http.schemas.base import (
    Answer,
    Body,
    CivilDate,
    CleanText,
    Id,
    ListQuery,
    Reason,
    exactly_one,
)


class HandAwardBody(Body):
    """Whom: exactly one of `user_id` and `organization_id`."""

    model_config = ConfigDict(json_schema_extra=exactly_one("user_id", "organization_id"))

    user_id: Id | None = None
    organization_id: Id | None = None
    certification_id: Id
    completion_date: CivilDate
    effective_date: CivilDate | None = Field(
        default=None, description="The first valid day; else the completion date"
    )
    expiration_date: CivilDate | None = Field(
        default=None,
        description="The last valid day; null: it never expires; absent: as the certification's policy says",
    )
    reason: Reason | None = Field(
        default=None,
        description="Required where the certification is retired, or its permissions do not cover the holder",
    )
    mode: Mode | None = Field(
        default=None, description="What becomes of a present completion; ignored where there is none"
    )

    @model_validator(mode="after")
    def _one_holder(self) -> Self:
        if (self.user_id is None) == (self.organization_id is None):
            raise ValueError("exactly one of user_id and organization_id says whose it is")
        return self


class ExpirationBody(Body):
    expiration_date: CivilDate | None = Field(description="The last valid day; null: it never expires")
    reason: Reason


class DecisionBody(Body):
    reason: Reason = Field(examples=["issued to the wrong person"])


class HolderAnswer(Answer):
    type: HolderType
    id: Id


class EvidenceAnswer(Answer):
    course_id: CleanText
    completed_at: datetime
    score: float | None = None


class CertificationCompletionAnswer(Answer):
    certification_completion_id: str
    holder: HolderAnswer
    certification_id: Id
    certification_version: int
    certification_name: str
    cycle: int
    completion_date: date
    effective_date: date
    expiration_date: date | None = Field(description="The last valid day; null: it never expires")
    status: Status
    origin: Origin
    evidence: list[EvidenceAnswer]
    under_review: bool = Field(description="What it rests on was taken back (R30); it stands until decided")


class CompletionsQuery(ListQuery):
    """Exactly one of the three ids."""

    user_id: Id | None = None
    organization_id: Id | None = None
    certification_id: Id | None = None
    status: Status | None = Field(
        default=None, description="Only those that are this, on the day asked about"
    )
    as_of: CivilDate | None = Field(default=None, description="The day asked about; today where absent (R9)")

    @model_validator(mode="after")
    def _one_id(self) -> Self:
        given = [self.user_id, self.organization_id, self.certification_id]
        if sum(one is not None for one in given) != 1:
            raise ValueError("exactly one of user_id, organization_id and certification_id says which")
        return self


class HistoryAnswer(Answer):
    revision: int
    what: What
    at: datetime
    by: str = Field(description="The key or the job")
    reason: str
    correlation_id: str
    before: dict[str, Any] = Field(description="The facts that changed, as they were")
    after: dict[str, Any] = Field(description="The same facts, as they became")


class ReasonAnswer(Answer):
    code: str
    message: str


class RequirementAnswer(Answer):
    course_id: CleanText
    satisfied: bool
    by: EvidenceAnswer | None = None
    reason: ReasonAnswer | None = Field(default=None, description="Why it is not satisfied")


class ExpiryAnswer(Answer):
    date: date | None
    reason: ReasonAnswer = Field(description="By which rule")


class ProgressAnswer(Answer):
    eligible: bool = Field(description="Whether this user may earn it (R19, R21)")
    reasons: list[ReasonAnswer] = Field(
        description="What stands in the way, besides courses that are missing"
    )
    requirements: list[RequirementAnswer]
    would_award: bool = Field(description="Whether an evaluation would award it now")
    would_expire: ExpiryAnswer | None = Field(
        default=None, description="When an award would end: one made now, or of courses finished today"
    )
    current: CertificationCompletionAnswer | None = None
    summary: str = Field(description="The answer as one sentence")


class ValidityAnswer(Answer):
    certification_completion_id: str
    status: Status
    completion_date: date
    effective_date: date
    expiration_date: date | None = Field(description="The last valid day; null: it never expires")
    summary: str = Field(description="The answer as one sentence")


class VerifyAnswer(ValidityAnswer):
    certification_name: str
    holder_type: HolderType
    as_of: date = Field(description="Today, in the service's time zone")
    followed_by: ValidityAnswer | None = Field(
        default=None, description="What has taken its place, where it has expired or was superseded"
    )
