"""Follows the table's stream: history, events out, outbox rows, evaluations that a change calls for.

One bad record must not hold up its shard. A batch that fails is done record by record up to the first failure; where
that is the first record, the error is raised: Lambda halves the batch until the culprit stands alone, tries it again
and at last writes it to the on-failure bucket.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from certification import observability
from certification.bootstrap import App, app
from certification.observability import logger, metrics

METRICS = {
    "history_entries": "HistoryEntriesWritten",
    "events": "EventsPublished",
    "marked": "HoldersMarkedDirty",
    "messages": "EvaluationsRequested",
}
Records = list[dict[str, Any]]


@observability.handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """DynamoDB stream; reports the first record that failed, before which everything is done."""
    del context
    return take(event, app())


def take(event: dict[str, Any], service: App) -> dict[str, Any]:
    records: Records = event["Records"]
    try:
        _follow(records, service)
    except Exception as exc:
        if len(records) == 1:
            raise
        logger.warning("stream batch failed, going record by record", problem=type(exc).__name__)
        return {"batchItemFailures": _one_by_one(records, service)}
    return {"batchItemFailures": []}


def _one_by_one(records: Records, service: App) -> list[dict[str, str]]:
    for position, record in enumerate(records):
        try:
            _follow([record], service)
        except Exception:
            if position == 0:
                raise
            logger.exception("stream record failed", event_id=record.get("eventID"))
            metrics.count("MessagesFailed")
            return [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]
    return []


def _follow(records: Records, service: App) -> None:
    followed = asdict(service.follow_stream(records))
    logger.info("stream followed", records=len(records), **followed)
    metrics.count_each({METRICS[name]: count for name, count in followed.items()})
