"""The service as it stands in one run: table, queues, stream, bus and CRM, and functions that AWS starts and ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from functions.award import app as award
from functions.completion_stream import app as completion_stream
from functions.crm_sync import app as crm_sync
from functions.expiry import app as expiry
from functions.lms_webhook import app as lms_webhook

from certification.adapters.completion_ids import CompletionIds
from certification.bootstrap import App
from certification.config import Config
from certification.http.application import respond
from certification.http.routes import route_table
from certification.services.crm_drain import CrmDrain, Surroundings
from fake_crm import Administrator, FakeGateways, InMemorySecrets
from fakes import AtOnce
from simulation import faults, webhooks
from simulation.clock import SimulatedClock
from simulation.crm import SimulatedCrm
from simulation.faults import Rates
from simulation.queues import Message, SimulatedBus, SimulatedQueue
from simulation.scheduler import Scheduler, Task
from simulation.stream import SimulatedStream
from simulation.table import SimulatedTable

MOST_RUNNING = 6
MOST_STEPS = 60_000
MOST_ATTEMPTS = 30
TOO_MANY = 429
TICK_SECONDS = 0.02


class StuckError(Exception):
    """The service does not come to rest."""


@dataclass(slots=True)
class Context:
    """Lambda's context; now and then time runs short after a few looks at it."""

    looks: int

    def get_remaining_time_in_millis(self) -> int:
        self.looks -= 1
        return 60_000 if self.looks > 0 else 10_000


@dataclass(slots=True)
class Call:
    """A request to the API by a caller who tries again until an answer comes; `status` 0: none came."""

    method: str
    path: str
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    attempts: int = 0
    tasks: list[str] = field(default_factory=list)
    status: int = 0
    answer: Any = None


