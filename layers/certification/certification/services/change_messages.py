"""Which messages on the evaluations queue a change calls for (R13, R17, R18, R19)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from certification.domain.changes import (
    CertificationChanged,
    Change,
    CompletionChanged,
    CourseChanged,
    EvaluationAdded,
    OrganizationChanged,
    UserChanged,
)
from certification.domain.evaluation_run import EvaluationRun
from certification.domain.model import CertificationCompletion, HolderType, Identity, Organization, User

# The indexes of completions by course and of members lag a little behind the table, rarely by minutes.
FIRST_LOOK_SECONDS = 3
SECOND_LOOK_SECONDS = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayedMessage:
    body: dict[str, Any]
    delay_seconds: int = 0


def messages_of(change: Change) -> Iterator[DelayedMessage]:
    match change:
        case EvaluationAdded(run=run):
            yield DelayedMessage(body=run.request, delay_seconds=_delay(run))
        case UserChanged(before=before, after=after):
            yield from (DelayedMessage(body=body) for body in _of_user(before, after))
        case CompletionChanged(after=after) if _by_hand(after):
            named = {"user_id": after.holder.id, "certification_id": after.certification_id}
            body = {"kind": "evaluate", **named, "correlation_id": after.correlation_id}
            yield DelayedMessage(body=body)
        case OrganizationChanged(before=before, after=after) if _organization_gained(before, after):
            body = {"kind": "organization_changed", "organization_id": after.organization_id}
            yield DelayedMessage(body=body)
            # Who has just joined may not be in the index of members yet.
            yield DelayedMessage(body=body, delay_seconds=SECOND_LOOK_SECONDS)
        case CourseChanged(before=before, after=after):
            known = before.identities if before else frozenset()
            for identity in _ordered(after.identities - known):
                outside = {"source": identity.source, "external_id": identity.external_id}
                yield DelayedMessage(body={"kind": "release_course", **outside, "course_id": after.course_id})
        case CertificationChanged(before=before, after=after) if before.reminders != after.reminders:
            body = {"kind": "reminders_changed", "certification_id": after.certification_id}
            yield DelayedMessage(body=body)


def _by_hand(completion: CertificationCompletion) -> bool:
    """An end brought forward, or a place taken, lets courses count that were completed since (R25)."""
    automatic = completion.changed_by.partition(":")[0] in {"job", "evaluation"}
    return completion.holder.type is HolderType.USER and not automatic


def _delay(run: EvaluationRun) -> int:
    if run.look > 1:
        return SECOND_LOOK_SECONDS
    return 0 if run.dry_run else FIRST_LOOK_SECONDS


def _of_user(before: User | None, after: User) -> Iterator[dict[str, Any]]:
    """R17: whatever came to name the user, or no longer does, releases what is parked under it: it ends a conflict too.

    R19: who gains access is evaluated.
    """
    if before is None:
        yield {"kind": "release", "user_id": after.user_id}
    address, identities = (before.email, before.identities) if before else ("", frozenset())
    if address.casefold() != after.email.casefold():
        yield from ({"kind": "release", "email": email} for email in (after.email, address) if email)
    for identity in _ordered(after.identities ^ identities):
        named = {"source": identity.source, "external_id": identity.external_id}
        yield {"kind": "release", "identity": named}
    if before is not None and _user_gained(before, after):
        yield {"kind": "user_changed", "user_id": after.user_id}


def _user_gained(before: User, after: User) -> bool:
    """Whether anything that permissions look at changed, other than to inactive."""
    return after.active and (
        not before.active
        or before.groups != after.groups
        or before.attributes != after.attributes
        or before.organization_id != after.organization_id
    )


def _organization_gained(before: Organization | None, after: Organization) -> bool:
    return after.active and (
        before is None
        or not before.active
        or before.groups != after.groups
        or before.attributes != after.attributes
    )


def _ordered(identities: frozenset[Identity]) -> list[Identity]:
    return sorted(identities, key=lambda identity: (identity.source, identity.external_id))
