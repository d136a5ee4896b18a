"""What waits for its user (R17): released when the user or the identity appears, assigned or given up by hand.

Released means put on the course-completion queue again. A row is removed only after its message is on the queue, and
only if it was not parked anew since it was read. A crash in between sends again, which changes nothing (R12).
What a person decided stays decided: a redelivery, or a replay, does not bring it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from certification.domain.course_completion_message import UserReference
from certification.domain.errors import ConflictError, FieldError, InvalidError, NotFoundError
from certification.domain.parking import ParkedCompletion
from certification.domain.payload_reader import PayloadReader
from certification.domain.ports import Directory, Parking, Queue


def release(user: UserReference, *, parking: Parking, queue: Queue) -> int:
    """Send on what waits for any of these; how many."""
    entries = parking.parked_under(user)
    if entries:
        queue.send([entry.message.to_payload() for entry in entries])
    for entry in entries:
        parking.remove(entry)
    return len(entries)


def named_user(message: Mapping[str, object]) -> UserReference:
    """Whom a message of the kind `release` names: `user_id`, `email`, `identity`; InvalidError for nobody."""
    reader = PayloadReader(message, allowed=frozenset(message))
    user = UserReference(
        user_id=reader.id("user_id"), email=reader.email("email"), identity=reader.identity("identity")
    )
    if reader.errors or user == UserReference():
        raise InvalidError("The message names nobody.", errors=tuple(reader.errors))
    return user


def assign(
    parked_id: str, user_id: str, *, parking: Parking, directory: Directory, queue: Queue
) -> ParkedCompletion:
    """Give one to a user, as a person decided. NotFoundError, InvalidError for an unknown user, ConflictError."""
    entry = _waiting(parked_id, parking)
    if directory.user(user_id) is None:
        error = FieldError(pointer="/user_id", code="user_unknown", message="There is no such user.")
        raise InvalidError("The parked completion cannot be assigned.", errors=(error,))
    queue.send([entry.assigned_to(user_id).to_payload()])
    parking.settle(entry, user_id)
    return entry


def discard(parked_id: str, reason: str, *, parking: Parking, actor: str, now: datetime) -> ParkedCompletion:
    """Give one up; it stays visible among the discarded, with who and why."""
    return parking.discard(_waiting(parked_id, parking), reason=reason, actor=actor, now=now)


def _waiting(parked_id: str, parking: Parking) -> ParkedCompletion:
    entry = parking.find(parked_id)
    if entry is None:
        raise NotFoundError(
            "There is no such parked completion: it was released or assigned, or its 400 days are over."
        )
    if entry.discarded_at is not None:
        raise ConflictError("The parked completion was discarded.", code="discarded")
    return entry
