"""Courses, organizations, users, and the identities that lead to them."""

from __future__ import annotations

from collections.abc import Iterable

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items.values import new_item
from certification.adapters.dynamodb.table import Item
from certification.domain.model import (
    Course,
    CourseId,
    Identity,
    Organization,
    OrganizationId,
    User,
    UserId,
)

COURSE = "course"
ORGANIZATION = "organization"
USER = "user"
IDENTITY = "identity"
COURSE_IDENTITY = "course_identity"


def course_to_item(course: Course) -> Item:
    return new_item(
        keys.course(course.course_id),
        COURSE,
        {
            "course_id": course.course_id,
            "name": course.name,
            "description": course.description,
            "identities": _identities_to_item(course.identities),
            "inactive": not course.active,
            "revision": course.revision,
            "listing_pk": keys.COURSES,
            "listing_sk": course.course_id,
        },
    )


def course_from_item(item: Item) -> Course:
    return Course(
        course_id=CourseId(item["course_id"]),
        name=item.get("name", ""),
        description=item.get("description", ""),
        identities=_identities_from_item(item),
        active=not item.get("inactive", False),
        revision=item["revision"],
    )


def organization_to_item(organization: Organization) -> Item:
    return new_item(
        keys.organization(organization.organization_id),
        ORGANIZATION,
        {
            "organization_id": organization.organization_id,
            "name": organization.name,
            "domain": organization.domain,
            "groups": sorted(organization.groups),
            "attributes": dict(organization.attributes),
            "inactive": not organization.active,
            "revision": organization.revision,
            "listing_pk": keys.ORGANIZATIONS,
            "listing_sk": organization.organization_id,
        },
    )


def organization_from_item(item: Item) -> Organization:
    return Organization(
        organization_id=OrganizationId(item["organization_id"]),
        name=item.get("name", ""),
        domain=item.get("domain"),
        groups=frozenset(item.get("groups", ())),
        attributes=item.get("attributes", {}),
        active=not item.get("inactive", False),
        revision=item["revision"],
    )


def user_to_item(user: User) -> Item:
    organization_id = user.organization_id
    return new_item(
        keys.user(user.user_id),
        USER,
        {
            "user_id": user.user_id,
            "email": user.email,
            "name": user.name,
            "organization_id": organization_id,
            "groups": sorted(user.groups),
            "attributes": dict(user.attributes),
            "identities": _identities_to_item(user.identities),
            "inactive": not user.active,
            "revision": user.revision,
            "listing_pk": keys.USERS,
            "listing_sk": user.user_id,
            "parent_pk": keys.organization_parent(organization_id) if organization_id else None,
            "parent_sk": f"USER#{user.user_id}" if organization_id else None,
        },
    )


def user_from_item(item: Item) -> User:
    organization_id = item.get("organization_id")
    return User(
        user_id=UserId(item["user_id"]),
        email=item.get("email", ""),
        name=item.get("name", ""),
        organization_id=OrganizationId(organization_id) if organization_id else None,
        groups=frozenset(item.get("groups", ())),
        attributes=item.get("attributes", {}),
        identities=_identities_from_item(item),
        active=not item.get("inactive", False),
        revision=item["revision"],
    )


def identity_to_item(identity: Identity, user_id: str) -> Item:
    return new_item(keys.identity(identity), IDENTITY, {"user_id": user_id})


def email_to_item(address: str, user_id: str) -> Item:
    return new_item(keys.email(address), IDENTITY, {"user_id": user_id})


def course_identity_to_item(identity: Identity, course_id: str) -> Item:
    """Carries the identity itself: what was stored under the outside id is found again by it."""
    return new_item(
        keys.course_identity(identity),
        COURSE_IDENTITY,
        {"course_id": course_id, "source": identity.source, "external_id": identity.external_id},
    )


def _identities_to_item(identities: Iterable[Identity]) -> list[Item]:
    ordered = sorted(identities, key=lambda identity: (identity.source, identity.external_id))
    return [{"source": identity.source, "external_id": identity.external_id} for identity in ordered]


def _identities_from_item(item: Item) -> frozenset[Identity]:
    return frozenset(
        Identity(source=identity["source"], external_id=identity["external_id"])
        for identity in item.get("identities", ())
    )
