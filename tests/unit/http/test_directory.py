"""Courses, organizations and users through the API (R17, R19, R21, R24)."""

from __future__ import annotations

from typing import Any

import pytest

from populated import populate
from unit.http.api import HttpApi

ADA = {"email": "ada@partner.example", "name": "Ada"}
BO = {"email": "bo@partner.example", "name": "Bo"}
THINGS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "/courses/c-9",
        {"name": "A"},
        {"course_id": "c-9", "description": "", "identities": [], "active": True},
    ),
    (
        "/organizations/o-9",
        {"name": "A"},
        {"organization_id": "o-9", "domain": None, "groups": [], "attributes": {}, "active": True},
    ),
    (
        "/users/u-9",
        {"name": "A", "email": "a@partner.example"},
        {
            "user_id": "u-9",
            "organization_id": None,
            "groups": [],
            "attributes": {},
            "identities": [],
            "active": True,
        },
    ),
]


@pytest.fixture
def api() -> HttpApi:
    return HttpApi()


def identity(external_id: str, source: str = "academy") -> dict[str, str]:
    return {"source": source, "external_id": external_id}


def codes(problem: Any) -> set[tuple[str, str]]:
    return {(error["pointer"], error["code"]) for error in problem["errors"]}


@pytest.mark.parametrize(("path", "body", "more"), THINGS)
class TestAnyOfThem:
    def test_is_created_replaced_read_and_deleted(
        self, api: HttpApi, path: str, body: dict[str, Any], more: dict[str, Any]
    ) -> None:
        assert api.call("PUT", path, body) == (201, body | more)
        assert api.call("PUT", path, body | {"name": "B"}) == (200, body | more | {"name": "B"})
        assert api.call("GET", path) == (200, body | more | {"name": "B"})
        assert api.call("DELETE", path) == (204, "")
        assert api.call("GET", path)[0] == 404
        assert api.call("DELETE", path)[0] == 404

    def test_a_put_replaces_the_whole(
        self, api: HttpApi, path: str, body: dict[str, Any], more: dict[str, Any]
    ) -> None:
        api.made("PUT", path, body | {"active": False})
        assert api.made("PUT", path, body)["active"] is True

    def test_leaves_nothing_behind_when_deleted(
        self, api: HttpApi, path: str, body: dict[str, Any], more: dict[str, Any]
    ) -> None:
        api.made("PUT", path, body | ({} if "organization" in path else {"identities": [identity("7")]}))
        api.made("DELETE", path)
        assert api.table.items == {}

    @pytest.mark.parametrize("name", [None, 1, "x" * 257, "a\x00b", ["A"]])
    def test_needs_a_name_that_is_one(
        self, api: HttpApi, path: str, body: dict[str, Any], more: dict[str, Any], name: Any
    ) -> None:
        status, problem = api.call("PUT", path, body | {"name": name})
        assert status == 422
        assert {pointer for pointer, _ in codes(problem)} == {"/name"}

    def test_takes_any_writing(
        self, api: HttpApi, path: str, body: dict[str, Any], more: dict[str, Any]
    ) -> None:
        name = "Ünïcödé 日本語 🎓 <b>&amp;</b> \u202e'; DROP TABLE"
        api.made("PUT", path, body | {"name": name})
        assert api.made("GET", path)["name"] == name


