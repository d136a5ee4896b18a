"""How far somebody is towards a certification, and why it is not awarded: R8, R14, R15, R18–R21, R25, R27, R29. Pure.

Whether it would be awarded is asked of the evaluation itself; everything else here explains that answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from certification.domain.eligibility import Reason, ineligibility
from certification.domain.evaluation import (
    Award,
    Facts,
    Moment,
    Nothing,
    Window,
    last_cycle,
    last_day_to_renew,
    open_window,
    window_of,
)
from certification.domain.expiry_outlook import Expiry, would_expire
from certification.domain.model import (
    CertificationCompletion,
    CourseCompletion,
    FixedDate,
    HolderType,
    PublishStatus,
    Requirement,
    Status,
)
from certification.domain.outlook import foresee
from certification.domain.projection import foremost
from certification.domain.requirements import Satisfaction, satisfy
from certification.domain.status import status_on
from certification.domain.unmet import unmet

_SHOWN = frozenset({Status.ACTIVE, Status.SCHEDULED, Status.EXPIRED})
_COURSES_MISSING = "requirements_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementProgress:
    """A required course and what satisfies it, else the `reason` why nothing does."""

    requirement: Requirement
    by: CourseCompletion | None
    reason: Reason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """`eligible`: R19 and R21 alone. `reasons`: all that stands in the way besides courses that are missing.

    `requirements` are those of the next cycle once something can count for it, until then those of the cycle that is
    held; `needed` of them are asked for. `current` is active, else scheduled, else expired, with its status.
    `opens_on` and `closes_on`: the days between which a renewal continues it (R25).
    """

    eligible: bool
    reasons: tuple[Reason, ...]
    requirements: tuple[RequirementProgress, ...]
    needed: int
    would_award: bool
    would_expire: Expiry | None
    current: CertificationCompletion | None
    current_status: Status | None
    opens_on: date | None
    closes_on: date | None


def progress(facts: Facts, moment: Moment) -> Progress:
    """The answer for these facts at this moment."""
    certification, today = facts.certification, moment.today
    window = open_window(certification, facts.completions)
    satisfaction = _satisfied(facts, window)
    is_ahead = _is_ahead(window, satisfaction, today)
    outlook = foresee(facts, moment)
    earned_on = _earned_on(window, satisfaction, today)
    reasons = () if isinstance(outlook, Award) else _reasons(facts, window, is_ahead, earned_on, outlook)
    current, status = _current(facts, today)
    return Progress(
        eligible=not ineligibility(certification, facts.user, facts.organization),
        reasons=reasons,
        requirements=_requirements(facts, _held_window(facts, window) if is_ahead else window),
        needed=certification.requirements.needed,
        would_award=isinstance(outlook, Award),
        would_expire=would_expire(facts, satisfaction, moment, earned_on),
        current=current,
        current_status=status,
        opens_on=window.opens_on,
        closes_on=last_day_to_renew(window),
    )


def _satisfied(facts: Facts, window: Window) -> Satisfaction:
    return satisfy(facts.certification.requirements, facts.course_completions, window.counts)


def _is_ahead(window: Window, satisfaction: Satisfaction, today: date) -> bool:
    """Whether nothing can count for the next cycle yet. A course dated tomorrow may count already (R5)."""
    if window.closed is not None:
        return True
    return window.opens_on is not None and today < window.opens_on and not any(satisfaction.by)


def _held_window(facts: Facts, window: Window) -> Window:
    """What counted for the cycle that is held."""
    held = last_cycle(facts.completions)
    return window if held is None else window_of(held, facts)


def _requirements(facts: Facts, window: Window) -> tuple[RequirementProgress, ...]:
    satisfaction = _satisfied(facts, window)
    progressed = []
    for requirement, by in zip(facts.certification.requirements.courses, satisfaction.by, strict=True):
        missing = by is None
        reason = (
            unmet(requirement, facts.course_completions, window, enough=satisfaction.complete)
            if missing
            else None
        )
        progressed.append(RequirementProgress(requirement=requirement, by=by, reason=reason))
    return tuple(progressed)


def _earned_on(window: Window, satisfaction: Satisfaction, today: date) -> date:
    """The completion date of an award made now, or of courses that are finished as soon as they can count (R4)."""
    if satisfaction.complete:
        return satisfaction.completion_date
    return max(today, window.opens_on or today)


def _reasons(
    facts: Facts, window: Window, is_ahead: bool, earned_on: date, outlook: Nothing
) -> tuple[Reason, ...]:
    found = [
        *_of_definition(facts),
        *ineligibility(facts.certification, facts.user, facts.organization),
        *_of_window(window, is_ahead=is_ahead),
        *_of_validity(facts, window, earned_on),
    ]
    explained = {_COURSES_MISSING, *(reason.code for reason in found)}
    return tuple(found) if outlook.reason.code in explained else (*found, outlook.reason)


def _of_definition(facts: Facts) -> tuple[Reason, ...]:
    """R18, R31."""
    certification = facts.certification
    if certification.type is not HolderType.USER:
        message = "It is a certification of organizations, and awarded by hand only (R31)."
        return (Reason(code="by_hand_only", message=message),)
    if certification.publish_status is PublishStatus.PUBLISHED:
        return ()
    state = certification.publish_status.value
    return (Reason(code="not_published", message=f"It is {state}: nothing is awarded automatically (R18)."),)


def _of_window(window: Window, *, is_ahead: bool) -> tuple[Reason, ...]:
    """R25: held already, for good or until a window opens."""
    if window.closed is not None:
        return (window.closed,)
    if not is_ahead or window.opens_on is None:
        return ()
    message = f"It is held already: courses completed on {window.opens_on.isoformat()} or later count next"
    closes = last_day_to_renew(window)
    message += f", and renew it until {closes.isoformat()} (R25)." if closes else " (R25)."
    return (Reason(code="window_not_open", message=message),)


def _of_validity(facts: Facts, window: Window, earned_on: date) -> tuple[Reason, ...]:
    """R8: what is completed after the fixed date comes too late."""
    policy = facts.certification.expiration
    if not isinstance(policy, FixedDate) or window.closed is not None or earned_on <= policy.date:
        return ()
    message = f"The certification's validity ended on {policy.date.isoformat()} (R8)."
    return (Reason(code="validity_ended", message=message),)


def _current(facts: Facts, today: date) -> tuple[CertificationCompletion | None, Status | None]:
    foremost_one = foremost(facts.completions, facts.certification.certification_id, today)
    status = status_on(foremost_one, on=today, today=today) if foremost_one else None
    return (foremost_one, status) if status in _SHOWN else (None, None)
