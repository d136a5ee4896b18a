"""Whatever JSON comes to a route that takes a body: a clear answer, never a bug, and pointers into what was sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certification.http.router import Route
from unit.http.api import HttpApi
from unit.http.walk import ROUTES, each, path_of

WITH_BODY = [route for route in ROUTES if route.body is not None]
NAMES = ("str", "int", "[key]", "a~b", "a/b", "", "0", "type", "\U0001f393")
SCALARS: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        ["u-1", "2026-11-20", "P1Y", "user", "groups", "a b", "\x00", "x" * 2000, "", "%", 10**400]
    )
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
)


def mutated(example: Any) -> st.SearchStrategy[Any]:
    """The example with one part exchanged, left out or added, so that the other parts are right."""
    if isinstance(example, dict):
        parts: list[st.SearchStrategy[Any]] = [
            VALUES,
            st.builds(lambda k, v: {**example, k: v}, st.sampled_from([*NAMES, *example]), VALUES),
        ]
        for name, value in example.items():
            parts.append(st.just({k: v for k, v in example.items() if k != name}))
            parts.append(st.builds(lambda k, v: {**example, k: v}, st.just(name), mutated(value)))
        return st.one_of(parts)
    if isinstance(example, list) and example:
        return VALUES | mutated(example[0]).map(lambda v: [v, *example[1:]])
    return VALUES


def assert_points_into(body: Any, error: dict[str, str]) -> None:
    """Everything up to the last part is there; the last is, or is what is missing."""
    at, parts = body, [p.replace("~1", "/").replace("~0", "~") for p in error["pointer"].split("/")[1:]]
    for index, part in enumerate(parts):
        if isinstance(at, list) and part.isdigit() and int(part) < len(at):
            at = at[int(part)]
        elif isinstance(at, dict) and part in at:
            at = at[part]
        else:
            assert (index, isinstance(at, dict)) == (len(parts) - 1, True), error


@each(WITH_BODY)
def test_every_error_points_into_the_body_that_was_sent(route: Route) -> None:
    api = HttpApi()

    @settings(max_examples=60, deadline=None)
    @given(body=mutated(route.example))
    def holds(body: Any) -> None:
        status, answer = api.call(route.method, path_of(route.path), json.dumps(body))
        assert status < 500, answer
        if status == 422:
            for error in answer["errors"]:
                assert_points_into(body, error)
                words = error["pointer"] + error["code"] + error["message"]
                assert "function" not in words
                assert "validator" not in words

    holds()


@pytest.mark.parametrize(
    ("path", "body", "pointers"),
    [
        ("/users/u-1", {"email": "a@b.example", "attributes": {"str": {}}}, ["/attributes/str"]),
        ("/users/u-1", {"email": "a@b.example", "attributes": {"a b": 1}}, ["/attributes/a b"]),
        ("/course-completions", None, [""]),
        ("/certifications", {"type": "user", "expiration": {"type": "duration"}}, ["/expiration/duration"]),
        (
            "/certifications",
            {"type": "user", "permissions": {"audience": "rules", "rules": [{"attribute": "x", "in": [[]]}]}},
            ["/permissions/rules/0/in/0"],
        ),
    ],
)
def test_one_mistake_is_one_error(path: str, body: Any, pointers: list[str]) -> None:
    method = "PUT" if "users" in path else "POST"
    status, problem = HttpApi().call(method, path, json.dumps(body))
    assert status == 422
    assert [error["pointer"] for error in problem["errors"]] == pointers


@pytest.mark.parametrize(
    ("given", "status"), [(12.0, 404), (12, 404), (12.5, 422), ("12", 422), (True, 422), (-1.0, 422)]
)
def test_a_whole_number_may_be_written_with_a_point(given: Any, status: int) -> None:
    """JSON Schema's `integer`, and many a client's JSON writer."""
    assert HttpApi().call("POST", "/certifications/none/publish", {"max_awards": given})[0] == status


@pytest.mark.parametrize("given", [2**53, 10**40, 1e300, 10**400])
@pytest.mark.parametrize("path", ["/certifications/none/publish", "/evaluations"])
def test_a_limit_beyond_what_the_table_keeps_is_a_422(path: str, given: float) -> None:
    body = {"certification_id": "none"} if path == "/evaluations" else {}
    status, problem = HttpApi().call("POST", path, {**body, "max_awards": given})
    assert (status, problem["errors"][0]["pointer"]) == (422, "/max_awards")
