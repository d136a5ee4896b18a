"""SCORM Cloud, webhooks and postbacks: JSON or a form with `data=`; COMPLETED may still be FAILED.

A webhook wraps the registration in `{payloadId, topic, body}`; a registration postback is the registration itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from certification.adapters.lms.bodies import as_parts, drop_fields, load_form, load_json, load_json_or_form
from certification.adapters.lms.fields import Fields
from certification.adapters.lms.reading import Ignored, Outcome, SourceContext, lms_completion, read_parts
from certification.adapters.lms.signatures import require_basic, require_token
from certification.domain.webhooks import ParsedWebhook, UnparseableBodyError, WebhookRequest


def verify(request: WebhookRequest, secrets: Sequence[str], now: datetime) -> None:  # noqa: ARG001
    """HTTP Basic, or `userName` and `password` as fields of the form; the secret is `user:password`."""
    if "authorization" in request.headers:
        require_basic(request, secrets)
    else:
        require_token(_form_credentials(request.body), secrets)


def parse(request: WebhookRequest, *, source_id: str, now: datetime, zone: ZoneInfo) -> ParsedWebhook:
    """One message, as SCORM Cloud sends it, or an array of them; a form's credentials go no further."""
    body = load_json_or_form(request.body)
    if isinstance(body, dict) and "topic" not in body and isinstance(body.get("data"), str):
        body = load_json(body["data"])
    return read_parts(as_parts(body), _read, SourceContext(source_id=source_id, now=now, zone=zone))


def without_secrets(body: bytes) -> bytes:
    """The body as it may be kept: a form without its credentials."""
    return drop_fields(body, frozenset({"userName", "password"}))


def _form_credentials(body: bytes) -> str | None:
    try:
        fields = load_form(body)
    except UnparseableBodyError:
        return None
    user, password = fields.get("userName"), fields.get("password")
    return None if user is None or password is None else f"{user}:{password}"


def _read(event: Fields, context: SourceContext) -> Outcome:
    if not event.word("topic") and event.word("registrationCompletion"):
        event = Fields({"topic": "RegistrationChanged", "body": event.values})
    topic, registration = event.word("topic"), event.at("body")
    completion = registration.word("registrationCompletion").upper()
    success = registration.word("registrationSuccess").upper()
    if topic != "RegistrationChanged":
        return Ignored(topic)
    if completion != "COMPLETED" or success == "FAILED":
        return Ignored(f"{topic}:{completion}:{success}")
    when = registration.when("completedDate", zone=context.zone) or registration.when(
        "updated", zone=context.zone
    )
    if when is None:
        raise registration.missing("completedDate")
    learner = registration.at("learner")
    return lms_completion(
        context,
        user=learner.text("id"),
        email=learner.text("email"),
        course=registration.at("course").require_text("id"),
        when=when,
        event_id=event.text("payloadId"),
        score=registration.at("score").number("scaled"),
    )
