"""A reconciliation goes on page by page, whatever there is a lot of."""

from __future__ import annotations

from collections.abc import Callable

from builders import NOW, certification, course_completion, message, user
from certification.adapters.dynamodb import keys
from certification.domain.parking import ParkingReason, parked
from certification.services.reconciliation import PARKED_AT_ONCE
from unit.awarding.service import Service

STRANGERS = 2 * PARKED_AT_ONCE + 50


def with_many_parked() -> Service:
    """A worker died before it could take away what it had parked of `u-1`; the others are of strangers."""
    service = Service().defined(certification(), user())
    waiting = [message(user_id=f"stranger-{number}") for number in range(STRANGERS)]
    service.app.parking.park(
        [parked(each, ParkingReason.USER_UNKNOWN, now=NOW) for each in [*waiting, message()]]
    )
    service.app.reconciler.start("r-1", repair=False, actor="key:1")
    service.evaluations.take()
    return service


def test_what_is_parked_is_looked_through_in_pages_while_there_is_time() -> None:
    """Months of completions of an unknown provider's users are more than one invocation can read."""
    service = with_many_parked()
    run = None
    for _ in range(2 + STRANGERS // PARKED_AT_ONCE):
        assert run is None or run.completed_at is None
        service.table.calls.clear()
        run = service.app.reconciler.advance("r-1", once())
        assert service.table.calls["query"] <= 2, "one page, and one user's records"

    assert run is not None
    assert run.completed_at is not None
    assert (run.users, run.released) == (1, 1)
    assert [each["user_id"] for each in service.course_completions.take()] == ["u-1"]
    assert len(service.app.parking.page(limit=1000).items) == STRANGERS


def test_a_user_of_whom_something_is_damaged_is_told_of_and_stops_nobody_else() -> None:
    service = Service().defined(certification(), user("u-1"), user("u-2"), user("u-3"))
    service.app.ledger.add_course_completions(
        [course_completion(user_id=user_id) for user_id in ("u-1", "u-2", "u-3")]
    )
    for key, item in service.table.items.items():
        if key in {("USER#u-1", "PROFILE"), ("USER#u-2", course_completion_key("u-2"))}:
            del item["entity"]
    service.app.reconciler.start("r-1", repair=True, actor="key:1")
    run = service.app.reconciler.advance("r-1", lambda: True)

    assert run is not None
    assert run.completed_at is not None
    assert (run.users, run.drifted, run.repaired) == (3, 3, 1)
    assert [(drift.user_id, drift.kind) for drift in run.sample] == [
        ("u-1", "unreadable"),
        ("u-2", "unreadable"),
        ("u-3", "award_missing"),
    ]
    assert len(service.held("u-3")) == 1


def course_completion_key(user_id: str) -> str:
    return keys.course_completion(user_id, "c-1", NOW).sk


def once() -> Callable[[], bool]:
    """Time for one page."""
    answers = iter([True])
    return lambda: next(answers, False)