class TestWhoIsKnownByWhat:
    @pytest.mark.parametrize("email", ["ada@partner.example", "ADA@Partner.Example"])
    def test_an_address_of_another_user_is_a_409_that_points_at_it(self, api: HttpApi, email: str) -> None:
        api.made("PUT", "/users/u-1", ADA)
        status, problem = api.call("PUT", "/users/u-2", {"email": email, "name": "Twin"})
        assert status == 409
        assert codes(problem) == {("/email", "email_taken")}
        assert api.call("GET", "/users/u-2")[0] == 404

    def test_an_identity_of_another_user_is_a_409_and_nothing_of_the_rest_is_kept(self, api: HttpApi) -> None:
        api.made("PUT", "/users/u-1", ADA | {"identities": [identity("7")]})
        status, problem = api.call("PUT", "/users/u-2", BO | {"identities": [identity("8"), identity("7")]})
        assert status == 409
        assert codes(problem) == {("/identities", "identity_taken")}
        api.made("PUT", "/users/u-3", BO | {"identities": [identity("8")]})

    def test_an_identity_of_another_course_is_a_409(self, api: HttpApi) -> None:
        api.made("PUT", "/courses/c-1", {"name": "A", "identities": [identity("7")]})
        status, problem = api.call("PUT", "/courses/c-2", {"name": "B", "identities": [identity("7")]})
        assert status == 409
        assert codes(problem) == {("/identities", "identity_taken")}

    def test_a_user_and_a_course_may_have_the_same_outside_id(self, api: HttpApi) -> None:
        api.made("PUT", "/courses/c-1", {"name": "A", "identities": [identity("7")]})
        api.made("PUT", "/users/u-1", ADA | {"identities": [identity("7")]})

    def test_the_same_outside_id_in_two_sources_is_two(self, api: HttpApi) -> None:
        api.made("PUT", "/users/u-1", ADA | {"identities": [identity("7", "one")]})
        api.made("PUT", "/users/u-2", BO | {"identities": [identity("7", "two")]})

    def test_an_outside_id_of_a_source_called_email_is_no_address(self, api: HttpApi) -> None:
        theirs = identity(ADA["email"], "email")
        api.made("PUT", "/users/u-2", BO | {"identities": [theirs]})
        api.made("PUT", "/users/u-1", ADA)
        api.made("PUT", "/users/u-2", BO | {"identities": [identity(BO["email"], "email")]})
        api.made("PUT", "/users/u-2", BO)
        api.made("PUT", "/users/u-1", ADA | {"identities": [theirs]})

    def test_what_is_given_up_is_free_for_another(self, api: HttpApi) -> None:
        api.made("PUT", "/users/u-1", ADA | {"identities": [identity("7")]})
        api.made("PUT", "/users/u-1", BO)
        api.made("PUT", "/users/u-2", ADA | {"identities": [identity("7")]})

    def test_an_address_may_change_its_case(self, api: HttpApi) -> None:
        api.made("PUT", "/users/u-1", ADA)
        api.made("PUT", "/users/u-1", ADA | {"email": "Ada@Partner.example"})
        assert api.made("GET", "/users/u-1")["email"] == "Ada@Partner.example"

    @pytest.mark.parametrize("external_id", ["a#b", "a/b c", "ü" * 200, "%23", "' or 1=1", "🎓" * 60])
    def test_an_outside_id_may_be_anything(self, api: HttpApi, external_id: str) -> None:
        api.made("PUT", "/users/u-1", ADA | {"identities": [identity(external_id)]})
        assert api.made("GET", "/users/u-1")["identities"] == [identity(external_id)]
        assert api.call("PUT", "/users/u-2", BO | {"identities": [identity(external_id)]})[0] == 409

    @pytest.mark.parametrize(
        "email", ["", "ada", "@partner.example", "ada@", "a da@partner.example", "a@b\n", "x" * 320 + "@y", 7]
    )
    def test_what_is_no_address_is_a_422(self, api: HttpApi, email: Any) -> None:
        status, problem = api.call("PUT", "/users/u-1", ADA | {"email": email})
        assert status == 422
        assert {pointer for pointer, _ in codes(problem)} == {"/email"}

    def test_forty_identities_are_taken_and_exchanged_at_once_and_one_more_is_refused(
        self, api: HttpApi
    ) -> None:
        for first in (0, 40):
            many = [identity(str(number)) for number in range(first, first + 40)]
            assert len(api.made("PUT", "/users/u-1", ADA | {"identities": many})["identities"]) == 40
        assert api.call("PUT", "/users/u-1", ADA | {"identities": [*many, identity("x")]})[0] == 422


class TestLimits:
    def test_a_profile_of_the_largest_size_fits_the_table(self, api: HttpApi) -> None:
        """DynamoDB takes items up to 400 KB."""
        largest = {
            "email": "a" * 300 + "@partner.example",
            "name": "🎓" * 256,
            "groups": ["g" * 124 + f"{number:04}" for number in range(100)],
            "attributes": {f"{number:064}": "🎓" * 1000 for number in range(50)},
            "identities": [identity("🎓" * 508 + f"{number:04}") for number in range(40)],
        }
        import json

        api.made("PUT", "/users/u-1", largest)
        item = next(item for key, item in api.table.items.items() if key.sk == "PROFILE")
        assert len(json.dumps(item, ensure_ascii=False, default=str).encode()) < 390_000

    @pytest.mark.parametrize(
        "change",
        [
            {"groups": ["g"] * 101},
            {"groups": [""]},
            {"groups": ["g" * 129]},
            {"attributes": {f"a{number}": 1 for number in range(51)}},
            {"attributes": {"a": "x" * 1001}},
            {"attributes": {"": "x"}},
            {"attributes": {"a b": "x"}},
            {"attributes": {"a": {"b": 1}}},
            {"attributes": {"a": None}},
            {"attributes": {"a": 10**400}},
            {"attributes": {"a": 2**53}},
            {"attributes": {"a": 1e300}},
            {"identities": [{"source": "academy"}]},
            {"identities": [identity("")]},
            {"identities": [identity("x" * 513)]},
            {"identities": [identity("7", "no id")]},
            {"organization_id": "no id"},
            {"active": "yes"},
            {"active": None},
        ],
    )
    def test_what_is_over_them_is_a_422(self, api: HttpApi, change: dict[str, Any]) -> None:
        status, problem = api.call("PUT", "/users/u-1", ADA | change)
        assert status == 422
        (field,) = change
        assert all(pointer.startswith(f"/{field}") for pointer, _ in codes(problem))

    @pytest.mark.parametrize("value", [0, -1, 1.5, True, "EMEA", 2**53 - 1, 1e-9])
    def test_an_attribute_comes_back_as_it_went_in(self, api: HttpApi, value: Any) -> None:
        api.made("PUT", "/users/u-1", ADA | {"attributes": {"a": value}})
        found = api.made("GET", "/users/u-1")["attributes"]["a"]
        assert (found, type(found)) == (value, type(value))


