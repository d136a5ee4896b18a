"""Certifications, their frozen versions, and the hints from courses to the certifications that require them."""

from __future__ import annotations

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items.values import instant_in, iso, new_item
from certification.adapters.dynamodb.table import Item
from certification.domain import shapes
from certification.domain.model import (
    Certification,
    CertificationId,
    HolderType,
    PublishStatus,
)
from certification.domain.ports import Hint

CERTIFICATION = "certification"
VERSION = "certification_version"
REQUIRED_BY = "required_by"


def certification_to_item(certification: Certification) -> Item:
    return new_item(
        keys.certification(certification.certification_id),
        CERTIFICATION,
        {
            **_definition(certification),
            "listing_pk": keys.CERTIFICATIONS,
            "listing_sk": certification.certification_id,
        },
    )


def version_to_item(certification: Certification) -> Item:
    """The definition as it stood when this version was published (R22)."""
    key = keys.version(certification.certification_id, certification.version)
    return new_item(key, VERSION, _definition(certification))


def _definition(certification: Certification) -> Item:
    expiration, renewal = certification.expiration, certification.renewal
    permissions = certification.permissions
    return {
        "certification_id": certification.certification_id,
        "type": certification.type.value,
        "name": certification.name,
        "details": certification.details,
        "publish_status": certification.publish_status.value,
        "version": certification.version,
        "frozen": certification.frozen,
        "ever_published": certification.ever_published,
        "expiration": shapes.expiration_to_json(expiration) if expiration else None,
        "renewal": shapes.renewal_to_json(renewal) if renewal else None,
        "requirements": shapes.requirements_to_json(certification.requirements),
        "permissions": shapes.permissions_to_json(permissions) if permissions else None,
        "reminders": shapes.reminders_to_json(certification.reminders),
        "revision": certification.revision,
        "created_at": iso(certification.created_at),
        "changed_at": iso(certification.changed_at),
        "changed_by": certification.changed_by,
    }


def certification_from_item(item: Item) -> Certification:
    """A certification, or one of its versions, which reads the same."""
    expiration, renewal, permissions = (item.get(n) for n in ("expiration", "renewal", "permissions"))
    return Certification(
        certification_id=CertificationId(item["certification_id"]),
        type=HolderType(item["type"]),
        name=item.get("name", ""),
        details=item.get("details", ""),
        publish_status=PublishStatus(item["publish_status"]),
        version=item["version"],
        frozen=item.get("frozen", False),
        ever_published=item.get("ever_published", False),
        expiration=shapes.expiration_from_json(expiration) if expiration else None,
        renewal=shapes.renewal_from_json(renewal) if renewal else None,
        requirements=shapes.requirements_from_json(item.get("requirements", {})),
        permissions=shapes.permissions_from_json(permissions) if permissions else None,
        reminders=shapes.reminders_from_json(item.get("reminders")),
        revision=item["revision"],
        created_at=instant_in(item, "created_at"),
        changed_at=instant_in(item, "changed_at"),
        changed_by=item.get("changed_by", ""),
    )


def hint_to_item(course_id: str, certification: Certification) -> Item:
    """One course's pointer to a published certification, written in one transaction with the definition.

    It carries the requirements, so that the award worker can tell "not yet" without reading the definition.
    """
    return new_item(
        keys.required_by(course_id, certification.certification_id),
        REQUIRED_BY,
        {
            "certification_id": certification.certification_id,
            "requirements": shapes.requirements_to_json(certification.requirements),
        },
    )


def hint_from_item(item: Item) -> Hint:
    return Hint(
        certification_id=item["certification_id"],
        requirements=shapes.requirements_from_json(item["requirements"]),
    )
