"""SQS: everything handed over is on the queue when `send` returns, or it raises."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

LARGEST_BATCH = 10
AT_ONCE = 8  # batches side by side: a webhook of a megabyte may hold thousands of completions
LARGEST_BATCH_BYTES = 250_000  # SQS takes a mebibyte by now; the older limit holds everywhere
Body = Mapping[str, Any]


class QueueRefusedError(Exception):
    """SQS did not take some of the messages, also when asked again."""


class SqsQueue:
    """Implements the port `Queue`. `group`: the message group of a FIFO queue, where a body stands for itself."""

    def __init__(self, client: Any, url: str, *, group: str = "") -> None:
        self._client = client
        self._url = url
        self._group = group

    def send(self, bodies: Sequence[Body], *, delay_seconds: int = 0) -> None:
        texts = (json.dumps(body, separators=(",", ":"), default=str) for body in bodies)
        batches = list(_batches(texts))
        if len(batches) > 1 and not self._group:
            self._send_side_by_side(batches, delay_seconds)
            return
        for batch in batches:
            self._send_batch(batch, delay_seconds)

    def _send_side_by_side(self, batches: list[list[str]], delay_seconds: int) -> None:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(min(AT_ONCE, len(batches))) as senders:
            sent = [senders.submit(self._send_batch, batch, delay_seconds) for batch in batches]
        for one in sent:
            one.result()

    def _send_batch(self, batch: list[str], delay_seconds: int) -> None:
        entries = [self._entry(index, body, delay_seconds) for index, body in enumerate(batch)]
        for _ in range(3):
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            refused = {failure["Id"] for failure in answer.get("Failed", ())}
            if not refused:
                return
            entries = [entry for entry in entries if entry["Id"] in refused]
        raise QueueRefusedError(f"the queue refused {len(entries)} messages")

    def _entry(self, index: int, body: str, delay_seconds: int) -> dict[str, Any]:
        entry: dict[str, Any] = {"Id": str(index), "MessageBody": body}
        if self._group:
            # A FIFO queue takes no delay for single messages.
            entry["MessageGroupId"] = self._group
        elif delay_seconds:
            entry["DelaySeconds"] = delay_seconds
        return entry


def _batches(bodies: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for body in bodies:
        length = len(body.encode())
        if batch and (len(batch) == LARGEST_BATCH or size + length > LARGEST_BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(body)
        size += length
    if batch:
        yield batch
