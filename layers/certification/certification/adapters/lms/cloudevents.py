"""CloudEvents 1.0 in structured or batch mode, signed as Standard Webhooks; `data` is our canonical body."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from certification.adapters.lms.bodies import as_parts, load_json
from certification.adapters.lms.canonical import read_typed
from certification.adapters.lms.fields import Fields
from certification.adapters.lms.reading import Outcome, SourceContext, read_parts
from certification.adapters.lms.standard_webhooks import verify
from certification.domain.webhooks import ParsedWebhook, WebhookRequest

__all__ = ["parse", "verify"]


def parse(request: WebhookRequest, *, source_id: str, now: datetime, zone: ZoneInfo) -> ParsedWebhook:
    """One event or a batch; the `type` must mean a completion (`canonical.says_completion`)."""
    context = SourceContext(source_id=source_id, now=now, zone=zone)
    return read_parts(as_parts(load_json(request.body)), _read, context)


def _read(event: Fields, context: SourceContext) -> Outcome:
    event.require_text("specversion")
    return read_typed(event, context, event_id=event.text("id"))
