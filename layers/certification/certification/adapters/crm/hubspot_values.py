"""Values and properties as HubSpot writes them: every value a string, dates as midnight UTC in milliseconds (R37)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from certification.adapters.crm.values import members, plain_number
from certification.domain.crm_property import CrmProperty, PropertyKind
from certification.domain.projection import Value
from certification.domain.push_plan import CLEARED
from certification.domain.sync import SentValue

LONGEST_TEXT = 65_536
RECORD_ID = "hs_object_id"
MERGED_IDS = "hs_merged_object_ids"
_KINDS = {
    "bool": PropertyKind.BOOLEAN,
    "date": PropertyKind.DATE,
    "datetime": PropertyKind.DATE_TIME,
    "number": PropertyKind.NUMBER,
    "string": PropertyKind.TEXT,
    "phone_number": PropertyKind.TEXT,
}
# Unique without saying so in their metadata.
_UNIQUE = {"contacts": frozenset({"email", RECORD_ID}), "companies": frozenset({RECORD_ID})}


def encode(kind: PropertyKind | None, value: Value) -> str:
    """The string that HubSpot takes for this value; the empty one clears."""
    match value:
        case None:
            return CLEARED
        case bool():
            return "true" if value else "false"
        case date():
            return value.isoformat() if kind is PropertyKind.TEXT else _milliseconds(value)
        case tuple():
            return ";".join(value)
        case int() | float():
            return plain_number(value)
        case _:
            given = _civil(value) if kind is PropertyKind.DATE else None
            return _milliseconds(given) if given else value


def decode(kind: PropertyKind | None, raw: Any) -> SentValue:
    """What HubSpot shows, written as `canonical` writes it."""
    text = "" if raw is None else str(raw)
    if not text:
        return CLEARED
    match kind:
        case PropertyKind.DATE:
            return _from_milliseconds(text) if text.lstrip("-").isdigit() else text[:10]
        case PropertyKind.NUMBER:
            return plain_number(text)
        case PropertyKind.CHOICES:
            return members(text)
        case PropertyKind.BOOLEAN:
            return text.lower()
        case _:
            return text


def property_of(object_path: str, shape: Mapping[str, Any]) -> CrmProperty:
    """One entry of `GET /crm/properties/…`; whatever is missing there has its usual value."""
    name = str(shape["name"])
    kind = _kind(shape)
    rights = shape.get("modificationMetadata") or {}
    return CrmProperty(
        name=name,
        label=str(shape.get("label") or ""),
        kind=kind,
        options=tuple(str(each["value"]) for each in shape.get("options") or () if each.get("value")),
        restricted=not shape.get("externalOptions"),
        max_length=LONGEST_TEXT if kind is PropertyKind.TEXT else None,
        writable=not rights.get("readOnlyValue"),
        calculated=bool(shape.get("calculated")),
        archived=bool(shape.get("archived")),
        unique=bool(shape.get("hasUniqueValue")) or name in _UNIQUE.get(object_path, ()),
    )


def merged_ids(record: Mapping[str, Any]) -> list[str]:
    """The ids of the records that were merged into this one; they find it still."""
    text = str((record.get("properties") or {}).get(MERGED_IDS) or "")
    return [each for each in text.split(";") if each]


def _kind(shape: Mapping[str, Any]) -> PropertyKind:
    if shape.get("type") != "enumeration":
        return _KINDS.get(str(shape.get("type")), PropertyKind.OTHER)
    match shape.get("fieldType"):
        case "checkbox":
            return PropertyKind.CHOICES
        case "booleancheckbox":
            return PropertyKind.BOOLEAN
        case _:
            return PropertyKind.CHOICE


def _milliseconds(day: date) -> str:
    return str(int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000)


def _from_milliseconds(text: str) -> str:
    try:
        return datetime.fromtimestamp(int(text) / 1000, tz=UTC).date().isoformat()
    except (OverflowError, ValueError, OSError):
        return text


def _civil(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
