"""Replay kept webhooks through the present code: one that could not be read, or all of a source since a day.

What is queued again has the event ids it had, so nothing that is right changes (R12). What becomes readable leaves the
list of what an admin has to look at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from certification.domain.errors import NotFoundError
from certification.domain.intake import KeptWebhook
from certification.domain.lms_ports import Intake, Replays, Sources
from certification.domain.ports import Clock, Queue
from certification.domain.replay import Replay, ReplayState
from certification.domain.sources import Source
from certification.domain.webhooks import Providers, WebhookRequest
from certification.services.webhook_reading import ReadWebhook, read_webhook

SAVED_EVERY = 25
KIND = "replay"


class Replayer:
    """Use cases of an admin, and the job behind them (`continue_replay`, on the evaluations queue)."""

    def __init__(
        self,
        *,
        sources: Sources,
        providers: Providers,
        intake: Intake,
        replays: Replays,
        queue: Queue,
        job_queue: Queue,
        clock: Clock,
        zone: ZoneInfo,
    ) -> None:
        self._sources = sources
        self._providers = providers
        self._intake = intake
        self._replays = replays
        self._queue = queue
        self._job_queue = job_queue
        self._clock = clock
        self._zone = zone

    def replay(self, source_id: str, intake_id: str) -> ReadWebhook:
        """Run one through the present code; NotFoundError where it or its source is gone."""
        source = self._source(source_id)
        webhook = self._intake.find(source_id, intake_id)
        if webhook is None:
            raise NotFoundError("There is no such webhook; raw bodies are kept for 30 days.")
        return self._run(webhook, source)

    def start(self, source_id: str, *, since: datetime, replay_id: str, actor: str) -> Replay:
        """Begin to replay all that was kept since; the job does the rest."""
        self._source(source_id)
        replay = Replay(
            replay_id=replay_id,
            source_id=source_id,
            since=since,
            started_at=self._clock.now(),
            started_by=actor,
        )
        self._replays.save_replay(replay)
        self._job_queue.send([_message(replay)])
        return replay

    def continue_replay(self, source_id: str, replay_id: str, time_left: Callable[[], bool]) -> None:
        """Go on until the end or until the time is over; then another message does. Twice is harmless."""
        replay = self._replays.replay(source_id, replay_id)
        if replay is None or replay.state is not ReplayState.RUNNING:
            return
        try:
            source = self._source(source_id)
        except NotFoundError:
            self._save(replay.ended(ReplayState.FAILED, self._clock.now()))
            return
        unsaved = 0
        for entry in self._intake.since(source_id, replay.since, after=replay.after):
            if not time_left():
                self._job_queue.send([_message(self._save(replay))])
                return
            webhook = self._intake.find(source_id, entry.intake_id)
            contents = self._run(webhook, source).contents if webhook else {}
            replay, unsaved = replay.advanced(entry.intake_id, contents), unsaved + 1
            if unsaved == SAVED_EVERY:
                replay, unsaved = self._save(replay), 0
        self._save(replay.ended(ReplayState.COMPLETED, self._clock.now()))

    def _run(self, webhook: KeptWebhook, source: Source) -> ReadWebhook:
        """As it was received: by its own provider, at its own time, so that the same event ids come out."""
        read = read_webhook(
            self._providers.get(webhook.provider),
            WebhookRequest(headers=webhook.headers, body=webhook.body),
            source,
            now=webhook.received_at,
            zone=self._zone,
            correlation_id=webhook.correlation_id,
        )
        self._queue.send([message.to_payload() for message in read.messages])
        if read.problems != webhook.problems:
            self._intake.keep(replace(webhook, problems=read.problems))
        if not webhook.readable and not read.problems:
            self._intake.discard(webhook)
        return read

    def _source(self, source_id: str) -> Source:
        source = self._sources.source(source_id)
        if source is None:
            raise NotFoundError("There is no such source.")
        return source

    def _save(self, replay: Replay) -> Replay:
        following = replace(replay, revision=replay.revision + 1)
        self._replays.save_replay(following)
        return following


def _message(replay: Replay) -> dict[str, str]:
    return {"kind": KIND, "source_id": replay.source_id, "replay_id": replay.replay_id}
