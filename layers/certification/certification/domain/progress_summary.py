"""Progress as one sentence for a person. Pure."""

from __future__ import annotations

from certification.domain.model import Status
from certification.domain.progress import Progress

_MOST_NAMED = 5
_HELD = {
    Status.ACTIVE: "It is held",
    Status.SCHEDULED: "It is held from {start} on",
    Status.EXPIRED: "It has expired",
}


def summary(progress: Progress) -> str:
    """One sentence: what is held, and what comes next or stands in the way."""
    return "; ".join(filter(None, (_held(progress), _next(progress)))) + "."


def _held(progress: Progress) -> str:
    current, status = progress.current, progress.current_status
    if current is None or status is None:
        return ""
    start = _HELD[status].format(start=current.effective_date.isoformat())
    if current.expiration_date is None:
        return f"{start} and never expires"
    ending = "on" if status is Status.EXPIRED else "until"
    return f"{start} {ending} {current.expiration_date.isoformat()}"


def _next(progress: Progress) -> str:
    held = progress.current is not None
    if progress.would_award:
        verb = "the next cycle would be awarded now" if held else "It would be awarded now"
        return f"{verb}: everything required is completed"
    codes = [reason.code for reason in progress.reasons]
    if "held_for_good" in codes:
        return ""
    if "window_not_open" in codes and progress.opens_on is not None:
        until = f" until {progress.closes_on.isoformat()}" if progress.closes_on else ""
        return f"it can be earned again with courses completed from {progress.opens_on.isoformat()} on{until}"
    if progress.reasons:
        first = progress.reasons[0].message.rstrip(".")
        return f"it cannot be awarded: {first}" if held else f"It cannot be awarded: {first}"
    return _courses(progress)


def _courses(progress: Progress) -> str:
    done = sum(one.by is not None for one in progress.requirements)
    missing = [one.requirement.course_id for one in progress.requirements if one.by is None]
    which = ", ".join(missing[:_MOST_NAMED]) + (" …" if len(missing) > _MOST_NAMED else "")
    count = f"{done} of {progress.needed} required courses count so far"
    since = f" from {progress.opens_on.isoformat()} on" if progress.opens_on else ""
    return f"{count}{since}, still open: {which}"
