"""Chapters: completions come in by webhook, the award appears."""

from __future__ import annotations

import base64
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from local.guided_run.api import StepFailedError, wait_for
from local.guided_run.crm import CRMS, show_person
from local.guided_run.story import Story
from local.guided_run.webhooks import standard_webhook, thinkific, thinkific_completion


def learn(story: Story) -> None:
    story.say.chapter("The LMSs post completions: signed, out of order, one of them twice")
    webhook_secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    thinkific_secret = secrets.token_hex(16)
    academy, school = story.academy, story.school
    story.api.call("PUT", f"/sources/{academy}", {"provider": "standard_webhooks", "secret": webhook_secret})
    story.api.call("PUT", f"/sources/{school}", {"provider": "thinkific", "secret": thinkific_secret})
    now = datetime.now(UTC).replace(microsecond=0)
    closing = thinkific_completion(
        f"t-{story.tag}", 7002, 400, story.email(story.ada), _at(now - timedelta(hours=1))
    )
    products = _canonical(story, "products", now - timedelta(days=9))
    pricing = _canonical(story, "pricing", now - timedelta(days=2))
    deliveries = [
        ("closing, the last course, arrives first", school, thinkific(thinkific_secret, closing)),
        ("products", academy, standard_webhook(webhook_secret, products)),
        ("products once more, as LMSs do", academy, standard_webhook(webhook_secret, products)),
    ]
    for words, source_id, webhook in deliveries:
        _deliver(story, words, source_id, webhook)
    _show_what_is_stored(story, 2)
    _deliver(
        story, "pricing, the second course, arrives last", academy, standard_webhook(webhook_secret, pricing)
    )
    forged = {**deliveries[1][2][1], "webhook-signature": "v1,Zm9yZ2VkIHNpZ25hdHVyZSBvZiBub2JvZHkgYXQgYWxs"}
    _deliver(story, "a forged signature", academy, (deliveries[1][2][0], forged))


def _deliver(story: Story, words: str, source_id: str, webhook: tuple[bytes, dict[str, str]]) -> None:
    status, _ = story.api.send("POST", f"/webhooks/{source_id}", *webhook)
    story.say.done(f"{source_id}: {words}: {status}")


def _show_what_is_stored(story: Story, wanted: int) -> list[dict[str, Any]]:
    """Wait for that many course completions of Ada's; answers what she holds then."""

    def stored() -> list[Any] | None:
        items: list[Any] = story.api.call("GET", f"/users/{story.ada}/course-completions")["items"]
        return items if len(items) >= wanted else None

    path = f"/certification-completions?user_id={story.ada}"
    completions = wait_for("the course completions", stored)
    held: list[dict[str, Any]] = story.api.call("GET", path)["items"]
    story.say.done(f"course completions stored: {len(completions)}; certification completions: {len(held)}")
    return held


def _canonical(story: Story, course: str, at: datetime) -> dict[str, Any]:
    return {
        "event_id": f"{course}-{story.tag}",
        "user_id": story.ada,
        "course_id": story.course(course),
        "completed_at": _at(at),
        "score": 92,
    }


def _at(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def award(story: Story) -> None:
    story.say.chapter("The award appears, exactly once")
    path = f"/certification-completions?user_id={story.ada}"
    wait_for("the award", lambda: story.api.call("GET", path)["items"] or None)
    held = _show_what_is_stored(story, len(story.courses))
    completion = held[0]
    if len(held) != 1:
        raise StepFailedError(f"{len(held)} awards where one should be")
    shown = ("certification_name", "status", "completion_date", "expiration_date", "cycle", "origin")
    story.say.fields("read back from the API", {name: completion[name] for name in shown})
    progress = story.api.call("GET", f"/users/{story.ben}/certifications/{story.user_certification}/progress")
    story.say.done(f"and why Ben has none: {progress['summary']}")
    for crm in CRMS:
        show_person(story, crm, expected="active")
