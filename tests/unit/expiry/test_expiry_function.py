"""The function behind the daily schedule and the transitions queue, on the events that AWS sends."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools.metrics import Metrics
from functions.expiry import app as expiry

from builders import completion
from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.table import Key, ThrottledError
from certification.domain.instants import InvalidInstantError
from certification.domain.model import Holder, HolderType
from certification.observability import metrics
from certification.services.expiry import MOST_HOPS, PAGE
from unit.expiry.service import Sweeping

EVENTS = Path(__file__).parents[3] / "events"
DAY_AFTER = date(2027, 11, 21)


def event(name: str) -> dict[str, Any]:
    return json.loads((EVENTS / f"{name}.json").read_text())  # type: ignore[no-any-return]


def message(body: object) -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    return {"Records": [{"messageId": "m-1", "body": text, "eventSource": "aws:sqs"}]}


class Context:
    """Lambda's; `milliseconds` are what is left at each time of asking, the last for ever after."""

    function_name = "expiry"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:expiry"
    aws_request_id = "r-1"

    def __init__(self, *milliseconds: int) -> None:
        self._left = list(milliseconds or (60_000,))

    def get_remaining_time_in_millis(self) -> int:
        return self._left.pop(0) if len(self._left) > 1 else self._left[0]


def crowd(count: int, shard: int = 3) -> Sweeping:
    """So many completions in one shard, all of which have lapsed by the day after."""
    service = Sweeping()
    number = 0
    while count:
        holder = Holder(type=HolderType.USER, id=f"crowd-{number}")
        if keys.due_shard(keys.holder_pk(holder)) == shard:
            service.hold(completion(holder_id=holder.id))
            count -= 1
        number += 1
    return service


def lapsed(service: Sweeping) -> int:
    return sum("lapsed_on" in item for _, item in service.completion_items())


def test_schedulers_event_sweeps_as_of_its_time() -> None:
    service = Sweeping().hold(completion())
    answer = expiry.take(event("expiry"), Context(), service.app)
    assert answer["lapsed"] == answer["completed"] == 1
    assert service.only().lapsed_on == DAY_AFTER
    assert service.only().changed_at == datetime(2027, 11, 21, 5, 15, tzinfo=UTC)


def test_time_alone_is_enough_as_an_operator_gives_it() -> None:
    service = Sweeping().hold(completion())
    assert expiry.take({"time": "2028-01-01T00:15:00Z"}, None, service.app)["lapsed"] == 1


def test_without_a_time_the_clock_decides() -> None:
    service = Sweeping().hold(completion())
    assert expiry.take({}, Context(), service.app)["lapsed"] == 0
    service.clock.advance(days=366)
    assert expiry.take({}, Context(), service.app)["lapsed"] == 1


@pytest.mark.parametrize("time", ["2027-11-21T05:15:00", "2027-11-21", "tomorrow", ""])
def test_time_that_is_no_instant_is_an_error_and_nothing_is_swept(time: str) -> None:
    service = Sweeping().hold(completion())
    with pytest.raises(InvalidInstantError):
        expiry.take({"time": time}, Context(), service.app)
    assert service.only().lapsed_on is None


def test_sample_continuation_goes_on_where_it_says() -> None:
    service = Sweeping().hold(completion())
    assert expiry.take(event("expiry_continuation"), Context(), service.app) == {"batchItemFailures": []}
    assert service.only().lapsed_on == DAY_AFTER


def test_continuation_leaves_what_lies_before_its_place_alone() -> None:
    service = Sweeping().hold(completion())
    sample = json.loads(event("expiry_continuation")["Records"][0]["body"])
    sample["start"]["due_sk"] = "2027-11-21#lapse"
    expiry.take(message(sample), Context(), service.app)
    assert service.only().lapsed_on is None


@pytest.mark.parametrize(
    "body",
    [
        "not JSON",
        "[]",
        '"sweep"',
        {"kind": "dance"},
        {"kind": "sweep"},
        {"kind": "sweep", "shard": 8, "time": "2027-11-21T05:15:00Z"},
        {"kind": "sweep", "shard": -1, "time": "2027-11-21T05:15:00Z"},
        {"kind": "sweep", "shard": "3", "time": "2027-11-21T05:15:00Z"},
        {"kind": "sweep", "shard": 3, "time": "2027-11-21T05:15:00"},
        {"kind": "sweep", "shard": 3, "time": 7},
        {"kind": "sweep", "shard": 3, "time": "2027-11-21T05:15:00Z", "start": "here"},
        {"kind": "sweep", "shard": 3, "time": "2027-11-21T05:15:00Z", "hop": "one"},
    ],
    ids=str,
)
def test_message_that_is_not_ours_goes_back_for_the_dead_letter_queue(body: object) -> None:
    service = Sweeping().hold(completion())
    answer = expiry.take(message(body), Context(), service.app)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
    assert service.only().lapsed_on is None


