"""Read a field mapping from JSON: everything that is wrong with it at once, with place and remedy. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from certification.domain.errors import FieldError
from certification.domain.mapping import (
    HOLDER_SOURCES,
    IDENTITY_MATCH,
    FieldMapping,
    InvalidMappingError,
    Json,
    Match,
    ObjectMapping,
    Source,
    WriteRule,
    holder_type_of,
)
from certification.domain.model import HolderType

MOST_FIELDS = 200
_MATCH_SOURCES = {
    HolderType.USER: ("user_id", "email", f"{IDENTITY_MATCH}<source>"),
    HolderType.ORGANIZATION: ("organization_id", "domain"),
}
_ONLY_FOR = {
    Source.CERTIFIED_USER_COUNT: HolderType.ORGANIZATION,
    Source.COMPLETED_COURSES: HolderType.USER,
}


def mapping_from_json(crm: str, object_name: str, shape: Any) -> ObjectMapping:
    """Read a mapping; `InvalidMappingError` lists everything that is wrong with it at once."""
    holder_type = holder_type_of(crm, object_name)
    errors: list[FieldError] = []
    body = _object(shape, "", {"match", "fields"}, errors)
    match = _match(body.get("match"), holder_type, errors)
    given = body.get("fields")
    if not isinstance(given, list) or not given:
        errors.append(_error("/fields", "required", "list at least one field to write"))
        given = []
    if len(given) > MOST_FIELDS:
        errors.append(_error("/fields", "too_many", f"at most {MOST_FIELDS} fields"))
        given = []
    fields = [_field(one, f"/fields/{index}", holder_type, errors) for index, one in enumerate(given)]
    _check_targets(match, fields, errors)
    if errors or match is None:
        raise InvalidMappingError("the mapping cannot be used", errors=tuple(errors))
    return ObjectMapping(
        crm=crm,
        object_name=object_name,
        holder_type=holder_type,
        match=match,
        fields=tuple(f for f in fields if f is not None),
    )


def _match(shape: Any, holder_type: HolderType, errors: list[FieldError]) -> Match | None:
    if shape is None:
        errors.append(
            _error("/match", "required", "say which property finds the record, and by what of ours")
        )
        return None
    given = _object(shape, "/match", {"source", "target"}, errors)
    source, target = given.get("source"), given.get("target")
    allowed = _MATCH_SOURCES[holder_type]
    identity = (
        isinstance(source, str) and source.startswith(IDENTITY_MATCH) and len(source) > len(IDENTITY_MATCH)
    )
    known = source in allowed or (holder_type is HolderType.USER and identity)
    if not known or "<" in str(source):
        message = f"a {holder_type.value} is matched by {', '.join(allowed)}"
        errors.append(_error("/match/source", "unknown_source", message))
        return None
    if not isinstance(target, str) or not target:
        errors.append(_error("/match/target", "required", "name the property of the CRM that holds it"))
        return None
    return Match(source=str(source), target=target)


def _field(
    shape: Any, pointer: str, holder_type: HolderType, errors: list[FieldError]
) -> FieldMapping | None:
    before = len(errors)
    given = _object(
        shape, pointer, {"certification_id", "source", "value", "target", "write", "values"}, errors
    )
    target = given.get("target")
    if not isinstance(target, str) or not target:
        errors.append(_error(f"{pointer}/target", "required", "name the property of the CRM to write"))
    source = _source(given, pointer, holder_type, errors)
    write = _write_rule(given.get("write"), pointer, errors)
    values = _values(given.get("values"), pointer, source, errors)
    if len(errors) > before:
        return None
    return FieldMapping(
        target=str(target),
        source=source,
        certification_id=given.get("certification_id"),
        value=given.get("value"),
        write=write,
        values=values,
    )


def _source(given: Json, pointer: str, holder_type: HolderType, errors: list[FieldError]) -> Source | None:
    if "source" not in given:
        _check_fixed_value(given, pointer, errors)
        return None
    if "value" in given:
        errors.append(_error(f"{pointer}/value", "ambiguous", "give a source or a fixed value, not both"))
    try:
        source = Source(given["source"])
    except ValueError:
        known = ", ".join(Source)
        errors.append(_error(f"{pointer}/source", "unknown_source", f"sources are {known}"))
        return None
    only_for = _ONLY_FOR.get(source, holder_type)
    if only_for is not holder_type:
        message = f"{source.value} exists for a {only_for.value} only"
        errors.append(_error(f"{pointer}/source", "not_for_this_object", message))
    _check_certification(source, given, pointer, errors)
    return source


def _check_fixed_value(given: Json, pointer: str, errors: list[FieldError]) -> None:
    value = given.get("value")
    if "value" not in given:
        errors.append(_error(pointer, "required", "give a source or a fixed value"))
    elif not isinstance(value, (str, int, float, bool)) or value == "":
        errors.append(
            _error(f"{pointer}/value", "wrong_type", "a fixed value is a text, a number or true/false")
        )
    if given.get("certification_id") is not None:
        message = "a fixed value belongs to no certification; leave certification_id out"
        errors.append(_error(f"{pointer}/certification_id", "not_allowed", message))


def _check_certification(source: Source, given: Json, pointer: str, errors: list[FieldError]) -> None:
    at = f"{pointer}/certification_id"
    certification_id = given.get("certification_id")
    if source in HOLDER_SOURCES:
        if certification_id is not None:
            message = f"{source.value} is of the holder as a whole; leave certification_id out"
            errors.append(_error(at, "not_allowed", message))
    elif not isinstance(certification_id, str) or not certification_id:
        errors.append(_error(at, "required", f"{source.value} is of one certification: say which"))


def _write_rule(given: Any, pointer: str, errors: list[FieldError]) -> WriteRule:
    try:
        return WriteRule(given or WriteRule.ALWAYS)
    except ValueError:
        known = " or ".join(WriteRule)
        errors.append(_error(f"{pointer}/write", "unknown_write", f"write is {known}"))
        return WriteRule.ALWAYS


def _values(given: Any, pointer: str, source: Source | None, errors: list[FieldError]) -> dict[str, str]:
    at = f"{pointer}/values"
    if given is None:
        return {}
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        errors.append(_error(at, "wrong_type", "values is an object from our value to theirs, both texts"))
        return {}
    if source is None:
        errors.append(_error(at, "not_allowed", "a fixed value needs no translation: write theirs"))
    return dict(given)


def _check_targets(
    match: Match | None, fields: Iterable[FieldMapping | None], errors: list[FieldError]
) -> None:
    taken = {match.target: "match"} if match is not None else {}
    for index, one in enumerate(fields):
        if one is None:
            continue
        if one.target in taken:
            message = f"{one.target} is written by {taken[one.target]} already; a property has one source"
            errors.append(_error(f"/fields/{index}/target", "duplicate_target", message))
        taken.setdefault(one.target, f"/fields/{index}")


def _object(shape: Any, pointer: str, allowed: set[str], errors: list[FieldError]) -> Json:
    if not isinstance(shape, dict):
        errors.append(_error(pointer, "wrong_type", "an object is expected here"))
        return {}
    for name in shape:
        if name not in allowed:
            known = ", ".join(sorted(allowed))
            errors.append(_error(f"{pointer}/{_escaped(name)}", "unknown_field", f"fields here are {known}"))
    return shape


def _escaped(name: Any) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")


def _error(pointer: str, code: str, message: str) -> FieldError:
    return FieldError(pointer=pointer, code=code, message=message)
