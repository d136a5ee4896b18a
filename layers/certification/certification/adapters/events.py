"""EventBridge: events out, at least once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from certification.domain.ports import Event

SOURCE = "partner-certification"
LARGEST_BATCH = 10
LARGEST_BATCH_BYTES = 240_000  # PutEvents takes 256 KB for all entries of a call
ATTEMPTS = 3


class EventsRefusedError(Exception):
    """The bus did not take some of the events, also when asked again. Publishing all of them anew is harmless."""


class EventBridgeBus:
    """Implements the port `EventBus`."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def publish(self, events: Sequence[Event]) -> None:
        for batch in _batches([self._entry(event) for event in events]):
            self._put(batch)

    def _put(self, entries: list[dict[str, Any]]) -> None:
        left = entries
        for _ in range(ATTEMPTS):
            answer = self._client.put_events(Entries=left)
            if not answer.get("FailedEntryCount"):
                return
            left = [e for e, result in zip(left, answer["Entries"], strict=True) if "ErrorCode" in result]
        raise EventsRefusedError(f"the bus refused {len(left)} events")

    def _entry(self, event: Event) -> dict[str, Any]:
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": event.type,
            "Time": event.occurred_at,
            "Detail": json.dumps(event.detail, separators=(",", ":")),
        }


def _batches(entries: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    size = 0
    for entry in entries:
        length = len(entry["Detail"].encode()) + len(entry["DetailType"]) + len(SOURCE) + 14
        if batch and (len(batch) == LARGEST_BATCH or size + length > LARGEST_BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += length
    if batch:
        yield batch
