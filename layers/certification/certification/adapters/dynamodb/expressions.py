"""Typed writes as DynamoDB's expressions, and as PartiQL statements for batches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from certification.adapters.dynamodb.marshalling import AttributeValue, marshal, to_attribute
from certification.adapters.dynamodb.table import (
    Absent,
    All,
    AnyOf,
    AttributeAbsent,
    Condition,
    Equals,
    Exists,
    Key,
    NotEquals,
    Put,
    Update,
)

Request = dict[str, Any]


@dataclass(slots=True)
class _Names:
    """Placeholders, so that no attribute name can meet a reserved word."""

    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, AttributeValue] = field(default_factory=dict)

    def name(self, attribute: str) -> str:
        for placeholder, known in self.names.items():
            if known == attribute:
                return placeholder
        placeholder = f"#n{len(self.names)}"
        self.names[placeholder] = attribute
        return placeholder

    def value(self, value: Any) -> str:
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = to_attribute(value)
        return placeholder

    def request(self) -> Request:
        request: Request = {}
        if self.names:
            request["ExpressionAttributeNames"] = self.names
        if self.values:
            request["ExpressionAttributeValues"] = self.values
        return request


def put_request(put: Put) -> Request:
    names = _Names()
    request: Request = {"Item": marshal(put.item)}
    if put.condition is not None:
        request["ConditionExpression"] = _condition(put.condition, names)
    return request | names.request()


def keyed_request(key: Key, condition: Condition | None) -> Request:
    """What a delete, or a check, asks for."""
    names = _Names()
    request: Request = {"Key": marshal(key._asdict())}
    if condition is not None:
        request["ConditionExpression"] = _condition(condition, names)
    return request | names.request()


def update_request(update: Update) -> Request:
    names = _Names()
    sets = [f"{names.name(attribute)} = {names.value(value)}" for attribute, value in update.set.items()]
    for attribute, elements in update.append.items():
        name = names.name(attribute)
        sets.append(
            f"{name} = list_append(if_not_exists({name}, {names.value([])}), {names.value(list(elements))})"
        )
    adds = [f"{names.name(attribute)} {names.value(number)}" for attribute, number in update.add.items()]
    removes = [names.name(attribute) for attribute in update.remove]
    clauses = [("SET", sets), ("ADD", adds), ("REMOVE", removes)]
    request: Request = {
        "Key": marshal(update.key._asdict()),
        "UpdateExpression": " ".join(f"{word} {', '.join(parts)}" for word, parts in clauses if parts),
    }
    if update.condition is not None:
        request["ConditionExpression"] = _condition(update.condition, names)
    return request | names.request()


def key_condition(
    pk_name: str,
    sk_name: str,
    pk: str,
    *,
    prefix: str | None,
    between: tuple[str, str] | None,
    below: str | None,
) -> Request:
    names = _Names()
    parts = [f"{names.name(pk_name)} = {names.value(pk)}"]
    if prefix is not None:
        parts.append(f"begins_with({names.name(sk_name)}, {names.value(prefix)})")
    if between is not None:
        low, high = between
        parts.append(f"{names.name(sk_name)} BETWEEN {names.value(low)} AND {names.value(high)}")
    if below is not None:
        parts.append(f"{names.name(sk_name)} < {names.value(below)}")
    return {"KeyConditionExpression": " AND ".join(parts)} | names.request()


def _condition(condition: Condition, names: _Names) -> str:
    match condition:
        case Absent():
            return f"attribute_not_exists({names.name('pk')})"
        case Exists():
            return f"attribute_exists({names.name('pk')})"
        case Equals(attribute=attribute, value=value):
            return f"{names.name(attribute)} = {names.value(value)}"
        case NotEquals(attribute=attribute, value=value):
            return f"{names.name(attribute)} <> {names.value(value)}"
        case AttributeAbsent(attribute=attribute):
            return f"attribute_not_exists({names.name(attribute)})"
        case All(conditions=conditions):
            return "(" + " AND ".join(_condition(part, names) for part in conditions) + ")"
        case AnyOf(conditions=conditions):
            return "(" + " OR ".join(_condition(part, names) for part in conditions) + ")"


def insert_statement(table: str, put: Put) -> Request:
    """`INSERT` is a put if absent: the only condition a batched put may have."""
    if not isinstance(put.condition, Absent):
        raise TypeError("a batched put needs the condition Absent")
    attributes = ", ".join(f"'{name}': ?" for name in put.item)
    return {
        "Statement": f'INSERT INTO "{table}" VALUE {{{attributes}}}',
        "Parameters": [to_attribute(value) for value in put.item.values()],
    }


def update_statement(table: str, update: Update) -> Request:
    """`UPDATE … WHERE`: made only where the item is there and every equality holds."""
    if update.append:
        raise TypeError("a batched update cannot append")
    clauses = [f'SET "{attribute}" = ?' for attribute in update.set]
    clauses += [f'SET "{attribute}" = "{attribute}" + ?' for attribute in update.add]
    clauses += [f'REMOVE "{attribute}"' for attribute in update.remove]
    equalities = _equalities(update.condition)
    where = " AND ".join(['"pk" = ?', '"sk" = ?', *(f'"{attribute}" = ?' for attribute, _ in equalities)])
    values = [*update.set.values(), *update.add.values(), *update.key, *(value for _, value in equalities)]
    return {
        "Statement": f'UPDATE "{table}" {" ".join(clauses)} WHERE {where}',
        "Parameters": [to_attribute(value) for value in values],
    }


def _equalities(condition: Condition | None) -> list[tuple[str, Any]]:
    match condition:
        case Equals(attribute=attribute, value=value):
            return [(attribute, value)]
        case All(conditions=conditions):
            return [equality for part in conditions for equality in _equalities(part)]
        case Exists():
            return []
        case _:
            raise TypeError("a batched update takes equalities only, or Exists")
