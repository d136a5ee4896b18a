"""Certifications from draft to retired: R2, R8, R18, R22–R24.

What freezes with a version: requirements, expiration and renewal. Each write that could award somebody carries an
evaluation run in its transaction; the stream starts it.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from certification.domain.checklist import checklist
from certification.domain.errors import ConflictError, FieldError, InvalidError, NotFoundError
from certification.domain.evaluation_run import EvaluationRun, new_run
from certification.domain.model import (
    Certification,
    CertificationId,
    HolderType,
    PublishStatus,
    Requirement,
)
from certification.domain.ports import Clock, Definitions, Directory, Receipt
from certification.domain.validity import civil_date
from certification.domain.version_difference import VERSIONED

MOST_COURSES = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Defined:
    """A certification with its checklist, and the run that its change started."""

    certification: Certification
    checklist: tuple[FieldError, ...]
    run: EvaluationRun | None = None


class CertificationDefinitions:
    def __init__(self, definitions: Definitions, directory: Directory, clock: Clock, zone: ZoneInfo) -> None:
        self._definitions = definitions
        self._directory = directory
        self._clock = clock
        self._zone = zone

    def get(self, certification_id: str) -> Certification:
        found = self._definitions.certification(certification_id)
        if found is None:
            raise NotFoundError("There is no such certification.")
        return found

    def described(self, certification: Certification, run: EvaluationRun | None = None) -> Defined:
        """With what it lacks for being published; what is published lacks only what was lost since."""
        return replace(self.described_all([certification])[0], run=run)

    def described_all(self, certifications: Sequence[Certification]) -> list[Defined]:
        """Several at once: each course is read once, whoever requires it."""
        wanted = {course for each in certifications for course in each.requirements.accepted_courses}
        courses = self._directory.courses(wanted)
        today = civil_date(self._clock.now(), self._zone)
        return [
            Defined(certification=each, checklist=checklist(each, courses, today)) for each in certifications
        ]

    def new(self, type_: HolderType, parts: Mapping[str, Any], *, actor: str) -> Certification:
        """A draft that is not stored yet: the API makes its receipt first."""
        now = self._clock.now()
        draft = Certification(
            certification_id=CertificationId(f"cert-{uuid.uuid4()}"),
            type=type_,
            revision=1,
            created_at=now,
            changed_at=now,
            changed_by=actor,
        )
        return checked(replace(draft, **parts))

    def add(self, certification: Certification, receipt: Receipt | None) -> None:
        self._definitions.add(certification, receipt=receipt)

    def change(self, previous: Certification, parts: Mapping[str, Any], *, actor: str) -> Defined:
        """The next revision; a new version where a frozen part of a published one changes (R22)."""
        wanted = checked(replace(previous, **parts))
        if wanted == previous:
            return self.described(previous)
        if previous.publish_status is PublishStatus.RETIRED:
            raise ConflictError("a retired certification does not change any more", code="retired")
        if wanted.type is not previous.type and previous.ever_published:
            raise ConflictError("what was published once keeps its type", code="was-published")
        wanted = _versioned(wanted, previous)
        published = previous.publish_status is PublishStatus.PUBLISHED
        if published:
            self._refuse_unmet(wanted, known=self.described(previous).checklist)
        wanted = replace(wanted, frozen=wanted.frozen or published)
        run = (
            self._run(wanted, actor, reason="the definition changed")
            if _may_award(wanted, previous)
            else None
        )
        return self._saved(wanted, previous, actor, run)

    def put_course(self, previous: Certification, requirement: Requirement, *, actor: str) -> Defined:
        """Add a required course, or replace how it is required."""
        courses = list(previous.requirements.courses)
        ids = [course.course_id for course in courses]
        if requirement.course_id in ids:
            courses[ids.index(requirement.course_id)] = requirement
        else:
            courses.append(requirement)
        wanted = replace(previous.requirements, courses=tuple(courses))
        return self.change(previous, {"requirements": wanted}, actor=actor)

    def remove_course(self, previous: Certification, course_id: str, *, actor: str) -> Defined:
        """R22: the last course of a published certification stays."""
        courses = tuple(c for c in previous.requirements.courses if c.course_id != course_id)
        if len(courses) == len(previous.requirements.courses):
            raise NotFoundError("The certification does not require this course.")
        if not courses and previous.publish_status is PublishStatus.PUBLISHED:
            raise ConflictError("a published certification keeps its last course", code="last-course")
        wanted = replace(previous.requirements, courses=courses)
        return self.change(previous, {"requirements": wanted}, actor=actor)

    def publish(self, previous: Certification, *, actor: str, max_awards: int | None) -> Defined:
        """R18, R23: everyone is evaluated. Publishing what is published evaluates everyone once more."""
        if previous.publish_status is PublishStatus.RETIRED:
            raise ConflictError("a retired certification cannot be published again", code="retired")
        self._refuse_unmet(previous)
        wanted = replace(previous, publish_status=PublishStatus.PUBLISHED, frozen=True, ever_published=True)
        run = self._run(wanted, actor, reason="published", max_awards=max_awards)
        return self._saved(wanted, previous, actor, run)

    def unpublish(self, previous: Certification, *, actor: str) -> Defined:
        if previous.publish_status is not PublishStatus.PUBLISHED:
            raise ConflictError(f"it is {previous.publish_status.value}, not published", code="not-published")
        return self._saved(replace(previous, publish_status=PublishStatus.DRAFT), previous, actor, None)

    def retire(self, previous: Certification, *, actor: str) -> Defined:
        """R18: what is held runs out; new ones only by hand, so its version is kept (R22). Again changes nothing."""
        if previous.publish_status is PublishStatus.RETIRED:
            return self.described(previous)
        if not previous.ever_published:
            raise ConflictError("it was never published: delete it instead", code="never-published")
        retired = replace(previous, publish_status=PublishStatus.RETIRED, frozen=True)
        return self._saved(retired, previous, actor, None)

    def delete(self, certification: Certification) -> None:
        """R24."""
        if certification.ever_published:
            raise ConflictError("it was published once: retire it instead", code="was-published")
        self._definitions.delete(certification)

    def _refuse_unmet(self, certification: Certification, *, known: tuple[FieldError, ...] = ()) -> None:
        """`known`: what it lacked before, by a course that went or a date that passed, does not forbid an edit."""
        lost = {(item.code, item.message) for item in known}  # the pointer moves when a course before it goes
        checklist_now = self.described(certification).checklist
        unmet = tuple(item for item in checklist_now if (item.code, item.message) not in lost)
        if unmet:
            raise ConflictError("the publish checklist is not met", errors=unmet, code="checklist-unmet")

    def _saved(
        self, wanted: Certification, previous: Certification, actor: str, run: EvaluationRun | None
    ) -> Defined:
        saved = replace(
            wanted, revision=previous.revision + 1, changed_at=self._clock.now(), changed_by=actor
        )
        self._definitions.save(saved, previous=previous, run=run)
        return self.described(saved, run)

    def _run(
        self, certification: Certification, actor: str, *, reason: str, max_awards: int | None = None
    ) -> EvaluationRun | None:
        if certification.type is not HolderType.USER:
            return None
        return new_run(
            new_evaluation_id(),
            certification.certification_id,
            dry_run=False,
            now=self._clock.now(),
            actor=actor,
            max_awards=max_awards,
            reason=reason,
        )


def new_evaluation_id() -> str:
    return f"eval-{uuid.uuid4()}"


def _versioned(wanted: Certification, previous: Certification) -> Certification:
    """Several edits while unpublished make one version: only a frozen one is left behind (R22)."""
    changed = any(getattr(wanted, part) != getattr(previous, part) for part in VERSIONED)
    if not changed or not previous.frozen:
        return wanted
    return replace(wanted, version=previous.version + 1, frozen=False)


def _may_award(wanted: Certification, previous: Certification) -> bool:
    """Whether the change could give somebody an award: any of what evaluation reads."""
    if wanted.publish_status is not PublishStatus.PUBLISHED:
        return False
    read = (*VERSIONED, "permissions")
    return any(getattr(wanted, part) != getattr(previous, part) for part in read)


def checked(certification: Certification) -> Certification:
    """What makes no sense whatever else is filled in later; the rest is for the checklist."""
    requirements = certification.requirements
    ids = [course.course_id for course in requirements.courses]
    if len(set(ids)) != len(ids):
        raise _invalid("/requirements/courses", "course_repeated", "A course is required twice.")
    if len(requirements.accepted_courses) > MOST_COURSES:
        words = f"At most {MOST_COURSES} courses, equivalents included."
        raise _invalid("/requirements/courses", "too_many_courses", words)
    if certification.type is HolderType.ORGANIZATION and (ids or certification.renewal):
        raise _invalid(
            "/requirements" if ids else "/renewal",
            "not_for_organizations",
            "An organization certification is awarded by hand: it has no courses and no renewal window (R31).",
        )
    return certification


def _invalid(pointer: str, code: str, message: str) -> InvalidError:
    return InvalidError(message, errors=(FieldError(pointer=pointer, code=code, message=message),))
