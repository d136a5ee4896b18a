"""Faults below HTTP's meaning: silence, half an answer, a byte at a time. The same for every CRM."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from local.crm_sandbox.faults import Fault, Kind

if TYPE_CHECKING:
    from threading import Event


class Wire(Protocol):
    """Where an answer is written to."""

    def write(self, data: bytes, /) -> object: ...
    def flush(self) -> object: ...


def before(fault: Fault | None, stopping: Event) -> bool:
    """Whether the call ends here, without effect."""
    if fault is not None and fault.delay:
        stopping.wait(fault.delay)
    if fault is None or fault.applied or fault.kind not in {Kind.TIMEOUT, Kind.CLOSE, Kind.DRIP}:
        return False
    if fault.kind is Kind.TIMEOUT:
        stopping.wait(fault.seconds)
    return True


def send(wire: Wire, head: bytes, body: bytes, fault: Fault | None, stopping: Event) -> bool:
    """Write the answer as the fault wants it; whether the connection is still of use."""
    match fault.kind if fault else None:
        case Kind.TIMEOUT:
            stopping.wait(fault.seconds if fault else 0)
            return False
        case Kind.CLOSE:
            wire.write(head + body[: len(body) // 2])
            wire.flush()
            return False
        case Kind.DRIP:
            _drip(wire, head, body, fault.seconds if fault else 0, stopping)
            return False
        case _:
            wire.write(head + body)
            wire.flush()
            return True


def _drip(wire: Wire, head: bytes, body: bytes, seconds: float, stopping: Event) -> None:
    wire.write(head)
    for byte in body:
        wire.write(bytes([byte]))
        wire.flush()
        if stopping.is_set():
            return
        time.sleep(seconds)
