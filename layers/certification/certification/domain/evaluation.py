"""Does this user have this certification coming? The heart of the product.

Rules: R4, R7, R8, R11, R18–R21, R25, R27, R29, R30.

`evaluate` is a pure function of the definition, the person, the stored course completions and the cycles already
made. Whoever calls it writes the one decision it returns under a condition, and calls it again until it says
`Nothing`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from certification.domain.eligibility import Reason, ineligibility
from certification.domain.errors import InvalidError
from certification.domain.model import (
    Certification,
    CertificationCompletion,
    CourseCompletion,
    Evidence,
    Holder,
    HolderType,
    Organization,
    Origin,
    PublishStatus,
    Renewal,
    RenewalBasis,
    User,
)
from certification.domain.occupied_days import first_free_day, superseded_from
from certification.domain.requirements import Satisfaction, countable, current_score, qualifies, satisfy
from certification.domain.status import validity
from certification.domain.validity import (
    ONE_DAY,
    ValidityEndedError,
    add,
    expiration_date,
    renewed_expiration_date,
    subtract,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What one evaluation looks at. `completions` are the user's cycles of this certification, in any order."""

    certification: Certification
    user: User
    organization: Organization | None
    course_completions: Sequence[CourseCompletion]
    completions: Sequence[CertificationCompletion]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When and by whom a decision is made; `today` is the civil date of `now` in the service's zone."""

    now: datetime
    today: date
    actor: str
    correlation_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Award:
    """Put `completion`; where it continues a cycle, `continued` is that cycle with the link, to be written with it."""

    completion: CertificationCompletion
    continued: CertificationCompletion | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Amend:
    """Write this new state of an existing completion: added evidence (R27), or under review (R30)."""

    completion: CertificationCompletion


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """There is nothing to write, and why."""

    reason: Reason


