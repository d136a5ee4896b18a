"""The publish checklist as callers see it: all ten codes, each with its message and where it is (R2, R8, R15, R25)."""

from __future__ import annotations

from typing import Any

import pytest

from programme import Programme, required

ITEMS: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "  "}, "name_missing", "/name"),
    ({"details": ""}, "details_missing", "/details"),
    ({"expiration": None}, "expiration_missing", "/expiration"),
    ({"expiration": {"type": "fixed_date", "date": "2026-11-19"}}, "expiration_past", "/expiration/date"),
    ({"permissions": None}, "permissions_missing", "/permissions"),
    ({"permissions": {"audience": "groups"}}, "permissions_missing", "/permissions/groups"),
    ({"permissions": {"audience": "rules"}}, "permissions_missing", "/permissions/rules"),
    ({"requirements": None}, "courses_missing", "/requirements/courses"),
    ({"requirements": required("c-9")}, "course_unknown", "/requirements/courses/0/course_id"),
    (
        {"requirements": {"courses": [{"course_id": "c-1", "equivalents": ["c-2", "c-9"]}]}},
        "course_unknown",
        "/requirements/courses/0/equivalents/1",
    ),
    ({"requirements": required("c-1", "c-old")}, "course_inactive", "/requirements/courses/1/course_id"),
    (
        {"requirements": required("c-1", required_count=2)},
        "required_count_too_high",
        "/requirements/required_count",
    ),
    ({"expiration": {"type": "never"}, "renewal": {"opens": "P30D"}}, "renewal_not_possible", "/renewal"),
    (
        {
            "expiration": {"type": "fixed_date", "date": "2027-12-31"},
            "renewal": {"opens": "P30D"},
        },
        "renewal_not_possible",
        "/renewal",
    ),
    ({"renewal": {"opens": "P12M"}}, "renewal_not_possible", "/renewal/opens"),
    ({"renewal": {"opens": "P30D", "grace": "P12M"}}, "renewal_not_possible", "/renewal/grace"),
]
CODES = (
    "name_missing details_missing expiration_missing expiration_past permissions_missing courses_missing "
    "course_unknown course_inactive required_count_too_high renewal_not_possible"
)


@pytest.fixture
def api() -> Programme:
    api = Programme()
    api.made("PUT", "/courses/c-old", {"name": "Retired course", "active": False})
    return api


def unmet(api: Programme, certification_id: str) -> list[tuple[str, str]]:
    items = api.made("GET", f"/certifications/{certification_id}")["publish_checklist"]
    assert all(item["message"].endswith(".") for item in items)
    return [(item["code"], item["pointer"]) for item in items]


def test_all_codes_of_the_contract_are_here() -> None:
    assert {code for _, code, _ in ITEMS} == set(CODES.split())


def test_a_complete_definition_lacks_nothing(api: Programme) -> None:
    assert unmet(api, api.draft()) == []


@pytest.mark.parametrize(("parts", "code", "pointer"), ITEMS)
def test_what_is_missing_is_named_and_keeps_it_from_being_published(
    api: Programme, parts: dict[str, Any], code: str, pointer: str
) -> None:
    certification = api.draft(**parts)
    assert unmet(api, certification) == [(code, pointer)]
    status, problem = api.call("POST", f"/certifications/{certification}/publish")
    assert status == 409
    assert problem["type"].endswith("checklist-unmet")
    assert [(error["code"], error["pointer"]) for error in problem["errors"]] == [(code, pointer)]
    assert api.made("GET", f"/certifications/{certification}")["publish_status"] == "draft"


@pytest.mark.parametrize(("parts", "code", "pointer"), ITEMS)
def test_what_is_published_cannot_lose_it_either(
    api: Programme, parts: dict[str, Any], code: str, pointer: str
) -> None:
    certification = api.published()
    change = {name: value if value is not None else None for name, value in parts.items()}
    status, problem = api.call("PATCH", f"/certifications/{certification}", change)
    assert status == 409
    assert (code, pointer) in [(error["code"], error["pointer"]) for error in problem["errors"]]
    assert unmet(api, certification) == []


