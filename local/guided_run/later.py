"""Chapters: the daily sweep as of a later day, and the history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from local.guided_run.api import Api, wait_for
from local.guided_run.crm import CRMS, show_company, show_person
from local.guided_run.story import Story


def sweep(story: Story) -> None:
    later = story.today + timedelta(days=400)
    story.say.chapter(f"The daily sweep, run as of {later.isoformat()}")
    answer = story.cloud.sweep(datetime(later.year, later.month, later.day, 0, 15, tzinfo=UTC))
    counts = ", ".join(f"{name} {answer[name]}" for name in ("lapsed", "started", "reminded", "failed"))
    story.say.done(f"the expiry function answers: {counts}")
    for holder in (f"user_id={story.ada}", f"organization_id={story.partner}"):
        completion = wait_for("the lapse", partial(_expired, story.api, holder))
        end = f"last valid day {completion['expiration_date']}"
        story.say.done(f"{completion['certification_name']}: {completion['status']} ({end})")
    for crm in CRMS:
        show_person(story, crm, expected="expired")
    show_company(story, "expired")


def _expired(api: Api, holder: str) -> dict[str, Any] | None:
    items = api.call("GET", f"/certification-completions?{holder}")["items"]
    return items[0] if items and items[0]["status"] == "expired" else None


def history(story: Story) -> None:
    story.say.chapter("Everything that happened is in the history")
    completion = story.api.call("GET", f"/certification-completions?user_id={story.ada}")["items"][0]
    path = f"/certification-completions/{completion['certification_completion_id']}/history"
    entries = wait_for("the history", lambda: _at_least(story.api, path, 2))
    for entry in entries:
        story.say.note(f"{entry['at']:<24}  {entry['what']:<22} by {entry['by']}")
    story.say.done(f"{len(entries)} entries")


def _at_least(api: Api, path: str, wanted: int) -> list[dict[str, Any]] | None:
    items: list[dict[str, Any]] = api.call("GET", path)["items"]
    return items if len(items) >= wanted else None
