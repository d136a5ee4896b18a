"""Whatever meets within a write: never two active at once, nothing lost, nothing twice (R11, R26, R28, R29)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from programme import COMPLETIONS
from unit.awards.chronicle import ID, Chronicle, Event, decisions, definitions, events

RENEWAL = {"opens": "P60D", "grace": "P30D"}


def meet(chronicle: Chronicle, first: Event, second: Event, at: int) -> tuple[int, int]:
    """`second` is carried out as a whole just before write number `at` of `first`; after it, where it has fewer."""
    left = [at]
    answered: list[int] = []

    def meanwhile(_: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            chronicle.table.before_effect = None
            answered.append(chronicle.act(second))

    chronicle.table.before_effect = meanwhile
    status = chronicle.act(first)
    chronicle.table.before_effect = None
    if not answered:
        answered.append(chronicle.act(second))
    chronicle.work()
    return status, answered[0]


@settings(max_examples=100, deadline=None)
@given(
    before=st.lists(events, max_size=6),
    first=decisions,
    second=decisions,
    at=st.integers(1, 6),
    parts=definitions,
)
def test_never_two_active_whatever_meets(
    before: list[Event], first: Event, second: Event, at: int, parts: dict[str, Any]
) -> None:
    chronicle = Chronicle(**parts)
    for event in before:
        chronicle.happen(event)
    statuses = meet(chronicle, first, second, at)
    assert max(statuses) < 500
    chronicle.check_never_two_active()
    cycles = [completion["cycle"] for completion in chronicle.held()]
    assert cycles == list(range(1, len(cycles) + 1))


@settings(max_examples=40, deadline=None)
@given(happening=st.lists(events, max_size=10), parts=definitions)
def test_evaluating_again_changes_nothing(happening: list[Event], parts: dict[str, Any]) -> None:
    """R23, and so that every message may come twice."""
    chronicle = Chronicle(**parts)
    for event in happening:
        chronicle.happen(event)
    chronicle.app.user_evaluator.evaluate("u-1", chronicle.certification)
    chronicle.work()
    written = len(chronicle.table.changes)
    chronicle.app.user_evaluator.evaluate("u-1", chronicle.certification)
    assert len(chronicle.table.changes) == written
    run = chronicle.made(
        "POST", "/evaluations", {"certification_id": chronicle.certification, "dry_run": True}
    )
    chronicle.work()
    counts = chronicle.made("GET", f"/evaluations/{run['evaluation_id']}")["counts"]
    assert counts["would_award"] == 0


@settings(max_examples=60, deadline=None)
@given(happening=st.lists(events, max_size=8), parts=definitions, learned=st.integers(-150, 0))
def test_progress_says_what_the_evaluation_then_does(
    happening: list[Event], parts: dict[str, Any], learned: int
) -> None:
    chronicle = Chronicle(**parts)
    for event in happening:
        chronicle.happen(event)
    chronicle.made("POST", f"/certifications/{chronicle.certification}/unpublish")
    chronicle.act(("learn", learned))
    before = chronicle.held()
    assert not chronicle.progress(chronicle.certification)["would_award"]
    publish = chronicle.made("POST", f"/certifications/{chronicle.certification}/publish")
    progress = chronicle.progress(chronicle.certification)
    assert publish["publish_status"] == "published"
    assert progress["would_award"] is (progress["reasons"] == [] and _satisfied(progress))
    chronicle.work()
    made = chronicle.held()[len(before) :]
    assert progress["would_award"] is bool(made)
    if made:
        assert progress["would_expire"]["date"] == made[0]["expiration_date"]
    assert not chronicle.progress(chronicle.certification)["would_award"]


def _satisfied(progress: Any) -> bool:
    return all(requirement["satisfied"] for requirement in progress["requirements"])


MEETINGS: dict[str, tuple[Event, Event, list[Event]]] = {
    "an automatic and a manual award": (("learn", 0), ("award", None, 0, None), []),
    "a manual and an automatic award": (("award", None, 0, None), ("learn", 0), []),
    "two manual awards": (("award", None, 0, None), ("award", None, 0, None), []),
    "an extension and a renewal": (("end", 0, 400), ("learn", 0), [("learn", 0), ("wait", 340)]),
    "a renewal and an extension": (("learn", 0), ("end", 0, 400), [("learn", 0), ("wait", 340)]),
    "two renewals": (("learn", 0), ("award", "renew", 0, None), [("learn", 0), ("wait", 340)]),
    "two renewals by hand": (
        ("award", "renew", 0, None),
        ("award", "renew", 0, None),
        [("learn", 0), ("wait", 340)],
    ),
    "two replacements": (("award", "replace", 0, None), ("award", "replace", 0, None), [("learn", 0)]),
    "a reinstatement and a new award": (("reinstate", 0), ("learn", 0), [("learn", -3), ("revoke", 0)]),
    "a new award and a reinstatement": (("learn", 0), ("reinstate", 0), [("learn", -3), ("revoke", 0)]),
    "an extension and a new cycle": (("end", 0, 500), ("learn", 0), [("learn", 0), ("wait", 400)]),
    "a revocation and a renewal": (("revoke", 0), ("learn", 0), [("learn", 0), ("wait", 340)]),
    "two revocations": (("revoke", 0), ("revoke", 0), [("learn", 0)]),
}


@pytest.mark.parametrize("meeting", MEETINGS)
@pytest.mark.parametrize("at", [1, 2, 3])
def test_what_meets_ends_as_one_after_the_other(meeting: str, at: int) -> None:
    first, second, before = MEETINGS[meeting]
    chronicle = Chronicle(renewal=RENEWAL)
    for event in before:
        chronicle.happen(event)
    statuses = meet(chronicle, first, second, at)
    chronicle.check_never_two_active()
    ended = chronicle.held()
    others = [_ended(order, before) for order in ((first, second), (second, first))]
    assert [_comparable(ended)] in [[_comparable(other)] for other in others], (statuses, ended)


def _ended(order: tuple[Event, Event], before: list[Event]) -> list[Any]:
    chronicle = Chronicle(renewal=RENEWAL)
    for event in (*before, *order):
        chronicle.happen(event)
    return chronicle.held()


def _comparable(held: list[Any]) -> list[Any]:
    """Without the ids, which are each service's own, and without the second that the events lie apart."""
    own = {ID, "certification_id", "evidence"}
    return [{name: value for name, value in one.items() if name not in own} for one in held]


def test_a_repetition_under_the_same_key_at_the_same_moment_is_one_award() -> None:
    chronicle = Chronicle(renewal=None)
    body = {"user_id": "u-1", "certification_id": chronicle.certification, "completion_date": "2026-11-20"}
    answers: list[tuple[int, Any]] = []

    def send() -> tuple[int, Any]:
        return chronicle.call("POST", COMPLETIONS, body, headers={"Idempotency-Key": "one"})

    def meanwhile(_: str) -> None:
        chronicle.table.before_effect = None
        answers.append(send())

    chronicle.table.before_effect = meanwhile
    answers.append(send())
    assert answers[0] == answers[1]
    assert answers[0][0] == 201
    assert len(chronicle.held()) == 1
