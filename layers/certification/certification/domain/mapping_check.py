"""Hold a mapping against the CRM's description of its properties: each problem with its field and the remedy. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from certification.domain.crm_property import CrmProperty, PropertyKind
from certification.domain.errors import FieldError
from certification.domain.mapping import FieldMapping, ObjectMapping, Source
from certification.domain.model import Status

_DATES = frozenset(
    {
        Source.COMPLETION_DATE,
        Source.EFFECTIVE_DATE,
        Source.EXPIRATION_DATE,
        Source.LATEST_COMPLETION_DATE,
        Source.NEXT_EXPIRATION_DATE,
    }
)
_NUMBERS = frozenset({Source.CYCLE, Source.CERTIFIED_USER_COUNT, Source.ACTIVE_CERTIFICATION_COUNT})
_LISTS = frozenset({Source.ACTIVE_CERTIFICATIONS, Source.COMPLETED_COURSES})
_LENGTHS = {Source.VERIFY_URL: 200, Source.CERTIFICATION_COMPLETION_ID: 100}
_DATE_LENGTH = 10
_NUMBER_LENGTH = 6
_BOOLEANS = ("true", "false")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownValues:
    """What of ours can come up: names by certification id, and the members of the lists."""

    names: Mapping[str, str] = field(default_factory=dict)
    active_certifications: tuple[str, ...] = ()
    completed_courses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outgoing:
    """What a field can send: the property kinds that take it, all its values where they are known, its length."""

    words: str
    kinds: frozenset[PropertyKind]
    values: tuple[str, ...] = ()
    length: int = 0


def check_mapping(
    mapping: ObjectMapping, properties: Iterable[CrmProperty], known: KnownValues
) -> tuple[FieldError, ...]:
    """Everything that the CRM would refuse; empty: the mapping fits."""
    by_name = {each.name: each for each in properties}
    problems = _check_match(mapping, by_name.get(mapping.match.target))
    for index, one in enumerate(mapping.fields):
        problems += _check_field(one, by_name.get(one.target), f"/fields/{index}", known)
    return tuple(problems)


def kinds_of(mapping: ObjectMapping, properties: Iterable[CrmProperty]) -> dict[str, str]:
    """The kind of each property that the mapping names."""
    named = {mapping.match.target, *(one.target for one in mapping.fields)}
    return {each.name: each.kind.value for each in properties if each.name in named}


def _check_match(mapping: ObjectMapping, target: CrmProperty | None) -> list[FieldError]:
    at, name = "/match/target", mapping.match.target
    if target is None:
        return [_unknown(at, name)]
    if target.archived:
        return [_archived(at, name)]
    if not target.unique:
        remedy = "choose a property that holds each value once, or make it unique in the CRM"
        return [_error(at, "not_unique", f"{name} is not unique, so it cannot find one record: {remedy}")]
    return []


def _check_field(
    one: FieldMapping, target: CrmProperty | None, pointer: str, known: KnownValues
) -> list[FieldError]:
    at = f"{pointer}/target"
    if target is None:
        return [_unknown(at, one.target)]
    if target.archived:
        return [_archived(at, one.target)]
    if target.calculated:
        message = f"{one.target} is calculated by the CRM: map to a property that can be written"
        return [_error(at, "calculated_property", message)]
    if not target.writable:
        message = f"{one.target} is read-only: allow writing it in the CRM, or map to another property"
        return [_error(at, "read_only_property", message)]
    outgoing = _fixed(one, target) if one.source is None else _sourced(one, one.source, known)
    if target.kind not in outgoing.kinds:
        kinds = " or ".join(sorted(kind.value for kind in outgoing.kinds))
        message = f"{one.target} is of type {target.kind.value}; {outgoing.words} needs type {kinds}"
        return [_error(at, "wrong_type", message)]
    return _check_values(one, outgoing, target, pointer)


def _check_values(
    one: FieldMapping, outgoing: _Outgoing, target: CrmProperty, pointer: str
) -> list[FieldError]:
    at = f"{pointer}/values" if one.source is not None else f"{pointer}/value"
    if target.kind in {PropertyKind.CHOICE, PropertyKind.CHOICES} and target.restricted:
        return _missing_options(at, one, outgoing.values, target.options)
    if target.kind is PropertyKind.BOOLEAN:
        return _missing_options(at, one, outgoing.values, _BOOLEANS)
    longest = max((outgoing.length, *(len(value) for value in outgoing.values)))
    if target.kind is PropertyKind.TEXT and target.max_length is not None and target.max_length < longest:
        message = f"{one.target} takes {target.max_length} characters, {outgoing.words} needs {longest}: lengthen it"
        return [_error(f"{pointer}/target", "text_too_short", message)]
    return []


def _missing_options(
    at: str, one: FieldMapping, values: tuple[str, ...], options: tuple[str, ...]
) -> list[FieldError]:
    missing = [value for value in values if value not in options]
    if not missing:
        return []
    some = ", ".join(missing[:5]) + (" …" if len(missing) > len(missing[:5]) else "")
    message = (
        f"{one.target} has no option for {some}: add it in the CRM, or translate ours to theirs in values"
    )
    return [_error(at, "option_missing", message)]


def _sourced(one: FieldMapping, source: Source, known: KnownValues) -> _Outgoing:
    text = PropertyKind.TEXT
    if source is Source.STATUS:
        values = tuple(filter(None, (one.values.get(status, status) for status in Status)))
        kinds = {text, PropertyKind.CHOICE} | (
            {PropertyKind.BOOLEAN} if set(values) <= {*_BOOLEANS} else set()
        )
        return _Outgoing(words="status", kinds=frozenset(kinds), values=values)
    if source in _DATES:
        kinds = {PropertyKind.DATE, text}
        return _Outgoing(words=source.value, kinds=frozenset(kinds), length=_DATE_LENGTH)
    if source in _NUMBERS:
        kinds = {PropertyKind.NUMBER, text}
        return _Outgoing(words=source.value, kinds=frozenset(kinds), length=_NUMBER_LENGTH)
    if source in _LISTS:
        ours = (
            known.active_certifications if source is Source.ACTIVE_CERTIFICATIONS else known.completed_courses
        )
        theirs = tuple(filter(None, (one.values.get(each, each) for each in ours)))
        return _Outgoing(words=source.value, kinds=frozenset({PropertyKind.CHOICES}), values=theirs)
    length = (
        len(known.names.get(one.certification_id or "", "")) if source is Source.NAME else _LENGTHS[source]
    )
    return _Outgoing(words=source.value, kinds=frozenset({text}), length=length)


def _fixed(one: FieldMapping, target: CrmProperty) -> _Outgoing:
    value = one.value
    if isinstance(value, bool):
        kinds = {PropertyKind.BOOLEAN, PropertyKind.TEXT}
        return _Outgoing(words="true or false", kinds=frozenset(kinds), values=(str(value).lower(),))
    if isinstance(value, int | float):
        kinds = {PropertyKind.NUMBER, PropertyKind.TEXT}
        return _Outgoing(words="a number", kinds=frozenset(kinds), values=(str(value),))
    written = str(value)
    kinds = {PropertyKind.TEXT, PropertyKind.CHOICE, PropertyKind.CHOICES, PropertyKind.BOOLEAN}
    if _is_date(written):
        kinds.add(PropertyKind.DATE)
    if _is_number(written):
        kinds.add(PropertyKind.NUMBER)
    values = tuple(written.split(";")) if target.kind is PropertyKind.CHOICES else (written,)
    return _Outgoing(words=f"the fixed value {written!r}", kinds=frozenset(kinds), values=values)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _unknown(at: str, name: str) -> FieldError:
    message = f"the CRM has no property {name}: create it there, or correct the name"
    return _error(at, "unknown_property", message)


def _archived(at: str, name: str) -> FieldError:
    return _error(at, "archived_property", f"{name} is archived in the CRM: restore it, or map to another")


def _error(pointer: str, code: str, message: str) -> FieldError:
    return FieldError(pointer=pointer, code=code, message=message)
