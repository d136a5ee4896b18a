"""One correlation id from the webhook to the CRM, in the lines of every function on the way."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any

import pytest
from functions.award import app as award
from functions.completion_stream import app as completion_stream
from functions.crm_sync import app as crm_sync
from functions.lms_webhook import app as lms_webhook

from builders import certification, course, user
from certification import observability
from certification.domain.errors import NotFoundError
from certification.domain.evaluation_run import new_run
from certification.domain.model import PublishStatus
from certification.observability import logger
from fake_crm import World
from fakes import InMemoryEventBus, InMemoryQueue

WEBHOOK = "request-of-the-webhook"


@dataclass(frozen=True)
class Context:
    """What Lambda says of an invocation."""

    aws_request_id: str = "invocation-1"
    function_name: str = "f"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:f"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


class Lines:
    """What was logged since the last look."""

    def __init__(self) -> None:
        self._text = StringIO()
        self.handler = logging.StreamHandler(self._text)
        self.handler.setFormatter(logger.registered_formatter)

    def take(self) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self._text.getvalue().splitlines()]
        self._text.truncate(0)
        self._text.seek(0)
        return lines


@pytest.fixture
def lines() -> Iterator[Lines]:
    lines = Lines()
    loggers = (logging.getLogger("certification"), logger._logger)
    levels = [each.level for each in loggers]  # whatever the tests before these in this process have left
    for each in loggers:
        each.addHandler(lines.handler)
        each.setLevel("INFO")
    yield lines
    for each, level in zip(loggers, levels, strict=True):
        each.removeHandler(lines.handler)
        each.setLevel(level)
    logger.clear_state()


@pytest.fixture
def world() -> World:
    world = World()
    world.connect()
    world.map()
    world.crm.add("u-1@partner.example")
    parts = {
        "evaluation_queue": InMemoryQueue(),
        "event_bus": InMemoryEventBus(),
        "crm_drain": world.drainer(),
    }
    world.app.__dict__.update(parts)
    draft = certification(publish_status=PublishStatus.DRAFT, frozen=False, revision=0)
    world.app.definitions.add(draft)
    world.app.definitions.save(certification(), previous=draft)
    world.app.directory.save_course(course("c-1"), previous=None)
    world.app.directory.save_user(user(), previous=None)
    return world


def message(number: int, correlation_id: str, user_id: str = "u-1") -> dict[str, Any]:
    body = {
        "event_id": f"e-{number}",
        "source": "lms",
        "user_id": user_id,
        "course_id": "c-1",
        "completed_at": "2026-11-10T09:30:00Z",
        "correlation_id": correlation_id,
    }
    return {"messageId": f"m-{number}", "eventSourceARN": "arn:aws:sqs:r:1:q", "body": json.dumps(body)}


def test_the_id_goes_from_the_queue_through_the_stream_to_the_crm(world: World, lines: Lines) -> None:
    before = len(world.table.changes)
    award.take({"Records": [message(1, WEBHOOK)]}, None, world.app)
    assert {line["correlation_id"] for line in lines.take()} == {WEBHOOK}
    logger.clear_state()
    completion_stream.take(world.table.stream_event(before), world.app)
    assert {line["correlation_id"] for line in lines.take()} == {WEBHOOK}
    logger.clear_state()
    crm_sync.take({"Records": [{"messageId": "m", "body": '{"kind":"bell"}'}]}, None, world.app)
    [pushed] = [line for line in lines.take() if line["message"] == "records pushed"]
    assert pushed["correlation_ids"] == [WEBHOOK]
    assert pushed["records"] == 1


def test_a_batch_of_several_names_them_all(world: World, lines: Lines) -> None:
    award.take(
        {"Records": [message(1, "a"), message(2, "b", "u-2"), message(3, "a", "u-3")]}, None, world.app
    )
    assert [line["correlation_ids"] for line in lines.take()] == [["a", "b"]]


def test_work_that_an_evaluation_hands_on_keeps_the_id_of_the_request(world: World) -> None:
    run = new_run(
        "eval-1", "cert-1", dry_run=False, now=world.clock.now(), actor="key:k", correlation_id="r-1"
    )
    assert run.request == {"kind": "run", "evaluation_id": "eval-1", "correlation_id": "r-1"}


def test_a_webhook_is_logged_under_the_id_of_its_request(world: World, lines: Lines) -> None:
    class Receiver:
        def receive(self, *_: object) -> None:
            logging.getLogger("certification.services.webhooks").warning("on the way")
            raise NotFoundError("no such source")

    world.app.__dict__["webhook_receiver"] = Receiver()
    event = {"requestContext": {"requestId": WEBHOOK}, "pathParameters": {"source_id": "lms"}, "body": "{}"}
    assert lms_webhook.take(event, world.app).status == 404
    assert [line["correlation_id"] for line in lines.take()] == [WEBHOOK]


def test_what_comes_from_no_request_goes_by_its_invocation_and_leaves_nothing_to_the_next(
    lines: Lines,
) -> None:
    @observability.handler
    def handler(event: dict[str, Any], _: Any) -> None:
        logger.info("before")
        observability.follow(event["ids"])
        logger.info("after")

    handler({"ids": [None, ""]}, Context("i-1"))
    handler({"ids": ["a", "b"]}, Context("i-2"))
    handler({"ids": ["c"]}, Context("i-3"))
    seen = [(line["correlation_id"], line.get("correlation_ids")) for line in lines.take()]
    assert seen == [
        ("i-1", None),
        ("i-1", None),
        ("i-2", None),
        ("i-2", ["a", "b"]),
        ("i-3", None),
        ("c", None),
    ]