def test_one_poison_message_does_not_hold_up_the_next() -> None:
    service = Sweeping().hold(completion())
    batch = {"Records": [*message("poison")["Records"], *event("expiry_continuation")["Records"]]}
    assert expiry.take(batch, Context(), service.app) == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
    assert service.only().lapsed_on == DAY_AFTER


def test_table_without_capacity_fails_the_invocation_so_that_it_comes_again() -> None:
    service = Sweeping().hold(completion())
    service.table.throttled = True
    with pytest.raises(ThrottledError):
        expiry.take(event("expiry"), Context(), service.app)
    answer = expiry.take(event("expiry_continuation"), Context(), service.app)
    assert len(answer["batchItemFailures"]) == 1
    service.table.throttled = False
    expiry.take(event("expiry"), Context(), service.app)
    assert service.only().lapsed_on == DAY_AFTER


def test_shard_with_more_than_a_page_goes_on_through_the_queue() -> None:
    service = crowd(2 * PAGE + 1)
    first = expiry.take(event("expiry"), Context(), service.app)
    assert (first["lapsed"], first["handed_over"], first["completed"]) == (PAGE, 1, 0)
    [handed_over] = service.transitions.take()
    assert (handed_over["shard"], handed_over["hop"]) == (3, 1)
    assert expiry.take(message(handed_over), Context(), service.app) == {"batchItemFailures": []}
    assert lapsed(service) == 2 * PAGE + 1
    assert service.transitions.sent == []


def test_out_of_time_between_shards_the_rest_is_handed_over() -> None:
    service = crowd(3)
    answer = expiry.take(event("expiry"), Context(60_000, 60_000, 5_000), service.app)
    assert (answer["lapsed"], answer["handed_over"], answer["completed"]) == (0, 6, 0)
    for body in service.transitions.take():
        expiry.take(message(body), Context(), service.app)
    assert lapsed(service) == 3


def test_out_of_time_within_a_shard_it_is_handed_over_again_one_hop_on() -> None:
    service = crowd(3 * PAGE + 1)
    expiry.take(event("expiry"), Context(), service.app)
    hops = []
    while service.transitions.sent:
        for body in service.transitions.take():
            hops.append(body["hop"])
            expiry.take(message(body), Context(5_000), service.app)
    assert hops == [1, 2, 3]
    assert lapsed(service) == 3 * PAGE + 1


def test_sweep_that_has_hopped_too_often_stops_and_what_is_left_stays_due() -> None:
    service = crowd(PAGE + 1)
    body = {"kind": "sweep", "shard": 3, "time": "2027-11-21T05:15:00Z", "hop": MOST_HOPS}
    expiry.take(message(body), Context(5_000), service.app)
    assert service.transitions.sent == []
    assert len(service.due()) == 1


def test_queue_that_refuses_fails_the_sweep_and_the_retry_finds_the_rest() -> None:
    service = crowd(PAGE + 1)
    service.transitions.refuses = True
    with pytest.raises(ConnectionError):
        expiry.take(event("expiry"), Context(), service.app)
    service.transitions.refuses = False
    expiry.take(event("expiry"), Context(), service.app)
    assert lapsed(service) == PAGE + 1


def test_page_of_the_same_continuation_delivered_twice_is_harmless() -> None:
    service = crowd(PAGE + 5)
    expiry.take(event("expiry"), Context(), service.app)
    [body] = service.transitions.take()
    for _ in range(2):
        expiry.take(message(body), Context(), service.app)
    assert lapsed(service) == PAGE + 5
    assert {item["revision"] for _, item in service.completion_items()} == {2}


