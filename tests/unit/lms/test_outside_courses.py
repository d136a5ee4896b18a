"""R17: completions of a course that only the LMS knows count from the day a course of ours takes its name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from builders import NOW, certification, course, course_completion, message, user
from certification.domain.course_completion_message import parse_course_completion
from certification.domain.model import Identity
from unit.awarding.service import Service

OUTSIDE = Identity(source="lms", external_id="course-v1:X+Y")


@pytest.fixture
def service() -> Service:
    return Service().defined(
        user("u-1"), user("u-2", email="two@example.com"), certification("cert-1", "c-1")
    )


def from_lms(user_id: str = "u-1", **changes: Any) -> Any:
    values = {"course_id": None, "course_identity": OUTSIDE, "completed_at": NOW - timedelta(days=3)}
    return message(**{"user_id": user_id, **values, **changes})


def named(service: Service) -> None:
    """A while after the completions came in."""
    service.clock.advance(hours=1)
    service.app.directory.save_course(course("c-1", identities=frozenset({OUTSIDE})), previous=None)


def run(service: Service, **changes: Any) -> None:
    """The stream's message, and whatever follows from it, until both queues are empty."""
    jobs = [{"kind": "release_course", "source": "lms", "external_id": OUTSIDE.external_id, **changes}]
    while jobs:
        for job in jobs:
            service.app.outside_courses.release(job, lambda: False)
        sent = service.course_completions.take()
        service.receive(*(read(service, body) for body in sent))
        jobs = service.evaluations.take()


def read(service: Service, body: dict[str, Any]) -> Any:
    zone = service.app.config.zone
    return parse_course_completion(body, source=None, now=NOW, zone=zone, own_api=False)


def test_what_was_completed_under_the_lms_name_counts_once_a_course_takes_it(service: Service) -> None:
    service.receive(from_lms("u-1"), from_lms("u-2"))
    assert not service.held("u-1")
    named(service)
    run(service)
    assert [len(service.held(u)) for u in ("u-1", "u-2")] == [1, 1]
    assert service.held("u-1")[0].completion_date == (NOW - timedelta(days=3)).date()


def test_running_it_again_changes_nothing(service: Service) -> None:
    service.receive(from_lms())
    named(service)
    run(service)
    held = service.held("u-1")
    run(service)
    assert service.held("u-1") == held


def test_the_event_delivered_again_after_the_naming_is_no_conflict_with_itself(service: Service) -> None:
    """R12: the event says what it said before; only our name for its course is another."""
    service.receive(from_lms())
    named(service)
    service.receive(from_lms())
    assert len(service.held("u-1")) == 1


def test_the_same_event_id_for_another_course_of_the_lms_stays_a_conflict(service: Service) -> None:
    """R12."""
    other = Identity(source="lms", external_id="course-v1:X+Z")
    service.receive(from_lms(event_id="e-1", course_identity=other))
    named(service)
    service.receive(from_lms(event_id="e-1"))
    assert not service.held("u-1")


def test_more_users_than_a_page_holds_are_all_released(service: Service) -> None:
    others = [user(f"x-{n}", email=f"x{n}@example.com") for n in range(230)]
    service.defined(*others)
    service.receive(*(from_lms(other.user_id) for other in others))
    named(service)
    run(service)
    assert all(len(service.held(other.user_id)) == 1 for other in others)


def test_the_same_name_in_another_lms_is_another_course(service: Service) -> None:
    other = Identity(source="other", external_id=OUTSIDE.external_id)
    service.receive(from_lms(source="other", course_identity=other))
    named(service)
    run(service)
    assert not service.held("u-1")


def test_what_the_lms_took_back_stays_taken_back_under_the_new_name(service: Service) -> None:
    service.receive(from_lms(), from_lms(retracts=True, completed_at=NOW, event_id="back"))
    named(service)
    run(service)
    assert not service.held("u-1")


def test_an_event_that_was_voided_takes_nothing_else_with_it(service: Service) -> None:
    service.receive(
        from_lms(event_id="e-1", voidable=True),
        from_lms(event_id="e-2", voidable=True, completed_at=NOW - timedelta(days=1)),
        from_lms(event_id="back", retracts=True, retracts_event_id="e-2", completed_at=NOW),
    )
    named(service)
    run(service)
    (award,) = service.held("u-1")
    assert [evidence.completed_at for evidence in award.evidence] == [NOW - timedelta(days=3)]


def test_a_second_look_comes_after_the_index_has_caught_up(service: Service) -> None:
    named(service)
    service.app.ledger.add_course_completions([course_completion("c-9", user_id="u-1", source="lms")])
    service.app.outside_courses.release(
        {"kind": "release_course", "source": "lms", "external_id": "c-9"}, lambda: True
    )
    (again,) = service.evaluations.sent
    assert again["second_look"] is True
    assert service.evaluations.delays == [900]
    service.evaluations.take()
    service.app.outside_courses.release(again, lambda: True)
    assert not service.evaluations.sent
