"""Dead letters go back whole, in their order where they had one."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from functions.completion_stream.app import take
from moto import mock_aws
from scripts.redrive import main, redrive, redrive_stream

from unit.stream.service import Service

EVENT = (Path(__file__).parents[3] / "events" / "completion_stream.json").read_text()


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


class StreamHandler:
    """Lambda, with this handler behind it."""

    def __init__(self) -> None:
        self.service = Service()
        self.broken = False
        self.asked: list[str] = []

    def invoke(self, *, FunctionName: str, Payload: str) -> dict[str, Any]:  # noqa: N803 as the client has it
        self.asked.append(FunctionName)
        if self.broken:
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(b'{"errorType": "KeyError"}')}
        answer = take(json.loads(Payload), self.service.app)
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


class TestWhatTheStreamGaveUpOn:
    @pytest.fixture
    def s3(self) -> Iterator[Any]:
        with mock_aws():
            s3 = boto3.client("s3", region_name="us-east-1")
            s3.create_bucket(Bucket="intake")
            s3.put_object(Bucket="intake", Key="raw/academy/1.json", Body=b"{}")
            kept = {"requestContext": {"condition": "RetryAttemptsExhausted"}, "payload": EVENT}
            key = "aws/lambda/an-id/shardId-1/2026/11/20/2026-11-20T09.30.00-a"
            s3.put_object(Bucket="intake", Key=key, Body=json.dumps(kept).encode())
            yield s3

    def test_is_followed_up_and_forgotten(self, s3: Any) -> None:
        handler = StreamHandler()
        assert redrive_stream(s3, handler, "intake", "stack-completion-stream:live") == (1, 0)
        assert handler.asked == ["stack-completion-stream:live"]
        assert [key.pk for key in handler.service.table.items if key.pk.startswith("HISTORY#")]
        left = [each["Key"] for each in s3.list_objects_v2(Bucket="intake")["Contents"]]
        assert left == ["raw/academy/1.json"]

    def test_is_kept_where_it_fails_again(self, s3: Any) -> None:
        handler = StreamHandler()
        handler.broken = True
        assert redrive_stream(s3, handler, "intake", "f") == (0, 1)
        handler.broken = False
        assert redrive_stream(s3, handler, "intake", "f") == (1, 0)


def test_an_unknown_queue_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["Everything", "local"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
