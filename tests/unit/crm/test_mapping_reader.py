from __future__ import annotations

from typing import Any

import pytest

from certification.domain.errors import NotFoundError
from certification.domain.mapping import (
    FieldMapping,
    InvalidMappingError,
    Match,
    ObjectMapping,
    Source,
    WriteRule,
    mapping_to_json,
    uses_of,
)
from certification.domain.mapping_reader import mapping_from_json
from certification.domain.model import HolderType

CONTRACT_EXAMPLE: dict[str, Any] = {
    "match": {"source": "email", "target": "email"},
    "fields": [
        {"certification_id": "cert_1", "source": "status", "target": "sales_pro_status"},
        {
            "certification_id": "cert_1",
            "source": "expiration_date",
            "target": "sales_pro_expires",
            "write": "first_sync_only",
        },
        {"source": "active_certifications", "target": "certifications"},
        {"source": "active_certification_count", "target": "certification_count"},
        {"value": "Partner", "target": "contact_kind"},
    ],
}


def test_the_example_of_the_contract_is_read() -> None:
    mapping = mapping_from_json("hubspot", "contact", CONTRACT_EXAMPLE)

    assert mapping.holder_type is HolderType.USER
    assert mapping.match == Match(source="email", target="email")
    assert mapping.fields[1] == FieldMapping(
        target="sales_pro_expires",
        source=Source.EXPIRATION_DATE,
        certification_id="cert_1",
        write=WriteRule.FIRST_SYNC_ONLY,
    )
    assert mapping.fields[4] == FieldMapping(target="contact_kind", value="Partner")


def test_a_mapping_survives_writing_and_reading() -> None:
    mapping = mapping_from_json("hubspot", "contact", CONTRACT_EXAMPLE)

    assert mapping_to_json(mapping) == CONTRACT_EXAMPLE
    assert mapping_from_json("hubspot", "contact", mapping_to_json(mapping)) == mapping


def field(**changes: Any) -> dict[str, Any]:
    return {"certification_id": "cert_1", "source": "status", "target": "a", **changes}


def problems(
    fields: list[Any], match: Any = None, crm: str = "hubspot", name: str = "contact"
) -> set[tuple[str, str]]:
    shape = {"match": match or {"source": "email", "target": "email"}, "fields": fields}
    if name != "contact":
        shape["match"] = match or {"source": "organization_id", "target": "partner_id"}
    with pytest.raises(InvalidMappingError) as refused:
        mapping_from_json(crm, name, shape)
    return {(error.pointer, error.code) for error in refused.value.errors}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"target": "a"}, ("/fields/0", "required")),
        (field(source="points"), ("/fields/0/source", "unknown_source")),
        (field(certification_id=None), ("/fields/0/certification_id", "required")),
        (field(source="active_certifications"), ("/fields/0/certification_id", "not_allowed")),
        (field(value="x"), ("/fields/0/value", "ambiguous")),
        (field(write="sometimes"), ("/fields/0/write", "unknown_write")),
        (field(values={"active": 1}), ("/fields/0/values", "wrong_type")),
        (field(colour="red"), ("/fields/0/colour", "unknown_field")),
        (field(target=""), ("/fields/0/target", "required")),
        (field(source="certified_user_count"), ("/fields/0/source", "not_for_this_object")),
        ({"value": "", "target": "a"}, ("/fields/0/value", "wrong_type")),
        ({"value": None, "target": "a"}, ("/fields/0/value", "wrong_type")),
        ({"value": "x", "target": "a", "values": {"x": "y"}}, ("/fields/0/values", "not_allowed")),
        ("status", ("/fields/0", "wrong_type")),
        (field(target="email"), ("/fields/0/target", "duplicate_target")),
    ],
)
def test_each_mistake_is_named_with_its_place(given: Any, expected: tuple[str, str]) -> None:
    assert expected in problems([given])


def test_two_mistakes_are_told_at_once() -> None:
    assert problems([field(source="points"), field(target="b", write="x")]) == {
        ("/fields/0/source", "unknown_source"),
        ("/fields/1/write", "unknown_write"),
    }


def test_a_property_has_one_source() -> None:
    assert problems([field(), field(source="cycle")]) == {("/fields/1/target", "duplicate_target")}


def test_completed_courses_are_of_users_only() -> None:
    given = [{"source": "completed_courses", "target": "courses"}]

    assert problems(given, name="company") == {("/fields/0/source", "not_for_this_object")}


@pytest.mark.parametrize("source", ["identity:", "domain", "phone", "identity:<source>", 7, None])
def test_a_user_is_not_matched_by_anything_else(source: Any) -> None:
    assert ("/match/source", "unknown_source") in problems([field()], match={"source": source, "target": "x"})


def test_a_user_can_be_matched_by_an_identity() -> None:
    shape = {"match": {"source": "identity:lms-1", "target": "lms_id"}, "fields": [field()]}

    assert mapping_from_json("salesforce", "contact", shape).match.source == "identity:lms-1"


@pytest.mark.parametrize(
    "shape", [None, [], "x", {}, {"match": {"source": "email", "target": "email"}, "fields": []}]
)
def test_what_is_no_mapping_is_refused(shape: Any) -> None:
    with pytest.raises(InvalidMappingError):
        mapping_from_json("hubspot", "contact", shape)


def test_an_object_that_a_crm_does_not_have_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        mapping_from_json("hubspot", "account", CONTRACT_EXAMPLE)


def test_uses_tell_what_else_changes_the_projection() -> None:
    shape = {
        "match": {"source": "organization_id", "target": "partner_id"},
        "fields": [
            {"certification_id": "cert_1", "source": "certified_user_count", "target": "count"},
            {"certification_id": "cert_2", "source": "name", "target": "label"},
        ],
    }
    mapping = mapping_from_json("salesforce", "account", shape)

    uses = uses_of(mapping)

    assert isinstance(mapping, ObjectMapping)
    assert uses.counted == {"cert_1"}
    assert uses.named == {"cert_2"}
    assert not uses.completed_courses
