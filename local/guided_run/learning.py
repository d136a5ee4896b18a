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
        ("pricing, the second course, arrives last", academy, standard_webhook(webhook_secret, pricing)),
    ]
    for words, source_id, (raw, headers) in deliveries:
        status, _ = story.api.send("POST", f"/webhooks/{source_id}", raw, headers)
        story.say.done(f"{source_id}: {words}: {status}")
    forged = {**deliveries[1][2][1], "webhook-signature": "v1,Zm9yZ2VkIHNpZ25hdHVyZSBvZiBub2JvZHkgYXQgYWxs"}
    status, _ = story.api.send("POST", f"/webhooks/{academy}", deliveries[1][2][0], forged)
    story.say.done(f"{academy}: a forged signature: {status}")


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
    held = wait_for("the award", lambda: story.api.call("GET", path)["items"] or None)
    stored = story.api.call("GET", f"/users/{story.ada}/course-completions")["items"]
    story.say.done(f"course completions stored: {len(stored)}; certification completions: {len(held)}")
    completion = held[0]
    if len(held) != 1:
        raise StepFailedError(f"{len(held)} awards where one should be")
    shown = ("certification_name", "status", "completion_date", "expiration_date", "cycle", "origin")
    story.say.fields("read back from the API", {name: completion[name] for name in shown})
    progress = story.api.call("GET", f"/users/{story.ben}/certifications/{story.user_certification}/progress")
    story.say.done(f"and why Ben has none: {progress['summary']}")
    for crm in CRMS:
        show_person(story, crm, expected="active")
