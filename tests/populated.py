"""One of everything, made through the API: so that a walk over all routes finds what it asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Make = Callable[..., Any]
DEFINITION = {
    "type": "user",
    "name": "Sales Professional",
    "details": "Can position, price and close.",
    "expiration": {"type": "duration", "duration": "P12M"},
    "permissions": {"audience": "everyone"},
}


def populate(make: Make, *, email_domain: str = "partner.example") -> dict[str, str]:
    """`make(method, path, body)` gives the answer's body. The ids, by the names of the path parameters.

    What callers name has the names that the document's examples use.
    """
    course, organization, user, source = "c-1", "o-1", "u-1", "academy"
    for number in (course, "c-2"):
        make("PUT", f"/courses/{number}", {"name": f"Course {number}"})
    make("PUT", f"/organizations/{organization}", {"name": "Northwind", "groups": ["resellers"]})
    person = {"email": f"ada@{email_domain}", "name": "Ada", "organization_id": organization}
    make("PUT", f"/users/{user}", person)
    make("PUT", f"/sources/{source}", {"provider": "thinkific", "secret": "the-signing-secret"})
    definition = {**DEFINITION, "requirements": {"courses": [{"course_id": course}]}}
    certification_id = make("POST", "/certifications", definition)["certification_id"]
    published = make("POST", f"/certifications/{certification_id}/publish")
    award = {"user_id": user, "certification_id": certification_id, "completion_date": "2026-11-20"}
    key = make("POST", "/api-keys", {"name": "of a walk", "scopes": ["read"]})
    return {
        "course_id": course,
        "organization_id": organization,
        "user_id": user,
        "source_id": source,
        "certification_id": certification_id,
        "evaluation_id": published["evaluation_id"],
        "certification_completion_id": make("POST", "/certification-completions", award)[
            "certification_completion_id"
        ],
        "key_id": key["key_id"],
        "replay_id": make("POST", f"/sources/{source}/replays")["replay_id"],
        "reconciliation_id": make("POST", "/reconciliations")["reconciliation_id"],
        "export_id": make("POST", "/certification-completions/export")["export_id"],
    }
