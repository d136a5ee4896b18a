"""Retractions, in the partition of the user they concern, or of the event while the user is not known."""

from __future__ import annotations

from datetime import datetime

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items.values import iso, new_item, required_instant
from certification.adapters.dynamodb.table import Item, Key
from certification.domain.model import CourseId, UserId
from certification.domain.retractions import Retraction

RETRACTION = "retraction"
EVENT_VOID = "event_void"
EVENT_USER = "event_user"
KEPT_SECONDS = 400 * 24 * 3600


def retraction_to_item(retraction: Retraction) -> Item:
    return new_item(
        _key(retraction),
        RETRACTION,
        {
            "user_id": retraction.user_id,
            "source": retraction.source,
            "at": iso(retraction.at),
            "course_id": retraction.course_id,
            "event_id": retraction.event_id,
        },
    )


def retraction_from_item(item: Item) -> Retraction:
    course_id = item.get("course_id")
    return Retraction(
        user_id=UserId(item["user_id"]),
        source=item["source"],
        at=required_instant(item, "at"),
        course_id=CourseId(course_id) if course_id else None,
        event_id=item.get("event_id"),
    )


def event_void_to_item(source: str, event_id: str, at: datetime) -> Item:
    expires_at = int(at.timestamp()) + KEPT_SECONDS
    return new_item(keys.event_void(source, event_id), EVENT_VOID, {"at": iso(at), "expires_at": expires_at})


def event_user_to_item(source: str, event_id: str, user_id: str) -> Item:
    return new_item(keys.event_user(source, event_id), EVENT_USER, {"user_id": user_id})


def _key(retraction: Retraction) -> Key:
    if retraction.event_id is not None:
        return keys.event_retraction(retraction.user_id, retraction.source, retraction.event_id)
    return keys.course_retraction(retraction.user_id, retraction.course_id or "", retraction.at)
