"""Misbehaviour on command: what goes wrong, for whom, where and how often."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a CRM may do to its callers. The CRM decides how each looks on its wire."""

    THROTTLE = "throttle"
    ERROR = "error"
    TIMEOUT = "timeout"
    CLOSE = "close"
    DRIP = "drip"
    CONFLICT = "conflict"
    EXPIRED_TOKEN = "expired_token"  # noqa: S105 - the name of a fault
    FORBIDDEN = "forbidden"
    LOCK = "lock"
    REFUSE = "refuse"
    PARTIAL = "partial"
    GARBAGE = "garbage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`count` times, or (None) until it is cleared; only where the path contains `path`.

    `delay`: seconds before anything else happens. `retry_after`: text of the header, for `throttle`. `status`: another
    one for `error`. `seconds`: how long a `timeout` is silent, or a `drip` takes for each byte. `applied`: whether
    `timeout`, `close` and `drip` strike after the request took effect. `value`: `conflict`, `lock`, `refuse` and
    `partial` concern only records with this id or value. HubSpot's `refuse` is of the whole batch, `partial` of the
    record, in a 207; Salesforce knows only records.
    """

    crm: str
    kind: Kind
    count: int | None = None
    path: str = ""
    retry_after: str = ""
    status: int = 500
    seconds: float = 30.0
    delay: float = 0.0
    applied: bool = True
    value: str = ""

    def concerns(self, key: str) -> bool:
        return not self.value or self.value == key


class Faults:
    """Those in force. Safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, shape: Mapping[str, Any]) -> Fault:
        """`ValueError` or `TypeError` where the shape is wrong."""
        fault = Fault(**{**shape, "kind": Kind(shape["kind"])})
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self, crm: str = "") -> None:
        with self._lock:
            self._faults = [fault for fault in self._faults if crm and fault.crm != crm]

    def list(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def strike(self, crm: str, path: str) -> Fault | None:
        """The first fault that concerns this call; it is counted."""
        with self._lock:
            for place, fault in enumerate(self._faults):
                if fault.crm != crm or fault.path not in path:
                    continue
                if fault.count is not None:
                    left = replace(fault, count=fault.count - 1)
                    self._faults[place : place + 1] = [left] if left.count else []
                return fault
        return None
