"""Chapters: what there is to learn, who learns, and what it leads to."""

from __future__ import annotations

from typing import Any

from local.guided_run.api import Api, wait_for
from local.guided_run.story import Story


def define(story: Story) -> None:
    story.say.chapter("An administrator defines what there is to learn, and who learns")
    names = {"products": "Know the products", "pricing": "Price an offer", "closing": "Close a deal"}
    courses = []
    for number, (name, title) in enumerate(names.items()):
        identities = [{"source": f"thinkific-{story.tag}", "external_id": str(7000 + number)}]
        body = {"name": title, "identities": identities, "active": True}
        courses.append(story.api.call("PUT", f"/courses/{story.course(name)}", body)["name"])
    story.say.done(f"{len(courses)} courses: {', '.join(courses)}")
    organization = {
        "name": "Northwind",
        "domain": f"{story.partner}.example",
        "groups": ["resellers"],
        "attributes": {"region": "EMEA"},
        "active": True,
    }
    partner = story.api.call("PUT", f"/organizations/{story.partner}", organization)
    story.say.done(f"organization {partner['name']}, in the group {', '.join(partner['groups'])}")
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
        stored = story.api.call("PUT", f"/users/{user_id}", user)
        story.say.done(f"user {stored['name']}, of {stored['organization_id']}")
    certification = {
        "type": "user",
        "name": "Sales Professional",
        "details": "Can position, price and close.",
        "expiration": {"type": "duration", "duration": "P12M"},
        "permissions": {"audience": "groups", "groups": ["resellers"]},
    }
    created = story.api.call("POST", "/certifications", certification)
    story.user_certification = created["certification_id"]
    shown = ("name", "details", "expiration", "permissions", "publish_status", "version")
    story.say.fields(f"{created['type']} certification", {name: _readable(created[name]) for name in shown})


def _readable(value: Any) -> str:
    """Of an object its values: `duration, P12M`."""
    if not isinstance(value, dict):
        return str(value)
    return ", ".join(" ".join(part) if isinstance(part, list) else str(part) for part in value.values())


def publish(story: Story) -> None:
    story.say.chapter("The publish checklist says what is missing; then it is published")
    path = f"/certifications/{story.user_certification}"
    problem = story.api.refused("POST", f"{path}/publish", {})
    for error in problem["errors"]:
        story.say.note(f"still missing: {error['code']} - {error['message']}")
    for course_id in story.courses:
        story.api.call("PUT", f"{path}/courses/{course_id}", {})
    draft = story.api.call("GET", path)
    required, left = draft["requirements"]["courses"], draft["publish_checklist"]
    story.say.done(f"{len(required)} required courses added; the checklist has {len(left)} items left")
    published = story.api.call("POST", f"{path}/publish", {})
    run = wait_for("the evaluation", lambda: _finished(story.api, published["evaluation_id"]))
    evaluated = run["counts"]["evaluated"]
    story.say.done(
        f"{published['publish_status']}; people with earlier completions, now evaluated: {evaluated}"
    )


def _finished(api: Api, evaluation_id: str) -> dict[str, Any] | None:
    run: dict[str, Any] = api.call("GET", f"/evaluations/{evaluation_id}")
    return run if run["state"] in {"completed", "refused", "failed"} else None
