"""Values on their way to and from a CRM, as far as both CRMs agree."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from certification.domain.connection import StoredMapping
from certification.domain.crm_property import PropertyKind
from certification.domain.projection import Value
from certification.domain.push_plan import CLEARED, canonical
from certification.domain.sync import SentValue

Encode = Callable[[PropertyKind | None, Value], Any]
Decode = Callable[[PropertyKind | None, Any], SentValue]


def kind_of(stored: StoredMapping, target: str) -> PropertyKind | None:
    """As the CRM described it when the mapping was accepted."""
    kind = stored.kinds.get(target)
    return PropertyKind(kind) if kind else None


def shown_as(
    stored: StoredMapping, raw: dict[str, Any], encode: Encode, decode: Decode
) -> dict[str, SentValue]:
    """The mapped properties as `canonical` writes them. What equals a fixed value is shown as that value."""
    shown: dict[str, SentValue] = {}
    for one in stored.mapping.fields:
        kind = kind_of(stored, one.target)
        value = decode(kind, raw.get(one.target))
        if one.source is None and decode(kind, encode(kind, one.value)) == value:
            value = canonical(one.value)
        shown[one.target] = value
    return shown


def plain_number(raw: object) -> str:
    """Without exponent or empty decimals: `5.0` is `5`. What is no number stays as it is."""
    try:
        number = Decimal(str(raw))
    except InvalidOperation:
        return str(raw)
    if not number.is_finite():
        return str(raw)
    whole = number.to_integral_value()
    return format(whole if number == whole else number.normalize(), "f")


def members(raw: object) -> SentValue:
    """A multiple choice, in order."""
    return tuple(sorted(each for each in str(raw).split(";") if each)) or CLEARED
