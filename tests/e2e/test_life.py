"""The whole life of a certification on the deployed stack: tried, refused, published, explained, checked, decided."""

from __future__ import annotations

from typing import Any

import pytest

from academy import PERSON, Academy
from deployed import Api, eventually

COMPLETED = "2026-11-20T09:30:00Z"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture
def academy(api: Api, unique: str) -> Academy:
    return Academy(api=api, name=f"life-{unique}")


def draft(academy: Academy, courses: list[str], **parts: Any) -> str:
    body = {
        "type": "user",
        "name": f"Certified {academy.name}",
        "details": "Knows it all",
        "expiration": {"type": "duration", "duration": "P12M"},
        "permissions": {"audience": "everyone"},
        "requirements": {"courses": [{"course_id": course} for course in courses]},
        **parts,
    }
    certification_id: str = academy.done(academy.api.post("/certifications", body)).json["certification_id"]
    return certification_id


def finished(academy: Academy, evaluation_id: str) -> Any:
    """The evaluation, once it is over."""

    def look() -> Any:
        run = academy.done(academy.api.get(f"/evaluations/{evaluation_id}")).json
        return run if run["state"] in {"completed", "refused", "failed"} else None

    return eventually(look, within=90, what="the end of the evaluation")


def progress(academy: Academy, user: str, certification: str) -> Any:
    return academy.done(academy.api.get(f"/users/{user}/certifications/{certification}/progress")).json


def test_a_publish_is_tried_first_refused_over_its_limit_and_made_up_for(academy: Academy) -> None:
    course, users = academy.course(0), [academy.user(number) for number in range(3)]
    academy.deliver([academy.completion(user, course, COMPLETED) for user in users])
    eventually(lambda: all(map(academy.completed, users)), what="the course completions")
    certification = draft(academy, [course])
    asked = {"certification_id": certification, "dry_run": True}
    tried = finished(academy, academy.done(academy.api.post("/evaluations", asked)).json["evaluation_id"])
    assert tried["counts"]["would_award"] == 3
    assert {one["outcome"] for one in tried["sample"]} == {"would_award"}

    published = academy.done(academy.api.post(f"/certifications/{certification}/publish", {"max_awards": 2}))
    refused = finished(academy, published.json["evaluation_id"])
    assert (refused["state"], refused["counts"]["awarded"]) == ("refused", 0)
    assert academy.awards(users[0]) == []

    again = {"certification_id": certification, "dry_run": False, "max_awards": 3}
    done = finished(academy, academy.done(academy.api.post("/evaluations", again)).json["evaluation_id"])
    assert (done["state"], done["counts"]["awarded"]) == ("completed", 3)
    once_more = finished(academy, academy.done(academy.api.post("/evaluations", again)).json["evaluation_id"])
    assert (once_more["counts"]["awarded"], once_more["counts"]["unchanged"]) == (0, 3)


def test_progress_explains_until_it_is_awarded(academy: Academy) -> None:
    first, second = academy.courses(2)
    user = academy.user()
    courses = [{"course_id": first}, {"course_id": second, "minimum_score": 80}]
    certification = academy.certification([first], requirements={"courses": courses})
    academy.deliver(
        [
            academy.completion(user, first, COMPLETED),
            academy.completion(user, second, "2026-11-19T09:30:00Z", score=79),
        ]
    )

    def reasons() -> dict[str, str]:
        answer = progress(academy, user, certification)
        return {r["course_id"]: r.get("reason", {}).get("code", "") for r in answer["requirements"]}

    eventually(lambda: reasons() == {first: "", second: "score_too_low"}, what="the explanation")
    academy.deliver([academy.completion(user, second, COMPLETED, score=80)])
    award = academy.award(user)
    explained = progress(academy, user, certification)
    assert explained["current"] == award
    assert [r["satisfied"] for r in explained["requirements"]] == [True, True]
    assert [reason["code"] for reason in explained["reasons"]] == ["window_not_open"]


def test_anybody_can_check_it_and_nobody_is_named(academy: Academy, api: Api) -> None:
    course, user = academy.course(0), academy.user()
    academy.certification([course])
    academy.deliver([academy.completion(user, course, COMPLETED)])
    path = f"/verify/{academy.award(user)['certification_completion_id']}"
    anybody = api.with_key(None)
    answer, page = anybody.get(path), anybody.get(path, headers=BROWSER)
    assert (answer.status, answer.json["status"]) == (200, "active")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    for body in (answer.body.decode(), page.body.decode()):
        assert PERSON not in body
        assert user not in body
    assert anybody.get(path[:-1]).status == 404
    assert anybody.get(path[:-1], headers=BROWSER).headers["Content-Type"].startswith("text/html")


def test_decisions_are_in_the_history_with_who_and_why(academy: Academy) -> None:
    course, user = academy.course(0), academy.user()
    academy.certification([course])
    academy.deliver([academy.completion(user, course, COMPLETED)])
    path = f"/certification-completions/{academy.award(user)['certification_completion_id']}"
    changed = academy.done(academy.api.patch(path, {"expiration_date": "2028-12-31", "reason": "extended"}))
    assert changed.json["expiration_date"] == "2028-12-31"
    assert (
        academy.done(academy.api.post(f"{path}/revoke", {"reason": "a mistake"})).json["status"] == "revoked"
    )
    back = academy.done(academy.api.post(f"{path}/reinstate", {"reason": "after all"}))
    assert back.json == changed.json

    def entries() -> list[tuple[str, str]]:
        items = academy.done(academy.api.get(f"{path}/history")).json["items"]
        return [(entry["what"], entry["reason"]) for entry in items]

    told = eventually(lambda: len(entries()) == 4 and entries(), what="the history")
    assert told == [
        ("awarded", ""),
        ("dates_changed", "extended"),
        ("revoked", "a mistake"),
        ("reinstated", "after all"),
    ]
