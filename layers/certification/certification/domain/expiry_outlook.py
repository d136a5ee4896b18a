"""When an award that is not made yet would end, and by which rule: R2, R3, R25. Pure.

The evaluation itself is asked, about the same facts with what is missing completed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

from certification.domain.eligibility import Reason
from certification.domain.errors import InvalidError
from certification.domain.evaluation import Award, Facts, Moment
from certification.domain.model import (
    AfterDuration,
    Anchored,
    Audience,
    CertificationCompletion,
    CourseCompletion,
    Expiration,
    FixedDate,
    NeverExpires,
    Permissions,
    PublishStatus,
    RenewalBasis,
)
from certification.domain.outlook import foresee
from certification.domain.requirements import Satisfaction
from certification.domain.shapes import rule_in_words

_CODES = {NeverExpires: "never", FixedDate: "fixed_date", AfterDuration: "duration", Anchored: "anchored"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """When it would end (None: never) and by which rule."""

    date: date | None
    reason: Reason


def would_expire(facts: Facts, satisfaction: Satisfaction, moment: Moment, earned_on: date) -> Expiry | None:
    """For what is missing completed on `earned_on`, by somebody who may earn it; None where there is no award."""
    policy = facts.certification.expiration
    try:
        outlook = foresee(_as_if_completed(facts, satisfaction, moment, earned_on), moment)
    except InvalidError:
        return None  # it would end after the last year of the calendar
    if policy is None or not isinstance(outlook, Award):
        return None
    return Expiry(date=outlook.completion.expiration_date, reason=_rule(facts, policy, outlook.completion))


def _as_if_completed(facts: Facts, satisfaction: Satisfaction, moment: Moment, earned_on: date) -> Facts:
    certification = replace(
        facts.certification,
        publish_status=PublishStatus.PUBLISHED,
        permissions=Permissions(audience=Audience.EVERYONE),
    )
    missing = _missing(facts, satisfaction, moment, earned_on)
    return replace(
        facts,
        certification=certification,
        user=replace(facts.user, active=True),
        organization=None,
        course_completions=(*facts.course_completions, *missing),
    )


def _missing(
    facts: Facts, satisfaction: Satisfaction, moment: Moment, earned_on: date
) -> Iterator[CourseCompletion]:
    noon = datetime.combine(earned_on, time(12), tzinfo=UTC)
    requirements = facts.certification.requirements.courses
    for requirement, by in zip(requirements, satisfaction.by, strict=True):
        if by is None and not satisfaction.complete:
            yield CourseCompletion(
                user_id=facts.user.user_id,
                course_id=requirement.course_id,
                completed_at=max(noon, moment.now),
                completed_on=earned_on,
                score=requirement.minimum_score,
                received_at=moment.now,
            )


def _rule(facts: Facts, policy: Expiration, award: CertificationCompletion) -> Reason:
    words, renewal = rule_in_words(policy), facts.certification.renewal
    renewed = next((c for c in facts.completions if c.cycle == award.renews), None)
    if renewed is None or renewal is None or renewal.basis is RenewalBasis.COMPLETION:
        message = f"{words} The completion date is {award.completion_date.isoformat()}."
        return Reason(code=_CODES[type(policy)], message=message)
    old = renewed.expiration_date.isoformat() if renewed.expiration_date else ""
    message = f"{words} A renewal counts from the old expiration, {old} (R25)."
    return Reason(code="renewal", message=message)
