"""An award made by hand: what is written, or why it is refused (R6, R7, R18, R19, R21, R26, R27, R31, R32). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from certification.domain.eligibility import permits
from certification.domain.errors import ConflictError, FieldError, InvalidError
from certification.domain.evaluation import (
    Moment,
    changed,
    is_renewal,
    last_cycle,
    new_completion,
    open_window,
    renewed_dates,
)
from certification.domain.model import (
    Attributes,
    Certification,
    CertificationCompletion,
    ChangeKind,
    CourseCompletion,
    DatedChange,
    Evidence,
    Holder,
    HolderType,
    Organization,
    Origin,
    Permissions,
    PublishStatus,
    RenewalBasis,
    Status,
    User,
    UserId,
)
from certification.domain.occupied_days import (
    first_free_day,
    in_the_way,
    occupied_spans,
    overlap,
    past_spans,
    superseded_from,
)
from certification.domain.requirements import satisfy
from certification.domain.status import overlapping, reminder_days, status_on, validity
from certification.domain.validity import ONE_DAY, expiration_date

PRESENT = frozenset({Status.ACTIVE, Status.SCHEDULED})
# All cycles of a holder and certification are looked at in one transaction, which takes a hundred items.
MOST_CYCLES = 90


class Mode(StrEnum):
    """What a new award does to a present one (R26)."""

    RENEW = "renew"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandAward:
    """What somebody asks for. `end_given`: `expiration_date` counts, None = never; else the policy gives it.

    `imported`: history (R32), which is told to nobody and only must not overlap; `import_key` makes it one of a kind.
    `revoked_on` (with the instant `revoked_at`) and `superseded_on` are what became of imported history by now.
    """

    holder: Holder
    certification_id: str
    completion_date: date
    effective_date: date | None = None
    expiration_date: date | None = None
    end_given: bool = False
    reason: str = ""
    mode: Mode | None = None
    imported: bool = False
    import_key: str = ""
    import_id: str = ""
    revoked_on: date | None = None
    revoked_at: datetime | None = None
    superseded_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a decision by hand looks at. `cycles` are all of this holder and certification.

    `user` is None for an organization; `organization` is the holder, or the one that the user belongs to.
    """

    certification: Certification
    user: User | None
    organization: Organization | None
    cycles: Sequence[CertificationCompletion]
    course_completions: Sequence[CourseCompletion] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """Write `completion`; with it the next revisions in `changed`, provided that `siblings` are still as read."""

    completion: CertificationCompletion
    changed: tuple[CertificationCompletion, ...] = ()
    siblings: tuple[CertificationCompletion, ...] = ()


def award_by_hand(wanted: HandAward, standing: Standing, moment: Moment) -> Decided:
    """The next cycle, with what it does to the others; InvalidError, or ConflictError with the `present` completion."""
    if len(standing.cycles) >= MOST_CYCLES:
        raise ConflictError(f"The holder has {MOST_CYCLES} cycles of it already.", code="too_many_cycles")
    _check_definition(wanted, standing.certification)
    if not wanted.imported:
        _check_holder(wanted, standing)
    mode, previous = _meaning(wanted, standing, moment)
    effective, expires = _dates(wanted, standing, mode, previous)
    gives_way = _giving_way(standing.cycles, mode, previous, (effective, expires or date.max), moment)
    others = [c for c in standing.cycles if c not in gives_way]
    if wanted.effective_date is None:
        effective = first_free_day(effective, expires or date.max, others)
    _check_dates(wanted, effective, expires)
    renews = previous.cycle if previous is not None and mode is Mode.RENEW else None
    draft = new_completion(
        standing.certification,
        wanted.holder,
        standing.cycles,
        moment,
        completion_date=wanted.completion_date,
        effective_date=effective,
        expiration_date=expires,
        origin=Origin.IMPORTED if wanted.imported else Origin.MANUAL,
        evidence=_evidence(standing, others if mode is Mode.REPLACE else standing.cycles, expires),
        renews=renews,
        reason=wanted.reason,
        announced=not wanted.imported,
    )
    if wanted.imported:
        draft = _as_history(draft, wanted, standing.certification, moment)
    _check_free(draft, others)
    return _decided(draft, gives_way, others, moment)


def _check_definition(wanted: HandAward, certification: Certification) -> None:
    if certification.type is not wanted.holder.type:
        raise InvalidError(
            f"This is a certification of {certification.type.value}s, not of {wanted.holder.type.value}s.",
            errors=(
                _error(f"/{wanted.holder.type.value}_id", "wrong_holder_type", "The wrong kind of holder."),
            ),
        )
    if certification.publish_status is PublishStatus.DRAFT:
        raise ConflictError("The certification is not published.", code="not_published")
    if certification.publish_status is PublishStatus.RETIRED and not (wanted.reason or wanted.imported):
        raise _reason_missing("The certification is retired: an award needs a reason.")
    policy_missing = certification.expiration is None and certification.type is HolderType.USER
    if policy_missing and not wanted.end_given:
        message = "The certification has no expiration policy, which is not never: say when it ends (R2)."
        raise InvalidError(message, errors=(_error("/expiration_date", "expiration_missing", message),))


