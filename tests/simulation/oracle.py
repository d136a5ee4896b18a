"""What the rules of `domain.md` give, written a second time and simply: the service's own evaluation is not used.

It shares the entities with the service (they are only shapes), nothing that decides or computes a date.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from certification.domain.model import (
    AfterDuration,
    Anchored,
    Audience,
    Certification,
    CertificationCompletion,
    ChangeKind,
    CourseCompletion,
    Duration,
    FixedDate,
    HolderType,
    NeverExpires,
    Organization,
    PublishStatus,
    RenewalBasis,
    User,
)

DAY = timedelta(days=1)
Evidence = frozenset[tuple[str, datetime]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The next award that a user has coming."""

    completion_date: date
    effective_date: date
    expiration_date: date | None
    evidence: Evidence
    renews: int | None = None


def due(
    certification: Certification,
    user: User | None,
    organization: Organization | None,
    records: Iterable[CourseCompletion],
    cycles: Sequence[CertificationCompletion],
) -> Due | None:
    """R4, R8, R9, R11–R15, R18–R21, R25, R29; None: nothing."""
    if (
        certification.publish_status is not PublishStatus.PUBLISHED
        or certification.type is not HolderType.USER
    ):
        return None
    if user is None or not may_earn(certification, user, organization):
        return None
    held = [c for c in cycles if last_valid_day(c) is not None]
    last = max(held, key=lambda c: (last_valid_day(c) or date.min, c.cycle), default=None)
    if last is not None and last_valid_day(last) == date.max:
        return None
    counted = _counted(certification, _in_window(certification, counting(records), cycles, last))
    if counted is None:
        return None
    earned_on = max(c.completed_on for c in counted)
    dates = _dates(certification, earned_on, last)
    if dates is None:
        return None
    begins, ends, renews = dates
    begins = _after_what_was(begins, ends, [c for c in cycles if c.cycle != renews])
    if ends is not None and ends < begins:
        return None
    return Due(
        completion_date=earned_on,
        effective_date=begins,
        expiration_date=ends,
        evidence=frozenset((str(c.course_id), c.completed_at) for c in counted),
        renews=renews,
    )


def may_earn(certification: Certification, user: User, organization: Organization | None) -> bool:
    """R19, R21."""
    if not user.active or (organization is not None and not organization.active):
        return False
    permissions = certification.permissions
    if permissions is None:
        return False
    groups = set(user.groups) | set(organization.groups if organization else ())
    return {
        Audience.EVERYONE: True,
        Audience.NO_ONE: False,
        Audience.GROUPS: bool(groups & permissions.groups),
        Audience.RULES: False,  # the workload has none
    }[permissions.audience]


def counting(records: Iterable[CourseCompletion]) -> list[CourseCompletion]:
    """R12, R30: not what was taken back, not the later of two contents under one event id."""
    told: dict[tuple[str, str], object] = {}
    counted = []
    for c in sorted(records, key=lambda c: (c.received_at, c.completed_at, c.course_id)):
        content = (c.completed_at, c.outside_name or c.course_id)
        first = told.setdefault((c.source, c.event_id), content) if c.event_id else content
        if first == content and c.retracted_at is None:
            counted.append(c)
    return counted


def score_of(completion: CourseCompletion) -> float | None:
    """R12: the latest correction; a conflict is none."""
    score = completion.score
    for received in completion.received:
        if not received.conflict:
            score = received.score
    return score


def good_enough(completion: CourseCompletion, minimum: float | None) -> bool:
    score = score_of(completion)
    return minimum is None or (score is not None and score >= minimum)


def last_valid_day(completion: CertificationCompletion) -> date | None:
    """None: there is none, it was revoked, or superseded before it began."""
    if completion.revoked_at is not None:
        return None
    last = completion.expiration_date or date.max
    if completion.superseded_on is not None:
        last = min(last, completion.superseded_on - DAY)
    return last if last >= completion.effective_date else None


def _in_window(
    certification: Certification,
    records: Iterable[CourseCompletion],
    cycles: Sequence[CertificationCompletion],
    last: CertificationCompletion | None,
) -> list[CourseCompletion]:
    revoked = max((c.revoked_at for c in cycles if c.revoked_at is not None), default=None)
    usable = [c for c in records if revoked is None or c.completed_at > revoked]
    if last is None:
        return usable
    ends = last_valid_day(last) or date.max
    opening = ends + DAY
    if _renewable(certification, last):
        opening = shifted(ends, certification.renewal.opens, -1) if certification.renewal else opening
    opening = max(opening, last.completion_date + DAY)
    return [c for c in usable if c.completed_on >= opening]


def _renewable(certification: Certification, last: CertificationCompletion) -> bool:
    """What had its place taken, by something that is not valid any more, is not renewed a second time."""
    taken = last.superseded_on is not None or last.renewed_by is not None
    return certification.renewal is not None and not taken


