"""LearnUpon webhooks v2: up to ten enrollments in a body, each on its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from certification.adapters.lms.bodies import as_parts, load_json
from certification.adapters.lms.fields import Fields
from certification.adapters.lms.reading import Ignored, Outcome, SourceContext, lms_completion, read_parts
from certification.adapters.lms.signatures import require_hex_hmac
from certification.domain.webhooks import ParsedWebhook, WebhookRequest

COMPLETED = frozenset({"completed", "passed"})
_KIND_HEADER = "x-webhook-type"


def verify(request: WebhookRequest, secrets: Sequence[str], now: datetime) -> None:  # noqa: ARG001
    """Hex HMAC-SHA256 of the raw body."""
    require_hex_hmac(request, "x-webhook-signature", secrets)


def parse(request: WebhookRequest, *, source_id: str, now: datetime, zone: ZoneInfo) -> ParsedWebhook:
    """`{"data": [enrollments]}`; what kind it is stands in a header only, `X-Webhook-Type`."""
    kind = request.headers.get(_KIND_HEADER, "").strip()
    context = SourceContext(source_id=source_id, now=now, zone=zone)
    parts: list[object] = []
    for body in as_parts(load_json(request.body)):
        data = body.get("data", body) if isinstance(body, dict) else body
        parts.extend(data if isinstance(data, list) else [data])

    def read(enrollment: Fields, context: SourceContext) -> Outcome:
        return _read(enrollment, context) if kind in {"course_completion", ""} else Ignored(kind)

    return read_parts(parts, read, context)


def _read(enrollment: Fields, context: SourceContext) -> Outcome:
    status = enrollment.word("enrollmentStatus").lower()
    if status not in COMPLETED:
        return Ignored(f"enrollment.{status or 'unknown'}")
    when = enrollment.when("dateCompleted", zone=context.zone)
    if when is None:
        raise enrollment.missing("dateCompleted")
    user = enrollment.at("user")  # where the portal nests the learner
    return lms_completion(
        context,
        user=enrollment.text("userId") or user.text("userId"),
        email=enrollment.text("userEmail") or user.text("email"),
        course=enrollment.require_text("courseId"),
        when=when,
        event_id=None,
        score=enrollment.number("percentage"),
    )
