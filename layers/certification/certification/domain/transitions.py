"""What the sweep does with a completion whose day has come: R10, R33a. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from certification.domain.evaluation import Moment, changed
from certification.domain.model import CertificationCompletion, Duration, Holder
from certification.domain.status import Due, DueKind, next_due, reminder_days
from certification.domain.validity import ONE_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class DueEntry:
    """An entry of the due index: whose transition, which, and since when."""

    holder: Holder
    certification_id: str
    cycle: int
    due: Due


@dataclass(frozen=True, slots=True, kw_only=True)
class DuePage:
    """Some of what is due. `unreadable`: entries that nothing can be made of; they hold up nobody."""

    entries: tuple[DueEntry, ...]
    unreadable: int = 0
    next: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaiting:
    """A completion with what the due index says of it; `due` None: it is not in there any more."""

    completion: CertificationCompletion
    due: Due | None


class Transition(StrEnum):
    """`SKIPPED`: a reminder that nobody gets. `REARMED`: only the next day was put right. Neither is a new revision."""

    STARTED = "started"
    REMINDED = "reminded"
    LAPSED = "lapsed"
    SKIPPED = "skipped"
    REARMED = "rearmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Write `after` in place of `before`, if that is still as read; `reminders` decide which day is next."""

    transition: Transition
    before: Awaiting
    after: CertificationCompletion
    reminders: tuple[Duration, ...]


def next_step(
    awaiting: Awaiting, reminders: Sequence[Duration], moment: Moment, *, remindable: bool
) -> Step | None:
    """The one next step, None where nothing is left to do until tomorrow.

    `remindable`: whether the holder gets reminders at all (R21). After a downtime of weeks start and lapse follow
    each other as steps of their own; of several reminders only the nearest is left, and none once it has expired.
    """
    if awaiting.due is None:
        return None
    completion = awaiting.completion
    due = next_due(completion, reminders)
    if due is None or due.on > moment.today:
        return rearmed(awaiting, reminders)
    if due.kind is DueKind.START:
        transition = Transition.STARTED
        after = changed(
            replace(completion, started_on=completion.effective_date),
            moment,
            reason="the effective date has come",
        )
    elif completion.expiration_date is not None and completion.expiration_date < moment.today:
        transition, after = Transition.LAPSED, _lapsed(completion, moment)
    else:
        transition, after = _reminded(completion, reminders, moment, remindable=remindable)
    return Step(transition=transition, before=awaiting, after=after, reminders=tuple(reminders))


def rearmed(awaiting: Awaiting, reminders: Sequence[Duration]) -> Step | None:
    """Put it under its next day by these reminders, None where it stands there already."""
    due = next_due(awaiting.completion, reminders)
    if awaiting.due is None or due == awaiting.due:
        return None
    return Step(
        transition=Transition.REARMED,
        before=awaiting,
        after=awaiting.completion,
        reminders=tuple(reminders),
    )


LAPSE_REASON = "the last valid day has passed"


def _lapsed(completion: CertificationCompletion, moment: Moment) -> CertificationCompletion:
    if completion.expiration_date is None:
        raise AssertionError("what never expires does not lapse")
    return changed(
        replace(completion, lapsed_on=completion.expiration_date + ONE_DAY), moment, reason=LAPSE_REASON
    )


def _reminded(
    completion: CertificationCompletion, reminders: Sequence[Duration], moment: Moment, *, remindable: bool
) -> tuple[Transition, CertificationCompletion]:
    nearest = max(day for day in reminder_days(completion, reminders) if day <= moment.today)
    sent = replace(completion, reminded_on=nearest)
    if not remindable:
        return Transition.SKIPPED, sent
    return Transition.REMINDED, changed(sent, moment, reason="a reminder was due")
