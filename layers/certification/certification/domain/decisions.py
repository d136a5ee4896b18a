"""Decisions by hand on a completion that exists: revoke, reinstate, another end (R9, R28, R29, R30). Pure.

Each gives the next revision of everything it touches; the rest of the cycles must still be as they were read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from certification.domain.errors import ConflictError, FieldError, InvalidError
from certification.domain.evaluation import Moment, changed
from certification.domain.hand_awards import Decided
from certification.domain.model import CertificationCompletion, ChangeKind, DatedChange, Evidence
from certification.domain.occupied_days import in_the_way
from certification.domain.status import validity

Cycles = Sequence[CertificationCompletion]


def revoke(completion: CertificationCompletion, siblings: Cycles, moment: Moment, *, reason: str) -> Decided:
    """R29: final, the row stays. What has not begun yet gives its predecessor its place back."""
    if completion.revoked_at is not None:
        raise ConflictError("It is revoked already.", code="revoked", present=completion)
    revoked = changed(
        replace(
            completion,
            revoked_at=moment.now,
            under_review=False,
            changes=(*completion.changes, DatedChange(on=moment.today, kind=ChangeKind.REVOKED)),
        ),
        moment,
        reason=reason,
    )
    back = _given_back(completion, siblings, moment) if completion.effective_date > moment.today else ()
    return _decided(revoked, siblings, back)


def reinstate(
    completion: CertificationCompletion,
    siblings: Cycles,
    moment: Moment,
    *,
    reason: str,
    broken: tuple[Evidence, ...] = (),
) -> Decided:
    """R29: undo a revocation; R30: let it stand, under review or not. `broken` is the evidence that is let stand."""
    if completion.revoked_at is None and not completion.under_review:
        raise ConflictError("It is neither revoked nor under review.", code="not_revoked", present=completion)
    known = tuple(evidence for evidence in broken if evidence not in completion.reviewed)
    standing = replace(completion, under_review=False, reviewed=(*completion.reviewed, *known))
    continued: Cycles = ()
    if completion.revoked_at is not None:
        standing = _unrevoked(standing, siblings, moment)
        continued = _continued_again(standing, siblings, moment)
    return _decided(changed(standing, moment, reason=reason), siblings, continued)


def change_expiration(
    completion: CertificationCompletion,
    siblings: Cycles,
    moment: Moment,
    *,
    expiration_date: date | None,
    reason: str,
) -> Decided | None:
    """R28: another end, None = never. A past date expires it, a later one revives it. None: that is its end already.

    The sweep records the lapse again, and reminds anew, for the new date; of a date that it had before, only of what
    it was not reminded of then (R33a).
    """
    present = completion.expiration_date
    stands = completion.lapsed_on is None or (present is not None and present < moment.today)
    if expiration_date == present and stands:
        return None
    _check_changeable(completion, expiration_date)
    change = DatedChange(
        on=moment.today,
        kind=ChangeKind.DATES,
        previous_expiration_date=present,
        previous_reminded_on=completion.reminded_on,
    )
    changes = (*completion.changes, change)
    dated = replace(
        completion,
        expiration_date=expiration_date,
        lapsed_on=None,
        reminded_on=_reminded_on(changes, expiration_date),
        changes=changes,
    )
    if _ends_later(expiration_date, present) or not stands:
        _check_free(dated, siblings)
    return _decided(changed(dated, moment, reason=reason), siblings)


def _reminded_on(changes: Sequence[DatedChange], expiration_date: date | None) -> date | None:
    """The last reminder of this very expiration date, from when the completion had it before."""
    same_end = (
        c for c in changes if c.kind is ChangeKind.DATES and c.previous_expiration_date == expiration_date
    )
    return max((c.previous_reminded_on for c in same_end if c.previous_reminded_on), default=None)


def _unrevoked(
    completion: CertificationCompletion, siblings: Cycles, moment: Moment
) -> CertificationCompletion:
    later = next((c for c in siblings if c.cycle > completion.cycle), None)
    if later is not None:
        message = f"A later cycle exists ({later.cycle}): this one stays revoked."
        raise ConflictError(message, code="later_cycle", present=later)
    change = DatedChange(
        on=moment.today, kind=ChangeKind.REINSTATED, previous_revoked_at=completion.revoked_at
    )
    standing = replace(completion, revoked_at=None, changes=(*completion.changes, change))
    _check_free(standing, siblings)
    return standing


def _continued_again(
    reinstated: CertificationCompletion, siblings: Cycles, moment: Moment
) -> tuple[CertificationCompletion, ...]:
    """What it renews and had been given its place back: nobody is told of that one's end any more (R25, R33a)."""
    return tuple(
        changed(
            replace(one, renewed_by=reinstated.cycle),
            moment,
            reason=f"cycle {reinstated.cycle}, which renews it, was reinstated",
        )
        for one in siblings
        if one.cycle == reinstated.renews and one.renewed_by is None and one.revoked_at is None
    )


