"""Course completions by our own API: each on its own, checked here, matched later."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from certification.services.course_completion_intake import CourseCompletionIntake
from fakes import FixedClock, InMemoryQueue

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BODY: dict[str, Any] = {
    "event_id": "e-1",
    "user_id": "u-1",
    "course_id": "c-1",
    "completed_at": "2026-11-20T09:30:00Z",
}


@pytest.fixture
def queue() -> InMemoryQueue:
    return InMemoryQueue()


@pytest.fixture
def intake(queue: InMemoryQueue) -> CourseCompletionIntake:
    return CourseCompletionIntake(queue=queue, clock=FixedClock(NOW), zone=ZoneInfo("Europe/Berlin"))


def test_what_is_accepted_is_on_the_queue_as_our_own(
    intake: CourseCompletionIntake, queue: InMemoryQueue
) -> None:
    (checked,) = intake.submit([BODY], correlation_id="req-1")
    assert checked.message is not None
    assert queue.sent == [BODY | {"source": "api", "correlation_id": "req-1"}]


def test_a_bad_one_does_not_lose_its_neighbours(intake: CourseCompletionIntake, queue: InMemoryQueue) -> None:
    checked = intake.submit(
        [BODY, 7, BODY | {"course_id": "c 1"}, BODY | {"event_id": "e-2"}], correlation_id="r"
    )
    assert [bool(one.errors) for one in checked] == [False, True, True, False]
    assert [one.index for one in checked] == [0, 1, 2, 3]
    assert [body["event_id"] for body in queue.sent] == ["e-1", "e-2"]


def test_all_bad_ones_queue_nothing(intake: CourseCompletionIntake, queue: InMemoryQueue) -> None:
    intake.submit([{}], correlation_id="r")
    assert not queue.sent


def test_nobody_can_speak_for_a_source_through_our_own_api(intake: CourseCompletionIntake) -> None:
    (checked,) = intake.submit([BODY | {"source": "lms-1"}], correlation_id="r")
    assert [(e.pointer, e.code) for e in checked.errors] == [("/source", "unknown_field")]


def test_a_queue_that_refuses_is_no_success(intake: CourseCompletionIntake, queue: InMemoryQueue) -> None:
    queue.refuses = True
    with pytest.raises(ConnectionError):
        intake.submit([BODY], correlation_id="r")
