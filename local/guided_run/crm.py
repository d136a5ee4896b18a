"""Chapters around the CRMs, and what the others show of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from local.guided_run.api import StepFailedError, wait_for
from local.guided_run.story import Story

CRMS = ("hubspot", "salesforce")
ORGANIZATION_OBJECT = {"hubspot": "company", "salesforce": "account"}


def connect_crms(story: Story) -> None:
    """Contacts and companies as they are in a CRM before anything is connected; then the connections."""
    story.say.chapter("Two CRMs that know the partner and its people already")
    for user_id in (story.ada, story.ben):
        story.crm.add_person(story.email(user_id))
    story.crm.add_company(story.partner)
    for crm in CRMS:
        status = story.crm.field_names(crm)["status"]
        for email in (story.email(story.ada), story.email(story.ben)):
            story.say.done(f"{crm} Contact {email}: {_status(story.crm.person(crm, email), status)}")
        company = _status(story.crm.company(crm, story.partner), status)
        story.say.done(f"{crm} {ORGANIZATION_OBJECT[crm].title()} {story.partner}: {company}")
    for crm in CRMS:
        connection = story.api.call("PUT", f"/crm/{crm}/connection", story.crm.connection(crm))
        story.say.done(f"{crm}: {connection['state']}")


def _status(record: dict[str, Any], name: str) -> str:
    if not record:
        raise StepFailedError("a record that was just made is not in the CRM sandbox")
    return f"status {record.get(name) or 'empty'}"


def map_fields(story: Story) -> None:
    story.say.chapter("Which of our fields goes to which field of the CRM")
    for crm in CRMS:
        names = story.crm.field_names(crm)
        person = {
            "match": {"source": "email", "target": names["email"]},
            "fields": [
                {"certification_id": story.user_certification, "source": "status", "target": names["status"]},
                {
                    "certification_id": story.user_certification,
                    "source": "expiration_date",
                    "target": names["expires"],
                },
            ],
        }
        mapping = story.api.call("PUT", f"/crm/{crm}/mappings/contact", person)
        story.say.done(f"{crm} Contact, checked against the CRM's own metadata:")
        for field in mapping["fields"]:
            story.say.note(f"{field['source']} -> {field['target']}")


def show_person(story: Story, crm: str, *, expected: str) -> None:
    names = story.crm.field_names(crm)

    def look() -> dict[str, Any] | None:
        record = story.crm.person(crm, story.email(story.ada))
        return record if record.get(names["status"]) == expected else None

    record = wait_for(f"the Contact in {crm}", look)
    story.say.done(
        f"{crm} Contact: status {record[names['status']]}, expires {_readable(record.get(names['expires']))}"
    )


def show_company(story: Story, expected: str) -> None:
    for crm in CRMS:
        names = story.crm.field_names(crm)

        def look(crm: str = crm, names: dict[str, str] = names) -> dict[str, Any] | None:
            record = story.crm.company(crm, story.partner)
            return record if record.get(names["status"]) == expected else None

        record = wait_for(f"the company in {crm}", look)
        kind = ORGANIZATION_OBJECT[crm].title()
        story.say.done(
            f"{crm} {kind}: status {record[names['status']]}, expires {_readable(record.get(names['expires']))}"
        )


def _readable(day: Any) -> str:
    """HubSpot keeps a date as the milliseconds of its midnight in UTC (R37)."""
    text = str(day)
    if not text.isdecimal():
        return text
    return f"{datetime.fromtimestamp(int(text) / 1000, UTC).date().isoformat()} (kept as {text})"
