"""Moodle's local_webhooks plugin: a `token` in the body; the learner is `relateduserid`, never `userid`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from certification.adapters.lms.bodies import as_parts, drop_fields, load_json_or_form
from certification.adapters.lms.fields import Fields
from certification.adapters.lms.reading import Ignored, Outcome, SourceContext, lms_completion, read_parts
from certification.adapters.lms.signatures import require_token
from certification.domain.webhooks import ParsedWebhook, UnparseableBodyError, WebhookRequest

COMPLETED = r"\core\event\course_completed"


def verify(request: WebhookRequest, secrets: Sequence[str], now: datetime) -> None:  # noqa: ARG001
    """The `token` in every event of the body."""
    try:
        events = as_parts(load_json_or_form(request.body))
    except UnparseableBodyError:
        events = []
    for event in events or [None]:
        token = event.get("token") if isinstance(event, Mapping) else None
        require_token(token if isinstance(token, str) else None, secrets)


def parse(request: WebhookRequest, *, source_id: str, now: datetime, zone: ZoneInfo) -> ParsedWebhook:
    """One event, as Moodle sends it, or an array of them; the token goes no further."""
    context = SourceContext(source_id=source_id, now=now, zone=zone)
    return read_parts(as_parts(load_json_or_form(without_secrets(request.body))), _read, context)


def without_secrets(body: bytes) -> bytes:
    """The body as it may be kept: without the token."""
    return drop_fields(body, frozenset({"token"}))


def _read(event: Fields, context: SourceContext) -> Outcome:
    name = event.word("eventname")
    if "\\" + name.lstrip("\\") != COMPLETED:
        return Ignored(name)
    when = event.epoch("timecreated")
    if when is None:
        raise event.missing("timecreated")
    learner = event.text("relateduserid")
    if learner in {None, "0"}:
        raise event.missing("relateduserid")
    return lms_completion(
        context, user=learner, course=event.require_text("courseid"), when=when, event_id=None
    )
