"""Which of our facts goes to which property of a CRM's object: the field mapping. Pure; `mapping_reader` reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from certification.domain.errors import InvalidError, NotFoundError
from certification.domain.model import HolderType

Scalar = str | int | float | bool
Json: TypeAlias = dict[str, Any]

OBJECTS: Mapping[str, Mapping[str, HolderType]] = {
    "hubspot": {"contact": HolderType.USER, "company": HolderType.ORGANIZATION},
    "salesforce": {"contact": HolderType.USER, "account": HolderType.ORGANIZATION},
}
IDENTITY_MATCH = "identity:"


class Source(StrEnum):
    """Where a value comes from: the holder's completion of one certification, or the holder as a whole."""

    STATUS = "status"
    COMPLETION_DATE = "completion_date"
    EFFECTIVE_DATE = "effective_date"
    EXPIRATION_DATE = "expiration_date"
    CYCLE = "cycle"
    NAME = "name"
    VERIFY_URL = "verify_url"
    CERTIFICATION_COMPLETION_ID = "certification_completion_id"
    CERTIFIED_USER_COUNT = "certified_user_count"
    ACTIVE_CERTIFICATIONS = "active_certifications"
    COMPLETED_COURSES = "completed_courses"
    ACTIVE_CERTIFICATION_COUNT = "active_certification_count"
    LATEST_COMPLETION_DATE = "latest_completion_date"
    NEXT_EXPIRATION_DATE = "next_expiration_date"


HOLDER_SOURCES = frozenset(
    {
        Source.ACTIVE_CERTIFICATIONS,
        Source.COMPLETED_COURSES,
        Source.ACTIVE_CERTIFICATION_COUNT,
        Source.LATEST_COMPLETION_DATE,
        Source.NEXT_EXPIRATION_DATE,
    }
)


class WriteRule(StrEnum):
    ALWAYS = "always"
    FIRST_SYNC_ONLY = "first_sync_only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which property of theirs finds the record, and by which value of ours."""

    source: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldMapping:
    """One property: a source of ours, or a fixed `value`. `values` translates ours to theirs."""

    target: str
    source: Source | None = None
    certification_id: str | None = None
    value: Scalar | None = None
    write: WriteRule = WriteRule.ALWAYS
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectMapping:
    """The mapping of one object of one CRM."""

    crm: str
    object_name: str
    holder_type: HolderType
    match: Match
    fields: tuple[FieldMapping, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingUses:
    """What besides profile and completions changes the projection of one object's mapping."""

    object_name: str
    holder_type: HolderType
    completed_courses: bool = False
    counted: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()


class InvalidMappingError(InvalidError):
    """The mapping cannot be used; `errors` name each field, what is wrong, and the remedy."""

    code = "invalid-mapping"


def holder_type_of(crm: str, object_name: str) -> HolderType:
    """Whose data goes to this object; `NotFoundError` where this CRM has no such object for us."""
    try:
        return OBJECTS[crm][object_name]
    except KeyError as exc:
        known = ", ".join(f"{c}/{o}" for c, objects in OBJECTS.items() for o in objects)
        raise NotFoundError(f"there is no mapping {crm}/{object_name}; there are {known}") from exc


def object_for(crm: str, holder_type: HolderType) -> str:
    return next(name for name, kind in OBJECTS[crm].items() if kind is holder_type)


def uses_of(mapping: ObjectMapping) -> MappingUses:
    """What besides profile and completions changes the projection."""
    sources = [(f.source, f.certification_id or "") for f in mapping.fields]
    return MappingUses(
        object_name=mapping.object_name,
        holder_type=mapping.holder_type,
        completed_courses=any(source is Source.COMPLETED_COURSES for source, _ in sources),
        counted=frozenset(c for source, c in sources if source is Source.CERTIFIED_USER_COUNT),
        named=frozenset(c for source, c in sources if source is Source.NAME),
    )


def mapping_to_json(mapping: ObjectMapping) -> Json:
    return {
        "match": {"source": mapping.match.source, "target": mapping.match.target},
        "fields": [_field_to_json(one) for one in mapping.fields],
    }


def _field_to_json(one: FieldMapping) -> Json:
    shape: Json = {}
    if one.certification_id is not None:
        shape["certification_id"] = one.certification_id
    if one.source is not None:
        shape["source"] = one.source.value
    else:
        shape["value"] = one.value
    shape["target"] = one.target
    if one.write is not WriteRule.ALWAYS:
        shape["write"] = one.write.value
    if one.values:
        shape["values"] = dict(one.values)
    return shape
