"""Exactly one award, whatever the order, the number and the moment of the deliveries (R11, R4)."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from academy import Academy
from deployed import Api, eventually

DAYS = [f"2026-11-{day:02}T09:30:00Z" for day in (3, 9, 20, 14, 5)]


@pytest.fixture
def academy(api: Api, unique: str) -> Academy:
    return Academy(api=api, name=unique)


def test_five_completions_in_any_order_each_twice_by_parallel_senders_award_once(academy: Academy) -> None:
    courses = academy.courses(5)
    certification_id = academy.certification(courses)
    users = [academy.user(number) for number in range(6)]
    deliveries = [
        academy.completion(user, course, day)
        for user in users
        for course, day in zip(courses, DAYS, strict=True)
        for _ in range(2)
    ]
    random.Random(20261123).shuffle(deliveries)
    with ThreadPoolExecutor(8) as senders:
        list(senders.map(lambda part: academy.deliver([part]), deliveries))
    for user in users:
        award = academy.award(user)
        assert award["certification_id"] == certification_id
        assert award["completion_date"] == "2026-11-20"
        assert award["expiration_date"] == "2027-11-20"
        assert (award["cycle"], award["status"], award["origin"]) == (1, "active", "automatic")
        assert {each["course_id"] for each in award["evidence"]} == set(courses)


def test_two_last_completions_at_the_same_moment_award_once(academy: Academy) -> None:
    courses = academy.courses(2)
    academy.certification(courses)
    users = [academy.user(number) for number in range(10)]
    lasts = [academy.completion(user, course, "2026-11-20T09:30:00Z") for user in users for course in courses]
    with ThreadPoolExecutor(20) as senders:
        list(senders.map(lambda part: academy.deliver([part]), lasts))
    assert all(academy.award(user)["completion_date"] == "2026-11-20" for user in users)


def test_completions_made_before_the_publish_count(academy: Academy) -> None:
    """R13, R18: on publish everyone is evaluated."""
    courses = academy.courses(2)
    users = [academy.user(number) for number in range(3)]
    academy.deliver(
        [academy.completion(user, course, "2026-11-10T08:00:00Z") for user in users for course in courses]
    )
    academy.certification(courses)
    assert all(academy.award(user, within=90)["completion_date"] == "2026-11-10" for user in users)


def test_completion_of_an_unknown_user_waits_and_counts_when_the_user_appears(academy: Academy) -> None:
    """R17."""
    courses = academy.courses(1)
    academy.certification(courses)
    stranger = f"{academy.name}-u7"
    academy.deliver([academy.completion(stranger, courses[0], "2026-11-10T08:00:00Z")])
    eventually(
        lambda: [each for each in parked(academy) if stranger in str(each)], what="the parked completion"
    )
    academy.user(7)
    assert academy.award(stranger)["completion_date"] == "2026-11-10"


def parked(academy: Academy) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = academy.done(academy.api.get("/course-completions/parked?limit=100")).json[
        "items"
    ]
    return items


def test_message_on_the_queue_is_taken_like_one_by_the_api(
    academy: Academy, stack: dict[str, Any], aws: Callable[[str], Any]
) -> None:
    """contract.md: one canonical course completion, plus `source`."""
    courses = academy.courses(1)
    academy.certification(courses)
    user = academy.user()
    message = academy.completion(user, courses[0], "2026-11-10T08:00:00Z", source="api")
    aws("sqs").send_message(QueueUrl=stack["course_completion_queue_url"], MessageBody=json.dumps(message))
    assert academy.award(user)["status"] == "active"


def test_a_batch_with_poison_in_it_harms_nobody(
    academy: Academy, stack: dict[str, Any], aws: Callable[[str], Any]
) -> None:
    courses = academy.courses(1)
    academy.certification(courses)
    users = [academy.user(number) for number in range(5)]
    bodies = ["{", '{"kind": "nonsense"}', '"text"']
    bodies += [
        json.dumps(academy.completion(user, courses[0], "2026-11-10T08:00:00Z", source="api"))
        for user in users
    ]
    entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
    aws("sqs").send_message_batch(QueueUrl=stack["course_completion_queue_url"], Entries=entries)
    assert all(academy.award(user) for user in users)


def test_sweep_as_of_a_later_day_expires_what_has_lapsed(
    academy: Academy, stack: dict[str, Any], aws: Callable[[str], Any]
) -> None:
    """R10: the expiry function takes the scheduler's event and treats its time as now."""
    courses = academy.courses(1)
    academy.certification(courses, expiration={"type": "fixed_date", "date": "2026-12-31"})
    user = academy.user()
    academy.deliver([academy.completion(user, courses[0], "2026-11-10T08:00:00Z")])
    assert academy.award(user)["status"] == "active"
    for _ in range(2):  # a second sweep changes nothing
        answer = aws("lambda").invoke(
            FunctionName=stack["expiry_function_name"], Payload=b'{"time":"2027-01-01T05:15:00Z"}'
        )
        assert "FunctionError" not in answer, answer["Payload"].read()
    eventually(lambda: academy.awards(user)[0]["status"] == "expired", what="the lapse")
    completion_id = academy.awards(user)[0]["certification_completion_id"]
    path = f"/certification-completions/{completion_id}/history"
    entries = eventually(
        lambda: academy.done(academy.api.get(path)).json["items"][1:], what="the history of the lapse"
    )
    assert len(entries) == 1
