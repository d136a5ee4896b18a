"""The deployment stands: every part of it answers as AWS would have it answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import urllib3
from scripts.redrive import redrive

from academy import Academy
from deployed import Api, eventually


def test_status_answers_without_a_key(api: Api) -> None:
    answer = api.with_key(None).get("/status")
    assert answer.status == 200
    assert answer.json["time_zone"] == "UTC"


def test_unknown_route_and_missing_key_are_problems(api: Api) -> None:
    unknown = api.get("/no-such-route")
    assert (unknown.status, unknown.headers["content-type"]) == (404, "application/problem+json")
    keyless = api.with_key(None).get("/courses")
    assert (keyless.status, keyless.headers["content-type"]) == (401, "application/problem+json")


def test_webhook_of_an_unknown_source_is_refused(api: Api) -> None:
    answer = api.with_key(None).post("/webhooks/no-such-source", {"hello": "there"})
    assert answer.status in {401, 404}


def test_expiry_function_takes_the_schedulers_event(stack: dict[str, Any], aws: Callable[[str], Any]) -> None:
    payload = json.dumps({"time": "2026-01-01T05:15:00Z"})
    answer = aws("lambda").invoke(FunctionName=stack["expiry_function_name"], Payload=payload)
    assert "FunctionError" not in answer, answer["Payload"].read()


def test_poison_message_ends_in_the_dead_letters(
    stack: dict[str, Any], aws: Callable[[str], Any], unique: str
) -> None:
    poison = f"not a completion {unique}"
    queue, sqs = stack["course_completion_queue_url"], aws("sqs")
    # The queue hides a failed message for minutes; here it may come back at once.
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
    sqs.send_message(QueueUrl=queue, MessageBody=poison)

    def dead_letters() -> list[str]:
        received = sqs.receive_message(
            QueueUrl=stack["queues"]["CourseCompletionDeadLetters"], MaxNumberOfMessages=10
        )
        return [message["Body"] for message in received.get("Messages", []) if message["Body"] == poison]

    try:
        assert eventually(dead_letters, what="the poison message") == [poison]
    finally:
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "190"})


def test_a_dead_letter_that_is_sent_back_is_awarded(
    api: Api, stack: dict[str, Any], aws: Callable[[str], Any], unique: str
) -> None:
    """`make redrive QUEUE=CourseCompletion`."""
    academy = Academy(api=api, name=unique)
    [course] = academy.courses(1)
    academy.certification([course])
    user = academy.user()
    completion = academy.completion(user, course, "2026-11-10T08:00:00Z", source="api")
    dead_letters = stack["queues"]["CourseCompletionDeadLetters"]
    aws("sqs").send_message(QueueUrl=dead_letters, MessageBody=json.dumps(completion))
    assert redrive(aws("sqs"), dead_letters, stack["course_completion_queue_url"]) >= 1
    assert academy.award(user)["completion_date"] == "2026-11-10"


def test_crm_sandbox_wants_a_token(stack: dict[str, Any], crm: urllib3.PoolManager) -> None:
    answer = crm.request("GET", f"{stack['hubspot_url']}/crm/properties/2026-09/contacts")
    assert answer.status == 401
