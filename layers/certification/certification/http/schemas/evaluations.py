"""Shapes of evaluations and reconciliations (R23)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from certification.domain.evaluation_run import Outcome, RunState
from certification.http.schemas.base import Answer, AwardLimit, Body, Id
from certification.http.schemas.certifications import (
    ExpirationShape,
    PermissionsShape,
    RenewalShape,
    RequirementsShape,
)


class EvaluationBody(Body):
    """For a dry run, parts to try instead of the definition's own."""

    certification_id: Id
    dry_run: bool = False
    max_awards: AwardLimit | None = None
    requirements: RequirementsShape | None = None
    expiration: ExpirationShape | None = None
    permissions: PermissionsShape | None = None
    renewal: RenewalShape | None = None


class CountsAnswer(Answer):
    """`already_expired`: of those (that would be) awarded, who holds nothing valid by it (R7)."""

    evaluated: int
    would_award: int
    awarded: int
    already_expired: int
    unchanged: int
    failed: int


class FindingAnswer(Answer):
    user_id: Id
    outcome: Outcome
    reason: str


class EvaluationAnswer(Answer):
    evaluation_id: Id
    certification_id: Id
    dry_run: bool
    max_awards: int | None
    state: RunState
    counts: CountsAnswer
    sample: list[FindingAnswer]
    reason: str
    created_at: str
    created_by: str
    finished_at: str | None


class ReconciliationBody(Body):
    repair: bool = Field(default=False, description="Write what is missing, not only report it")


class DriftAnswer(Answer):
    user_id: Id
    certification_id: Id | None
    kind: Literal["award_missing", "amendment_missing", "unreadable"]


class ReconciliationAnswer(Answer):
    """`released`: parked completions whose user was known by then."""

    reconciliation_id: str
    repair: bool
    users: int
    drifted: int
    repaired: int
    released: int
    sample: list[DriftAnswer]
    created_at: str
    created_by: str
    completed_at: str | None
