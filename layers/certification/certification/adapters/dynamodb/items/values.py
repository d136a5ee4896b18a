"""How single values are written: dates and instants as ISO 8601 text, nothing where there is nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from certification.adapters.dynamodb.table import Item, Key

SCHEMA_VERSION = 1


def new_item(key: Key, entity: str, attributes: Mapping[str, Any]) -> Item:
    """The item without the attributes that say nothing (None, empty text, empty collections, False)."""
    item: Item = {"pk": key.pk, "sk": key.sk, "entity": entity, "schema_version": SCHEMA_VERSION}
    for name, value in attributes.items():
        if value is None or value is False or value == "" or (isinstance(value, (list, dict)) and not value):
            continue
        item[name] = value
    return item


def iso(value: date | None) -> str | None:
    """A civil date, or an instant in UTC; microseconds only where there are any."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if value is not None else None


def date_in(item: Mapping[str, Any], name: str) -> date | None:
    text = item.get(name)
    return date.fromisoformat(text) if text else None


def instant_in(item: Mapping[str, Any], name: str) -> datetime | None:
    text = item.get(name)
    return datetime.fromisoformat(text) if text else None


def required_date(item: Mapping[str, Any], name: str) -> date:
    return date.fromisoformat(item[name])


def required_instant(item: Mapping[str, Any], name: str) -> datetime:
    return datetime.fromisoformat(item[name])
