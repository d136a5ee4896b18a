"""Whom and what a message means: our user, our course (R17). Strongly consistent, one read for the whole batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from certification.domain.course_completion_message import CourseCompletionMessage
from certification.domain.model import Identity
from certification.domain.parking import ParkingReason
from certification.domain.ports import Directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message of the batch, by its index there. `user_id` or `unresolved`: whose it is, or why nobody knows (R17)."""

    index: int
    message: CourseCompletionMessage
    course_id: str
    user_id: str | None = None
    unresolved: ParkingReason = ParkingReason.USER_UNKNOWN


def resolve(messages: Sequence[tuple[int, CourseCompletionMessage]], directory: Directory) -> list[Delivery]:
    """Identity first, then e-mail; where they disagree, nobody: shown, not guessed.

    A course that nobody has mapped goes by its outside name, and may be mapped later.
    """
    courses = directory.course_ids([m.course_identity for _, m in messages if m.course_identity])
    by_name = [m for _, m in messages if m.user.user_id is None]
    identities, emails = directory.user_ids(
        [m.user.identity for m in by_name if m.user.identity], [m.user.email for m in by_name if m.user.email]
    )
    return [_delivery(index, message, courses, identities, emails) for index, message in messages]


def _delivery(
    index: int,
    message: CourseCompletionMessage,
    courses: Mapping[Identity, str],
    identities: Mapping[Identity, str],
    emails: Mapping[str, str],
) -> Delivery:
    who, outside = message.user, message.course_identity
    course_id = courses.get(outside, outside.external_id) if outside else message.course_id or ""
    known = Delivery(index=index, message=message, course_id=course_id, user_id=who.user_id)
    if who.user_id is not None:
        return known
    by_identity = identities.get(who.identity) if who.identity else None
    by_email = emails.get(who.email) if who.email else None
    if by_identity and by_email and by_identity != by_email:
        return replace(known, unresolved=ParkingReason.USER_CONFLICT)
    return replace(known, user_id=by_identity or by_email)
