"""Course completions whose user nobody knows yet (R17): kept, listed, evaluated when the user or identity appears."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from certification.domain.course_completion_message import CourseCompletionMessage, UserReference

KEPT_FOR = timedelta(days=400)


class ParkingReason(StrEnum):
    """Why a completion waits. Stable codes: they are shown and counted."""

    USER_UNKNOWN = "user_unknown"
    USER_CONFLICT = (
        "user_conflict"  # the external id means one user, the e-mail address another: never guessed
    )

    @property
    def words(self) -> str:
        """The same for a person."""
        if self is ParkingReason.USER_CONFLICT:
            return "The LMS's user id belongs to one user and the e-mail address to another."
        return "No user has this id, identity or e-mail address yet."


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedCompletion:
    """A course completion that waits. `parked_at` moves with each new delivery; `discarded_at`: given up by hand."""

    parked_id: str
    message: CourseCompletionMessage
    reason: ParkingReason
    parked_at: datetime
    discarded_at: datetime | None = None
    discarded_by: str = ""
    discard_reason: str = ""

    @property
    def expires_at(self) -> datetime:
        return self.parked_at + KEPT_FOR

    def assigned_to(self, user_id: str) -> CourseCompletionMessage:
        """The completion as this user's, decided by a person: whatever the LMS called the user is dropped."""
        return replace(self.message, user=UserReference(user_id=user_id))


def parked(message: CourseCompletionMessage, reason: ParkingReason, *, now: datetime) -> ParkedCompletion:
    """Its id follows from what the message says, so that parking it again changes nothing."""
    return ParkedCompletion(parked_id=parked_id(message), message=message, reason=reason, parked_at=now)


def parked_id(message: CourseCompletionMessage) -> str:
    """The same for every delivery of the same content under the same event id."""
    content = replace(message, correlation_id=None).to_payload()
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
