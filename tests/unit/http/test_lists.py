"""Pages: every row once however much is written meanwhile, and a cursor that is good for its own list only."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from populated import populate
from unit.http.api import HttpApi

MANY = 130


@pytest.fixture(scope="module")
def api() -> HttpApi:
    return crowded(MANY)


def crowded(number: int) -> HttpApi:
    api = HttpApi()
    for index in range(number):
        api.made("PUT", f"/users/u-{index:04}", {"email": f"u-{index}@partner.example"})
    return api


def pages(api: HttpApi, path: str, query: str = "", limit: int = 50) -> list[list[Any]]:
    found, cursor = [], ""
    while True:
        page = api.made("GET", path, query=f"{query}limit={limit}{cursor}")
        found.append(page["items"])
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def test_fifty_come_where_no_limit_is_given(api: HttpApi) -> None:
    page = api.made("GET", "/users")
    assert len(page["items"]) == 50
    assert page["next_cursor"]


@pytest.mark.parametrize("limit", [1, 7, 65, 99, 100])
def test_every_row_comes_once_whatever_the_size_of_a_page(api: HttpApi, limit: int) -> None:
    found = pages(api, "/users", limit=limit)
    assert all(len(page) == limit for page in found[:-1])
    assert [user["user_id"] for page in found for user in page] == [f"u-{i:04}" for i in range(MANY)]


def test_the_size_of_a_page_may_change_on_the_way(api: HttpApi) -> None:
    first = api.made("GET", "/users", query="limit=3")
    second = api.made("GET", "/users", query=f"limit=5&cursor={first['next_cursor']}")
    assert [user["user_id"] for user in second["items"]] == [f"u-{i:04}" for i in range(3, 8)]


def test_a_cursor_tells_nothing(api: HttpApi) -> None:
    """Not even decoded: no key of the table, no id, no name."""
    import base64

    cursor = api.made("GET", "/users", query="limit=1")["next_cursor"]
    plain = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    assert not any(word in plain for word in (b"u-0000", b"USER", b"pk", b"PROFILE"))


@settings(max_examples=30, deadline=None)
@given(
    limit=st.integers(1, 9),
    writes=st.lists(st.tuples(st.integers(0, 60), st.booleans()), min_size=1, max_size=30),
)
def test_what_is_there_all_the_time_comes_once_while_others_come_and_go(
    limit: int, writes: list[tuple[int, bool]]
) -> None:
    api = crowded(30)
    touched = {f"u-{index:04}" for index, _ in writes}
    seen: list[str] = []
    cursor = ""
    while True:
        page = api.made("GET", "/users", query=f"limit={limit}{cursor}")
        seen += [user["user_id"] for user in page["items"]]
        for index, put in writes[:3]:
            body = {"email": f"new-{index}@partner.example"} if put else None
            api.call("PUT" if put else "DELETE", f"/users/u-{index:04}", body)
        writes = writes[3:]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(seen) == len(set(seen))
    assert {f"u-{index:04}" for index in range(30)} - touched <= set(seen)


@pytest.fixture(scope="module")
def cursor(api: HttpApi) -> str:
    cursor: str = api.made("GET", "/users", query="limit=1&active=true")["next_cursor"]
    return cursor


class TestACursorIsBound:
    @pytest.mark.parametrize(
        ("path", "query"),
        [
            ("/courses", "active=true"),
            ("/organizations", "active=true"),
            ("/certifications", ""),
            ("/users", "active=false"),
            ("/users", ""),
            ("/users", "active=true&organization_id=o-1"),
            ("/users/u-0001/course-completions", ""),
            ("/certification-completions", "user_id=u-0001"),
        ],
    )
    def test_to_its_list_and_its_filters(self, api: HttpApi, cursor: str, path: str, query: str) -> None:
        status, problem = api.call("GET", path, query=f"{query}&cursor={cursor}".strip("&"))
        assert status == 400
        assert problem["type"].endswith(":invalid-cursor")

    def test_to_its_stack(self, cursor: str) -> None:
        assert crowded(3).call("GET", "/users", query=f"active=true&cursor={cursor}")[0] == 400

    @pytest.mark.parametrize(
        "change",
        [lambda c: c[:-1], lambda c: c + "A", lambda c: ("B" if c[0] == "A" else "A") + c[1:], str.swapcase],
    )
    def test_to_every_letter_of_it(self, api: HttpApi, cursor: str, change: Any) -> None:
        assert api.call("GET", "/users", query=f"active=true&cursor={change(cursor)}")[0] == 400

    def test_and_to_nothing_else(self, api: HttpApi, cursor: str) -> None:
        other = api.key("read")
        assert api.call("GET", "/users", query=f"cursor={cursor}&active=true&limit=9", key=other)[0] == 200


def test_a_filtered_page_may_be_short_and_the_next_one_is_not_lost() -> None:
    api = crowded(10)
    for index in range(8):
        api.made("PUT", f"/users/u-{index:04}", {"email": f"u-{index}@partner.example", "active": False})
    found = pages(api, "/users", "active=true&", limit=3)
    assert [len(page) for page in found] == [0, 0, 1, 1]
    assert [user["user_id"] for page in found for user in page] == ["u-0008", "u-0009"]


def test_a_list_costs_the_same_at_its_end_as_at_its_start() -> None:
    api, costs = crowded(60), []
    cursor = ""
    for _ in range(6):
        before = api.table.read_units
        page = api.made("GET", "/users", query=f"limit=10{cursor}")
        costs.append(api.table.read_units - before)
        cursor = f"&cursor={page['next_cursor']}"
    assert len(set(costs)) == 1


@pytest.fixture(scope="module")
def directory() -> HttpApi:
    api = HttpApi()
    populate(api.made)
    api.made("PUT", "/organizations/o-2", {"name": "Contoso", "active": False})
    for index in range(5):
        api.made(
            "PUT",
            f"/users/m-{index}",
            {"email": f"M-{index}@Partner.example", "organization_id": "o-2", "active": index % 2 == 0},
        )
    api.made("PUT", "/courses/c-3", {"name": "Old", "active": False})
    return api


class TestFilters:
    @pytest.mark.parametrize(
        ("path", "query", "expected"),
        [
            ("/users", "organization_id=o-2&", ["m-0", "m-1", "m-2", "m-3", "m-4"]),
            ("/users", "organization_id=o-2&active=true&", ["m-0", "m-2", "m-4"]),
            ("/users", "email=m-1@partner.example&", ["m-1"]),
            ("/users", "email=M-1@PARTNER.EXAMPLE&", ["m-1"]),
            ("/users", "email=m-1@partner.example&active=true&", []),
            ("/users", "email=m-1@partner.example&organization_id=o-1&", []),
            ("/users", "email=nobody@partner.example&", []),
            ("/users", "organization_id=none&", []),
            ("/courses", "active=true&", ["c-1", "c-2"]),
            ("/courses", "active=false&", ["c-3"]),
            ("/organizations", "active=false&", ["o-2"]),
        ],
    )
    def test_find_what_they_say(self, directory: HttpApi, path: str, query: str, expected: list[str]) -> None:
        found = pages(directory, path, query, limit=2)
        key = path[1:].removesuffix("s") + "_id"
        assert sorted(item[key] for page in found for item in page) == expected

    @pytest.mark.parametrize(
        ("query", "count"),
        [
            ("type=user", 1),
            ("type=organization", 0),
            ("publish_status=published", 1),
            ("publish_status=draft", 0),
        ],
    )
    def test_find_certifications(self, directory: HttpApi, query: str, count: int) -> None:
        assert len(directory.made("GET", "/certifications", query=query)["items"]) == count

    @pytest.mark.parametrize(
        "query", ["type=nothing", "publish_status=", "active=maybe", "organization_id=%20"]
    )
    def test_that_cannot_be_are_a_422(self, directory: HttpApi, query: str) -> None:
        path = "/certifications" if query.startswith(("type", "publish")) else "/users"
        assert directory.call("GET", path, query=query)[0] == 422
