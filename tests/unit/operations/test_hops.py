"""Work that continues itself through a queue is stopped before it does so for ever."""

from __future__ import annotations

import json
from typing import Any

import pytest
from functions.award.app import take

from builders import certification, user
from certification.config import Config
from certification.services.hops import MOST_HOPS, HopCountingQueue, HopLimitError, Hops
from fakes import InMemoryQueue
from unit.awarding.service import Service


def test_what_follows_from_a_message_is_one_hop_further() -> None:
    hops, sent = Hops(), InMemoryQueue()
    queue = HopCountingQueue(sent, hops)
    queue.send([{"kind": "run"}])
    with hops.following({"kind": "run"}):
        queue.send([{"kind": "run"}, {"kind": "evaluate"}], delay_seconds=5)
    with hops.following({"kind": "run", "hop": 7}):
        queue.send([{"kind": "run", "hop": 7}])
    queue.send([{"kind": "run"}])
    assert [body.get("hop") for body in sent.sent] == [None, 1, 1, 8, None]
    assert 5 in sent.delays


def test_a_failure_leaves_nothing_to_the_next_message() -> None:
    hops = Hops()
    with pytest.raises(KeyError), hops.following({"hop": 3}):
        raise KeyError
    assert hops.current == 0


@pytest.mark.parametrize("message", [None, "text", [], {}, {"hop": "many"}])
def test_a_message_that_does_not_tell_begins_the_count(message: object) -> None:
    hops = Hops()
    with hops.following(message):
        assert hops.current == 1


def test_the_message_that_has_come_too_far_is_not_worked_on_and_ends_in_the_dead_letters() -> None:
    service = Service().defined(user(), certification())
    service.app.config = Config(table_name="t", evaluation_queue_url="https://sqs/1/evaluations")
    bodies: list[dict[str, Any]] = [
        {"kind": "organization_changed", "organization_id": "o-1", "hop": hop}
        for hop in (MOST_HOPS, MOST_HOPS - 1)
    ]
    records = [
        {"messageId": f"m-{n}", "eventSourceARN": "arn:aws:sqs:r:1:evaluations", "body": json.dumps(body)}
        for n, body in enumerate(bodies)
    ]
    assert take({"Records": records}, None, service.app) == {"batchItemFailures": [{"itemIdentifier": "m-0"}]}
    with pytest.raises(HopLimitError), service.app.hops.following(bodies[0]):
        pass