def test_an_empty_draft_names_everything_at_once_in_the_order_of_filling_it_in(api: Programme) -> None:
    draft = api.made("POST", "/certifications", {"type": "user", "name": "", "details": ""})
    assert [item["code"] for item in draft["publish_checklist"]] == [
        "name_missing",
        "details_missing",
        "expiration_missing",
        "permissions_missing",
        "courses_missing",
    ]


def test_an_organization_certification_needs_no_courses_and_no_end(api: Programme) -> None:
    certification = api.draft(type="organization", requirements=None, expiration=None)
    assert unmet(api, certification) == []


def test_a_course_that_goes_shows_up_on_a_published_one(api: Programme) -> None:
    """R24 keeps it from being deleted; that it may become inactive must be seen."""
    certification = api.published()
    api.made("PUT", "/courses/c-1", {"name": "Course c-1", "active": False})
    assert unmet(api, certification) == [("course_inactive", "/requirements/courses/0/course_id")]


def test_what_it_lost_since_does_not_forbid_an_edit_that_has_nothing_to_do_with_it(api: Programme) -> None:
    certification = api.published(expiration={"type": "fixed_date", "date": "2026-12-31"})
    path = f"/certifications/{certification}"
    api.on("2027-01-01").made("PATCH", path, {"permissions": {"audience": "no_one"}})
    api.made("PUT", "/courses/c-1", {"name": "Course c-1", "active": False})
    api.made("PATCH", path, {"name": "Another name"})
    status, problem = api.call("PATCH", path, {"name": ""})
    assert (status, [error["code"] for error in problem["errors"]]) == (409, ["name_missing"])
    assert api.call("POST", f"{path}/publish")[0] == 409
    api.made("PATCH", path, {"expiration": {"type": "never"}, "requirements": required("c-2")})
    assert unmet(api, certification) == []


def test_an_edit_that_moves_an_inactive_course_up_the_list_is_no_new_loss(api: Programme) -> None:
    certification = api.published(requirements=required("c-2", "c-1"))
    api.made("PUT", "/courses/c-1", {"name": "Course c-1", "active": False})
    api.made("DELETE", f"/certifications/{certification}/courses/c-2")
    assert unmet(api, certification) == [("course_inactive", "/requirements/courses/0/course_id")]


def test_today_is_not_past(api: Programme) -> None:
    assert unmet(api, api.draft(expiration={"type": "fixed_date", "date": "2026-11-20"})) == []


@pytest.mark.parametrize(
    ("parts", "pointer"),
    [
        ({"requirements": required("c-1", "c-1")}, "/requirements/courses"),
        ({"type": "organization", "expiration": None}, "/requirements"),
        ({"requirements": required("c-1", required_count=0)}, "/requirements/required_count"),
        ({"expiration": {"type": "duration", "duration": "P0D"}}, "/expiration/duration"),
        ({"expiration": {"type": "duration", "duration": "PT5H"}}, "/expiration/duration"),
        ({"expiration": {"type": "anchored", "month": 13, "day": 1}}, "/expiration/month"),
        ({"expiration": {"type": "anchored", "month": 2, "day": 30}}, "/expiration/day"),
        ({"expiration": {"type": "sometime"}}, "/expiration"),
        ({"renewal": {"opens": "P60D", "basis": "whenever"}}, "/renewal/basis"),
        ({"permissions": {"audience": "friends"}}, "/permissions/audience"),
        ({"reminders": ["P30D", "soon"]}, "/reminders/1"),
    ],
)
def test_what_makes_no_sense_at_all_is_refused_at_once(
    api: Programme, parts: dict[str, Any], pointer: str
) -> None:
    body = {"type": "user", "name": "n", "details": "d", "requirements": required("c-1"), **parts}
    status, problem = api.call("POST", "/certifications", body)
    assert status == 422
    assert pointer in [error["pointer"] for error in problem["errors"]]


@pytest.mark.parametrize(
    ("month", "day", "possible"), [(2, 29, True), (2, 30, False), (4, 31, False), (12, 31, True)]
)
def test_an_anchor_must_be_a_day_of_some_year(api: Programme, month: int, day: int, possible: bool) -> None:
    policy = {"type": "anchored", "month": month, "day": day}
    status, _ = api.call("POST", "/certifications", {"type": "user", "name": "n", "expiration": policy})
    assert status == (201 if possible else 422)
