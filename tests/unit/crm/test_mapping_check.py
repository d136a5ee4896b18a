from __future__ import annotations

from typing import Any

import pytest

from certification.domain.crm_property import CrmProperty, PropertyKind
from certification.domain.errors import FieldError
from certification.domain.mapping_check import KnownValues, check_mapping, kinds_of
from certification.domain.mapping_reader import mapping_from_json

STATUSES = ("scheduled", "active", "expired", "revoked", "superseded")
KNOWN = KnownValues(
    names={"cert-1": "Sales Pro"}, active_certifications=("cert-1", "cert-2"), completed_courses=("c-1",)
)
EMAIL = CrmProperty(name="email", kind=PropertyKind.TEXT, unique=True)


def prop(kind: str = "text", **changes: Any) -> CrmProperty:
    return CrmProperty(**{"name": "t", "kind": PropertyKind(kind), **changes})


def status(**changes: Any) -> dict[str, Any]:
    return {"certification_id": "cert-1", "source": "status", "target": "t", **changes}


def of_cert(source: str) -> dict[str, Any]:
    return status(source=source)


def check(
    field: dict[str, Any], *properties: CrmProperty, match: CrmProperty | None = EMAIL
) -> tuple[FieldError, ...]:
    shape = {"match": {"source": "email", "target": "email"}, "fields": [field]}
    given = [*properties, *([match] if match else [])]
    return check_mapping(mapping_from_json("hubspot", "contact", shape), given, KNOWN)


@pytest.mark.parametrize(
    ("field", "target"),
    [
        (status(), prop()),
        (status(), prop("choice", options=STATUSES)),
        (status(values=dict.fromkeys(STATUSES, "x")), prop("choice", options=("x",))),
        (status(), prop("choice", options=("other",), restricted=False)),
        (status(values={"superseded": "", "revoked": ""}), prop("choice", options=STATUSES[:3])),
        (status(values={"active": "true", **dict.fromkeys(set(STATUSES) - {"active"}, "")}), prop("boolean")),
        (status(values={s: str(s == "active").lower() for s in STATUSES}), prop("boolean")),
        (of_cert("expiration_date"), prop("date")),
        (of_cert("expiration_date"), prop(max_length=10)),
        (of_cert("cycle"), prop("number")),
        (of_cert("name"), prop(max_length=9)),
        (of_cert("verify_url"), prop(max_length=255)),
        ({"source": "active_certifications", "target": "t"}, prop("choices", options=("cert-1", "cert-2"))),
        (
            {"source": "active_certifications", "target": "t", "values": {"cert-1": "One", "cert-2": ""}},
            prop("choices", options=("One",)),
        ),
        ({"source": "completed_courses", "target": "t"}, prop("choices", options=("c-1",))),
        ({"value": "Partner", "target": "t"}, prop("choice", options=("Partner",))),
        ({"value": "A;B", "target": "t"}, prop("choices", options=("A", "B"))),
        ({"value": True, "target": "t"}, prop("boolean")),
        ({"value": "true", "target": "t"}, prop("boolean")),
        ({"value": "2026-01-31", "target": "t"}, prop("date")),
        ({"value": 3, "target": "t"}, prop("number")),
    ],
)
def test_what_fits_has_no_problem(field: dict[str, Any], target: CrmProperty) -> None:
    assert check(field, target) == ()


@pytest.mark.parametrize(
    ("field", "target", "code", "pointer", "word"),
    [
        (status(), None, "unknown_property", "/fields/0/target", "create it"),
        (status(), prop(archived=True), "archived_property", "/fields/0/target", "restore it"),
        (status(), prop(calculated=True), "calculated_property", "/fields/0/target", "calculated"),
        (status(), prop(writable=False), "read_only_property", "/fields/0/target", "read-only"),
        (status(), prop("number"), "wrong_type", "/fields/0/target", "text"),
        (status(), prop("boolean"), "wrong_type", "/fields/0/target", "text"),
        (status(), prop("choices", options=STATUSES), "wrong_type", "/fields/0/target", "choice"),
        (of_cert("expiration_date"), prop("date_time"), "wrong_type", "/fields/0/target", "date"),
        (of_cert("expiration_date"), prop(max_length=9), "text_too_short", "/fields/0/target", "lengthen"),
        (of_cert("cycle"), prop("date"), "wrong_type", "/fields/0/target", "number"),
        (of_cert("name"), prop(max_length=8), "text_too_short", "/fields/0/target", "9"),
        (of_cert("verify_url"), prop(max_length=100), "text_too_short", "/fields/0/target", "200"),
        (status(), prop(max_length=9), "text_too_short", "/fields/0/target", "10"),
        (status(), prop("choice", options=("active",)), "option_missing", "/fields/0/values", "expired"),
        (
            status(values={"active": "Yes"}),
            prop("choice", options=STATUSES),
            "option_missing",
            "/fields/0/values",
            "Yes",
        ),
        (
            {"source": "active_certifications", "target": "t"},
            prop("choices", options=("cert-1",)),
            "option_missing",
            "/fields/0/values",
            "cert-2",
        ),
        (
            {"source": "active_certifications", "target": "t"},
            prop(),
            "wrong_type",
            "/fields/0/target",
            "choices",
        ),
        ({"value": "Partner", "target": "t"}, prop("choice"), "option_missing", "/fields/0/value", "Partner"),
        ({"value": "Partner", "target": "t"}, prop("number"), "wrong_type", "/fields/0/target", "Partner"),
        ({"value": "31.1.2026", "target": "t"}, prop("date"), "wrong_type", "/fields/0/target", "31.1.2026"),
        ({"value": 3, "target": "t"}, prop("boolean"), "wrong_type", "/fields/0/target", "number"),
        ({"value": "maybe", "target": "t"}, prop("boolean"), "option_missing", "/fields/0/value", "maybe"),
        ({"value": "Partner", "target": "t"}, prop(max_length=3), "text_too_short", "/fields/0/target", "7"),
    ],
)
def test_each_problem_names_field_and_remedy(
    field: dict[str, Any], target: CrmProperty | None, code: str, pointer: str, word: str
) -> None:
    (problem,) = check(field, *([target] if target else []))

    assert (problem.code, problem.pointer) == (code, pointer)
    assert word in problem.message


@pytest.mark.parametrize(
    ("match", "code"),
    [
        (None, "unknown_property"),
        (CrmProperty(name="email", kind=PropertyKind.TEXT, unique=False), "not_unique"),
        (CrmProperty(name="email", kind=PropertyKind.TEXT, unique=True, archived=True), "archived_property"),
    ],
)
def test_a_match_needs_a_property_that_finds_one_record(match: CrmProperty | None, code: str) -> None:
    (problem,) = check(status(), prop(), match=match)

    assert (problem.code, problem.pointer) == (code, "/match/target")


def test_all_problems_come_at_once() -> None:
    assert {p.code for p in check(status(), match=None)} == {"unknown_property"}
    assert len(check(status(), match=None)) == 2


def test_the_kinds_of_what_is_mapped_are_remembered() -> None:
    shape = {"match": {"source": "email", "target": "email"}, "fields": [status()]}
    mapping = mapping_from_json("hubspot", "contact", shape)

    kinds = kinds_of(mapping, [EMAIL, prop("choice"), CrmProperty(name="other", kind=PropertyKind.DATE)])

    assert kinds == {"email": "text", "t": "choice"}
