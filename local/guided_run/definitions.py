"""Chapters: what there is to learn, who learns, and what it leads to."""

from __future__ import annotations

from typing import Any

from local.guided_run.api import Api, wait_for
from local.guided_run.story import Story


def define(story: Story) -> None:
    story.say.chapter("An administrator defines what there is to learn, and who learns")
    names = {"products": "Know the products", "pricing": "Price an offer", "closing": "Close a deal"}
    for number, (name, title) in enumerate(names.items()):
        identities = [{"source": f"thinkific-{story.tag}", "external_id": str(7000 + number)}]
        body = {"name": title, "identities": identities, "active": True}
        story.api.call("PUT", f"/courses/{story.course(name)}", body)
    organization = {
        "name": "Northwind",
        "domain": f"{story.partner}.example",
        "groups": ["resellers"],
        "attributes": {"region": "EMEA"},
        "active": True,
    }
    story.api.call("PUT", f"/organizations/{story.partner}", organization)
    for number, user_id in enumerate((story.ada, story.ben)):
        identities = [{"source": f"thinkific-{story.tag}", "external_id": str(400 + number)}]
        user = {
            "email": story.email(user_id),
            "name": user_id.split("-")[0].title(),
            "organization_id": story.partner,
            "groups": [],
            "attributes": {},
            "identities": identities,
            "active": True,
        }
        story.api.call("PUT", f"/users/{user_id}", user)
    story.say.done("three courses, one partner organization, two people of it")
    certification = {
        "type": "user",
        "name": "Sales Professional",
        "details": "Can position, price and close.",
        "expiration": {"type": "duration", "duration": "P12M"},
        "permissions": {"audience": "groups", "groups": ["resellers"]},
    }
    created = story.api.call("POST", "/certifications", certification)
    story.user_certification = created["certification_id"]
    story.say.done(
        f"user certification {created['name']!r}: {created['publish_status']}, version {created['version']}"
    )


def publish(story: Story) -> None:
    story.say.chapter("The publish checklist says what is missing; then the certification is published")
    path = f"/certifications/{story.user_certification}"
    problem = story.api.refused("POST", f"{path}/publish", {})
    for error in problem["errors"]:
        story.say.note(f"still missing: {error['code']} - {error['message']}")
    for course_id in story.courses:
        story.api.call("PUT", f"{path}/courses/{course_id}", {})
    checklist = story.api.call("GET", path)["publish_checklist"]
    story.say.done(f"three required courses added; the checklist has {len(checklist)} items left")
    evaluation_id = story.api.call("POST", f"{path}/publish", {})["evaluation_id"]
    run = wait_for("the evaluation", lambda: _finished(story.api, evaluation_id))
    story.say.done(
        f"published; everyone who had completed the courses before was evaluated: {run['counts']['evaluated']}"
    )


def _finished(api: Api, evaluation_id: str) -> dict[str, Any] | None:
    run: dict[str, Any] = api.call("GET", f"/evaluations/{evaluation_id}")
    return run if run["state"] in {"completed", "refused", "failed"} else None
