"""Receive a webhook: verify, parse, keep the raw body, put the completions on the queue. Nothing else (R17).

What is acknowledged is safe: on the queue what could be read, in the intake what could not. Keeping and queueing go on
side by side; the raw copy of what was queued is for replay only, so its failure costs no completion and no 5xx.
"""

from __future__ import annotations

import logging
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from certification.domain.errors import CertificationServiceError
from certification.domain.intake import KeptWebhook, new_intake_id
from certification.domain.lms_ports import Intake, Received, Sources
from certification.domain.ports import Clock, Queue
from certification.domain.webhooks import Providers, SignatureRefusedError, WebhookRequest
from certification.services.source_load import RefusalTally, SourceThrottle
from certification.services.source_settings import KnownSource, SourceSettings
from certification.services.webhook_reading import ReadWebhook, read_webhook

logger = logging.getLogger(__name__)

KEPT_HEADERS = ("content-type", "user-agent", "webhook-id", "webhook-timestamp", "x-webhook-type")


class IntakeUnavailableError(CertificationServiceError):
    """Neither queued nor kept: the LMS has to send it again (503)."""

    code = "intake-unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """`raw_kept` False: it is queued, but cannot be replayed from here."""

    received: Received
    provider: str
    raw_kept: bool = True


class WebhookReceiver:
    """One for each execution environment. `executor` runs the second of two calls to the outside."""

    def __init__(
        self,
        *,
        settings: SourceSettings,
        sources: Sources,
        providers: Providers,
        queue: Queue,
        intake: Intake,
        clock: Clock,
        zone: ZoneInfo,
        executor: Executor,
        throttle: SourceThrottle,
        refusals: RefusalTally,
    ) -> None:
        self._settings = settings
        self._sources = sources
        self._providers = providers
        self._queue = queue
        self._intake = intake
        self._clock = clock
        self._zone = zone
        self._executor = executor
        self._throttle = throttle
        self._refusals = refusals

    def receive(self, source_id: str, request: WebhookRequest, correlation_id: str) -> Receipt:
        """It is safe, or: NotFoundError, SignatureRefusedError (only counted), and for IntakeUnavailableError and
        SourceThrottledError it has to be sent again.
        """
        now = self._clock.now()
        known = self._verified(source_id, request, now)
        self._throttle.check(source_id)
        provider = self._providers.get(known.source.provider)
        read = read_webhook(
            provider, request, known.source, now=now, zone=self._zone, correlation_id=correlation_id
        )
        webhook = KeptWebhook(
            source_id=source_id,
            intake_id=new_intake_id(now),
            provider=known.source.provider,
            received_at=now,
            correlation_id=correlation_id,
            headers={name: request.headers[name] for name in KEPT_HEADERS if name in request.headers},
            body=self._providers.storable_body(known.source.provider, request.body),
            problems=read.problems,
        )
        raw_kept = self._hand_on(webhook, read)
        outcome = "kept" if read.problems else "accepted"
        received = Received(at=now, outcome=outcome, contents=read.contents, ignored=read.ignored)
        self._count(source_id, received)
        return Receipt(received=received, provider=known.source.provider, raw_kept=raw_kept)

    def _verified(self, source_id: str, request: WebhookRequest, now: datetime) -> KnownSource:
        known = self._settings.current(source_id)
        refusal = self._refusal(known, request, now)
        newer = self._settings.newer(known) if refusal else None
        if newer is not None:
            known, refusal = newer, self._refusal(newer, request, now)
        if refusal is not None:
            self._count_refusal(source_id, f"refused:{refusal.reason}", now)
            raise refusal
        return known

    def _refusal(
        self, known: KnownSource, request: WebhookRequest, now: datetime
    ) -> SignatureRefusedError | None:
        provider = self._providers.get(known.source.provider)
        try:
            provider.verify(request, known.valid_secrets(now), now)
        except SignatureRefusedError as exc:
            return exc
        return None

    def _hand_on(self, webhook: KeptWebhook, read: ReadWebhook) -> bool:
        """Queue and keep; whether the raw body is kept. IntakeUnavailableError where something would be lost."""
        keeping = self._executor.submit(self._keep, webhook)
        try:
            self._queue.send([message.to_payload() for message in read.messages])
        except Exception as exc:
            logger.exception("the completions of a webhook could not be queued")
            keeping.result()
            unqueued = {"reason": "queue_unavailable", "detail": "The completions could not be queued."}
            self._keep(replace(webhook, problems=(*webhook.problems, unqueued)))
            raise self._unavailable(webhook) from exc
        kept = keeping.result()
        if webhook.problems and not kept:
            raise self._unavailable(webhook)
        return kept

    def _keep(self, webhook: KeptWebhook) -> bool:
        try:
            self._intake.keep(webhook)
        except Exception:
            logger.exception("a raw webhook could not be kept")
            return False
        return True

    def _unavailable(self, webhook: KeptWebhook) -> IntakeUnavailableError:
        self._count(webhook.source_id, Received(at=webhook.received_at, outcome="failed"))
        return IntakeUnavailableError("The webhook could not be taken in; send it again.")

    def _count_refusal(self, source_id: str, outcome: str, now: datetime) -> None:
        """A flood of forged requests must not become a flood of writes."""
        times = self._refusals.to_write(source_id, outcome)
        if times:
            self._count(source_id, Received(at=now, outcome=outcome, times=times))

    def _count(self, source_id: str, received: Received) -> None:
        """Health, and the rate: a webhook is not refused because it could not be counted."""
        try:
            self._throttle.note(source_id, self._sources.count(source_id, received))
        except Exception:
            logger.exception("a webhook could not be counted")
