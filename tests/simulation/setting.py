"""The small world that a run starts from: few users, courses and certifications, so that everything meets."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from certification.domain.connection import Connection, StoredMapping
from certification.domain.mapping_reader import mapping_from_json
from lms_senders import WHSEC
from simulation import webhooks
from simulation.world import Call, World

COURSES = ("c-1", "c-2", "c-3", "c-4")
ORGANIZATIONS = ("o-1", "o-2")
USERS = ("u-1", "u-2", "u-3")
LATE_USER = "u-9"
GROUP = "partners"
Definition = dict[str, Any]


def email_of(user_id: str) -> str:
    return f"{user_id}@partner.example"


def identity_of(user_id: str) -> dict[str, str]:
    return {"source": "lms", "external_id": f"x-{user_id}"}


def user_body(user_id: str, **changes: Any) -> dict[str, Any]:
    organization = ORGANIZATIONS[0] if user_id in USERS[:2] else None
    return {
        "email": email_of(user_id),
        "name": f"User {user_id}",
        "organization_id": organization,
        "groups": [GROUP] if user_id == USERS[0] else [],
        "identities": [identity_of(user_id)] if user_id == USERS[0] else [],
        **changes,
    }


def requiring(*courses: str, count: int | None = None, minimum: float | None = None) -> dict[str, Any]:
    listed = [{"course_id": c, **({"minimum_score": minimum} if minimum else {})} for c in courses]
    return {"courses": listed, **({"required_count": count} if count else {})}


def user_certification(name: str, requirements: Mapping[str, Any], **more: Any) -> Definition:
    return {
        "type": "user",
        "name": name,
        "details": f"What {name} certifies.",
        "expiration": {"type": "duration", "duration": "P12M"},
        "permissions": {"audience": "everyone"},
        "requirements": dict(requirements),
        **more,
    }


def plain_certifications() -> list[Definition]:
    """All of the courses, nothing to choose: here the award is a function of the set (R11)."""
    return [
        user_certification("Seller", requiring("c-1", "c-2")),
        user_certification("Pro", requiring("c-2", "c-3", "c-4"), expiration={"type": "never"}),
        user_certification(
            "Master",
            requiring("c-3", minimum=80),
            expiration={"type": "anchored", "month": 12, "day": 31, "minimum": "P3M"},
        ),
        user_certification(
            "Partner", requiring("c-1"), permissions={"audience": "groups", "groups": [GROUP]}
        ),
    ]


def lively_certifications() -> list[Definition]:
    """Short lives, windows, choices and equivalents: here the order of what is committed matters."""
    pro = requiring("c-1", "c-2", "c-3", count=2)
    master = {"courses": [{"course_id": "c-3", "minimum_score": 80, "equivalents": ["c-4"]}]}
    return [
        user_certification(
            "Seller",
            requiring("c-1", "c-2"),
            expiration={"type": "duration", "duration": "P30D"},
            renewal={"opens": "P10D", "basis": "expiration", "grace": "P5D"},
            reminders=["P7D", "P3D"],
        ),
        user_certification("Pro", pro, expiration={"type": "duration", "duration": "P1M"}, reminders=["P5D"]),
        user_certification(
            "Master",
            master,
            expiration={"type": "duration", "duration": "P20D"},
            renewal={"opens": "P8D", "basis": "completion"},
        ),
        user_certification(
            "Partner",
            requiring("c-4"),
            expiration={"type": "anchored", "month": 12, "day": 31, "minimum": "P10D"},
            permissions={"audience": "groups", "groups": [GROUP]},
        ),
        {
            "type": "organization",
            "name": "Gold",
            "details": "A good company.",
            "expiration": {"type": "duration", "duration": "P25D"},
            "permissions": {"audience": "everyone"},
            "reminders": ["P5D"],
        },
    ]


def answered(world: World, method: str, path: str, body: Any = None) -> Any:
    """Ask, while nothing goes wrong."""
    call = Call(method=method, path=path, body=body)
    world.call(call)
    world.finish()
    if call.status >= 400:
        raise AssertionError(f"{method} {path}: {call.status} {call.answer}")
    return call.answer


def connect(world: World, ids: list[str], *, create_missing: bool) -> None:
    """One CRM, with what each kind of value depends on among the mapped fields."""
    connections = world.application().connections
    connection = Connection(
        crm="hubspot",
        base_url="https://crm.example",
        credentials="access_token",
        link="link-1",
        create_missing=create_missing,
        revision=1,
        changed_at=world.clock.now(),
    )
    connections.save_connection(connection, previous=None, backfill=None)
    seller, pro, master, *others = ids
    contact = [
        {"certification_id": seller, "source": "status", "target": "seller"},
        {"certification_id": seller, "source": "expiration_date", "target": "seller_until"},
        {"certification_id": seller, "source": "name", "target": "seller_name"},
        {"certification_id": pro, "source": "status", "target": "pro"},
        {
            "certification_id": master,
            "source": "expiration_date",
            "target": "master_first",
            "write": "first_sync_only",
        },
        {"source": "active_certifications", "target": "active"},
        {"source": "completed_courses", "target": "courses"},
    ]
    company = [{"certification_id": seller, "source": "certified_user_count", "target": "sellers"}]
    company += [{"certification_id": c, "source": "status", "target": "gold"} for c in others[1:]]
    for name, source, fields in (("contact", "email", contact), ("company", "organization_id", company)):
        shape = {"match": {"source": source, "target": source}, "fields": fields}
        stored = StoredMapping(
            mapping=mapping_from_json("hubspot", name, shape),
            checked_at=world.clock.now(),
            changed_at=world.clock.now(),
            revision=1,
        )
        connections.save_mapping(stored, previous=None, backfill=None)


def furnish(world: World, definitions: list[Definition], random: Random) -> list[str]:
    """Put everything there; the ids of the certifications, about half of them published."""
    answered(world, "PUT", f"/sources/{webhooks.SOURCE}", {"provider": "standard_webhooks", "secret": WHSEC})
    for course in COURSES:
        answered(world, "PUT", f"/courses/{course}", {"name": f"Course {course}"})
    for organization in ORGANIZATIONS:
        answered(world, "PUT", f"/organizations/{organization}", {"name": f"Company {organization}"})
    for user_id in USERS:
        answered(world, "PUT", f"/users/{user_id}", user_body(user_id))
    ids = []
    for definition in definitions:
        made = answered(world, "POST", "/certifications", definition)
        ids.append(str(made["certification_id"]))
        if random.random() < 0.6:
            answered(world, "POST", f"/certifications/{ids[-1]}/publish", {})
    return ids
