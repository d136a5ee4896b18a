"""What the table's stream tells: one entity before and after a write. `before` None: it is new; `after` None: gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from certification.domain.evaluation_run import EvaluationRun
from certification.domain.model import (
    Certification,
    CertificationCompletion,
    Course,
    Holder,
    Organization,
    User,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionChanged:
    before: CertificationCompletion | None
    after: CertificationCompletion


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionRemoved:
    holder: Holder


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChanged:
    before: User | None
    after: User


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationChanged:
    before: Organization | None
    after: Organization


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseChanged:
    before: Course | None
    after: Course


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificationChanged:
    before: Certification
    after: Certification


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationAdded:
    run: EvaluationRun


Change: TypeAlias = (
    CompletionChanged
    | CompletionRemoved
    | UserChanged
    | OrganizationChanged
    | CourseChanged
    | CertificationChanged
    | EvaluationAdded
)
