"""Teachable: the secret is in the path, the body an array or an object, the instant that of the event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from certification.adapters.lms.bodies import as_parts, load_json
from certification.adapters.lms.fields import Fields
from certification.adapters.lms.reading import Ignored, Outcome, SourceContext, lms_completion, read_parts
from certification.adapters.lms.signatures import require_path_secret
from certification.domain.webhooks import ParsedWebhook, WebhookRequest


def verify(request: WebhookRequest, secrets: Sequence[str], now: datetime) -> None:  # noqa: ARG001
    """The secret in the path: Teachable cannot sign."""
    require_path_secret(request, secrets)


def parse(request: WebhookRequest, *, source_id: str, now: datetime, zone: ZoneInfo) -> ParsedWebhook:
    """One event or an array of them."""
    context = SourceContext(source_id=source_id, now=now, zone=zone)
    return read_parts(as_parts(load_json(request.body)), _read, context)


def _read(event: Fields, context: SourceContext) -> Outcome:
    kind = event.word("type")
    if kind.lower() != "enrollment.completed":
        return Ignored(kind)
    when = event.when("created", zone=context.zone)
    if when is None:
        raise event.missing("created")
    enrollment = event.at("object")
    user = enrollment.at("user")
    return lms_completion(
        context,
        user=user.text("id") or enrollment.text("user_id"),
        email=user.text("email"),
        course=enrollment.text("course_id") or enrollment.at("course").require_text("id"),
        when=when,
        event_id=event.text("hook_event_id"),
    )
