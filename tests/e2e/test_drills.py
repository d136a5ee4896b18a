"""Drills under load: a deployment; workers killed at random, the cloud restarted with its state, a deployment.

Afterwards the awards are those of the oracle: one for each user, dated by the latest of its completions (R4, R11).
"""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from local import processes, services
from local.deploy import deploy
from local.place import Place
from urllib3.exceptions import HTTPError

from academy import Academy
from certification.domain.webhooks import WebhookRequest
from deployed import Api, eventually
from lms_senders import SENDERS

USERS, COURSES = 30, 3
# A busy machine takes seconds to start a worker: killed for as long as it likes, none would ever come to work.
MOST_KILLED = 40
# With fewer it was no drill: where the sending was over before, what it left on the queue is disturbed.
FEWEST_KILLED = 3
MOST_KILLING_SECONDS = 240
SEED = 20261123


@pytest.fixture
def patient_queue(stack: dict[str, Any], aws: Callable[[str], Any]) -> Iterator[str]:
    """The queue gives back after seconds, not minutes, what a killed worker had; and never gives up in a drill."""
    url, sqs = stack["course_completion_queue_url"], aws("sqs")
    kept = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout", "RedrivePolicy"])[
        "Attributes"
    ]
    policy = json.dumps(json.loads(kept["RedrivePolicy"]) | {"maxReceiveCount": 100})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "10", "RedrivePolicy": policy})
    yield url
    sqs.set_queue_attributes(QueueUrl=url, Attributes=kept)


def days(user: int) -> list[str]:
    """Each user's own days, so that no two users share a date by accident."""
    return [
        f"2026-{(user + course) % 10 + 1:02}-{(user * 3 + course * 7) % 28 + 1:02}"
        for course in range(COURSES)
    ]


@contextmanager
def set_at_the_end(event: threading.Event) -> Iterator[None]:
    """Also where the test fails: who waits for the event in another thread must not wait for ever."""
    try:
        yield
    finally:
        event.set()


def deliver(sqs: Any, queue: str, completion: dict[str, Any], stop: threading.Event) -> None:
    """As an LMS does: again, until it was taken."""
    while not stop.is_set():
        try:
            sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(completion))
        except (BotoCoreError, ClientError):
            time.sleep(0.3)
        else:
            return


def kill_workers(place: Place, stop: threading.Event) -> int:
    """Kill one worker after another until told to stop, or until there were many; answers how many."""
    killed, chance = 0, random.Random(SEED)
    deadline = time.monotonic() + MOST_KILLING_SECONDS
    while killed < (FEWEST_KILLED if stop.is_set() else MOST_KILLED) and time.monotonic() < deadline:
        time.sleep(0.3)
        workers = processes.find(place, "ministack-lambda-")
        if workers:
            try:
                os.kill(chance.choice(workers), signal.SIGKILL)
            except ProcessLookupError:
                continue
            killed += 1
    return killed


def send_webhooks(academy: Academy, completions: list[dict[str, Any]], stop: threading.Event) -> int:
    """As an LMS does: each until it is accepted, at a steady pace, until told to stop; answers how many were sent."""
    sender, sent = SENDERS["standard_webhooks"], 0
    for completion in completions:
        if stop.wait(0.05) and sent:
            break
        signed = sender.request(completion, secret=sender.secret, at=datetime.now(UTC))
        while not is_accepted(academy, signed):
            if stop.wait(0.3):
                return sent
        sent += 1
    return sent


