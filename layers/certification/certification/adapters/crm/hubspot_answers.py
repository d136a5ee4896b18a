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


def outcomes(answer: Answer, writes: Sequence[Write], by: str, refusal: Refusal) -> dict[int, Pushed]:
    """Of the inputs that the answer names. `by`: the property that they were found by; empty: record ids."""
    by_key = {write.key: write.index for write in writes}
    by_trace = {str(write.index): write.index for write in writes}
    done: dict[int, Pushed] = {}
    for record in answer.content.get("results") or ():
        names = values_of(record, by) if by else [str(record["id"])]
        index = by_trace.get(str(record.get("objectWriteTraceId")), _first(by_key, names))
        if index is not None:
            done[index] = written(record, answer)
    errors = answer.content.get("errors") or ()
    for error in errors:
        context = error.get("context") or {}
        traced = _named(by_trace, context.get("objectWriteTraceId"))
        for index in traced | _named(by_key, context.get("ids"), context.get("id")):
            done.setdefault(index, refusal(error, answer.correlation_id))
    if len(writes) == 1 and not done and errors:
        done[writes[0].index] = refusal(errors[0], answer.correlation_id)
    return done


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


def _first(known: Mapping[str, int], names: Sequence[str]) -> int | None:
    return next((known[name] for name in names if name in known), None)


def _named(known: Mapping[str, int], *given: object) -> set[int]:
    """The inputs that an error's context names: a text, or a list of texts."""
    names = [name for each in given for name in (each if isinstance(each, list) else [each]) if name]
    return {known[str(name)] for name in names if str(name) in known}
