"""Queues as SQS has them: at least once, in any order, with visibility, delays and a dead-letter queue."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from certification.adapters.queues import QueueRefusedError
from certification.domain.ports import Event
from simulation.clock import SimulatedClock
from simulation.scheduler import Scheduler

AT_ONCE = 10
SINGLY = 0.6


@dataclass(eq=False, slots=True)
class Message:
    message_id: str
    body: str
    visible_at: float
    receives: int = 0


class SimulatedQueue:
    """Implements the port `Queue`; `receive`, `done` and `back` are what Lambda's poller does."""

    def __init__(
        self,
        name: str,
        scheduler: Scheduler,
        clock: SimulatedClock,
        *,
        batch: int,
        visibility: float,
        most_receives: int,
        fifo: bool = False,
    ) -> None:
        self.name = name
        self.batch = batch
        self.fifo = fifo
        self.waiting: list[Message] = []
        self.dead: list[Message] = []
        self._visibility = visibility
        self._most_receives = most_receives
        self._scheduler = scheduler
        self._clock = clock
        self._sent = 0

    def send(self, bodies: Sequence[Mapping[str, Any]], *, delay_seconds: int = 0) -> None:
        texts = [json.dumps(body, default=str) for body in bodies]
        for first in range(0, len(texts), AT_ONCE):
            self._send(texts[first : first + AT_ONCE], delay_seconds)

    def _send(self, texts: Sequence[str], delay_seconds: int) -> None:
        scheduler, rates = self._scheduler, self._scheduler.rates
        scheduler.effect(f"before send {self.name}")
        lost = scheduler.hurts(rates.lost, f"answer of {self.name} lost")
        refused = not lost and scheduler.hurts(rates.refused, f"{self.name} refuses")
        taken = [text for text in texts if not refused or scheduler.chance(0.5)]
        for text in taken:
            self.put(text, delay_seconds)
        scheduler.effect(f"after send {self.name}")
        if lost or refused:
            raise QueueRefusedError("refused by the simulation")

    def put(self, text: str, delay_seconds: float = 0) -> None:
        self._sent += 1
        late = self._late()
        self.waiting.append(
            Message(f"{self.name}-{self._sent}", text, self._clock.seconds + delay_seconds + late)
        )

    def _late(self) -> float:
        if self.fifo or not self._scheduler.chance(self._scheduler.rates.late):
            return 0
        return self._scheduler.random.choice((1, 30, 600)) * self._scheduler.random.random()

    def visible(self) -> list[Message]:
        now = self._clock.seconds
        found = [message for message in self.waiting if message.visible_at <= now]
        if self.fifo and self.waiting[:1] != found[:1]:
            return []  # the group waits while its first message is in flight
        return found

    def next_at(self) -> float | None:
        ahead = self.waiting[:1] if self.fifo else self.waiting
        return min((message.visible_at for message in ahead), default=None)

    def receive(self) -> list[Message]:
        """A batch in any order; some of it may stay visible, and so be taken by another worker as well."""
        scheduler = self._scheduler
        found = self.visible()
        most = 1 if scheduler.random.random() < SINGLY else self.batch
        count = scheduler.random.randint(1, min(most, len(found)))
        batch = found[:count] if self.fifo else scheduler.random.sample(found, count)
        for message in batch:
            message.receives += 1
            twice = not self.fifo and scheduler.random.random() < scheduler.rates.duplicate
            message.visible_at = self._clock.seconds + (0 if twice else self._visibility)
        return batch

    def done(self, batch: Sequence[Message], failed: Sequence[str] = ()) -> None:
        for message in batch:
            if message.message_id not in failed and message in self.waiting:
                self.waiting.remove(message)
            elif message in self.waiting and message.receives >= self._most_receives:
                self.waiting.remove(message)
                self.dead.append(message)

    def redrive(self) -> int:
        """`make redrive`: the dead letters once more."""
        moved, self.dead = self.dead, []
        for message in moved:
            message.receives, message.visible_at = 0, self._clock.seconds
            self.waiting.append(message)
        return len(moved)

    def event(self, batch: Sequence[Message]) -> dict[str, Any]:
        arn = f"arn:aws:sqs:us-east-1:000000000000:{self.name}"
        return {
            "Records": [
                {"messageId": message.message_id, "body": message.body, "eventSourceARN": arn}
                for message in batch
            ]
        }


class SimulatedBus:
    """Implements the port `EventBus`: keeps what was published, refuses now and then."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.published: list[Event] = []
        self._scheduler = scheduler

    def publish(self, events: Sequence[Event]) -> None:
        scheduler = self._scheduler
        scheduler.effect("before publish")
        refused = scheduler.hurts(scheduler.rates.refused, "the bus refuses")
        self.published += [event for event in events if not refused or scheduler.chance(0.5)]
        scheduler.effect("after publish")
        if refused:
            raise ConnectionError("refused by the simulation")
