"""Counts units: as an emulator reports them, or as the fake table charges by DynamoDB's documented rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from threading import Lock
from typing import Any, Protocol

from fakes import InMemoryTable

_WRITES = frozenset(
    {
        "put_item",
        "update_item",
        "delete_item",
        "transact_write_items",
        "batch_write_item",
        "batch_execute_statement",
    }
)


class Meter(Protocol):
    """Units and calls since the last `reset`."""

    @property
    def written(self) -> float: ...
    @property
    def read(self) -> float: ...
    @property
    def calls(self) -> Mapping[str, int]: ...
    def reset(self) -> None: ...


class AnswerMeter:
    """Sums the `ConsumedCapacity` of answers; its `record` is `ClientTable`'s hook, called from several threads."""

    def __init__(self) -> None:
        self._one_at_a_time = Lock()
        self.reset()

    def reset(self) -> None:
        self.written, self.read = 0.0, 0.0
        self.calls: Counter[str] = Counter()

    def record(self, operation: str, answer: Mapping[str, Any]) -> None:
        consumed = answer.get("ConsumedCapacity") or ()
        parts = [consumed] if isinstance(consumed, Mapping) else consumed
        units = sum(part["CapacityUnits"] for part in parts)
        with self._one_at_a_time:
            self.calls[operation] += 1
            if operation in _WRITES:  # we use statements for nothing but writes
                self.written += units
            else:
                self.read += units


class TableMeter:
    """Reads the charges off the fake table."""

    def __init__(self, table: InMemoryTable) -> None:
        self._table = table
        self.reset()

    def reset(self) -> None:
        self._written, self._read = self._table.written_units, self._table.read_units
        self._calls = dict(self._table.calls)

    @property
    def written(self) -> float:
        return self._table.written_units - self._written

    @property
    def read(self) -> float:
        return self._table.read_units - self._read

    @property
    def calls(self) -> Mapping[str, int]:
        return {name: count - self._calls.get(name, 0) for name, count in self._table.calls.items()}
