"""`make redrive QUEUE=CourseCompletion [ENV=prod]`: send dead letters back to where they came from."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from local.place import LocalError

from scripts.stacks import client, outputs

QUEUES = ("CourseCompletion", "Evaluation", "Transition", "Hubspot", "Salesforce")


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


def main(arguments: list[str]) -> int:
    """`QUEUE ENVIRONMENT`."""
    name, where = arguments if arguments[1:] else ("", "local")
    if name not in QUEUES:
        print(f"Say which queue: make redrive QUEUE=… with one of {', '.join(QUEUES)}.", file=sys.stderr)
        return 1
    try:
        found = outputs(where)
        moved = redrive(client(where, "sqs"), found[f"{name}DeadLettersUrl"], found[f"{name}QueueUrl"])
    except LocalError as exc:
        print(exc, file=sys.stderr)
        return 1
    print(f"{moved} messages went back to {name}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