def _check_holder(wanted: HandAward, standing: Standing) -> None:
    """R21: nothing for the inactive; R19: outside the permissions only with a reason."""
    user, organization = standing.user, standing.organization
    if user is not None and not user.active:
        raise ConflictError("The user is inactive.", code="user_inactive")
    if organization is not None and not organization.active:
        raise ConflictError("The organization is inactive.", code="organization_inactive")
    if not wanted.reason and not _permitted(standing):
        raise _reason_missing(
            "The certification's permissions do not cover this holder: say why it is awarded."
        )


def _permitted(standing: Standing) -> bool:
    permissions, organization = standing.certification.permissions, standing.organization
    if standing.user is not None:
        return permits(permissions, standing.user, organization)
    groups = organization.groups if organization else frozenset[str]()
    attributes: Attributes = organization.attributes if organization else {}
    stand_in = User(user_id=UserId(""), email="", groups=groups, attributes=attributes)
    return not _asks_for_a_user(permissions) and permits(permissions, stand_in, organization)


def _asks_for_a_user(permissions: Permissions | None) -> bool:
    return permissions is not None and any(r.attribute.startswith("user.") for r in permissions.rules)


def _meaning(
    wanted: HandAward, standing: Standing, moment: Moment
) -> tuple[Mode | None, CertificationCompletion | None]:
    """The mode that counts, and what it renews or replaces; a mode is ignored where there is nothing (R26)."""
    held = present(standing.cycles, moment.today)
    if held is None:
        previous = last_cycle(standing.cycles)
        if wanted.mode is Mode.RENEW and _in_grace(wanted, standing):
            return Mode.RENEW, previous
        return (wanted.mode if wanted.mode is Mode.REPLACE else None), None
    if wanted.mode is None and standing.user is not None and not wanted.imported:
        raise _held(held, "The holder has it already; say with `mode` whether to renew or to replace it.")
    return wanted.mode, last_cycle(standing.cycles) if wanted.mode is Mode.RENEW else held


def present(cycles: Sequence[CertificationCompletion], today: date) -> CertificationCompletion | None:
    """What is active, else what is scheduled next."""
    status = {c.cycle: status_on(c, on=today, today=today) for c in cycles}
    held = [c for c in cycles if status[c.cycle] in PRESENT]
    return min(held, key=lambda c: (status[c.cycle] is Status.SCHEDULED, c.effective_date), default=None)


def _in_grace(wanted: HandAward, standing: Standing) -> bool:
    return is_renewal(open_window(standing.certification, standing.cycles), wanted.completion_date)


def _dates(
    wanted: HandAward, standing: Standing, mode: Mode | None, previous: CertificationCompletion | None
) -> tuple[date, date | None]:
    effective = wanted.completion_date
    if mode is Mode.RENEW and previous is not None:
        effective, by_policy = _renewed(wanted, standing.certification, previous)
    elif wanted.end_given or standing.certification.expiration is None:
        by_policy = None  # an organization's certification may go without: no end means open (R2)
    else:
        by_policy = expiration_date(standing.certification.expiration, wanted.completion_date)
    expires = wanted.expiration_date if wanted.end_given else by_policy
    return wanted.effective_date or effective, expires


def _renewed(
    wanted: HandAward, certification: Certification, previous: CertificationCompletion
) -> tuple[date, date | None]:
    """R25; without a `renewal` on the certification the basis is the old expiration."""
    basis = certification.renewal.basis if certification.renewal else RenewalBasis.EXPIRATION
    if certification.expiration is not None and not wanted.end_given:
        return renewed_dates(certification, previous, wanted.completion_date, basis)
    if basis is RenewalBasis.COMPLETION or previous.expiration_date is None:
        return wanted.completion_date, None
    return previous.expiration_date + ONE_DAY, None


def _check_dates(wanted: HandAward, effective: date, expires: date | None) -> None:
    if expires is None:
        return
    if expires < wanted.completion_date:
        raise _bad_end(f"It would end on {expires.isoformat()}, before the completion date (R6).")
    if expires < effective:
        raise _bad_end(f"It would end on {expires.isoformat()}, before it starts on {effective.isoformat()}.")


def _giving_way(
    cycles: Sequence[CertificationCompletion],
    mode: Mode | None,
    previous: CertificationCompletion | None,
    span: tuple[date, date],
    moment: Moment,
) -> tuple[CertificationCompletion, ...]:
    """Those whose place the new one takes: what it renews, or all that it replaces from its first day on."""
    lapsed = [c for c in cycles if _lapsed_ahead(c, moment.today) and c is not previous]
    if mode is Mode.RENEW:
        return (*((previous,) if previous is not None else ()), *lapsed)
    if mode is not Mode.REPLACE:
        return tuple(lapsed)
    return tuple(c for c in cycles if _is_replaced(c, span, moment.today))


