"""Litmos: the secret is in the path; `achievement.earned` of the type `Course Completed`; times are UTC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from certification.adapters.lms.bodies import as_parts, load_json
from certification.adapters.lms.fields import Fields
from certification.adapters.lms.reading import Ignored, Outcome, SourceContext, lms_completion, read_parts
from certification.adapters.lms.signatures import require_path_secret
from certification.domain.webhooks import ParsedWebhook, WebhookRequest


def verify(request: WebhookRequest, secrets: Sequence[str], now: datetime) -> None:  # noqa: ARG001
    """The secret in the path: Litmos cannot sign."""
    require_path_secret(request, secrets)


def parse(request: WebhookRequest, *, source_id: str, now: datetime, zone: ZoneInfo) -> ParsedWebhook:
    """One event, as Litmos sends it, or an array of them."""
    context = SourceContext(source_id=source_id, now=now, zone=zone)
    return read_parts(as_parts(load_json(request.body)), _read, context)


def _read(event: Fields, context: SourceContext) -> Outcome:
    kind, data = event.word("type"), event.at("data")
    achievement, result = data.word("type"), data.word("result").lower()
    if kind != "achievement.earned":
        return Ignored(kind)
    if achievement.lower() != "course completed" or "fail" in result:
        return Ignored(f"{kind}:{achievement}:{result}")
    when = data.when("achievementDate", zone=context.zone, naive_zone=UTC)
    if when is None:
        raise data.missing("achievementDate")
    return lms_completion(
        context,
        user=data.text("userId"),
        email=data.text("userName"),  # mostly an e-mail address; dropped where it is none
        course=data.require_text("courseId"),
        when=when,
        event_id=event.text("id"),
        score=data.number("score"),
    )
