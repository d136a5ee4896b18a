"""Why a required course does not count (R12, R14, R25, R29, R30), in words for a person. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from certification.domain.eligibility import Reason
from certification.domain.evaluation import Window
from certification.domain.model import CourseCompletion, Requirement
from certification.domain.requirements import conflicting, countable, current_score


def unmet(
    requirement: Requirement, completions: Sequence[CourseCompletion], window: Window, *, enough: bool
) -> Reason:
    """The obstacle that is left of a requirement which `window` does not satisfy. `enough`: others suffice (R15)."""
    accepted = requirement.accepted_courses
    theirs = [c for c in completions if c.course_id in accepted]
    if enough:
        return _reason(
            "not_needed", f"{_named(requirement)} is not needed: enough of the others are completed."
        )
    if not theirs:
        return _not_completed(requirement, window)
    standing = [c for c in countable(completions) if c.course_id in accepted]
    if not standing:
        return _taken_back(requirement, completions, theirs)
    counted = [c for c in standing if window.counts(c)]
    if not counted:
        return _too_old(requirement, window, max(c.completed_on for c in standing))
    return _low_score(requirement, counted)


def _not_completed(requirement: Requirement, window: Window) -> Reason:
    if window.opens_on is None:
        return _reason("not_completed", f"{_named(requirement)} is not completed.")
    day = window.opens_on.isoformat()
    return _reason("not_completed", f"{_named(requirement)} is not completed; it counts from {day} on.")


def _taken_back(
    requirement: Requirement, completions: Sequence[CourseCompletion], theirs: Sequence[CourseCompletion]
) -> Reason:
    losers = conflicting(completions)
    if any(c in losers for c in theirs):
        message = f"{_named(requirement)} came under the id of an event that was received before (R12)."
        return _reason("event_conflict", message)
    return _reason("retracted", f"The completion of {_named(requirement)} was taken back by the LMS.")


def _too_old(requirement: Requirement, window: Window, latest: date) -> Reason:
    done = f"{_named(requirement)} was completed on {latest.isoformat()}"
    if window.opens_on is None or latest >= window.opens_on:
        return _reason("before_revocation", f"{done}, before the revocation: it must be repeated (R29).")
    return _reason("repeat", f"{done}: it must be repeated on {window.opens_on.isoformat()} or later (R25).")


def _low_score(requirement: Requirement, counted: Sequence[CourseCompletion]) -> Reason:
    scores = [score for c in counted if (score := current_score(c)) is not None]
    minimum = f"{requirement.minimum_score:g}" if requirement.minimum_score is not None else ""
    if not scores:
        message = f"{_named(requirement)} is completed without a score, and at least {minimum} is asked for."
        return _reason("score_missing", message)
    best = f"{max(scores):g}"
    return _reason(
        "score_too_low", f"{_named(requirement)} is completed with {best}; at least {minimum} is asked for."
    )


def _named(requirement: Requirement) -> str:
    return " or ".join(requirement.accepted_courses)


def _reason(code: str, message: str) -> Reason:
    return Reason(code=code, message=message)
