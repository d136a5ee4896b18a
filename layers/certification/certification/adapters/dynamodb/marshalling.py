"""Plain Python values to DynamoDB's attribute values and back: numbers are int or float, never Decimal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from certification.adapters.dynamodb.table import Item

_SMALLEST = 1e-128  # what is nearer to nothing DynamoDB refuses as underflow
AttributeValue = dict[str, Any]


def marshal(item: Mapping[str, Any]) -> dict[str, AttributeValue]:
    return {name: to_attribute(value) for name, value in item.items()}


def unmarshal(attributes: Mapping[str, AttributeValue]) -> Item:
    return {name: from_attribute(value) for name, value in attributes.items()}


def to_attribute(value: Any) -> AttributeValue:
    """`TypeError` for what the table does not keep."""
    if isinstance(value, str):
        return {"S": value}
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, (int, float)):
        return {"N": repr(value if abs(value) >= _SMALLEST else 0)}
    if isinstance(value, Mapping):
        return {"M": marshal(value)}
    if isinstance(value, (list, tuple)):
        return {"L": [to_attribute(element) for element in value]}
    raise TypeError(f"the table keeps no {type(value).__name__}")


def from_attribute(attribute: AttributeValue) -> Any:
    [(kind, value)] = attribute.items()
    match kind:
        case "S" | "BOOL":
            return value
        case "N":
            return _number(value)
        case "M":
            return unmarshal(value)
        case "L":
            return [from_attribute(element) for element in value]
        case "NULL":
            return None
        case _:
            raise TypeError(f"the table keeps no attribute of type {kind}")


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)