class TestMetrics:
    @pytest.fixture
    def emitted(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
        """Call the handler; the business metrics that it wrote out."""
        namespaced = Metrics(namespace="PartnerCertification", service="stack")
        monkeypatch.setattr(metrics, "_metrics", namespaced)

        def call(service: Sweeping, payload: dict[str, Any]) -> dict[str, Any]:
            monkeypatch.setattr(expiry, "app", lambda: service.app)
            metrics.flush()
            capsys.readouterr()
            with suppress(ThrottledError):
                expiry.handler(payload, Context())
            lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
            assert len(lines) <= 1
            if not lines:
                return {}
            assert lines[0]["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "PartnerCertification"
            return {name: value[0] for name, value in lines[0].items() if isinstance(value, list)}

        return call

    def test_sweep_with_nothing_to_do_still_says_that_it_has_ended(self, emitted: Any) -> None:
        assert emitted(Sweeping(), event("expiry")) == {"SweepCompleted": 1}

    def test_what_was_done_is_counted(self, emitted: Any) -> None:
        service = Sweeping("P30D").hold(
            completion(),
            completion(holder_id="u-2", effective_date=date(2027, 11, 1), started_on=None),
            completion(cycle=2, expiration_date=date(2027, 12, 1)),
        )
        assert emitted(service, event("expiry")) == {
            "CertificationsExpired": 2,
            "CertificationsStarted": 1,
            "RemindersAnnounced": 1,
            "SweepCompleted": 1,
        }

    def test_sweep_that_goes_on_through_the_queue_has_not_ended_yet(self, emitted: Any) -> None:
        service = crowd(PAGE + 1)
        assert emitted(service, event("expiry")) == {"CertificationsExpired": PAGE}
        [body] = service.transitions.take()
        assert emitted(service, message(body)) == {"CertificationsExpired": 1, "SweepCompleted": 1}

    def test_damaged_row_is_counted_and_the_sweep_has_ended_all_the_same(self, emitted: Any) -> None:
        service = crowd(5)
        service.table.items[Key("USER#crowd-1", "x")] = {
            "pk": "USER#crowd-1",
            "sk": "x",
            "due_pk": "DUE#0",
            "due_sk": "2020-01-01#lapse",
        }
        assert emitted(service, event("expiry")) == {
            "CertificationsExpired": 5,
            "TransitionsFailed": 1,
            "SweepCompleted": 1,
        }

    def test_sweep_that_the_table_stops_does_not_say_that_it_has_ended(self, emitted: Any) -> None:
        service = crowd(5)
        service.table.throttled = True
        assert emitted(service, event("expiry")) == {}


class TestWork:
    """R10: it grows with what is due, not with what is stored. design.md has the figures."""

    def test_with_nothing_due_it_costs_eight_queries_however_much_is_stored(self) -> None:
        costs = []
        for stored in (0, 1000):
            service = Sweeping().hold(*(completion(holder_id=f"u-{n}") for n in range(stored)))
            service.table.calls.clear()
            service.table.read_units = service.table.written_units = 0
            expiry.take({"time": "2027-01-01T05:15:00Z"}, Context(), service.app)
            costs.append((dict(service.table.calls), service.table.read_units, service.table.written_units))
        assert costs[0] == costs[1] == ({"query": 8}, 4.0, 0)

    def test_lapse_costs_two_units_and_no_read_of_its_own(self) -> None:
        service = Sweeping().hold(*(completion(holder_id=f"u-{n}") for n in range(800)))
        service.table.calls.clear()
        service.table.read_units = service.table.written_units = 0
        report = service.sweep(DAY_AFTER)
        assert report.lapsed == 800
        assert service.table.written_units / 800 == 2
        assert service.table.read_units / 800 <= 0.05
        assert service.table.calls == {"query": 8, "write": 800}

    def test_start_and_reminder_cost_three_units_each(self) -> None:
        """One for the row, two for the index entry that moves."""
        service = Sweeping("P30D")
        service.hold(*(completion(holder_id=f"u-{n}", started_on=None) for n in range(80)))
        service.table.written_units = 0
        assert service.sweep(date(2026, 11, 20)).started == 80
        assert service.table.written_units / 80 == 3

    def test_what_was_dealt_with_costs_nothing_on_the_next_day(self) -> None:
        service = Sweeping().hold(*(completion(holder_id=f"u-{n}") for n in range(300)))
        service.sweep(DAY_AFTER)
        service.table.calls.clear()
        service.sweep(date(2027, 11, 22))
        assert service.table.calls == {"query": 8}
