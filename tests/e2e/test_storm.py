"""A storm from four LMS, ten completions for each user, shuffled, one in ten twice (R11).

1,000 deliveries unless told otherwise: `make e2e STORM=20000 ARGS="-k storm"`. Prints how long it took.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest

from academy import Academy
from deployed import Api, eventually
from lms_senders import SENDERS, Sender, as_bytes

DELIVERIES = int(os.environ.get("STORM") or 1_000)
COURSES = 10
USERS, TWICE = DELIVERIES // COURSES, DELIVERIES // 10
PER_BODY = {"standard_webhooks": 50, "docebo": 25, "learnupon": 10, "teachable": 40}
# Each certification by the courses that it asks for, by number.
CERTIFICATIONS = {"a": (0, 1, 2), "b": (2, 3, 4, 5, 6), "c": tuple(range(10))}
Completion = tuple[int, int, datetime]
MOST_SENDINGS = 5


@pytest.fixture
def academy(api: Api, unique: str) -> Academy:
    return Academy(api=api, name=unique)


def completions(chance: random.Random) -> list[Completion]:
    """One of each course at most, a tenth left out, so that a tenth of the deliveries come twice."""
    start = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
    facts = [
        (user, course, start + timedelta(minutes=chance.randrange(80 * 24 * 60)))
        for user in range(USERS)
        for course in range(COURSES)
    ]
    return chance.sample(facts, DELIVERIES - TWICE)


def oracle(facts: list[Completion]) -> dict[tuple[str, int], date]:
    """Who holds what, and since when: from the set alone (R4)."""
    done: dict[int, dict[int, datetime]] = defaultdict(dict)
    for user, course, at in facts:
        done[user][course] = at
    return {
        (name, user): max(done[user][course] for course in wanted).date()
        for name, wanted in CERTIFICATIONS.items()
        for user in range(USERS)
        if set(wanted) <= done[user].keys()
    }


def external(academy: Academy, kind: str, number: int) -> str:
    return f"{academy.name}-{kind}{number}"


def event(academy: Academy, provider: str, fact: Completion) -> dict[str, Any]:
    """One completion in the words of a provider."""
    user, course, at = fact
    who, what = external(academy, "u", user), external(academy, "c", course)
    stamp = at.isoformat().replace("+00:00", "Z")
    match provider:
        case "standard_webhooks":
            return {"event_id": f"{who}|{what}", "user_id": who, "course_id": what, "completed_at": stamp}
        case "docebo":
            naive = at.strftime("%Y-%m-%d %H:%M:%S")
            return {"user_id": who, "course_id": what, "completion_date": naive, "status": "completed"}
        case "learnupon":
            done = {"enrollmentStatus": "completed", "dateCompleted": stamp}
            return {"courseId": what, "userId": who, **done}
        case _:
            enrollment = {"course_id": what, "user": {"id": who}}
            return {
                "type": "Enrollment.completed",
                "hook_event_id": who + what,
                "created": stamp,
                "object": enrollment,
            }


def bodies(academy: Academy, provider: str, events: list[dict[str, Any]]) -> list[object]:
    """As many in a body as the provider sends at once."""
    size = PER_BODY[provider]
    parts = [events[start : start + size] for start in range(0, len(events), size)]
    if provider == "docebo":
        return [
            {"event": "course.enrollment.completed", "message_id": f"{academy.name}-{n}", "payloads": part}
            for n, part in enumerate(parts)
        ]
    return [{"data": part} for part in parts] if provider == "learnupon" else list(parts)


def send(academy: Academy, sender: Sender, body: object) -> None:
    request = sender.request(as_bytes(body), at=datetime.now(UTC))
    path = f"/webhooks/{academy.name}-{sender.provider}"
    path += f"/{request.path_secret}" if request.path_secret else ""
    for _ in range(MOST_SENDINGS):  # as an LMS does where the door is too busy to answer
        answer = academy.api.with_key(None).send(
            "POST", path, raw=request.body, headers=dict(request.headers)
        )
        if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            break
        time.sleep(1)
    assert answer.status == HTTPStatus.ACCEPTED, (answer.status, answer.body)
    assert answer.json["kept"] == 0


def define(academy: Academy) -> dict[str, str]:
    """Sources, courses and users under the names of all four LMS; the certifications by name."""
    sources = [f"{academy.name}-{provider}" for provider in PER_BODY]
    for provider in PER_BODY:
        body = {"provider": provider, "secret": SENDERS[provider].secret}
        academy.done(academy.api.put(f"/sources/{academy.name}-{provider}", body))
    for number in range(COURSES):
        name = external(academy, "c", number)
        identities = [{"source": source, "external_id": name} for source in sources]
        academy.done(academy.api.put(f"/courses/{name}", {"name": name, "identities": identities}))

    def put_user(number: int) -> None:
        name = external(academy, "u", number)
        identities = [{"source": source, "external_id": name} for source in sources]
        academy.user(number, identities=identities)

    with ThreadPoolExecutor(8) as people:
        list(people.map(put_user, range(USERS)))
    return {
        academy.certification([external(academy, "c", course) for course in wanted], name=name): name
        for name, wanted in CERTIFICATIONS.items()
    }


def held(academy: Academy, certification_id: str) -> list[tuple[str, date]]:
    """Every award of a certification: user and completion date."""
    found, cursor = [], ""
    while True:
        query = f"certification_id={certification_id}&limit=100" + (f"&cursor={cursor}" if cursor else "")
        page = academy.done(academy.api.get(f"/certification-completions?{query}")).json
        found += [(c["holder"]["id"], date.fromisoformat(c["completion_date"])) for c in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_after_a_storm_the_awards_are_those_of_the_set(
    academy: Academy, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(20261123)
    names = define(academy)
    facts = completions(chance)
    deliveries = [*facts, *chance.sample(facts, TWICE)]
    chance.shuffle(deliveries)
    work = []
    for provider, part in zip(PER_BODY, [deliveries[n::4] for n in range(4)], strict=True):
        events = [event(academy, provider, fact) for fact in part]
        work += [(SENDERS[provider], body) for body in bodies(academy, provider, events)]
    chance.shuffle(work)
    started = time.monotonic()
    with ThreadPoolExecutor(8) as senders:
        list(senders.map(lambda pair: send(academy, *pair), work))
    accepted = time.monotonic() - started
    expected = {
        (certification_id, external(academy, "u", user), on)
        for (name, user), on in oracle(facts).items()
        for certification_id, its_name in names.items()
        if its_name == name
    }

    def awards() -> list[tuple[str, str, date]]:
        return [(cert, user, on) for cert in names for user, on in held(academy, cert)]

    eventually(lambda: len(awards()) >= len(expected), within=900, what=f"{len(expected)} awards")
    awarded = time.monotonic() - started
    with capsys.disabled():
        sys.stdout.write(
            f"\nStorm: {DELIVERIES} completions in {len(work)} webhooks accepted after {accepted:.1f} s,"
            f" {len(expected)} awards after {awarded:.1f} s ({DELIVERIES / awarded:.0f} completions a second).\n"
        )
    found = awards()
    assert len(found) == len(set(found)), json.dumps([str(one) for one in found][:5])
    assert set(found) == expected