def _counted(
    certification: Certification, usable: Sequence[CourseCompletion]
) -> list[CourseCompletion] | None:
    """R14, R15."""
    found = []
    for requirement in certification.requirements.courses:
        courses = {requirement.course_id, *requirement.equivalents}
        fitting = [c for c in usable if c.course_id in courses and good_enough(c, requirement.minimum_score)]
        if fitting:
            found.append(min(fitting, key=lambda c: (c.completed_at, c.course_id)))
    needed = certification.requirements.required_count or len(certification.requirements.courses)
    if needed == 0 or len(found) < needed:
        return None
    return sorted(found, key=lambda c: (c.completed_at, c.course_id))[:needed]


Dates = tuple[date, date | None, int | None]


def _dates(
    certification: Certification, earned_on: date, last: CertificationCompletion | None
) -> Dates | None:
    """First and last valid day, and the cycle that is renewed (R2, R8, R25)."""
    renewed = _renewed(certification, earned_on, last)
    if renewed is not None:
        return renewed
    ends = policy_end(certification, earned_on)
    return None if ends == _NO_AWARD else (earned_on, ends, None)


def _renewed(
    certification: Certification, earned_on: date, last: CertificationCompletion | None
) -> Dates | None:
    """None: it is a new cycle. So is what would end before it was earned (R6)."""
    renewal = certification.renewal
    if renewal is None or last is None or last.expiration_date is None or not _renewable(certification, last):
        return None
    old = last.expiration_date
    if earned_on > (shifted(old, renewal.grace, 1) if renewal.grace else old):
        return None
    if renewal.basis is RenewalBasis.EXPIRATION:
        begins, ends = old + DAY, renewed_end(certification, old)
    else:
        begins, ends = earned_on, policy_end(certification, earned_on)
    if ends == _NO_AWARD or (ends is not None and ends < earned_on):
        return None
    return begins, ends, last.cycle


def _after_what_was(begins: date, ends: date | None, others: Iterable[CertificationCompletion]) -> date:
    """R9: to a reader of an earlier day another cycle was the valid one; that stays so."""
    taken = {day for other in others for day in _days_of_then(other)}
    inside = [day for day in taken if begins <= day <= (ends or date.max)]
    if not inside:
        return begins
    first_free = max(inside)
    while first_free in taken:
        first_free += DAY
    return first_free


def _days_of_then(completion: CertificationCompletion) -> Iterator[date]:
    """The days before a decision about it, on which it was valid by the facts of that day."""
    decided = max((change.on for change in completion.changes), default=date.min)
    day = completion.effective_date
    while day < decided:
        last = last_valid_day(_as_of(completion, day))
        if last is not None and day <= last:
            yield day
        day += DAY


def _as_of(completion: CertificationCompletion, day: date) -> CertificationCompletion:
    for change in reversed(completion.changes):
        if change.on <= day:
            continue
        if change.kind is ChangeKind.DATES:
            completion = replace(completion, expiration_date=change.previous_expiration_date)
        else:
            completion = replace(completion, revoked_at=change.previous_revoked_at)
    return completion


_NO_AWARD = date.min


def policy_end(certification: Certification, completed_on: date) -> date | None:
    """R2, R3, R8: the last valid day; `date.min` where there is no award."""
    match certification.expiration:
        case NeverExpires():
            return None
        case FixedDate(date=fixed):
            return fixed if completed_on <= fixed else _NO_AWARD
        case AfterDuration(duration=duration):
            return shifted(completed_on, duration, 1)
        case Anchored() as anchored:
            return _anchor(shifted(completed_on, anchored.minimum, 1), anchored)
        case _:
            return _NO_AWARD


def renewed_end(certification: Certification, old: date) -> date | None:
    """R25, basis `expiration`."""
    match certification.expiration:
        case AfterDuration(duration=duration):
            return shifted(old, duration, 1)
        case Anchored() as anchored:
            return _anchor(shifted(old + DAY, anchored.minimum, 1), anchored)
        case _:
            return policy_end(certification, old)


def _anchor(earliest: date, anchored: Anchored) -> date:
    day = earliest
    while (day.month, day.day) != _anchor_day(day.year, anchored):
        day += DAY
    return day


def _anchor_day(year: int, anchored: Anchored) -> tuple[int, int]:
    return anchored.month, min(anchored.day, calendar.monthrange(year, anchored.month)[1])


def shifted(start: date, by: Duration, sign: int) -> date:
    """R3: years and months, clamped once, then weeks and days."""
    months = start.year * 12 + start.month - 1 + sign * (12 * by.years + by.months)
    year, month = months // 12, months % 12 + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return date(year, month, day) + sign * timedelta(weeks=by.weeks, days=by.days)
