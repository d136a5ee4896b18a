"""The daily sweep: EventBridge Scheduler's event, whose `time` is now, and its parts that go through the queue."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from certification import observability
from certification.bootstrap import App, app
from certification.domain.instants import parse_instant
from certification.observability import logger, metrics
from certification.services.expiry_steps import SweepReport

MILLISECONDS_KEPT = 20_000
METRICS = {
    "lapsed": "CertificationsExpired",
    "started": "CertificationsStarted",
    "reminded": "RemindersAnnounced",
    "failed": "TransitionsFailed",
    "hop_limit_reached": "HopLimitReached",
    "completed": "SweepCompleted",
}


@observability.handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A schedule's event answers with what was done; a batch of SQS with the messages to deliver again."""
    return take(event, context, app())


def take(event: dict[str, Any], context: Any, service: App) -> dict[str, Any]:
    if "Records" in event:
        failed = _go_on(event["Records"], context, service)
        metrics.count_each({"MessagesFailed": len(failed)})
        return {"batchItemFailures": failed}
    now = _time_of(event, service)
    return _told(service.expiry_sweep.run(now, lambda: _time_left(context)))


def _go_on(records: list[dict[str, Any]], context: Any, service: App) -> list[dict[str, str]]:
    failed = []
    for record in records:
        try:
            message = json.loads(record["body"])
            _told(service.expiry_sweep.go_on(message, lambda: _time_left(context)))
        except Exception:  # noqa: BLE001 one message's failure is not the batch's
            logger.exception("part of a sweep failed", message_id=record["messageId"])
            failed.append({"itemIdentifier": record["messageId"]})
    return failed


def _time_of(event: dict[str, Any], service: App) -> datetime:
    return parse_instant(event["time"]) if "time" in event else service.clock.now()


def _told(report: SweepReport) -> dict[str, Any]:
    done = asdict(report)
    logger.info("swept", **done)
    metrics.count_each({METRICS[name]: count for name, count in done.items() if name in METRICS})
    return done


def _time_left(context: Any) -> bool:
    return context is None or context.get_remaining_time_in_millis() > MILLISECONDS_KEPT
