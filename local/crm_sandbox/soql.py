"""As much SOQL as lookups need: SELECT fields FROM object WHERE field = value, or IN (…), AND, OR, LIMIT."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local.crm_sandbox.salesforce_rules import field, find_id, refuse, value_of
from local.crm_sandbox.store import Record, Store

_TOKEN = re.compile(r"\s*('(?:[^'\\]|\\.)*'|[A-Za-z_][\w.]*|-?\d+(?:\.\d+)?|!=|<=|>=|[(),=<>])")
_QUERY = re.compile(
    r"^\s*SELECT\s+(?P<fields>.+?)\s+FROM\s+(?P<object>\w+)(?:\s+WHERE\s+(?P<where>.+?))?"
    r"(?:\s+ORDER\s+BY\s+\w+)?(?:\s+LIMIT\s+(?P<limit>\d+))?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'", '"': '"', "b": "\b", "f": "\f"}
Condition = Callable[[Record], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The records of a query, as they go out."""

    records: list[dict[str, Any]]


def run(store: Store, text: str, version: str) -> Found:
    """`MALFORMED_QUERY` and `INVALID_FIELD` as Salesforce has them."""
    query = _QUERY.match(text)
    if query is None:
        raise _malformed(text)
    name = next((each for each in ("Contact", "Account") if each.lower() == query["object"].lower()), "")
    if not name:
        raise refuse(400, "INVALID_TYPE", f"sObject type '{query['object']}' is not supported.")
    names = [field(store, name, each.strip())[0] for each in query["fields"].split(",")]
    where = _Where(store, name, query["where"]) if query["where"] else None
    records = [
        record
        for record in (where.candidates if where else store.records("salesforce", name).values())
        if not record["deleted"] and (where is None or where.condition(record))
    ]
    limit = int(query["limit"]) if query["limit"] else len(records)
    return Found(records=[shown(record, name, names, version) for record in records[:limit]])


def shown(record: Record, name: str, fields: list[str], version: str) -> dict[str, Any]:
    """A record as Salesforce shows it."""
    url = f"/services/data/{version}/sobjects/{name}/{record['id']}"
    values: Mapping[str, Any] = {key: value_of(record, key) for key in fields}
    return {"attributes": {"type": name, "url": url}, **values}


class _Where:
    """Reads the condition; AND binds as OR does, from left to right: parentheses are for IN only."""

    def __init__(self, store: Store, name: str, text: str) -> None:
        self._store = store
        self._name = name
        self._text = text
        self._tokens = self._split(text)
        self.candidates: Iterable[Record] = store.records("salesforce", name).values()
        """All records, or those that the index has for the one text field that decides alone."""
        self.condition = self._all()

    def _split(self, text: str) -> list[str]:
        tokens, place = [], 0
        while place < len(text.rstrip()):
            token = _TOKEN.match(text, place)
            if token is None:
                raise _malformed(text)
            tokens.append(token[1])
            place = token.end()
        return tokens

    def _all(self) -> Condition:
        condition = self._one()
        if self._tokens:
            self.candidates = self._store.records("salesforce", self._name).values()
        while self._tokens:
            word = self._next().upper()
            if word not in {"AND", "OR"}:
                raise _malformed(self._text)
            condition = _joined(word, condition, self._one())
        return condition

    def _one(self) -> Condition:
        key, shape = field(self._store, self._name, self._next())
        operator = self._next().upper()
        if operator == "IN":
            values = self._list()
        elif operator == "=":
            values = [self._value()]
        else:
            raise _malformed(self._text)
        if any(isinstance(value, str) == (shape["type"] in {"double", "int", "boolean"}) for value in values):
            raise refuse(
                400, "INVALID_FIELD", f"value of filter criterion for field '{key}' must be of another type"
            )
        if key == "Id":
            ids = {found["id"] for value in values if (found := find_id(self._store, self._name, str(value)))}
            return lambda record: record["id"] in ids
        wanted = {_folded(value) for value in values}
        if shape["updateable"] and all(isinstance(value, str) for value in values):
            self.candidates = self._having(key, values)
        return lambda record: _folded(value_of(record, key)) in wanted

    def _having(self, key: str, values: list[Any]) -> list[Record]:
        found = [
            each for value in values for each in self._store.having("salesforce", self._name, key, value)
        ]
        return list({record["id"]: record for record in found}.values())

    def _list(self) -> list[Any]:
        if self._next() != "(":
            raise _malformed(self._text)
        values = [self._value()]
        while (following := self._next()) == ",":
            values.append(self._value())
        if following != ")":
            raise _malformed(self._text)
        return values

    def _value(self) -> Any:
        token = self._next()
        if token.startswith("'"):
            return re.sub(
                r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), token[1:-1], flags=re.DOTALL
            )
        if token.lower() in {"true", "false", "null"}:
            return {"true": True, "false": False, "null": None}[token.lower()]
        try:
            return float(token)
        except ValueError:
            raise _malformed(self._text) from None

    def _next(self) -> str:
        if not self._tokens:
            raise _malformed(self._text)
        return self._tokens.pop(0)


def _joined(word: str, left: Condition, right: Condition) -> Condition:
    if word == "AND":
        return lambda record: left(record) and right(record)
    return lambda record: left(record) or right(record)


def _folded(value: object) -> object:
    if isinstance(value, str):
        return value.lower()
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _malformed(text: str) -> Exception:
    return refuse(400, "MALFORMED_QUERY", f"unexpected token near: {text[:60]}")