class TestOrganizationsOfUsers:
    def test_an_unknown_organization_is_a_422_that_points_at_it(self, api: HttpApi) -> None:
        status, problem = api.call("PUT", "/users/u-1", ADA | {"organization_id": "o-1"})
        assert status == 422
        assert codes(problem) == {("/organization_id", "organization_unknown")}

    def test_an_organization_with_members_is_not_deleted(self, api: HttpApi) -> None:
        api.made("PUT", "/organizations/o-1", {"name": "Northwind"})
        api.made("PUT", "/users/u-1", ADA | {"organization_id": "o-1"})
        assert api.call("DELETE", "/organizations/o-1")[0] == 409
        api.made("DELETE", "/users/u-1")
        api.made("DELETE", "/organizations/o-1")


class TestWhatHasCompletions:
    @pytest.fixture
    def ids(self, api: HttpApi) -> dict[str, str]:
        return populate(api.made)

    def test_a_user_with_one_is_not_deleted_but_made_inactive_r21(
        self, api: HttpApi, ids: dict[str, str]
    ) -> None:
        status, problem = api.call("DELETE", "/users/u-1")
        assert status == 409
        assert problem["type"].endswith(":has-completions")
        assert "inactive" in problem["detail"]
        assert api.made("PUT", "/users/u-1", ADA | {"active": False})["active"] is False

    def test_a_user_with_course_completions_only_is_not_deleted_either_r21(self, api: HttpApi) -> None:
        from builders import course_completion

        api.made("PUT", "/users/u-1", ADA)
        api.app.ledger.add_course_completions([course_completion()])
        assert api.call("DELETE", "/users/u-1")[0] == 409

    def test_an_organization_with_one_is_not_deleted_r21(self, api: HttpApi, ids: dict[str, str]) -> None:
        gold = {
            "type": "organization",
            "name": "Gold",
            "details": "A tier",
            "permissions": {"audience": "everyone"},
        }
        certification_id = api.made("POST", "/certifications", gold)["certification_id"]
        api.made("POST", f"/certifications/{certification_id}/publish")
        api.made("PUT", "/organizations/o-2", {"name": "Contoso"})
        award = {
            "organization_id": "o-2",
            "certification_id": certification_id,
            "completion_date": "2026-11-01",
        }
        api.made("POST", "/certification-completions", award)
        assert api.call("DELETE", "/organizations/o-2")[0] == 409

    def test_a_course_that_is_required_is_not_deleted_r24(self, api: HttpApi, ids: dict[str, str]) -> None:
        status, problem = api.call("DELETE", "/courses/c-1")
        assert status == 409
        assert ("", "course_required") in codes(problem)
        assert ids["certification_id"] in problem["errors"][0]["message"]
        api.made("DELETE", "/courses/c-2")

    def test_an_erased_user_keeps_its_completions_and_nothing_that_names_it(
        self, api: HttpApi, ids: dict[str, str]
    ) -> None:
        named = ADA | {"identities": [identity("7")], "groups": ["g"], "attributes": {"country": "SE"}}
        api.made("PUT", "/users/u-1", named | {"organization_id": "o-1"})
        erased = api.made("POST", "/users/u-1/erase")
        assert erased == {
            "user_id": "u-1",
            "email": "",
            "name": "",
            "organization_id": "o-1",
            "groups": [],
            "attributes": {},
            "identities": [],
            "active": False,
        }
        text = str(
            [item for key, item in api.table.items.items() if key.pk.startswith(("USER#", "IDENTITY#"))]
        )
        assert not any(word in text for word in ("Ada", "ada@", "'SE'"))
        completions = api.made("GET", "/certification-completions", query="user_id=u-1")["items"]
        assert [one["certification_completion_id"] for one in completions] == [
            ids["certification_completion_id"]
        ]
        api.made("PUT", "/users/u-2", ADA | {"identities": [identity("7")]})

    def test_to_erase_twice_is_harmless_and_needs_an_admin(self, api: HttpApi, ids: dict[str, str]) -> None:
        assert api.call("POST", "/users/u-1/erase", key=api.key("write"))[0] == 403
        first = api.made("POST", "/users/u-1/erase")
        assert api.made("POST", "/users/u-1/erase") == first
        assert api.call("POST", "/users/nobody/erase")[0] == 404
