"""Create, replace and delete courses, organizations and users (R17, R19, R21, R24).

A PUT of what is there already writes nothing. What must follow a change (evaluation, release of what is parked, the
CRMs) follows from the table's stream.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from certification.domain.errors import ConflictError, FieldError, InvalidError, NotFoundError
from certification.domain.model import (
    Course,
    Holder,
    HolderType,
    Organization,
    User,
)
from certification.domain.ports import Definitions, Directory, Ledger

MOST_IDENTITIES = 40
T = TypeVar("T", Course, Organization, User)


class Courses:
    def __init__(self, directory: Directory, definitions: Definitions) -> None:
        self._directory = directory
        self._definitions = definitions

    def get(self, course_id: str) -> Course:
        return _found(self._directory.course(course_id), "course")

    def put(self, wanted: Course, previous: Course | None) -> Course:
        """The course as it is stored now. `previous` is what was there; the same again changes nothing."""
        _limit_identities(wanted)
        saved = _next(wanted, previous)
        if saved is not previous:
            self._directory.save_course(saved, previous=previous)
        return saved

    def delete(self, course: Course) -> None:
        """R24. The completions of it stay, and count again should it come back."""
        required_by = self._definitions.hints(course.course_id)
        if required_by:
            raise ConflictError(
                "a published certification requires this course",
                errors=tuple(
                    FieldError(
                        pointer="", code="course_required", message=f"Required by {hint.certification_id}."
                    )
                    for hint in required_by
                ),
                code="course-required",
            )
        self._directory.delete_course(course)


class Organizations:
    def __init__(self, directory: Directory, ledger: Ledger) -> None:
        self._directory = directory
        self._ledger = ledger

    def get(self, organization_id: str) -> Organization:
        return _found(self._directory.organization(organization_id), "organization")

    def put(self, wanted: Organization, previous: Organization | None) -> Organization:
        saved = _next(wanted, previous)
        if saved is not previous:
            self._directory.save_organization(saved, previous=previous)
        return saved

    def delete(self, organization: Organization) -> None:
        """R21: what has completions, or members, is made inactive instead."""
        holder = Holder(type=HolderType.ORGANIZATION, id=organization.organization_id)
        if self._ledger.completions_of(holder):
            raise _has_completions("organization")
        if self._directory.members(organization.organization_id, limit=1).items:
            raise ConflictError("the organization has members; make it inactive instead", code="has-members")
        self._directory.delete_organization(organization)


class Users:
    def __init__(self, directory: Directory, ledger: Ledger) -> None:
        self._directory = directory
        self._ledger = ledger

    def get(self, user_id: str) -> User:
        return _found(self._directory.user(user_id), "user")

    def put(self, wanted: User, previous: User | None) -> User:
        _limit_identities(wanted)
        self._check_organization(wanted, previous)
        saved = _next(wanted, previous)
        if saved is not previous:
            self._directory.save_user(saved, previous=previous)
        return saved

    def _check_organization(self, wanted: User, previous: User | None) -> None:
        if wanted.organization_id is None:
            return
        if previous is not None and previous.organization_id == wanted.organization_id:
            return
        if self._directory.organization(wanted.organization_id) is None:
            words = f"There is no organization {wanted.organization_id!r}."
            error = FieldError(pointer="/organization_id", code="organization_unknown", message=words)
            raise InvalidError(words, errors=(error,))

    def delete(self, user: User) -> None:
        """R21: who has completions is made inactive instead; erasing personal data is an action of its own."""
        record = self._ledger.read_user(user.user_id)
        if record.completions or record.course_completions:
            raise _has_completions("user")
        self._directory.delete_user(user)

    def erase(self, user: User) -> User:
        """Forget the person and keep the facts: the id stays, everything that names somebody goes."""
        erased = User(user_id=user.user_id, email="", active=False)
        return self.put(replace(erased, organization_id=user.organization_id), user)


def _next(wanted: T, previous: T | None) -> T:
    """What to store: the next revision, or `previous` itself where nothing is different."""
    if previous is None:
        return replace(wanted, revision=1)
    if replace(wanted, revision=previous.revision) == previous:
        return previous
    return replace(wanted, revision=previous.revision + 1)


def _found(thing: T | None, name: str) -> T:
    if thing is None:
        raise NotFoundError(f"There is no such {name}.")
    return thing


def _limit_identities(thing: Course | User) -> None:
    if len(thing.identities) > MOST_IDENTITIES:
        words = f"At most {MOST_IDENTITIES} identities."
        raise InvalidError(words, errors=(FieldError(pointer="/identities", code="too_many", message=words),))


def _has_completions(name: str) -> ConflictError:
    return ConflictError(
        f"the {name} has completions; make it inactive instead, or erase its personal data",
        code="has-completions",
    )
