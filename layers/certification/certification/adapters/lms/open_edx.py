"""The Open edX webhooks plugin: certificate and passing-status events, as nested JSON or with flattened names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from certification.adapters.lms.bodies import as_parts, load_json_or_form
from certification.adapters.lms.fields import Fields
from certification.adapters.lms.reading import Ignored, Outcome, SourceContext, lms_completion, read_parts
from certification.adapters.lms.signatures import require_path_secret
from certification.domain.webhooks import ParsedWebhook, WebhookRequest

METADATA = "event_metadata"
ISSUED = "downloadable"
_COURSE_KEYS = ("course_key", "ccx_course_key")


def verify(request: WebhookRequest, secrets: Sequence[str], now: datetime) -> None:  # noqa: ARG001
    """The secret in the path: the plugin cannot sign."""
    require_path_secret(request, secrets)


def parse(request: WebhookRequest, *, source_id: str, now: datetime, zone: ZoneInfo) -> ParsedWebhook:
    """One event, as the plugin sends it, or an array of them."""
    context = SourceContext(source_id=source_id, now=now, zone=zone)
    return read_parts(as_parts(load_json_or_form(request.body)), _read, context)


@dataclass(frozen=True, slots=True)
class _Event:
    """`kind`: the event's type, or the class path of its data where the metadata do not tell."""

    kind: str
    metadata: Fields
    data: Fields


def _read(part: Fields, context: SourceContext) -> Outcome:
    event = _flattened(part) if _is_flat(part.values) else _nested(part)
    retracts = _retracts(event)
    if retracts is None:
        return Ignored(f"{event.kind}:{event.data.word('current_status')}".rstrip(":"))
    when = event.metadata.when("time", zone=context.zone, naive_zone=UTC)
    if when is None:
        raise event.metadata.missing("time")
    user, course = event.data.at("user"), event.data.at("course")
    return lms_completion(
        context,
        user=user.text("id"),
        email=user.at("pii").text("email"),
        course=course.text("ccx_course_key") or course.require_text("course_key"),
        when=when,
        event_id=event.metadata.text("id"),
        score=None if retracts else _score(event.data),
        retracts=retracts,
    )


def _retracts(event: _Event) -> bool | None:
    """True: takes back, a certificate revoked or a grade that fell (R30). False: completes. None: neither."""
    if "course.passing.status.updated" in event.kind or event.kind.endswith("CoursePassingStatusData"):
        passing = event.data.truth("is_passing")
        if passing is None:
            raise event.data.missing("is_passing")
        return not passing
    if "learning.certificate." not in event.kind and not event.kind.endswith(".CertificateData"):
        return None
    if ".revoked" in event.kind:
        return True
    status, before = event.data.word("current_status"), event.data.word("previous_status")
    created = ".created" in event.kind and status == ""
    return False if created or (status == ISSUED and before != ISSUED) else None


def _score(data: Fields) -> float | None:
    """Open edX grades are fractions of one; ours go to 100, as `minimum_score` does."""
    grade = data.number("grade")
    return round(grade * 100, 6) if grade is not None and 0 <= grade <= 1 else grade


def _is_flat(values: Mapping[str, object]) -> bool:
    return not any(isinstance(value, Mapping) for value in values.values())


def _nested(part: Fields) -> _Event:
    metadata = part.at(METADATA)
    classes = [k for k, v in part.values.items() if k != METADATA and isinstance(v, Mapping)]
    class_path = classes[0] if classes else ""
    return _Event(metadata.word("event_type") or class_path, metadata, part.at(class_path))


def _flattened(part: Fields) -> _Event:
    """Names joined by `_` behind a prefix that differs by version, and "None" for what is not there."""
    values = {name: value for name, value in part.values.items() if value != "None"}
    metadata = {
        name.removeprefix(f"{METADATA}_"): value
        for name, value in values.items()
        if name.startswith(METADATA)
    }
    prefix = _prefix(values)
    own = {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}
    data = own | {
        "user": {"id": own.get("user_id"), "pii": {"email": own.get("user_pii_email")}},
        "course": {key: own.get(f"course_{key}") for key in _COURSE_KEYS},
    }
    fields = Fields(metadata, f"{METADATA}_")
    return _Event(fields.word("event_type") or prefix.rstrip("_"), fields, Fields(data, prefix))


def _prefix(values: Mapping[str, object]) -> str:
    for name in values:
        for key in _COURSE_KEYS:
            if name.endswith(f"_course_{key}"):
                return name.removesuffix(f"course_{key}")
    return "data_"
