"""What a webhook's body says: completions for the queue, counts of the rest, and what an admin has to look at."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from certification.domain.course_completion_message import CourseCompletionMessage
from certification.domain.sources import Source
from certification.domain.webhooks import ParsedWebhook, Provider, UnparseableBodyError, WebhookRequest

logger = logging.getLogger(__name__)

PING = "ping"
Problem = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadWebhook:
    """`problems`: why the whole body or parts of it have to be kept; each has `reason`, `detail` and maybe `part`."""

    messages: tuple[CourseCompletionMessage, ...] = ()
    ignored: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def contents(self) -> dict[str, int]:
        """Counts by what the body held."""
        retractions = sum(message.retracts for message in self.messages)
        return {
            "completions": len(self.messages) - retractions,
            "retractions": retractions,
            "ignored": sum(self.ignored.values()),
            "problems": len(self.problems),
        }


def read_webhook(
    provider: Provider,
    request: WebhookRequest,
    source: Source,
    *,
    now: datetime,
    zone: ZoneInfo,
    correlation_id: str,
) -> ReadWebhook:
    """Total: whatever a provider's module does with the body, the answer says what to queue and what to keep."""
    if not request.body.strip():
        return ReadWebhook(ignored={PING: 1})
    try:
        parsed = provider.parse(request, source_id=source.source_id, now=now, zone=zone)
    except UnparseableBodyError as exc:
        return ReadWebhook(problems=({"reason": exc.code, "detail": exc.message},))
    except Exception:
        # Our bug must not make the LMS disable its hook: the body is kept, and replayed after the fix.
        logger.exception("a provider's module failed")
        return ReadWebhook(problems=({"reason": "parser_failed", "detail": source.provider},))
    return _selected(parsed, source, correlation_id)


def _selected(parsed: ParsedWebhook, source: Source, correlation_id: str) -> ReadWebhook:
    messages, problems = [], [_problem(part.reason, part.detail, part.part) for part in parsed.rejected]
    for message in parsed.completions:
        usable = message if source.match_email else _without_email(message)
        if usable is None:
            problems.append(
                _problem("user_missing", f"{message.event_id}: the source does not match by e-mail")
            )
        else:
            messages.append(replace(usable, correlation_id=correlation_id))
    return ReadWebhook(messages=tuple(messages), ignored=parsed.ignored, problems=tuple(problems))


def _without_email(message: CourseCompletionMessage) -> CourseCompletionMessage | None:
    """Matched by external id alone; None where the LMS gave nothing but an e-mail address."""
    if message.user.email is None:
        return message
    if message.user.identity is None and message.user.user_id is None:
        return None
    return replace(message, user=replace(message.user, email=None))


def _problem(reason: str, detail: str, part: str | None = None) -> Problem:
    return {"reason": reason, "detail": detail} | ({"part": part} if part is not None else {})
