"""Canvas Live Events over HTTPS: `course_completed`, as a signed JWT or, with the secret in the path, as plain JSON.

Canvas signs with keys of Instructure that all its customers share (RS256, rotated monthly): the signature proves that
Canvas sent it, not whose Canvas. Hence the secret in the path is enough, and better; docs/lms.md says how to set it up.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from certification.adapters.lms.bodies import as_parts, load_json
from certification.adapters.lms.fields import Fields
from certification.adapters.lms.reading import Ignored, Outcome, SourceContext, lms_completion, read_parts
from certification.adapters.lms.signatures import require_path_secret
from certification.adapters.lms.signed_body import claims_of, looks_signed, require_signed
from certification.domain.webhooks import ParsedWebhook, WebhookRequest


def verify(request: WebhookRequest, secrets: Sequence[str], now: datetime) -> None:
    """The secret in the path, or a body signed with it: a shared key (HS256), or Canvas's published key set (RS256)."""
    if request.path_secret is not None:
        require_path_secret(request, secrets)
    else:
        require_signed(request.body, secrets, now)


def parse(request: WebhookRequest, *, source_id: str, now: datetime, zone: ZoneInfo) -> ParsedWebhook:
    """One event, as Canvas sends it, or an array of them."""
    value = claims_of(request.body) if looks_signed(request.body) else load_json(request.body)
    return read_parts(as_parts(value), _read, SourceContext(source_id=source_id, now=now, zone=zone))


def _read(event: Fields, context: SourceContext) -> Outcome:
    metadata, body = event.at("metadata"), event.at("body")
    name = metadata.word("event_name")
    if name != "course_completed":
        return Ignored(name)
    completed = body.at("progress").when("completed_at", zone=context.zone)
    when = completed or metadata.when("event_time", zone=context.zone)
    if when is None:
        raise body.at("progress").missing("completed_at")
    user = body.at("user")
    return lms_completion(
        context,
        user=user.text("id"),
        email=user.text("email"),
        course=body.at("course").require_text("id"),
        when=when,
        event_id=None,
    )
