"""From an LMS's webhook to the ledger, for every provider; what is refused, parked, kept, replayed, rotated."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from academy import MAIL_DOMAIN, Academy
from deployed import Answer, Api, eventually
from lms_senders import SENDERS, Sender

# Whom and which course the sample of each provider is about, in the LMS's words.
NAMED = {
    "thinkific": ("94", "68"),
    "learnupon": ("94", "301"),
    "docebo": ("13042", "301"),
    "learnworlds": ("5fbd6f1c2f1e4a0012345678", "sales-fundamentals"),
    "teachable": ("94", "301"),
    "litmos": ("yj-nr8PhW8o1", "nAcqwEA8jUo1"),
    "scorm_cloud": ("94", "sales-fundamentals"),
    "canvas": ("21070000000000094", "21070000000000565"),
    "moodle": ("94", "301"),
    "open_edx": ("94", "course-v1:Example+SALES1+2026"),
    "xapi": ("94", "https://academy.example.com/courses/sales-fundamentals"),
}


@dataclass(kw_only=True)
class Lms:
    """One configured source, and what it sends."""

    api: Api
    source_id: str
    sender: Sender
    secret: str = ""

    def configure(self, **given: Any) -> Answer:
        self.secret = self.secret or self.sender.secret
        body = {"provider": self.sender.provider, "secret": self.secret, **given}
        return self.api.put(f"/sources/{self.source_id}", body)

    def send(self, body: object = None, *, secret: str = "") -> Answer:
        given = self.sender.sample() if body is None else body
        request = self.sender.request(given, secret=secret or self.secret, at=datetime.now(UTC))
        path = f"/webhooks/{self.source_id}"
        if request.path_secret is not None:
            path += f"/{quote(request.path_secret)}"
        return self.api.with_key(None).send("POST", path, raw=request.body, headers=dict(request.headers))

    def health(self) -> dict[str, Any]:
        health: dict[str, Any] = self.api.get(f"/sources/{self.source_id}").json["health"]
        return health


@pytest.fixture
def academy(api: Api, unique: str) -> Academy:
    return Academy(api=api, name=unique)


def lms(academy: Academy, provider: str) -> Lms:
    source = Lms(api=academy.api, source_id=f"{academy.name}-{provider}", sender=SENDERS[provider])
    assert source.configure().status == 201
    return source


def canonical(academy: Academy, course_id: str, **given: Any) -> dict[str, Any]:
    completed = {"course_id": course_id, "completed_at": "2026-11-20T09:30:00Z"}
    return {"event_id": f"{academy.name}-{course_id}", **completed, **given}


@pytest.mark.parametrize("provider", NAMED)
def test_the_sample_of_a_provider_becomes_a_course_completion(academy: Academy, provider: str) -> None:
    source = lms(academy, provider)
    external_user, external_course = NAMED[provider]
    course_id = academy.course(0)
    course = {"name": "Sales", "identities": [{"source": source.source_id, "external_id": external_course}]}
    academy.done(academy.api.put(f"/courses/{course_id}", course))
    user_id = academy.user(identities=[{"source": source.source_id, "external_id": external_user}])
    answer = source.send()
    assert answer.status == 202, answer.body
    path = f"/users/{user_id}/course-completions"
    [completion] = eventually(lambda: academy.api.get(path).json["items"], what="the course completion")
    assert (completion["course_id"], completion["source"]) == (course_id, source.source_id)
    assert completion["completed_at"].startswith("2026-11-20T09:30:00")
    [day] = source.health()["days"]
    assert day["webhooks"] == {"accepted": 1}


@pytest.mark.parametrize("provider", SENDERS)
def test_what_proves_nothing_is_refused_and_only_counted(academy: Academy, provider: str) -> None:
    source = lms(academy, provider)
    answer = source.send(secret=source.sender.other_secret)
    assert answer.status == 401
    assert answer.headers["content-type"] == "application/problem+json"
    health = source.health()
    assert health["last_accepted_at"] is None
    assert health["days"][0]["webhooks"] == {"refused:wrong": 1}


def test_an_unknown_source_is_not_found(academy: Academy) -> None:
    source = Lms(api=academy.api, source_id=f"{academy.name}-none", sender=SENDERS["thinkific"], secret="x")
    assert source.send().status == 404


def test_a_new_secret_is_accepted_at_once_and_the_old_one_still(academy: Academy) -> None:
    source = lms(academy, "thinkific")
    assert source.send().status == 202
    old, source.secret = source.secret, "the-next-secret"
    answer = source.configure()
    assert (answer.status, answer.json["previous_secret_valid_until"] is None) == (200, False)
    assert "the-next-secret" not in answer.body.decode()
    assert source.send().status == 202
    assert source.send(secret=old).status == 202
    assert source.send(secret="neither").status == 401


@pytest.mark.parametrize("named", ["identity", "email"])
def test_a_parked_completion_awards_the_moment_its_user_appears(academy: Academy, named: str) -> None:
    source = lms(academy, "standard_webhooks")
    course_id = academy.course(0)
    academy.certification([course_id])
    identity = {"source": source.source_id, "external_id": f"{academy.name}/é"}
    email = f"{academy.name}-u0@{MAIL_DOMAIN}"
    whom = {"identity": identity} if named == "identity" else {"email": email.upper()}
    assert source.send(canonical(academy, course_id, **whom)).status == 202
    parked = "/course-completions/parked?limit=100"
    eventually(
        lambda: [e for e in academy.api.get(parked).json["items"] if academy.name in json.dumps(e)],
        what="the parked completion",
    )
    user_id = academy.user(identities=[identity] if named == "identity" else [])
    assert academy.award(user_id)["completion_date"] == "2026-11-20"
    eventually(
        lambda: not [e for e in academy.api.get(parked).json["items"] if academy.name in json.dumps(e)],
        what="an empty list",
    )


def test_a_parked_completion_can_be_assigned_or_given_up(academy: Academy) -> None:
    source = lms(academy, "standard_webhooks")
    courses = academy.courses(2)
    user_id = academy.user()
    sent = [canonical(academy, course, email=f"nobody@{academy.name}.example") for course in courses]
    assert source.send(sent).json["accepted"] == 2

    def waiting() -> list[dict[str, Any]]:
        items = academy.api.get("/course-completions/parked?limit=100").json["items"]
        return [entry for entry in items if entry["course_completion"]["source"] == source.source_id]

    eventually(lambda: len(waiting()) == 2, what="both parked")
    first, second = waiting()
    path = "/course-completions/parked/{}/{}"
    assert academy.api.post(path.format(first["parked_id"], "assign"), {"user_id": user_id}).status == 202
    given_up = academy.api.post(path.format(second["parked_id"], "discard"), {"reason": "a test account"})
    assert given_up.status == 200
    eventually(lambda: waiting() == [], what="an empty list")
    completions = f"/users/{user_id}/course-completions"
    [stored] = eventually(lambda: academy.api.get(completions).json["items"], what="the assigned one")
    assert stored["course_id"] == first["course_completion"]["course_id"]
    last = canonical(academy, courses[0], email=f"somebody@{academy.name}.example")
    assert source.send([*sent, last]).json["accepted"] == 3
    [entry] = eventually(waiting, what="what is new alone, after the redelivery")
    assert entry["course_completion"]["email"] == last["email"]


def test_what_cannot_be_read_is_acknowledged_kept_and_shown(academy: Academy) -> None:
    source = lms(academy, "teachable")
    assert source.send(b'{"broken": \xff').json == {"accepted": 0, "ignored": 0, "kept": 1}
    listed = f"/intake?source_id={source.source_id}"
    [entry] = academy.api.get(listed).json["items"]
    path = f"/intake/{source.source_id}/{entry['intake_id']}"
    kept = academy.api.get(path).json
    assert kept["problems"][0]["reason"] == "unparseable-body"
    assert kept["body_base64"]
    assert academy.api.post(f"{path}/replay").json["problems"][0]["reason"] == "unparseable-body"
    assert academy.api.delete(path).status == 204
    assert academy.api.get(listed).json["items"] == []


def test_a_replay_changes_nothing_that_is_right(academy: Academy) -> None:
    source = lms(academy, "standard_webhooks")
    course_id, user_id = academy.course(0), academy.user()
    source.send(canonical(academy, course_id, user_id=user_id))
    path = f"/users/{user_id}/course-completions"
    [before] = eventually(lambda: academy.api.get(path).json["items"], what="the course completion")
    replay = academy.done(academy.api.post(f"/sources/{source.source_id}/replays")).json
    state = f"/sources/{source.source_id}/replays/{replay['replay_id']}"
    done = eventually(
        lambda: (found := academy.api.get(state).json)["state"] == "completed" and found, what="the replay"
    )
    assert done["counts"]["completions"] == 1
    assert academy.api.get(path).json["items"] == [before]


def test_an_outside_course_counts_once_a_course_of_ours_takes_its_name(academy: Academy) -> None:
    """R17."""
    source = lms(academy, "xapi")
    course_id = academy.course(0)
    academy.certification([course_id])
    user_id = academy.user(identities=[{"source": source.source_id, "external_id": NAMED["xapi"][0]}])
    assert source.send().status == 202
    path = f"/users/{user_id}/course-completions"
    eventually(lambda: academy.api.get(path).json["items"], what="the outside completion")
    assert academy.awards(user_id) == []
    named = {"source": source.source_id, "external_id": NAMED["xapi"][1]}
    academy.done(academy.api.put(f"/courses/{course_id}", {"name": "Sales", "identities": [named]}))
    assert academy.award(user_id)["completion_date"] == "2026-11-20"


def test_a_voided_statement_puts_the_award_under_review(academy: Academy) -> None:
    """R30."""
    source = lms(academy, "xapi")
    course_id = academy.course(0)
    named = {"source": source.source_id, "external_id": NAMED["xapi"][1]}
    academy.done(academy.api.put(f"/courses/{course_id}", {"name": "Sales", "identities": [named]}))
    academy.certification([course_id])
    user_id = academy.user(identities=[{"source": source.source_id, "external_id": NAMED["xapi"][0]}])
    statement = SENDERS["xapi"].sample()
    source.send(statement)
    assert academy.award(user_id)["under_review"] is False
    voiding = statement | {
        "id": "6690e6c9-3ef0-4ed3-8b37-7f3964730b99",
        "verb": {"id": "http://adlnet.gov/expapi/verbs/voided"},
        "object": {"objectType": "StatementRef", "id": statement["id"]},
    }
    assert source.send(voiding).json["accepted"] == 1
    award = eventually(
        lambda: (found := academy.awards(user_id)[0])["under_review"] and found, what="the review"
    )
    assert award["status"] == "active"


def test_history_comes_in_by_file(academy: Academy) -> None:
    courses, user_id = academy.courses(2), academy.user()
    text = "user_id,course_id,completed_at\n" + "".join(f"{user_id},{c},2025-03-14\n" for c in courses)
    imported = academy.api.send(
        "POST", "/course-completions/import", raw=text.encode(), headers={"Content-Type": "text/csv"}
    )
    assert (imported.status, imported.json["accepted"]) == (202, 2)
    path = f"/users/{user_id}/course-completions"
    eventually(lambda: len(academy.api.get(path).json["items"]) == 2, what="the history")