def _given_back(
    revoked: CertificationCompletion, siblings: Cycles, moment: Moment
) -> tuple[CertificationCompletion, ...]:
    """The latest first: what was displaced last has the place before what it had displaced itself."""
    as_they_are = {one.cycle: one for one in siblings}
    back = []
    for one in sorted(siblings, key=lambda c: c.cycle, reverse=True):
        others = [other for other in as_they_are.values() if other.cycle != one.cycle]
        restored = _restored(one, revoked, others)
        if restored != one:
            as_they_are[one.cycle] = restored
            back.append(
                changed(restored, moment, reason=f"cycle {revoked.cycle} was revoked before it began")
            )
    return tuple(back)


def _restored(
    one: CertificationCompletion, revoked: CertificationCompletion, others: Cycles
) -> CertificationCompletion:
    if one.revoked_at is not None:
        return one
    superseded = one.superseded_on == revoked.effective_date
    return replace(
        one,
        renewed_by=None if one.renewed_by == revoked.cycle else one.renewed_by,
        superseded_on=_still_superseded(one, others) if superseded else one.superseded_on,
    )


def _still_superseded(one: CertificationCompletion, others: Cycles) -> date | None:
    """The day on which yet another one takes its place; None where none does."""
    alone = replace(one, superseded_on=None)
    starts = [span[0] for other in in_the_way(alone, others) if (span := validity(other)) is not None]
    return max(min(starts), one.effective_date) if starts else None


def _check_changeable(completion: CertificationCompletion, expiration_date: date | None) -> None:
    if completion.revoked_at is not None:
        raise ConflictError("It is revoked: its dates stay.", code="revoked", present=completion)
    superseded_on = completion.superseded_on
    if superseded_on is not None and (expiration_date is None or expiration_date >= superseded_on):
        message = f"Another completion takes its place on {superseded_on.isoformat()}."
        raise ConflictError(message, code="superseded", present=completion)
    if expiration_date is None:
        return
    earliest = max(completion.completion_date, completion.effective_date)
    if expiration_date < earliest:
        message = f"It cannot end before {earliest.isoformat()}, when it was completed and begins (R6)."
        error = FieldError(pointer="/expiration_date", code="expiration_too_early", message=message)
        raise InvalidError(message, errors=(error,))


def _check_free(completion: CertificationCompletion, siblings: Cycles) -> None:
    obstacle = next(iter(in_the_way(completion, siblings)), None)
    if obstacle is not None:
        message = f"It would overlap cycle {obstacle.cycle}."
        raise ConflictError(message, code="overlapping", present=obstacle)


def _ends_later(wanted: date | None, present: date | None) -> bool:
    return present is not None and (wanted is None or wanted > present)


def _decided(completion: CertificationCompletion, siblings: Cycles, back: Cycles = ()) -> Decided:
    touched = {one.cycle for one in back}
    others = tuple(one for one in siblings if one.cycle not in touched)
    return Decided(completion=completion, changed=tuple(back), siblings=others)
