"""The award function on the events that SQS sends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from functions.award.app import take

from builders import certification, course_completion, user
from certification.bootstrap import App
from certification.config import Config
from certification.domain.model import Holder, HolderType
from fake_crm import STATUS, World
from unit.awarding.service import Service

EVENTS = Path(__file__).parents[3] / "events"
COURSES_SHOWN = {"source": "completed_courses", "target": "courses"}


def sample(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return event


def failures(answer: dict[str, Any]) -> list[str]:
    return [failure["itemIdentifier"][-1] for failure in answer["batchItemFailures"]]


@pytest.fixture
def service() -> Service:
    return on(Service())


def on(service: Service) -> Service:
    config = Config(
        table_name="t",
        evaluation_queue_url="https://sqs.example/1/partner-certification-EvaluationQueue-4D5E6F",
    )
    service.app.config = config
    service.defined(user(), certification())
    return service


def test_a_batch_awards_parks_and_gives_back_what_is_no_message(service: Service) -> None:
    answer = take(sample("course_completions"), None, service.app)
    assert failures(answer) == ["4"]
    assert [c.certification_id for c in service.held()] == ["cert-1"]
    assert len(service.app.parking.page(limit=10).items) == 1


@pytest.mark.parametrize("body", ["[" * 100_000, '{"a":' * 100_000], ids=lambda body: body[:5])
def test_what_is_nested_too_deep_is_given_back_alone(service: Service, body: str) -> None:
    event = sample("course_completions")
    event["Records"][-1]["body"] = body
    assert failures(take(event, None, service.app)) == ["4"]
    assert len(service.held()) == 1


def test_the_same_batch_again_changes_nothing(service: Service) -> None:
    take(sample("course_completions"), None, service.app)
    before = dict(service.table.items)
    take(sample("course_completions"), None, service.app)
    assert service.table.items == before


def test_evaluation_messages_are_told_apart_by_their_queue(service: Service) -> None:
    for course_id in ("c-1", "c-2"):
        service.app.ledger.add_course_completions([course_completion(course_id)])
    answer = take(sample("evaluations"), None, service.app)
    assert failures(answer) == ["3"]
    assert len(service.held()) == 1


class TestCompletedCoursesInACrm:
    """R38: they are mapped values, and no certification completion changes with them."""

    @pytest.fixture
    def world(self) -> World:
        world = World()
        world.connect()
        return world

    def service(self, world: World) -> App:
        return on(Service(world.table, doorbells=world.app.doorbells)).app

    def pending(self, world: World) -> list[str]:
        return [h.id for h in world.app.outbox.pending("hubspot", HolderType.USER, page_size=10)]

    def test_a_course_completion_makes_its_user_pending_where_courses_are_shown(self, world: World) -> None:
        world.map(COURSES_SHOWN)
        take(sample("course_completions"), None, self.service(world))
        assert self.pending(world) == ["u-1"]
        assert world.bells.sent

    def test_and_leaves_it_alone_where_they_are_not(self, world: World) -> None:
        world.map(STATUS)
        take(sample("course_completions"), None, self.service(world))
        assert not self.pending(world)
        assert not world.bells.sent

    def test_what_could_not_be_marked_comes_again_and_marks(self, world: World) -> None:
        world.map(COURSES_SHOWN)
        app = self.service(world)

        class Broken:
            def send(self, *_: Any, **__: Any) -> None:
                raise ConnectionError

        bells, app.__dict__["doorbells"] = app.doorbells, {"hubspot": Broken()}
        assert failures(take(sample("course_completions"), None, app)) == ["1", "2", "4"]
        app.__dict__["doorbells"] = bells
        assert failures(take(sample("course_completions"), None, app)) == ["4"]
        assert world.app.outbox.rows([Holder(type=HolderType.USER, id="u-1")], "hubspot")
        assert world.bells.sent
