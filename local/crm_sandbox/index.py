"""Which records have a value, found without a look at all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Record = dict[str, Any]


class Index:
    """Only ever grows: whoever asks looks at the candidates again, whether they still have the value.

    A property is indexed when it is first asked for. Text compares without case, and so does each part of a
    multiple choice.
    """

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str, str], dict[object, dict[str, None]]] = {}

    def candidates(
        self, crm: str, name: str, key: str, value: object, records: Mapping[str, Record]
    ) -> list[Record]:
        """All records that have this value, in the order in which they got it, and maybe some that had it."""
        place = (crm, name, key)
        if place not in self._ids:
            self._ids[place] = {}
            for record_id, record in records.items():
                self._note(place, record_id, record["properties"].get(key))
        wanted = value.lower() if isinstance(value, str) else value
        found = self._ids[place].get(wanted, ())
        return [records[record_id] for record_id in found if record_id in records]

    def note(self, crm: str, name: str, record_id: str, values: Mapping[str, object]) -> None:
        """The record has got these values."""
        for key, value in values.items():
            if (crm, name, key) in self._ids:
                self._note((crm, name, key), record_id, value)

    def _note(self, place: tuple[str, str, str], record_id: str, value: object) -> None:
        for part in _parts(value):
            self._ids[place].setdefault(part, {})[record_id] = None


def _parts(value: object) -> Iterator[object]:
    if isinstance(value, str):
        yield value.lower()
        yield from value.lower().split(";")
    elif value is not None:
        yield value
