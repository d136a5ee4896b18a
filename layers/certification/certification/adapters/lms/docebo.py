"""Docebo: HTTP Basic, one `payload` or up to 25 `payloads`, ids only, times in UTC without an offset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from certification.adapters.lms.bodies import as_parts, load_json
from certification.adapters.lms.fields import Fields
from certification.adapters.lms.reading import Ignored, Outcome, SourceContext, lms_completion, read_parts
from certification.adapters.lms.signatures import require_basic
from certification.domain.webhooks import ParsedWebhook, WebhookRequest

COMPLETED = "course.enrollment.completed"


def verify(request: WebhookRequest, secrets: Sequence[str], now: datetime) -> None:  # noqa: ARG001
    """HTTP Basic; the secret is `user:password`."""
    require_basic(request, secrets)


def parse(request: WebhookRequest, *, source_id: str, now: datetime, zone: ZoneInfo) -> ParsedWebhook:
    """Each payload on its own, under `message_id`, or `message_id:index` where the body may hold several."""
    parts: list[object] = []
    for body in as_parts(load_json(request.body)):
        parts.extend(_events(body) if isinstance(body, dict) else [body])
    return read_parts(parts, _read, SourceContext(source_id=source_id, now=now, zone=zone))


def _events(body: Mapping[str, object]) -> list[object]:
    message = {name: body.get(name) for name in ("message_id", "event", "index")}
    payloads = body.get("payloads")
    if not isinstance(payloads, list):
        return [message | {"payload": body.get("payload") if payloads is None else payloads}]
    return [message | {"index": index, "payload": payload} for index, payload in enumerate(payloads)]


def _read(event: Fields, context: SourceContext) -> Outcome:
    if event.word("event") != COMPLETED:
        return Ignored(event.word("event"))
    payload = event.at("payload")
    when = payload.when("completion_date", zone=context.zone, naive_zone=UTC) or payload.when(
        "fired_at", zone=context.zone, naive_zone=UTC
    )
    if when is None:
        raise payload.missing("completion_date")
    message_id, index = event.text("message_id"), event.text("index")
    return lms_completion(
        context,
        user=payload.require_text("user_id"),
        course=payload.require_text("course_id"),
        when=when,
        event_id=f"{message_id}:{index}" if message_id and index else message_id,
        score=payload.number("score"),
    )
