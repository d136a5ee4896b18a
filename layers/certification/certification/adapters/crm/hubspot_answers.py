"""What HubSpot's answer says of each input: matched by ids and values, never by position."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from certification.adapters.crm.batches import Write
from certification.adapters.crm.http import Answer
from certification.domain.push import Fate, Pushed

EMAIL = "email"
MORE_EMAILS = "hs_additional_emails"
Refusal = Callable[[Any, str], Pushed]
_TRACE = "objectWriteTraceId"


def outcomes(answer: Answer, writes: Sequence[Write], by: str, refusal: Refusal) -> dict[int, Pushed]:
    """Of the inputs that the answer names. `by`: the property that they were found by; empty: record ids."""
    by_key, by_trace = _by_key(writes), _by_trace(writes)
    done: dict[int, Pushed] = {}
    for record in answer.content.get("results") or ():
        names = values_of(record, by) if by else [str(record["id"])]
        index = by_trace.get(str(record.get(_TRACE)), _first(by_key, names))
        if index is not None:
            done[index] = written(record, answer)
    for error in answer.content.get("errors") or ():
        for index in _concerned(error, by_key, by_trace):
            done.setdefault(index, refusal(error, answer.correlation_id))
    return done


def nameless(answer: Answer, writes: Sequence[Write]) -> list[Mapping[str, Any]]:
    """The errors that do not tell which input they are about."""
    by_key, by_trace = _by_key(writes), _by_trace(writes)
    errors = answer.content.get("errors") or ()
    return [error for error in errors if not _concerned(error, by_key, by_trace)]


def written(record: Mapping[str, Any], answer: Answer) -> Pushed:
    return Pushed(fate=Fate.WRITTEN, record_id=str(record["id"]), correlation_id=answer.correlation_id)


def same_value(by: str, value: str) -> str:
    """The value as HubSpot compares it: e-mails are lower-cased."""
    return value.strip().lower() if by == EMAIL else value


def values_of(record: Mapping[str, Any], by: str) -> list[str]:
    """All values of the unique property under which this record is found."""
    properties = record.get("properties") or {}
    more = str(properties.get(MORE_EMAILS) or "").split(";") if by == EMAIL else []
    values = [str(properties.get(by) or ""), *more]
    return [same_value(by, value) for value in values if value]


def _by_key(writes: Sequence[Write]) -> dict[str, int]:
    return {write.key: write.index for write in writes}


def _by_trace(writes: Sequence[Write]) -> dict[str, int]:
    return {str(write.index): write.index for write in writes}


def _first(known: Mapping[str, int], names: Sequence[str]) -> int | None:
    return next((known[name] for name in names if name in known), None)


def _concerned(error: Mapping[str, Any], by_key: Mapping[str, int], by_trace: Mapping[str, int]) -> set[int]:
    """The inputs that an error's context names: by their trace ids, their ids, or by the property that found them."""
    context = error.get("context")
    if not isinstance(context, dict):
        return set()
    told = _named(by_trace, context.get(_TRACE)) | _named(by_key, context.get("ids"), context.get("id"))
    return told or _named(by_key, *(given for key, given in context.items() if key != _TRACE))


def _named(known: Mapping[str, int], *given: object) -> set[int]:
    """Those that a text, or a list of texts, names, in whatever case."""
    lower = {key.lower(): index for key, index in known.items()}
    names = [str(name) for each in given for name in (each if isinstance(each, list) else [each])]
    found = (known.get(name, lower.get(name.lower())) for name in names)
    return {index for index in found if index is not None}
