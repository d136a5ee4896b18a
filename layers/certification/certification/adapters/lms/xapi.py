"""xAPI statements, also those of cmi5 sessions: `completed` and `passed` complete, `voided` takes back (R30)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from certification.adapters.lms.bodies import as_parts, load_json
from certification.adapters.lms.fields import Fields, PartRefusedError, When
from certification.adapters.lms.reading import (
    Ignored,
    Outcome,
    SourceContext,
    bounded_event_id,
    lms_completion,
    read_parts,
    refuse_ahead,
)
from certification.adapters.lms.signatures import require_basic
from certification.domain.course_completion_message import CourseCompletionMessage, UserReference
from certification.domain.payload_reader import finite_number
from certification.domain.webhooks import ParsedWebhook, WebhookRequest

COMPLETING = ("/verbs/completed", "/verbs/passed")
VOIDED = "/verbs/voided"


def verify(request: WebhookRequest, secrets: Sequence[str], now: datetime) -> None:  # noqa: ARG001
    """HTTP Basic, as for a statement endpoint; the secret is `user:password`."""
    require_basic(request, secrets)


def parse(request: WebhookRequest, *, source_id: str, now: datetime, zone: ZoneInfo) -> ParsedWebhook:
    """One statement or an array of them."""
    context = SourceContext(source_id=source_id, now=now, zone=zone)
    return read_parts(as_parts(load_json(request.body)), _read, context)


def _read(statement: Fields, context: SourceContext) -> Outcome:
    verb = statement.at("verb").word("id")
    if verb.endswith(VOIDED):
        return _voiding(statement, context)
    if not verb.endswith(COMPLETING):
        return Ignored(verb.rpartition("/")[2])
    result, target = statement.at("result"), statement.at("object")
    if False in (result.truth("completion"), result.truth("success")):
        return Ignored("without_success")
    if (
        target.word("objectType") not in {"", "Activity"}
        or statement.at("actor").word("objectType") == "Group"
    ):
        return Ignored("no_person_or_activity")
    user, email = _learner(statement.at("actor"))
    message = lms_completion(
        context,
        user=user,
        email=email,
        course=target.require_text("id"),
        when=_when(statement, context),
        event_id=_statement_id(statement),
        score=_score(result.at("score")),
    )
    return replace(message, voidable=True)


def _voiding(statement: Fields, context: SourceContext) -> CourseCompletionMessage:
    """Takes back the statement it names; whose it was and of which course is known to whoever has that statement."""
    target = statement.at("object")
    voided, when = _statement_id(target), _when(statement, context)
    if voided is None:
        raise target.missing("id")
    refuse_ahead(when, context)
    return CourseCompletionMessage(
        event_id=_statement_id(statement) or bounded_event_id(f"voiding:{voided}"),
        source=context.source_id,
        user=UserReference(),
        completed_at=when.at,
        date_only=when.date_only,
        retracts=True,
        retracts_event_id=voided,
    )


def _statement_id(statement: Fields) -> str | None:
    text = statement.text("id")
    return None if text is None else bounded_event_id(text.lower())


def _when(statement: Fields, context: SourceContext) -> When:
    """The statement's own instant; the specification takes the time of receipt where it has none."""
    return (
        statement.when("timestamp", zone=context.zone)
        or statement.when("stored", zone=context.zone)
        or When(context.now.replace(microsecond=0))
    )


def _learner(actor: Fields) -> tuple[str | None, str | None]:
    """External id and e-mail of an agent: an account's name, an e-mail's SHA-1 or an OpenID; or an e-mail address."""
    sha1 = actor.text("mbox_sha1sum")
    external = actor.at("account").text("name") or (sha1 and sha1.lower()) or actor.text("openid")
    mbox = actor.text("mbox") or ""
    email = mbox[len("mailto:") :] if mbox.lower().startswith("mailto:") else None
    if external is None and email is None:
        raise PartRefusedError("user_missing", "actor")
    return external, email


def _score(score: Fields) -> float | None:
    """0 to 100, the scale of `minimum_score`: `scaled` (-1 to 1) or `raw` of `max`; else `raw` as it is."""
    scaled, raw, highest = score.number("scaled"), score.number("raw"), score.number("max")
    if scaled is not None:
        return finite_number(round(scaled * 100, 6))
    if raw is not None and highest is not None and highest > 0:
        return finite_number(round(raw / highest * 100, 6))
    return raw
