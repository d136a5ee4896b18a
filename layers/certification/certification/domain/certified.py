"""How many users of an organization are certified, kept as a set of members and never as a sum. Pure.

A user's present state decides what it contributes: an event that comes twice, late or out of order changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from certification.domain.model import CertificationCompletion, User
from certification.domain.status import validity


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """The days on which a user counts for one certification of its organization.

    `recorded_on` is the latest transition recorded for this user: from then on that day is its present (R35).
    """

    organization_id: str
    certification_id: str
    spans: tuple[tuple[date, date], ...]
    recorded_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """All memberships of a user as they are stored; `unmarked` organizations have yet to be told."""

    user_id: str
    memberships: frozenset[Membership] = frozenset()
    unmarked: frozenset[str] = field(default_factory=frozenset)
    revision: int = 0


def memberships_of(
    user: User | None, completions: Iterable[CertificationCompletion], counted: frozenset[str]
) -> frozenset[Membership]:
    """What the user contributes now: nothing while it is inactive or in no organization."""
    if user is None or not user.active or user.organization_id is None:
        return frozenset()
    held = list(completions)
    found = []
    for certification_id in counted:
        spans = _spans(c for c in held if c.certification_id == certification_id)
        if spans:
            found.append(
                Membership(
                    organization_id=user.organization_id,
                    certification_id=certification_id,
                    spans=spans,
                    recorded_on=latest_transition(held),
                )
            )
    return frozenset(found)


def latest_transition(completions: Iterable[CertificationCompletion]) -> date | None:
    """The latest day of a start or a lapse that the sweep has recorded (R35)."""
    days = [day for c in completions for day in (c.started_on, c.lapsed_on) if day is not None]
    return max(days, default=None)


def certified_count(memberships: Iterable[Membership], today: date) -> int:
    """How many of these members hold it on their present day."""
    return sum(_counts(membership, today) for membership in memberships)


def _counts(membership: Membership, today: date) -> bool:
    day = max(today, membership.recorded_on or today)
    return any(first <= day <= last for first, last in membership.spans)


def _spans(completions: Iterable[CertificationCompletion]) -> tuple[tuple[date, date], ...]:
    """Without what has lapsed by record (R9): that stays expired whatever the clock says."""
    spans = [validity(c) for c in completions if c.lapsed_on is None]
    return tuple(sorted(span for span in spans if span is not None))
