"""What the webhook function has around it, and how an LMS sends: signed, and again until it is answered."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from certification.bootstrap import App
from certification.domain.intake import KeptWebhook
from certification.domain.sources import SourceSecrets
from certification.services.source_load import RefusalTally, SourceThrottle
from certification.services.source_settings import SourceSettings
from certification.services.webhooks import WebhookReceiver
from fakes import AtOnce
from lms_fakes import InMemoryIntake, InMemorySecretKeeper
from lms_senders import WHSEC, standard_webhooks
from simulation.clock import SimulatedClock
from simulation.scheduler import Scheduler

SOURCE = "lms"
PATH = f"/webhooks/{SOURCE}"


class SimulatedIntake(InMemoryIntake):
    """The bucket of raw webhooks, which refuses now and then."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__()
        self._scheduler = scheduler

    def keep(self, webhook: KeptWebhook) -> None:
        scheduler = self._scheduler
        scheduler.effect("before keep")
        if scheduler.hurts(scheduler.rates.refused, "the intake refuses"):
            raise ConnectionError("refused by the simulation")
        super().keep(webhook)
        scheduler.effect("after keep")


def keeper() -> InMemorySecretKeeper:
    return InMemorySecretKeeper({SOURCE: SourceSecrets(current=WHSEC)})


def receiver(app: App, clock: SimulatedClock) -> WebhookReceiver:
    """As the application makes it, with the clock of the run."""

    def monotonic() -> float:
        return clock.seconds

    return WebhookReceiver(
        settings=SourceSettings(app.sources, app.source_secrets, monotonic),
        sources=app.sources,
        providers=app.providers,
        queue=app.course_completion_queue,
        intake=app.intake,
        clock=clock,
        zone=app.config.zone,
        executor=AtOnce(),
        throttle=SourceThrottle(app.config.source_webhooks_per_second, monotonic),
        refusals=RefusalTally(monotonic),
    )


def event_of(body: Any, now: datetime) -> dict[str, Any]:
    """The HTTP event of a signed webhook."""
    request = standard_webhooks(json.dumps(body).encode(), WHSEC, now)
    return {
        "pathParameters": {"source_id": SOURCE},
        "headers": dict(request.headers),
        "requestContext": {"requestId": "r-1"},
        "body": request.body.decode(),
        "isBase64Encoded": False,
    }