def is_accepted(academy: Academy, signed: WebhookRequest) -> bool:
    try:
        answer = academy.api.with_key(None).send(
            "POST", f"/webhooks/{academy.name}", raw=signed.body, headers=dict(signed.headers)
        )
    except HTTPError:
        return False
    assert answer.status == 202 or answer.status >= 500, (answer.status, answer.body)
    return answer.status == 202


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_deployment_under_load_loses_no_message(
    api: Api, unique: str, place: Place, stack: dict[str, Any], aws: Callable[[str], Any]
) -> None:
    """Senders go on for as long as the deployment takes; whatever was accepted is awarded, and nothing is given up."""
    academy = Academy(api=api, name=unique)
    [course] = academy.courses(1)
    certification = academy.certification([course])
    body = {"provider": "standard_webhooks", "secret": SENDERS["standard_webhooks"].secret}
    academy.done(api.put(f"/sources/{unique}", body))
    users = [academy.user(number) for number in range(4 * 60)]
    completions = [academy.completion(user, course, "2026-11-20T12:00:00Z") for user in users]
    stop = threading.Event()
    with ThreadPoolExecutor(4) as senders, set_at_the_end(stop):
        sending = [senders.submit(send_webhooks, academy, completions[n::4], stop) for n in range(4)]
        deploy(place, LogLevel="WARNING")
        stop.set()
        sent = [users[n::4][:number] for n, each in enumerate(sending) for number in [each.result()]]
    accepted = {user for part in sent for user in part}
    assert len(accepted) > len(sending), "the deployment was over before the load began"
    eventually(lambda: held(api, certification) >= accepted, within=180, what=f"{len(accepted)} awards")
    assert given_up(aws("sqs"), stack["queues"]["CourseCompletionDeadLetters"], unique) == []


def held(api: Api, certification: str) -> set[str]:
    """Whoever holds it."""
    return set(awarded(api, certification))


def awarded(api: Api, certification: str) -> dict[str, list[str]]:
    """The completion dates of everybody who was awarded it, by holder."""
    found: dict[str, list[str]] = {}
    cursor = ""
    while True:
        query = f"certification_id={certification}&limit=100" + (f"&cursor={cursor}" if cursor else "")
        page = api.get(f"/certification-completions?{query}").json
        for each in page["items"]:
            found.setdefault(each["holder"]["id"], []).append(each["completion_date"])
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def given_up(sqs: Any, queue: str, name: str) -> list[str]:
    """The dead letters that name this test's things."""
    found = []
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=30).get(
        "Messages", []
    ):
        found += [message["Body"] for message in messages if name in message["Body"]]
    return found


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_storm_with_killed_workers_a_restart_and_a_deployment_ends_in_the_oracles_awards(
    api: Api, unique: str, place: Place, aws: Callable[[str], Any], patient_queue: str
) -> None:
    academy = Academy(api=api, name=unique)
    courses = academy.courses(COURSES)
    certification = academy.certification(courses)
    users = [academy.user(number) for number in range(USERS)]
    storm = [
        academy.completion(user, course, f"{day}T12:00:00Z", source="api")
        for number, user in enumerate(users)
        for course, day in zip(courses, days(number), strict=True)
        for _ in range(2)
    ]
    random.Random(SEED).shuffle(storm)
    third = len(storm) // 3
    sqs, stop = aws("sqs"), threading.Event()
    with ThreadPoolExecutor(6) as senders, set_at_the_end(stop):
        killer = senders.submit(kill_workers, place, stop)
        first = [senders.submit(deliver, sqs, patient_queue, each, stop) for each in storm[:third]]
        services.restart_cloud(place)
        second = [
            senders.submit(deliver, sqs, patient_queue, each, stop) for each in storm[third : 2 * third]
        ]
        deploy(place, LogLevel="DEBUG")
        last = [senders.submit(deliver, sqs, patient_queue, each, stop) for each in storm[2 * third :]]
        for sent in [*first, *second, *last]:
            sent.result()
        stop.set()
        assert killer.result() >= FEWEST_KILLED
    oracle = {user: max(days(number)) for number, user in enumerate(users)}

    def dates() -> dict[str, list[str]]:
        """As of now; nothing where an answer was killed with its worker."""
        try:
            return awarded(api, certification)
        except (HTTPError, KeyError):  # or an answer of the gateway's own
            return {}

    wanted = {user: [date] for user, date in oracle.items()}
    eventually(lambda: dates() == wanted, within=300, what="the oracle's awards")
    time.sleep(11)  # whatever is still hidden in the queue comes once more, and changes nothing
    assert dates() == wanted
