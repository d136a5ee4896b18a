"""Dead letters go back whole, in their order where they had one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from scripts.redrive import main, redrive


@pytest.fixture
def sqs() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("sqs", region_name="us-east-1")


def bodies(sqs: Any, url: str) -> list[str]:
    found: list[str] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        found += [message["Body"] for message in messages]
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def test_everything_goes_back_once(sqs: Any) -> None:
    queue = sqs.create_queue(QueueName="queue")["QueueUrl"]
    dead_letters = sqs.create_queue(QueueName="dead")["QueueUrl"]
    for number in range(23):
        sqs.send_message(QueueUrl=dead_letters, MessageBody=str(number))
    assert redrive(sqs, dead_letters, queue) == 23
    assert sorted(bodies(sqs, queue), key=int) == [str(number) for number in range(23)]
    assert bodies(sqs, dead_letters) == []


def test_ordered_messages_keep_their_group_and_are_not_taken_for_repetitions(sqs: Any) -> None:
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    queue = sqs.create_queue(QueueName="queue.fifo", Attributes=fifo)["QueueUrl"]
    dead_letters = sqs.create_queue(QueueName="dead.fifo", Attributes=fifo)["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="bell", MessageGroupId="hubspot")
    assert bodies(sqs, queue) == ["bell"]
    sqs.send_message(QueueUrl=dead_letters, MessageBody="bell", MessageGroupId="hubspot")
    assert redrive(sqs, dead_letters, queue) == 1
    [message] = sqs.receive_message(QueueUrl=queue, AttributeNames=["All"])["Messages"]
    assert message["Attributes"]["MessageGroupId"] == "hubspot"


def test_an_unknown_queue_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["Everything", "local"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
