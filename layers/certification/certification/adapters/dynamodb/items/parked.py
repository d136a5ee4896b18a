"""Parked course completions: one row under each thing that the message calls its user."""

from __future__ import annotations

import json
from datetime import UTC
from zoneinfo import ZoneInfo

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items.values import instant_in, iso, new_item, required_instant
from certification.adapters.dynamodb.table import Item, Key
from certification.domain.course_completion_message import UserReference, parse_course_completion
from certification.domain.parking import ParkedCompletion, ParkingReason

PARKED = "parked"
NOT_OF_ASSIGNED = ("listing_pk", "listing_sk", "message")  # the decision needs no copy of what it was about
_UTC = ZoneInfo("UTC")


def partitions(user: UserReference) -> list[str]:
    """Where a completion of this user waits, the listed row's partition first."""
    found = []
    if user.identity is not None:
        found.append(keys.identity(user.identity).pk)
    if user.email is not None:
        found.append(keys.email(user.email).pk)
    if user.user_id is not None:
        found.append(keys.user(user.user_id).pk)
    return found


def row_keys(entry: ParkedCompletion) -> list[Key]:
    return [keys.parked(pk, entry.parked_id) for pk in partitions(entry.message.user)]


def parked_to_items(entry: ParkedCompletion) -> list[Item]:
    """Equal rows, of which only the first is in the list."""
    return [_row(entry, key, listed=index == 0) for index, key in enumerate(row_keys(entry))]


def _row(entry: ParkedCompletion, key: Key, *, listed: bool) -> Item:
    return new_item(
        key,
        PARKED,
        {
            "parked_id": entry.parked_id,
            "message": json.dumps(entry.message.to_payload(), separators=(",", ":"), ensure_ascii=False),
            "reason": entry.reason.value,
            "parked_at": iso(entry.parked_at),
            "expires_at": int(entry.expires_at.timestamp()),
            "discarded_at": iso(entry.discarded_at),
            "discarded_by": entry.discarded_by,
            "discard_reason": entry.discard_reason,
            "listing_pk": listing(discarded=entry.discarded_at is not None) if listed else None,
            "listing_sk": entry.parked_id if listed else None,
        },
    )


def is_assigned(item: Item) -> bool:
    """Whether all that is left is that a person gave it to somebody."""
    return "assigned_to" in item


def listing(*, discarded: bool) -> str:
    return keys.PARKED_DISCARDED if discarded else keys.PARKED


def parked_from_item(item: Item) -> ParkedCompletion:
    parked_at = required_instant(item, "parked_at").astimezone(UTC)
    message = parse_course_completion(
        json.loads(item["message"]), source=None, now=parked_at, zone=_UTC, own_api=False
    )
    return ParkedCompletion(
        parked_id=item["parked_id"],
        message=message,
        reason=ParkingReason(item["reason"]),
        parked_at=parked_at,
        discarded_at=instant_in(item, "discarded_at"),
        discarded_by=item.get("discarded_by", ""),
        discard_reason=item.get("discard_reason", ""),
    )
