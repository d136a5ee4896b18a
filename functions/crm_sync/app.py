"""Drains the outbox to one CRM whenever its doorbell rings. Two functions run this code, each with its own secret."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from certification import observability
from certification.bootstrap import App, app
from certification.observability import logger, metrics
from certification.services.crm_messages import handle_messages

ASSUMED_SECONDS = 60.0


@observability.handler
def handler(event: dict[str, Any], context: Any) -> None:
    """SQS FIFO. No message is reported back by itself: all come again, or none; the outbox keeps what is left."""
    take(event, context, app())


def take(event: dict[str, Any], context: Any, service: App) -> None:
    messages = list(_messages(event))
    handled = handle_messages(service, service.config.crm, messages, _remaining(context))
    metrics.count_each(handled.metrics)
    if handled.failure is not None:
        raise handled.failure


def _messages(event: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for record in event["Records"]:
        try:
            body = json.loads(record["body"])
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            logger.warning("no message of ours at the doorbell", message_id=record["messageId"])
            body = {}
        yield body


def _remaining(context: Any) -> Callable[[], float]:
    """The seconds that Lambda still gives."""
    if context is None:
        return lambda: ASSUMED_SECONDS

    def remaining() -> float:
        left: float = context.get_remaining_time_in_millis() / 1000
        return left

    return remaining
