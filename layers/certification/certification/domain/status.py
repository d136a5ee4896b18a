"""What a certification completion is on a day (R9), and what will happen to it next (R10, R33a). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from certification.domain.model import (
    CertificationCompletion,
    ChangeKind,
    DatedChange,
    Duration,
    Status,
)
from certification.domain.validity import ONE_DAY, subtract


class DueKind(StrEnum):
    """What the sweep does on a due date. Values are part of the index key: keep them."""

    START = "start"
    REMINDER = "reminder"
    LAPSE = "lapse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    on: date
    kind: DueKind


def status_on(completion: CertificationCompletion, *, on: date, today: date) -> Status:
    """The status on `on` by the facts known `today` (R9).

    A recorded lapse holds from today onwards whatever the clock says; days before today are read from the dates.
    """
    facts = facts_on(completion, on)
    if facts.revoked_at is not None:
        return Status.REVOKED
    if facts.superseded_on is not None and on >= facts.superseded_on:
        return Status.SUPERSEDED
    if facts.lapsed_on is not None and on >= today:
        return Status.EXPIRED
    if on < facts.effective_date:
        return Status.SCHEDULED
    if facts.expiration_date is not None and on > facts.expiration_date:
        return Status.EXPIRED
    return Status.ACTIVE


def facts_on(completion: CertificationCompletion, on: date) -> CertificationCompletion:
    """The completion without the decisions made after `on`."""
    facts = completion
    for change in reversed(completion.changes):
        if change.on > on:
            facts = _without(facts, change)
    return facts


def _without(facts: CertificationCompletion, change: DatedChange) -> CertificationCompletion:
    if change.kind is ChangeKind.DATES:
        return replace(facts, expiration_date=change.previous_expiration_date, lapsed_on=None)
    return replace(facts, revoked_at=change.previous_revoked_at)


def next_due(completion: CertificationCompletion, reminders: Iterable[Duration]) -> Due | None:
    """The next day on which the sweep has something to do with this completion, however long ago that day was."""
    if completion.revoked_at is not None:
        return None
    if completion.started_on is None and _will_start(completion):
        return Due(on=completion.effective_date, kind=DueKind.START)
    expires = completion.expiration_date
    if (
        expires is None
        or completion.lapsed_on is not None
        or _is_superseded_by(completion, expires + ONE_DAY)
    ):
        return None
    ahead = [day for day in reminder_days(completion, reminders) if _is_unsent(completion, day)]
    if ahead:
        return Due(on=min(ahead), kind=DueKind.REMINDER)
    return Due(on=expires + ONE_DAY, kind=DueKind.LAPSE)


def _will_start(completion: CertificationCompletion) -> bool:
    return completion.superseded_on is None or completion.effective_date < completion.superseded_on


def _is_superseded_by(completion: CertificationCompletion, day: date) -> bool:
    """What is superseded does not lapse; what lapses before another takes its place does (R9)."""
    return completion.superseded_on is not None and completion.superseded_on <= day


def _is_unsent(completion: CertificationCompletion, day: date) -> bool:
    return completion.reminded_on is None or day > completion.reminded_on


def reminder_days(completion: CertificationCompletion, reminders: Iterable[Duration]) -> tuple[date, ...]:
    """The days on which this completion's reminders fall, ascending (R33a).

    None for what is renewed; and an offset longer than the validity itself reminds nobody.
    """
    expires = completion.expiration_date
    if expires is None or completion.renewed_by is not None:
        return ()
    days = {subtract(expires, offset) for offset in reminders}
    return tuple(sorted(day for day in days if day > completion.effective_date))


def validity(completion: CertificationCompletion) -> tuple[date, date] | None:
    """First and last valid day, open end as `date.max`; None for what was revoked or superseded before it began."""
    if completion.revoked_at is not None:
        return None
    last = completion.expiration_date or date.max
    if completion.superseded_on is not None:
        last = min(last, completion.superseded_on - ONE_DAY)
    return None if last < completion.effective_date else (completion.effective_date, last)


def overlapping(
    completion: CertificationCompletion, others: Iterable[CertificationCompletion]
) -> tuple[CertificationCompletion, ...]:
    """Those of `others` that are valid on a day on which `completion` is (R31, and never two active at once)."""
    span = validity(completion)
    if span is None:
        return ()
    return tuple(
        other
        for other in others
        if (theirs := validity(other)) is not None and theirs[0] <= span[1] and span[0] <= theirs[1]
    )
