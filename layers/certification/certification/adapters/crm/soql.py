"""Salesforce's query language, as far as a look-up needs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

from certification.adapters.crm.values import plain_number
from certification.domain.crm_property import PropertyKind

LONGEST_QUERY = 12_000
"""Of a query as it stands in the URL; Salesforce takes 16,384 bytes of URL and headers."""
_ESCAPES = str.maketrans(
    {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
)


def literal(value: str, kind: PropertyKind | None = None) -> str:
    """A value as it is compared with; nothing in it can end the quotation. Numbers stand bare."""
    if kind is PropertyKind.NUMBER:
        number = plain_number(value)
        if number.lstrip("-").replace(".", "", 1).isdigit() and number.isascii():
            return number
    return f"'{value.translate(_ESCAPES)}'"


def select(fields: Sequence[str], object_type: str, by: str, literals: Sequence[str]) -> str:
    wanted = ", ".join(dict.fromkeys(fields))
    return f"SELECT {wanted} FROM {object_type} WHERE {by} IN ({', '.join(literals)})"  # noqa: S608 - literals


def queries(fields: Sequence[str], object_type: str, by: str, literals: Iterable[str]) -> Iterator[str]:
    """One query for all, or as few as their length allows."""
    some: list[str] = []
    empty = room = LONGEST_QUERY - len(quote(select(fields, object_type, by, [])))
    for each in literals:
        needed = len(quote(f"{each}, "))
        if some and needed > room:
            yield select(fields, object_type, by, some)
            some, room = [], empty
        some.append(each)
        room -= needed
    if some:
        yield select(fields, object_type, by, some)
