"""R11: with one completion of each course and fixed definitions, awards are a function of the set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from certification.domain.instants import parse_instant
from certification.domain.model import CertificationCompletion, CourseCompletion, Holder, HolderType
from simulation import oracle
from simulation.play import Play
from simulation.state import State


def awards_of_the_set(state: State, play: Play) -> Iterator[str]:
    """From what was accepted, nothing else; the table's own course completions are not looked at."""
    sent = accepted(play)
    for user_id, user in state.users.items():
        for certification in state.certifications.values():
            held = state.awards.get(
                (Holder(type=HolderType.USER, id=user_id), certification.certification_id), []
            )
            due = oracle.due(certification, user, state.organization_of(user), sent.get(user_id, []), ())
            expected = [due] if due else []
            found = [as_due(c) for c in held]
            if expected != found:
                yield f"awards: {user_id} {certification.name}: expected {expected}, found {found}"


def as_due(completion: CertificationCompletion) -> oracle.Due:
    return oracle.Due(
        completion_date=completion.completion_date,
        effective_date=completion.effective_date,
        expiration_date=completion.expiration_date,
        evidence=frozenset((str(e.course_id), e.completed_at) for e in completion.evidence),
        renews=completion.renews,
    )


def accepted(play: Play) -> dict[str, list[CourseCompletion]]:
    """The completions that somebody was told are accepted."""
    found: dict[str, dict[Any, CourseCompletion]] = {}
    for operation, call in play.calls:
        if operation.kind == "send" and call.status == 202:
            _add(found, operation.args["user_id"], operation.args["body"])
    return {user_id: list(completions.values()) for user_id, completions in found.items()}


def user_of(body: dict[str, Any]) -> str:
    if "identity" in body:
        return str(body["identity"]["external_id"]).removeprefix("x-")
    return str(body.get("user_id") or body["email"].lower().partition("@")[0])


def _add(found: dict[str, dict[Any, CourseCompletion]], user_id: str, body: dict[str, Any]) -> None:
    at = parse_instant(body["completed_at"])
    one = CourseCompletion(
        user_id=user_id,  # type: ignore[arg-type]
        course_id=body["course_id"],
        completed_at=at,
        completed_on=at.date(),
        score=body.get("score"),
        received_at=at,
    )
    found.setdefault(user_id, {}).setdefault((body["course_id"], at), one)
