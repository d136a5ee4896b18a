"""Our own canonical body as somebody else sends it: bare, or as the `data` of a typed event."""

from __future__ import annotations

import re
from collections.abc import Mapping

from certification.adapters.lms.fields import Fields, PartRefusedError
from certification.adapters.lms.reading import Ignored, Outcome, SourceContext, bounded_event_id
from certification.domain.course_completion_message import (
    OWN_API_FIELDS,
    CourseCompletionMessage,
    InvalidMessageError,
    parse_course_completion,
)

_FIELDS = OWN_API_FIELDS | {"course_identity", "retracts", "retracts_event_id", "voidable"}
_COMPLETES = re.compile(r"complet|finish|passed", re.IGNORECASE)
_DOES_NOT = re.compile(r"(in|un|not[._-]?)complet", re.IGNORECASE)


def says_completion(event_type: str) -> bool:
    """Whether the name of an event's type means a completion: it has `complet`, `finish` or `passed` in it."""
    return bool(_COMPLETES.search(event_type)) and not _DOES_NOT.search(event_type)


def read_typed(fields: Fields, context: SourceContext, *, event_id: str | None) -> Outcome:
    """An event with a `type` and the canonical body as `data`; ignored where its type means something else."""
    event_type = fields.word("type")
    if not says_completion(event_type):
        return Ignored(event_type)
    if not fields.has("data"):
        raise fields.missing("data")
    return read_canonical(Fields.of(fields.values["data"]), context, event_id=event_id)


def read_canonical(
    fields: Fields, context: SourceContext, *, event_id: str | None
) -> CourseCompletionMessage:
    """A canonical body: what it has beyond ours is ignored, its source is who signed it, whatever it claims.

    `event_id` stands in where the body has none.
    """
    payload = {name: _known(value) for name, value in fields.values.items() if name in _FIELDS}
    if event_id and not fields.has("event_id"):
        payload["event_id"] = bounded_event_id(event_id)
    try:
        return parse_course_completion(
            payload, source=context.source_id, now=context.now, zone=context.zone, own_api=False
        )
    except InvalidMessageError as exc:
        detail = ", ".join(f"{error.pointer or '/'} {error.code}" for error in exc.errors)
        raise PartRefusedError("invalid_completion", detail) from exc


def _known(value: object) -> object:
    """An identity without what it has beyond ours; anything else as it is."""
    if not isinstance(value, Mapping):
        return value
    return {name: value[name] for name in ("source", "external_id") if name in value}