class World:
    def __init__(self, random: Random, rates: Rates) -> None:
        self.random = random
        self.clock = SimulatedClock()
        self.scheduler = Scheduler(random, rates, self._tick)
        self.scheduler.told = lambda: self.clock.now().strftime("%m-%d %H:%M:%S.%f")[:-3]
        self.table = SimulatedTable(self.scheduler, self.clock)
        self.stream = SimulatedStream(self.scheduler, self.table)
        self.bus = SimulatedBus(self.scheduler)
        self.crm = SimulatedCrm(self.scheduler)
        self.course_completions = self._queue("course-completions", batch=10, visibility=190)
        self.evaluations = self._queue("evaluations", batch=1, visibility=180)
        self.transitions = self._queue("transitions", batch=1, visibility=360)
        self.bell = self._queue("hubspot-doorbell", batch=10, visibility=360, most_receives=10, fifo=True)
        self.other_bell = self._queue("salesforce-doorbell", batch=10, visibility=360, fifo=True)
        self.surprises: list[str] = []
        self.began: dict[str, int] = {"setup": 0}
        self.intake = webhooks.SimulatedIntake(self.scheduler)
        self._secrets = InMemorySecrets()
        self._source_secrets = webhooks.keeper()
        self._routes = route_table()
        self._idle: dict[str, list[App]] = {}
        self._invocations = 0

    def _tick(self) -> None:
        self.clock.advance(TICK_SECONDS * self.random.random())

    def _queue(self, name: str, *, batch: int, visibility: float, **more: Any) -> SimulatedQueue:
        more = {"most_receives": 5, **more}
        return SimulatedQueue(name, self.scheduler, self.clock, batch=batch, visibility=visibility, **more)

    @property
    def queues(self) -> tuple[SimulatedQueue, ...]:
        return (self.course_completions, self.evaluations, self.transitions, self.bell)

    # ---- environments: each serves one invocation at a time, and is gone with its process

    def application(self) -> App:
        app = App(
            Config(
                table_name="t",
                crm="hubspot",
                public_url="https://certs.example",
                evaluation_queue_url="https://sqs.example/evaluations",
            ),
            table=self.table,
            clock=self.clock,
            course_completion_queue=self.course_completions,
            evaluation_queue=self.evaluations,
            transition_queue=self.transitions,
            doorbells={"hubspot": self.bell, "salesforce": self.other_bell},
            event_bus=self.bus,
            crm_secrets=self._secrets,
            completion_ids=CompletionIds(self._secrets),
            authenticator=Administrator(),
            source_secrets=self._source_secrets,
            intake=self.intake,
            gateways=FakeGateways(self.crm),
            threads=AtOnce(),
        )
        around = Surroundings(
            pusher=lambda _: self.crm,
            public_id=app.completion_ids.id_of,
            public_url=app.config.public_url,
            zone=ZoneInfo(app.config.time_zone),
            sleep=self.clock.advance,
        )
        app.__dict__["webhook_receiver"] = webhooks.receiver(app, self.clock)
        app.__dict__["crm_drain"] = CrmDrain(app, "hubspot", around)
        return app

    def invoke(self, function: str, act: Callable[[App], Any], ended: Callable[[Task], None]) -> Task:
        idle = self._idle.setdefault(function, [])
        app = idle.pop() if idle else self.application()
        self._invocations += 1

        def over(task: Task) -> None:
            if not task.crashed:
                idle.append(app)
            elif not task.doomed:
                raise AssertionError("a task died without being told to")
            if task.error is not None and not task.hurt:
                self.surprised(task, repr(task.error))
            ended(task)

        name = f"{function}-{self._invocations}"
        self.began[name] = len(self.table.changes)
        return self.scheduler.start(name, lambda: act(app), over)

    def surprised(self, task: Task, what: str) -> None:
        self.surprises.append(f"{task.name}: {what}")
        self.scheduler.tell(f"{task.name}: {what}")

    def context(self) -> Context:
        short = self.random.random() < self.scheduler.rates.short_time
        return Context(looks=self.random.randint(1, 4) if short else 10**9)

    # ---- what starts functions

    def call(self, call: Call) -> None:
        """Ask from outside: the API, or where the path is its own the webhook's function."""
        call.attempts, call.status = call.attempts + 1, 0
        self.scheduler.tell(f"asks {call.method} {call.path} {json.dumps(call.body, default=str)}")
        function, act = "api", self.respond
        if call.path == webhooks.PATH:
            function, act = "lms_webhook", self.receive
        task = self.invoke(function, lambda app: act(app, call), lambda task: self._answered(task, call))
        call.tasks.append(task.name)

    def respond(self, app: App, call: Call) -> dict[str, Any]:
        event = {
            "rawPath": call.path,
            "rawQueryString": "",
            "headers": {"host": "api.example", "content-type": "application/json", **call.headers},
            "requestContext": {"http": {"method": call.method}, "requestId": "r-1", "stage": "$default"},
            "body": json.dumps(call.body) if call.body is not None else None,
            "isBase64Encoded": False,
        }
        return respond(app, self._routes, event)

    def receive(self, app: App, call: Call) -> dict[str, Any]:
        response = lms_webhook.take(webhooks.event_of(call.body, self.clock.now()), app)
        return {"statusCode": response.status, "body": json.dumps(response.body)}

    def _answered(self, task: Task, call: Call) -> None:
        """After a crash or an error of the server the same request comes again; a few give up."""
        if task.result is not None:
            call.status = task.result["statusCode"]
            text = task.result["body"]
            call.answer = json.loads(text) if text else None
            self.scheduler.tell(f"{task.name}: answers {call.status} {str(text)[:300]}")
        if call.status == 500 and not task.hurt:
            self.surprised(task, f"500 for {call.method} {call.path}")
        if (
            task.crashed or task.error is not None or call.status >= TOO_MANY
        ) and call.attempts < MOST_ATTEMPTS:
            self.call(call)

    def sweep(self, attempts: int = 3, *, days: int = 0) -> None:
        """As of so many days from now; the scheduler tries a few times."""
        event = {"time": (self.clock.now() + timedelta(days=days)).isoformat().replace("+00:00", "Z")}

        def ended(task: Task) -> None:
            if (task.crashed or task.error is not None) and attempts > 1:
                self.sweep(attempts - 1, days=days)

        self.invoke("expiry", lambda app: expiry.take(event, self.context(), app), ended)

    def _starts(self) -> list[Callable[[], None]]:
        if len(self.scheduler.running) >= MOST_RUNNING:
            return []
        starts: list[Callable[[], None]] = [
            lambda q=queue: self._work(q)  # type: ignore[misc]
            for queue in self.queues
            if queue.waiting and queue.visible()
        ]
        starts += [lambda s=shard: self._follow(s) for shard in self.stream.ready()]  # type: ignore[misc]
        return starts

    def _work(self, queue: SimulatedQueue) -> None:
        batch = queue.receive()
        event, context = queue.event(batch), self.context()
        acts: dict[str, tuple[str, Callable[[App], Any]]] = {
            "course-completions": ("award", lambda app: award.take(event, context, app)),
            "evaluations": ("award", lambda app: award.take(event, context, app)),
            "transitions": ("expiry", lambda app: expiry.take(event, context, app)),
            "hubspot-doorbell": ("hubspot", lambda app: crm_sync.take(event, None, app)),
        }
        function, act = acts[queue.name]
        task = self.invoke(function, act, lambda task: self._worked(task, queue, batch))
        bodies = " ".join(message.body for message in batch)
        self.scheduler.tell(f"{task.name}: takes {queue.name} {bodies}")

    def _worked(self, task: Task, queue: SimulatedQueue, batch: list[Message]) -> None:
        if task.crashed or task.error is not None:
            queue.done(batch, [message.message_id for message in batch])
            return
        failures = (task.result or {}).get("batchItemFailures", [])
        failed = [failure["itemIdentifier"] for failure in failures]
        if failed and not task.hurt:
            self.surprised(task, f"gave back {failed}")
        queue.done(batch, failed)

    def _follow(self, shard: int) -> None:
        batch = self.stream.take(shard)
        event = self.stream.event(batch)

        def ended(task: Task) -> None:
            if task.crashed or task.error is not None:
                self.stream.failed(shard)
                return
            failures = task.result["batchItemFailures"]
            self.stream.done(shard, batch, failures[0]["itemIdentifier"] if failures else None)

        self.invoke("stream", lambda app: completion_stream.take(event, app), ended)

    # ---- time

    def step(self) -> bool:
        """One thing happens: a task goes on, or a function is started. False: there is nothing to do now."""
        awake = [t for t in self.scheduler.running if t.stalled_until <= self.scheduler.effects]
        choices: list[Callable[[], None]] = [
            lambda t=task: self.scheduler.resume(t)  # type: ignore[misc]
            for task in awake
        ]
        choices += self._starts()
        if not choices and self.scheduler.running:
            choices = [lambda: self.scheduler.resume(self.scheduler.running[0])]
        if not choices:
            return False
        self.random.choice(choices)()
        return True

    def go_on(self, steps: int) -> None:
        for _ in range(steps):
            if not self.step() and not self._wait(most=60):
                return

    def _wait(self, most: float) -> bool:
        """To the next message, if that is near."""
        ahead = [at for queue in self.queues if (at := queue.next_at()) is not None]
        if not ahead or min(ahead) - self.clock.seconds > most:
            return False
        self.clock.advance(max(0.001, min(ahead) - self.clock.seconds))
        return True

    def finish(self) -> None:
        """What runs, ends: no Lambda lives for a day. Some die of it."""
        while self.scheduler.running:
            task = self.random.choice(self.scheduler.running)
            if self.scheduler.rates.crash and self.random.random() < 0.02:
                self.scheduler.kill(task)
            else:
                self.scheduler.resume(task)

    def drain(self) -> None:
        """Until nothing runs, lies on a queue, or is left in the stream."""
        for _ in range(MOST_STEPS):
            if not self.step() and not self._wait(most=10**9):
                return
        raise StuckError(f"still busy after {MOST_STEPS} steps")

    def calm(self) -> None:
        """No faults from here on."""
        self.scheduler.rates = faults.none(self.scheduler.rates)
        self.crm.trouble = "none"

    def ring(self) -> None:
        """The schedule rings every few minutes."""
        self.bell.put(json.dumps({"kind": "bell", "token": str(self.random.random())}))