Decision = Award | Amend | Nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which course completions count for the next cycle, and what that cycle would continue (R25)."""

    counts: Callable[[CourseCompletion], bool]
    previous: CertificationCompletion | None = None
    renewal: Renewal | None = None
    opens_on: date | None = None
    closed: Reason | None = None


def evaluate(facts: Facts, moment: Moment) -> Decision:
    """The one next thing to write for this user and certification, or nothing."""
    review = _evidence_to_review(facts, moment)
    if review is not None:
        return Amend(completion=review)
    if facts.certification.publish_status is not PublishStatus.PUBLISHED:
        return _nothing("not_published", "The certification is not published.")
    amended = _with_later_evidence(facts, moment)
    if amended is not None:
        return Amend(completion=amended)
    window = open_window(facts.certification, facts.completions)
    if window.closed is not None:
        return Nothing(reason=window.closed)
    satisfaction = satisfy(facts.certification.requirements, facts.course_completions, window.counts)
    if not satisfaction.complete:
        return _courses_missing(window, moment.today)
    reasons = ineligibility(facts.certification, facts.user, facts.organization)
    if reasons:
        return Nothing(reason=reasons[0])
    return _award(facts, window, satisfaction, moment)


def open_window(certification: Certification, completions: Sequence[CertificationCompletion]) -> Window:
    """From when course completions count, given the cycles made so far (R25, R29)."""
    newer_than_revocation = _after_revocations(completions)
    previous = last_cycle(completions)
    if previous is None:
        return Window(counts=newer_than_revocation)
    if previous.expiration_date is None and previous.superseded_on is None:
        closed = Reason(code="held_for_good", message="The holder has it already, and it never expires.")
        return Window(counts=newer_than_revocation, previous=previous, closed=closed)
    # What took the place of the last valid one was revoked since (R29): that is not renewed a second time.
    had_its_place_taken = previous.renewed_by is not None or previous.superseded_on is not None
    renewal = None if had_its_place_taken else certification.renewal
    expires = validity_end(previous)
    opens_on = subtract(expires, renewal.opens) if renewal else expires + ONE_DAY
    first_day = max(opens_on, previous.completion_date + ONE_DAY)
    return Window(
        counts=lambda c: c.completed_on >= first_day and newer_than_revocation(c),
        previous=previous,
        renewal=renewal,
        opens_on=first_day,
    )


def window_of(held: CertificationCompletion, facts: Facts) -> Window:
    """The window that `held` was earned in: of the cycles before it, as they were until it took their place."""
    earlier = [c for c in facts.completions if c.cycle < held.cycle and not _was_replaced(c, held)]
    return open_window(facts.certification, [_until_renewed(c, held) for c in earlier])


def _was_replaced(one: CertificationCompletion, by: CertificationCompletion) -> bool:
    """R26. What had lapsed only gave way: it was not there to be replaced."""
    took_its_place = one.superseded_on == by.effective_date and one.lapsed_on is None
    return took_its_place and one.renewed_by != by.cycle


def _until_renewed(one: CertificationCompletion, by: CertificationCompletion) -> CertificationCompletion:
    """R25. What would never have ended has no window but from the day on which its place was taken."""
    if one.renewed_by != by.cycle or one.expiration_date is None:
        return one
    superseded_on = None if one.superseded_on == by.effective_date else one.superseded_on
    return replace(one, renewed_by=None, superseded_on=superseded_on)


def last_cycle(completions: Sequence[CertificationCompletion]) -> CertificationCompletion | None:
    """The cycle whose validity ends last; what was revoked is not one any more."""
    valid = [c for c in completions if validity(c) is not None]
    return max(valid, key=lambda c: (validity_end(c), c.cycle), default=None)


def validity_end(completion: CertificationCompletion) -> date:
    """The last valid day, open end as `date.max`; `date.min` for what was never valid."""
    span = validity(completion)
    return span[1] if span else date.min


def _after_revocations(
    completions: Sequence[CertificationCompletion],
) -> Callable[[CourseCompletion], bool]:
    """R29: after a revocation every counted completion must be newer than it."""
    revocations = [c.revoked_at for c in completions if c.revoked_at is not None]
    if not revocations:
        return lambda _: True
    latest = max(revocations)
    return lambda c: c.completed_at > latest


def _award(facts: Facts, window: Window, satisfaction: Satisfaction, moment: Moment) -> Decision:
    earned_on = satisfaction.completion_date
    try:
        draft = _dated(facts, window, satisfaction, moment, earned_on)
    except ValidityEndedError as exc:
        return _nothing(exc.code, f"{exc.message[0].upper()}{exc.message[1:]}.")
    previous = window.previous
    if draft.expiration_date is not None and draft.expiration_date < draft.effective_date:
        return _nothing("held_then", "Another cycle was valid on all the days for which this one would be.")
    if draft.renews is None or previous is None:
        return Award(completion=draft)
    superseded_on = superseded_from(previous, draft.effective_date)
    continued = changed(
        replace(previous, renewed_by=draft.cycle, superseded_on=superseded_on),
        moment,
        reason=f"renewed by cycle {draft.cycle}",
    )
    return Award(completion=draft, continued=continued)


def _dated(
    facts: Facts, window: Window, satisfaction: Satisfaction, moment: Moment, earned_on: date
) -> CertificationCompletion:
    policy = facts.certification.expiration
    if policy is None:
        raise ValidityEndedError("the certification has no expiration policy")
    renewed = _renewal_dates(facts.certification, window, earned_on)
    renews = window.previous.cycle if renewed and window.previous else None
    effective, expires = renewed or (earned_on, expiration_date(policy, earned_on))
    others = [c for c in facts.completions if c.cycle != renews]
    return new_completion(
        facts.certification,
        Holder(type=HolderType.USER, id=facts.user.user_id),
        facts.completions,
        moment,
        completion_date=earned_on,
        effective_date=first_free_day(effective, expires or date.max, others),
        expiration_date=expires,
        origin=Origin.AUTOMATIC,
        evidence=satisfaction.evidence,
        renews=renews,
    )


def _renewal_dates(
    certification: Certification, window: Window, earned_on: date
) -> tuple[date, date | None] | None:
    """Effective and expiration date of a renewal; None where it is a new cycle.

    With a grace longer than the validity, what is renewed could have ended before it was earned (R6): a new cycle.
    """
    if window.previous is None or window.renewal is None or not is_renewal(window, earned_on):
        return None
    effective, expires = renewed_dates(certification, window.previous, earned_on, window.renewal.basis)
    return None if expires is not None and expires < earned_on else (effective, expires)


def is_renewal(window: Window, earned_on: date) -> bool:
    """Within window and grace; after grace it is a new cycle from the new completion date (R25)."""
    last_day = last_day_to_renew(window)
    return last_day is not None and earned_on <= last_day


def last_day_to_renew(window: Window) -> date | None:
    """The last day of window and grace; None where nothing can be renewed."""
    previous, renewal = window.previous, window.renewal
    if previous is None or renewal is None or previous.expiration_date is None:
        return None
    if renewal.grace is None:
        return previous.expiration_date
    try:
        return add(previous.expiration_date, renewal.grace)
    except InvalidError:
        return date.max


def renewed_dates(
    certification: Certification,
    previous: CertificationCompletion,
    completion_date: date,
    basis: RenewalBasis,
) -> tuple[date, date | None]:
    """Effective and expiration date of what continues `previous` (R25)."""
    policy = certification.expiration
    if policy is None:
        raise ValidityEndedError("the certification has no expiration policy")
    if basis is RenewalBasis.COMPLETION or previous.expiration_date is None:
        return completion_date, expiration_date(policy, completion_date)
    expires = renewed_expiration_date(
        policy, old_expiration=previous.expiration_date, completion_date=completion_date
    )
    return previous.expiration_date + ONE_DAY, expires


def new_completion(
    certification: Certification,
    holder: Holder,
    siblings: Sequence[CertificationCompletion],
    moment: Moment,
    *,
    completion_date: date,
    effective_date: date,
    expiration_date: date | None,
    origin: Origin,
    evidence: tuple[Evidence, ...] = (),
    renews: int | None = None,
    reason: str = "",
    announced: bool = True,
) -> CertificationCompletion:
    """The next cycle with these dates. What has lapsed already is recorded as such, and not announced (R7)."""
    lapsed = expiration_date is not None and expiration_date < moment.today
    return CertificationCompletion(
        holder=holder,
        certification_id=certification.certification_id,
        certification_version=certification.version,
        cycle=max((c.cycle for c in siblings), default=0) + 1,
        completion_date=completion_date,
        effective_date=effective_date,
        expiration_date=expiration_date,
        origin=origin,
        evidence=evidence,
        started_on=effective_date if effective_date <= moment.today else None,
        lapsed_on=expiration_date + ONE_DAY if expiration_date and lapsed else None,
        renews=renews,
        announced=announced and not lapsed,
        revision=1,
        changed_at=moment.now,
        changed_by=moment.actor,
        reason=reason,
        correlation_id=moment.correlation_id,
    )


def changed(completion: CertificationCompletion, moment: Moment, *, reason: str) -> CertificationCompletion:
    """The same completion as the next revision, with who, when and why (R33)."""
    return replace(
        completion,
        revision=completion.revision + 1,
        changed_at=moment.now,
        changed_by=moment.actor,
        reason=reason,
        correlation_id=moment.correlation_id,
    )


def _with_later_evidence(facts: Facts, moment: Moment) -> CertificationCompletion | None:
    """R27: an award made before the courses were finished gets their evidence, not a second award."""
    held = last_cycle(facts.completions)
    if held is None or held.evidence or held.origin is Origin.AUTOMATIC:
        return None
    window = window_of(held, facts)
    satisfaction = satisfy(facts.certification.requirements, facts.course_completions, window.counts)
    if window.closed is not None or not satisfaction.complete:
        return None
    if held.expiration_date is not None and satisfaction.completion_date > held.expiration_date:
        return None
    return changed(
        replace(held, evidence=satisfaction.evidence), moment, reason="the required courses were completed"
    )


def _evidence_to_review(facts: Facts, moment: Moment) -> CertificationCompletion | None:
    """R30: an award whose evidence was retracted, or fell below the minimum, is flagged once, never silently."""
    for completion in facts.completions:
        if completion.revoked_at is not None or completion.under_review:
            continue
        if broken_evidence(completion, facts):
            return changed(
                replace(completion, under_review=True),
                moment,
                reason="a course completion it rests on was retracted or corrected",
            )
    return None


def broken_evidence(completion: CertificationCompletion, facts: Facts) -> tuple[Evidence, ...]:
    """Evidence that no longer stands, without what a person has already let stand: with the score it has now."""
    standing = {(c.course_id, c.completed_at): c for c in countable(facts.course_completions)}
    known = {(c.course_id, c.completed_at) for c in facts.course_completions}
    broken = []
    for evidence in completion.evidence:
        key = (evidence.course_id, evidence.completed_at)
        if key not in known:
            continue
        present = standing.get(key)
        if present is not None and _still_qualifies(facts.certification, present, evidence):
            continue
        now = evidence if present is None else replace(evidence, score=current_score(present))
        if not any(_let_stand(now, evidence, reviewed) for reviewed in completion.reviewed):
            broken.append(now)
    return tuple(broken)


def _let_stand(now: Evidence, evidence: Evidence, reviewed: Evidence) -> bool:
    """Reviewed as it was earned: it had been taken back, and nothing is worse. With a lower score: down to that."""
    if reviewed == evidence:
        return True
    if now == evidence or replace(reviewed, score=evidence.score) != evidence:
        return False
    return reviewed.score is None or (now.score is not None and now.score >= reviewed.score)


def _still_qualifies(certification: Certification, present: CourseCompletion, evidence: Evidence) -> bool:
    """A minimum raised later takes nothing away (R22): only a score that fell can break evidence.

    Whether it fell below what was asked when the award was made, or only below what is asked by now, a person decides.
    """
    asked = [r for r in certification.requirements.courses if evidence.course_id in r.accepted_courses]
    if not asked or any(qualifies(requirement, present) for requirement in asked):
        return True
    score = current_score(present)
    return evidence.score is None or (score is not None and score >= evidence.score)


def _courses_missing(window: Window, today: date) -> Nothing:
    """Who holds it lacks nothing yet: what counts next begins with the window (R25)."""
    message = "Required courses are still missing."
    if window.opens_on is not None and today < window.opens_on:
        message = f"It is held; what is completed from {window.opens_on.isoformat()} on counts next (R25)."
    elif window.opens_on is not None:
        message = f"Required courses were not repeated since {window.opens_on.isoformat()} (R25)."
    return _nothing("requirements_missing", message)


def _nothing(code: str, message: str) -> Nothing:
    return Nothing(reason=Reason(code=code, message=message))
