"""`make redrive QUEUE=CourseCompletion [ENV=prod]`: send dead letters back to where they came from.

QUEUE=Stream: what the table's stream gave up on, which Lambda keeps in the intake bucket.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from local.place import LocalError

from scripts.stacks import client, environment, outputs

QUEUES = ("CourseCompletion", "Evaluation", "Transition", "Hubspot", "Salesforce")
STREAM = "Stream"
GIVEN_UP_ON = "aws/lambda/"  # chosen by Lambda


def redrive(sqs: Any, dead_letters: str, queue: str) -> int:
    """Move what waits there now; answers how many. A crash between the two calls leaves a harmless duplicate."""
    moved = 0
    # What fails again is hidden for minutes before it comes back here, so this ends.
    while messages := _receive(sqs, dead_letters):
        for message in messages:
            sqs.send_message(QueueUrl=queue, MessageBody=message["Body"], **_order(message["Attributes"]))
            sqs.delete_message(QueueUrl=dead_letters, ReceiptHandle=message["ReceiptHandle"])
            moved += 1
    return moved


def _receive(sqs: Any, queue: str) -> list[dict[str, Any]]:
    answer = sqs.receive_message(
        QueueUrl=queue,
        MaxNumberOfMessages=10,
        VisibilityTimeout=60,
        AttributeNames=["All"],
        WaitTimeSeconds=1,
    )
    messages: list[dict[str, Any]] = answer.get("Messages", [])
    return messages


def _order(attributes: Mapping[str, str]) -> dict[str, str]:
    """A FIFO queue wants its group back, and an id that was not seen in the last five minutes."""
    if "MessageGroupId" not in attributes:
        return {}
    return {"MessageGroupId": attributes["MessageGroupId"], "MessageDeduplicationId": uuid4().hex}


def redrive_stream(s3: Any, functions: Any, bucket: str, function: str) -> tuple[int, int]:
    """Call the stream handler with each batch again, the oldest of a shard first; how many went, how many failed again.

    A batch is forgotten only when all of it is done; once more is harmless.
    """
    followed = failed = 0
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=GIVEN_UP_ON):
        for listed in page.get("Contents", ()):
            record = s3.get_object(Bucket=bucket, Key=listed["Key"])["Body"].read()
            if _is_followed(functions, function, json.loads(record)["payload"]):
                s3.delete_object(Bucket=bucket, Key=listed["Key"])
                followed += 1
            else:
                failed += 1
    return followed, failed


def _is_followed(functions: Any, function: str, payload: str) -> bool:
    """`payload` is the event as the handler had it, as text."""
    answer = functions.invoke(FunctionName=function, Payload=payload)
    return "FunctionError" not in answer and not json.loads(answer["Payload"].read())["batchItemFailures"]


def main(arguments: list[str]) -> int:
    """`QUEUE ENVIRONMENT`."""
    name, where = arguments if arguments[1:] else ("", "local")
    if name not in {*QUEUES, STREAM}:
        known = ", ".join((*QUEUES, STREAM))
        print(f"Say which queue: make redrive QUEUE=… with one of {known}.", file=sys.stderr)
        return 1
    try:
        found = outputs(where)
        return _stream(where, found) if name == STREAM else _queue(where, found, name)
    except LocalError as exc:
        print(exc, file=sys.stderr)
        return 1


def _queue(where: str, found: Mapping[str, str], name: str) -> int:
    moved = redrive(client(where, "sqs"), found[f"{name}DeadLettersUrl"], found[f"{name}QueueUrl"])
    print(f"{moved} messages went back to {name}.")
    return 0


def _stream(where: str, found: Mapping[str, str]) -> int:
    function = f"{environment(where).stack_name}-completion-stream:live"
    followed, failed = redrive_stream(
        client(where, "s3"), client(where, "lambda"), found["IntakeBucketName"], function
    )
    print(f"{followed} batches of the stream were followed up; {failed} failed again and are kept.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
