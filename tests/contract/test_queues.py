"""SQS takes ten messages at once: what is more goes in several batches, side by side."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from certification.adapters.queues import AT_ONCE, LARGEST_BATCH, QueueRefusedError, SqsQueue

URL = "https://sqs.example/queue"


class Sqs:
    """Takes what is sent, but of a batch with one of `refuses` that message, `times` times."""

    def __init__(self, *, refuses: int | None = None, times: int = 0, together: int = 1) -> None:
        self.taken: list[int] = []
        self.batches: list[list[dict[str, Any]]] = []
        self._refuses = refuses
        self._times = times
        self._meeting = threading.Barrier(together)
        self._lock = threading.Lock()

    def send_message_batch(self, **asked: Any) -> dict[str, Any]:
        assert asked["QueueUrl"] == URL
        entries = asked["Entries"]
        self._meeting.wait(timeout=5)
        with self._lock:
            self.batches.append(entries)
            failed = [entry["Id"] for entry in entries if self._is_refused(entry)]
            self.taken += [_number(entry) for entry in entries if entry["Id"] not in failed]
        return {"Failed": [{"Id": one} for one in failed]} if failed else {}

    def _is_refused(self, entry: dict[str, Any]) -> bool:
        if _number(entry) != self._refuses or not self._times:
            return False
        self._times -= 1
        return True


def _number(entry: dict[str, Any]) -> int:
    number: int = json.loads(entry["MessageBody"])["number"]
    return number


def numbered(count: int) -> list[dict[str, int]]:
    return [{"number": number} for number in range(count)]


def test_everything_is_on_the_queue_once_in_batches_that_sqs_takes() -> None:
    sqs = Sqs()
    SqsQueue(sqs, URL).send(numbered(1234), delay_seconds=5)
    assert sorted(sqs.taken) == list(range(1234))
    assert max(len(batch) for batch in sqs.batches) == LARGEST_BATCH
    assert {entry["DelaySeconds"] for batch in sqs.batches for entry in batch} == {5}


def test_the_batches_of_a_large_webhook_do_not_wait_for_each_other() -> None:
    """One after the other, a body of the largest size would outlast the function."""
    sqs = Sqs(together=AT_ONCE)
    SqsQueue(sqs, URL).send(numbered(AT_ONCE * LARGEST_BATCH))
    assert sorted(sqs.taken) == list(range(AT_ONCE * LARGEST_BATCH))


def test_a_message_that_is_refused_is_sent_again_alone() -> None:
    sqs = Sqs(refuses=3, times=2)
    SqsQueue(sqs, URL).send(numbered(10))
    assert sorted(sqs.taken) == list(range(10))
    assert [len(batch) for batch in sqs.batches] == [10, 1, 1]


@pytest.mark.parametrize("count", [10, 100])
def test_what_is_refused_again_and_again_is_an_error(count: int) -> None:
    with pytest.raises(QueueRefusedError):
        SqsQueue(Sqs(refuses=3, times=9), URL).send(numbered(count))


def test_a_fifo_queue_takes_its_batches_in_order() -> None:
    sqs = Sqs()
    SqsQueue(sqs, URL, group="hubspot").send(numbered(35))
    assert sqs.taken == list(range(35))
    assert {entry["MessageGroupId"] for batch in sqs.batches for entry in batch} == {"hubspot"}


def test_nothing_to_send_asks_nothing() -> None:
    sqs = Sqs()
    SqsQueue(sqs, URL).send([])
    assert sqs.batches == []
