"""Chapter: a company is certified by hand."""

from __future__ import annotations

from datetime import timedelta

from local.guided_run.crm import CRMS, ORGANIZATION_OBJECT, show_company
from local.guided_run.story import Story


def certify_company(story: Story) -> None:
    story.say.chapter("A company certification, awarded by hand")
    certification = {
        "type": "organization",
        "name": "Gold Partner",
        "details": "Certified as a company.",
        "permissions": {"audience": "everyone"},
    }
    created = story.api.call("POST", "/certifications", certification)
    story.organization_certification = created["certification_id"]
    published = story.api.call("POST", f"/certifications/{story.organization_certification}/publish", {})
    story.say.done(f"{published['type']} certification {published['name']}: {published['publish_status']}")
    for crm in CRMS:
        names = story.crm.field_names(crm)
        mapping = {
            "match": {"source": "organization_id", "target": names["partner_id"]},
            "fields": [
                {
                    "certification_id": story.organization_certification,
                    "source": "status",
                    "target": names["status"],
                },
                {
                    "certification_id": story.organization_certification,
                    "source": "expiration_date",
                    "target": names["expires"],
                },
            ],
        }
        story.api.call("PUT", f"/crm/{crm}/mappings/{ORGANIZATION_OBJECT[crm]}", mapping)
    start, end = story.today, story.today + timedelta(days=180)
    completion = story.api.call(
        "POST",
        "/certification-completions",
        {
            "organization_id": story.partner,
            "certification_id": story.organization_certification,
            "completion_date": start.isoformat(),
            "expiration_date": end.isoformat(),
            "reason": "signed the partner agreement",
        },
    )
    story.say.done(
        f"{completion['certification_name']} for {completion['holder']['id']}, origin {completion['origin']}: "
        f"{completion['status']} from {completion['effective_date']} to {completion['expiration_date']}"
    )
    show_company(story, "active")