def _lapsed_ahead(completion: CertificationCompletion, today: date) -> bool:
    """A sweep for a later day ended it: expired whatever the clock says, so it is in nobody's way (R9)."""
    expires = completion.expiration_date
    return completion.lapsed_on is not None and expires is not None and expires >= today


def _is_replaced(completion: CertificationCompletion, span: tuple[date, date], today: date) -> bool:
    theirs = validity(completion)
    if theirs is None or theirs[1] < span[0]:
        return False
    return theirs[0] <= span[1] or status_on(completion, on=today, today=today) in PRESENT


def _evidence(
    standing: Standing, earlier: Sequence[CertificationCompletion], expires: date | None
) -> tuple[Evidence, ...]:
    """R27: courses that are finished already are what it rests on."""
    window = open_window(standing.certification, earlier)
    satisfaction = satisfy(standing.certification.requirements, standing.course_completions, window.counts)
    if standing.certification.type is not HolderType.USER or window.closed or not satisfaction.complete:
        return ()
    in_time = expires is None or satisfaction.completion_date <= expires
    return satisfaction.evidence if in_time else ()


def _as_history(
    draft: CertificationCompletion, wanted: HandAward, certification: Certification, moment: Moment
) -> CertificationCompletion:
    """With what became of it by now; reminders whose day has passed count as sent (R32)."""
    ended = [day for day in (wanted.revoked_on, wanted.superseded_on) if day is not None]
    in_time = draft.expiration_date is None or any(day <= draft.expiration_date for day in ended)
    revocation = (
        (DatedChange(on=wanted.revoked_on, kind=ChangeKind.REVOKED),) if wanted.revoked_on is not None else ()
    )
    passed = [day for day in reminder_days(draft, certification.reminders) if day <= moment.today]
    return replace(
        draft,
        import_key=wanted.import_key,
        idempotency=wanted.import_id,
        lapsed_on=None if ended and in_time else draft.lapsed_on,
        revoked_at=wanted.revoked_at,
        superseded_on=wanted.superseded_on,
        changes=revocation,
        reminded_on=max(passed, default=None),
    )


def _check_free(draft: CertificationCompletion, others: Sequence[CertificationCompletion]) -> None:
    """R31, and never two active at once: not on any day, not to a reader of an earlier day either."""
    obstacle = next(iter(in_the_way(draft, others)), None) or _in_the_way_of_its_past(draft, others)
    if obstacle is None:
        return
    if overlapping(draft, [obstacle]) and draft.origin is not Origin.IMPORTED:
        message = f"It would overlap cycle {obstacle.cycle}; with `mode` replace it takes its place."
    elif overlapping(draft, [obstacle]) or not past_spans(obstacle):
        message = f"It would overlap cycle {obstacle.cycle}, {_days_of(obstacle)}."
    else:
        message = f"Cycle {obstacle.cycle} was valid on some of these days, before it was ended by hand."
    raise ConflictError(message, present=obstacle, code="overlapping")


def _in_the_way_of_its_past(
    draft: CertificationCompletion, others: Sequence[CertificationCompletion]
) -> CertificationCompletion | None:
    """Imported history may have ended by a revocation: until then it was valid, and nothing else was."""
    past = past_spans(draft)
    taken = ((other, span) for other in others for span in occupied_spans(other))
    return next((other for other, span in taken if any(overlap(span, own) for own in past)), None)


def _days_of(completion: CertificationCompletion) -> str:
    expires = completion.expiration_date
    until = f"to {expires.isoformat()}" if expires else "without end"
    return f"valid from {completion.effective_date.isoformat()} {until}"


def _decided(
    draft: CertificationCompletion,
    gives_way: Sequence[CertificationCompletion],
    others: Sequence[CertificationCompletion],
    moment: Moment,
) -> Decided:
    word = "replaced" if draft.renews is None else "renewed"
    written = tuple(
        changed(
            replace(
                one,
                renewed_by=draft.cycle if draft.renews == one.cycle else one.renewed_by,
                superseded_on=superseded_from(one, draft.effective_date),
            ),
            moment,
            reason=f"{word} by cycle {draft.cycle}" + (f": {draft.reason}" if draft.reason else ""),
        )
        for one in gives_way
    )
    return Decided(completion=draft, changed=written, siblings=tuple(others))


def _held(present_one: CertificationCompletion, message: str) -> ConflictError:
    return ConflictError(message, present=present_one, code="already_held")


def _reason_missing(message: str) -> InvalidError:
    return InvalidError(message, errors=(_error("/reason", "reason_missing", message),))


def _bad_end(message: str) -> InvalidError:
    return InvalidError(message, errors=(_error("/expiration_date", "expiration_too_early", message),))


def _error(pointer: str, code: str, message: str) -> FieldError:
    return FieldError(pointer=pointer, code=code, message=message)
