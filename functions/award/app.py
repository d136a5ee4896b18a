"""Takes course completions and evaluation work off their queues, and awards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from certification import observability
from certification.bootstrap import App, app
from certification.domain.course_completion_message import (
    CourseCompletionMessage,
    parse_course_completion,
)
from certification.domain.errors import InvalidError
from certification.observability import logger, metrics
from certification.services.crm_outbox import mark_learners
from certification.services.evaluation_messages import handle
from certification.services.hops import HopLimitError

MILLISECONDS_KEPT = 20_000
METRICS = {
    "stored": "CourseCompletionsStored",
    "duplicates": "CourseCompletionsRepeated",
    "corrections": "CourseCompletionsCorrected",
    "parked": "CompletionsParked",
    "awarded": "CertificationsAwarded",
    "amended": "CertificationCompletionsAmended",
    "handed_over": "EvaluationsHandedOver",
}


@observability.handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """SQS, with a report of the messages to deliver again; what never succeeds ends in the dead-letter queue."""
    return take(event, context, app())


def take(event: dict[str, Any], context: Any, service: App) -> dict[str, Any]:
    records = event["Records"]
    failed = (
        _evaluate(records, context, service)
        if _is_evaluation(records[0], service)
        else _record(records, service)
    )
    metrics.count_each({"MessagesFailed": len(failed)})
    return {
        "batchItemFailures": [{"itemIdentifier": records[index]["messageId"]} for index in sorted(failed)]
    }


def _is_evaluation(record: dict[str, Any], service: App) -> bool:
    """Both queues lead here; the source's ARN ends with the queue's name, and so does its URL."""
    name = record["eventSourceARN"].rpartition(":")[2]
    return bool(service.config.evaluation_queue_url.rpartition("/")[2] == name)


def _record(records: list[dict[str, Any]], service: App) -> set[int]:
    messages, refused = [], set()
    now, zone = service.clock.now(), service.config.zone
    for index, record in enumerate(records):
        try:
            body = json.loads(record["body"])
            messages.append(
                (index, parse_course_completion(body, source=None, now=now, zone=zone, own_api=False))
            )
        except (InvalidError, ValueError, RecursionError) as exc:
            logger.warning(
                "not a course completion", message_id=record["messageId"], problem=type(exc).__name__
            )
            refused.add(index)
    observability.follow(message.correlation_id for _, message in messages)
    recorded = service.course_completion_recorder.record(messages)
    fields = {**recorded.counts, "refused": len(refused), "failed": len(recorded.failed)}
    logger.info("course completions recorded", extra=fields)
    metrics.count_each({METRICS[name]: count for name, count in recorded.counts.items() if name in METRICS})
    return refused | set(recorded.failed) | _mark(recorded.learners, dict(messages), service)


def _mark(
    learners: Mapping[int, str], messages: Mapping[int, CourseCompletionMessage], service: App
) -> set[int]:
    """Where a CRM shows completed courses; from here and not from the stream, which they would only make dear."""
    try:
        if learners:
            causes = {user: messages[index].correlation_id or "" for index, user in learners.items()}
            mark_learners(service, causes)
    except Exception:  # noqa: BLE001 what is stored stays; the messages come again and mark again
        logger.exception("outbox rows could not be marked")
        return set(learners)
    return set()


def _evaluate(records: list[dict[str, Any]], context: Any, service: App) -> set[int]:
    failed = set()
    for index, record in enumerate(records):
        try:
            message = json.loads(record["body"])
            observability.follow([_correlation_id(message)])
            with service.hops.following(message):
                counts = handle(message, service.evaluation_handlers, lambda: _time_left(context))
            metrics.count_each(counts)
            logger.info("evaluation message done", kind=message["kind"], message_id=record["messageId"])
        except HopLimitError:
            logger.exception("work that continues itself was stopped", message_id=record["messageId"])
            metrics.count("HopLimitReached")
            failed.add(index)
        except Exception:  # noqa: BLE001 one message's failure is not the batch's
            logger.exception("evaluation message failed", message_id=record["messageId"])
            failed.add(index)
    return failed


def _correlation_id(message: Any) -> str | None:
    found = message.get("correlation_id") if isinstance(message, dict) else None
    return found if isinstance(found, str) else None


def _time_left(context: Any) -> bool:
    return context is None or context.get_remaining_time_in_millis() > MILLISECONDS_KEPT
