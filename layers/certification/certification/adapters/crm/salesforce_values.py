"""Values and fields as Salesforce writes them: JSON by type, dates as `yyyy-MM-dd`, null clears (R37)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from certification.adapters.crm.values import members, plain_number
from certification.domain.crm_property import CrmProperty, PropertyKind
from certification.domain.projection import Value
from certification.domain.push_plan import CLEARED, canonical
from certification.domain.sync import SentValue

RECORD_ID = "Id"
_MIDNIGHT = "T00:00:00.000"
_KINDS = {
    **dict.fromkeys(
        ("string", "textarea", "email", "phone", "url", "combobox", "encryptedstring", "id"),
        PropertyKind.TEXT,
    ),
    **dict.fromkeys(("double", "int", "long", "currency", "percent"), PropertyKind.NUMBER),
    "boolean": PropertyKind.BOOLEAN,
    "date": PropertyKind.DATE,
    "datetime": PropertyKind.DATE_TIME,
    "picklist": PropertyKind.CHOICE,
    "multipicklist": PropertyKind.CHOICES,
}


def encode(kind: PropertyKind | None, value: Value) -> Any:
    """The JSON that Salesforce takes for this value; null clears, but a checkbox knows no null: it is unticked."""
    if kind is PropertyKind.BOOLEAN:
        return canonical(value) == "true"
    if value is None or value in ("", ()):
        return None
    if isinstance(value, tuple):
        return ";".join(value)
    if kind is PropertyKind.NUMBER:
        return _number(value)
    written = str(canonical(value))
    if kind is PropertyKind.DATE_TIME and _is_civil(written):
        return f"{written}{_MIDNIGHT}Z"
    if kind is None and isinstance(value, bool | int | float):
        return value
    return written


def decode(kind: PropertyKind | None, raw: Any) -> SentValue:
    """What Salesforce shows, written as `canonical` writes it."""
    if raw is None or raw == "":
        return CLEARED
    match kind:
        case PropertyKind.BOOLEAN:
            return canonical(bool(raw))
        case PropertyKind.NUMBER:
            return plain_number(raw)
        case PropertyKind.CHOICES:
            return members(raw)
        case PropertyKind.DATE_TIME:
            day, midnight, _ = str(raw).partition(_MIDNIGHT)
            return day if midnight else str(raw)
        case _:
            return canonical(raw) if isinstance(raw, bool) else str(raw)


def property_of(shape: Mapping[str, Any]) -> CrmProperty:
    """One entry of a description's `fields`; whatever is missing there has its usual value."""
    kind = _KINDS.get(str(shape.get("type")), PropertyKind.OTHER)
    length = int(shape.get("length") or 0)
    calculated = bool(shape.get("calculated")) or bool(shape.get("autoNumber"))
    return CrmProperty(
        name=str(shape["name"]),
        label=str(shape.get("label") or ""),
        kind=kind,
        options=tuple(
            str(each["value"])
            for each in shape.get("picklistValues") or ()
            if each.get("active", True) and each.get("value")
        ),
        restricted=bool(shape.get("restrictedPicklist")),
        max_length=length if kind is PropertyKind.TEXT and length else None,
        writable=bool(shape.get("updateable")),
        calculated=calculated,
        archived=bool(shape.get("deprecatedAndHidden")),
        # What an upsert takes as a key; a lookup by anything else may find many.
        unique=bool(shape.get("externalId")) or bool(shape.get("idLookup")),
    )


def _number(value: Value) -> Any:
    """A JSON number; what is none goes as it is, for Salesforce to refuse in its own words."""
    if isinstance(value, int | float):
        return value
    text = plain_number(value)
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def _is_civil(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
