"""Thinkific: `enrollment` + `completed`. `progress` and `created` carry `completed_at` too and complete nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from certification.adapters.lms.bodies import as_parts, load_json
from certification.adapters.lms.fields import Fields
from certification.adapters.lms.reading import Ignored, Outcome, SourceContext, lms_completion, read_parts
from certification.adapters.lms.signatures import require_hex_hmac
from certification.domain.webhooks import ParsedWebhook, WebhookRequest


def verify(request: WebhookRequest, secrets: Sequence[str], now: datetime) -> None:  # noqa: ARG001
    """Hex HMAC-SHA256 of the raw body, keyed with the app's client secret."""
    require_hex_hmac(request, "x-thinkific-hmac-sha256", secrets)


def parse(request: WebhookRequest, *, source_id: str, now: datetime, zone: ZoneInfo) -> ParsedWebhook:
    """One event, as Thinkific sends it, or an array of them."""
    context = SourceContext(source_id=source_id, now=now, zone=zone)
    return read_parts(as_parts(load_json(request.body)), _read, context)


def _read(event: Fields, context: SourceContext) -> Outcome:
    resource, action = event.word("resource"), event.word("action")
    if (resource, action) != ("enrollment", "completed"):
        return Ignored(f"{resource}.{action}")
    enrollment = event.at("payload")
    course = enrollment.at("course").text("id") or enrollment.require_text("course_id")
    when = enrollment.when("completed_at", zone=context.zone) or event.when("created_at", zone=context.zone)
    if when is None:
        raise enrollment.missing("completed_at")
    user = enrollment.at("user")
    return lms_completion(
        context,
        user=user.text("id"),
        email=user.text("email"),
        course=course,
        when=when,
        event_id=event.text("id"),
    )
