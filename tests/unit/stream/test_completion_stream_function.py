"""The function behind the stream: order, partial failure, poison."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from functions.completion_stream.app import take

from builders import completion
from unit.stream.service import Service

SAMPLE: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "events" / "completion_stream.json").read_text()
)


def batch(service: Service, count: int) -> dict[str, Any]:
    for number in range(count):
        service.award(completion(holder_id=f"u-{number}"))
    return service.table.stream_event()


def poisoned(event: dict[str, Any], position: int) -> dict[str, Any]:
    del event["Records"][position]["dynamodb"]["NewImage"]["completion_date"]
    return event


def test_sample_event_is_followed() -> None:
    service = Service()
    assert take(SAMPLE, service.app) == {"batchItemFailures": []}
    assert service.announced_types() == ["Awarded"]
    assert service.evaluations.sent == [
        {"kind": "release", "identity": {"source": "lms", "external_id": "77"}},
        {"kind": "user_changed", "user_id": "u-2"},
    ]


def test_record_that_cannot_be_read_is_reported_and_everything_before_it_is_done() -> None:
    service = Service()
    event = poisoned(batch(service, 5), 3)
    answer = take(event, service.app)
    sequence = event["Records"][3]["dynamodb"]["SequenceNumber"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": sequence}]}
    done = [bool(service.history(completion(holder_id=f"u-{number}"))) for number in range(5)]
    assert done == [True, True, True, False, False]


def test_record_that_cannot_be_read_at_the_front_raises_so_that_lambda_halves_the_batch() -> None:
    service = Service()
    with pytest.raises(KeyError):
        take(poisoned(batch(service, 5), 0), service.app)


def test_whole_batch_is_followed_with_a_handful_of_calls() -> None:
    service = Service()
    event = batch(service, 100)
    service.table.calls.clear()
    take(event, service.app)
    assert service.table.calls == {"write_each": 4, "get_many": 1, "get": 1}


def test_bus_that_refuses_loses_nothing() -> None:
    service = Service()
    event = batch(service, 3)
    service.bus.refuses = True
    with pytest.raises(ConnectionError):
        take(event, service.app)
    service.bus.refuses = False
    take(event, service.app)
    assert service.announced_types() == ["Awarded"] * 3
    assert [len(service.history(completion(holder_id=f"u-{n}"))) for n in range(3)] == [1, 1, 1]


def test_history_of_an_award_costs_one_unit() -> None:
    """design.md: after an award, history 1 WRU."""
    service = Service()
    event = batch(service, 1)
    service.table.written_units = 0
    take(event, service.app)
    assert service.table.written_units == 1
