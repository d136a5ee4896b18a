"""LearnWorlds: a pre-shared token in a header, times as Unix seconds, no event id (one is derived)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from certification.adapters.lms.bodies import as_parts, load_json
from certification.adapters.lms.fields import Fields
from certification.adapters.lms.reading import Ignored, Outcome, SourceContext, lms_completion, read_parts
from certification.adapters.lms.signatures import require_token
from certification.domain.webhooks import ParsedWebhook, WebhookRequest


def verify(request: WebhookRequest, secrets: Sequence[str], now: datetime) -> None:  # noqa: ARG001
    """`Learnworlds-Webhook-Signature: v1=<token>`: a token, not a signature of the body."""
    version, _, token = request.headers.get("learnworlds-webhook-signature", "").strip().partition("=")
    require_token(token if version == "v1" else None, secrets)


def parse(request: WebhookRequest, *, source_id: str, now: datetime, zone: ZoneInfo) -> ParsedWebhook:
    """One event, as LearnWorlds sends it, or an array of them."""
    context = SourceContext(source_id=source_id, now=now, zone=zone)
    return read_parts(as_parts(load_json(request.body)), _read, context)


def _read(event: Fields, context: SourceContext) -> Outcome:
    trigger = event.word("trigger") or event.word("type")
    if trigger.replace("_", "").lower() != "coursecompleted":
        return Ignored(trigger)
    data = event.at("data")
    when = data.epoch("completed_at")
    if when is None:
        raise data.missing("completed_at")
    user = data.at("user")
    return lms_completion(
        context,
        user=user.text("id"),
        email=user.text("email"),
        course=data.at("course").require_text("id"),
        when=when,
        event_id=None,
    )
