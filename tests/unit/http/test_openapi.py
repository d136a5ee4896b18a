"""The OpenAPI document: valid, complete, and true of the running application."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from certification.http.router import Route
from described import described, errors_of, operation_of, resolved
from unit.http.api import HttpApi
from unit.http.walk import ROUTES, each, fields_of, name

WITH_BODY = [route for route in ROUTES if route.body is not None]
OPERATIONS = [
    (method, path, operation)
    for path, methods in described()["paths"].items()
    for method, operation in methods.items()
]
SCHEMAS = described()["components"]["schemas"]


def test_is_valid_openapi_3_1() -> None:
    assert described()["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(described()).iter_errors()] == []


def test_is_what_the_api_serves() -> None:
    api = HttpApi()
    assert api.made("GET", "/openapi.json", key=None) == described()
    assert api.headers["Content-Type"] == "application/json"


def test_names_the_server_that_was_asked() -> None:
    api = HttpApi(settings={"public_url": "https://certs.partner.example"})
    (server,) = api.made("GET", "/openapi.json")["servers"]
    assert server["url"] == "https://certs.partner.example"


def test_has_every_route_and_no_other() -> None:
    assert {f"{method.upper()} {path}" for method, path, _ in OPERATIONS} == {name(route) for route in ROUTES}


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]+", one) for one in names)


def test_no_module_of_ours_shows() -> None:
    text = json.dumps(described())
    assert not [one for one in SCHEMAS if "__" in one]
    assert "certification.http" not in text
    assert "pydantic" not in text


def test_every_schema_is_used_and_described_once() -> None:
    text = json.dumps(described())
    assert [one for one in SCHEMAS if f'"#/components/schemas/{one}"' not in text] == []
    references = set(re.findall(r'"#/components/(\w+)/([\w-]+)"', text))
    assert all(one in described()["components"][kind] for kind, one in references)


def test_schemas_use_no_word_that_json_schema_does_not_know() -> None:
    """An unknown keyword is ignored by every reader: a limit that is none."""
    text = json.dumps(described())
    assert not re.findall(r'"(ge|le|gt|lt|min_length|max_length|regex|strict)":', text)


@each(ROUTES)
def test_says_who_may(route: Route) -> None:
    operation = operation_of(route)
    assert operation["security"] == ([{"key": []}] if route.scope else [])
    assert ({"401", "403"} <= operation["responses"].keys()) or route.scope is None
    if route.scope:
        assert f"`{route.scope.value}`" in operation["description"]


@each(ROUTES)
def test_every_operation_is_said_in_words_and_belongs_to_a_section(route: Route) -> None:
    operation = operation_of(route)
    assert operation["summary"]
    (tag,) = operation["tags"]
    assert tag in {one["name"] for one in described()["tags"]}
    assert all(resolved(answer)["description"] for answer in operation["responses"].values())


@each(ROUTES)
def test_every_parameter_is_there_with_a_schema_and_words(route: Route) -> None:
    parameters = {(p["in"], p["name"]): p for p in operation_of(route)["parameters"]}
    expected = {("path", param) for param in route.params}
    expected |= {("query", field) for field in fields_of(route, "query")}
    expected |= {("header", "Idempotency-Key")} if route.idempotent else set()
    expected |= {("header", "If-Match")} if route.precondition else set()
    assert parameters.keys() == expected
    assert all(parameter["schema"] and parameter["description"] for parameter in parameters.values())


@each([route for route in ROUTES if "cursor" in fields_of(route, "query")])
def test_lists_say_how_long_a_page_is(route: Route) -> None:
    limit = next(p for p in operation_of(route)["parameters"] if p["name"] == "limit")["schema"]
    assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 100, 50)


@each([route for route in ROUTES if route.body is not None or route.raw_body is not None])
def test_every_body_has_an_example_that_fits_its_schema(route: Route) -> None:
    for content in operation_of(route)["requestBody"]["content"].values():
        assert content["example"]
        assert errors_of(content["schema"], content["example"]) == []


@pytest.mark.parametrize("one", sorted(SCHEMAS))
def test_examples_within_schemas_fit_them(one: str) -> None:
    def check(schema: Any) -> None:
        if isinstance(schema, dict):
            for example in schema.get("examples", []) if isinstance(schema.get("examples"), list) else []:
                assert errors_of({k: v for k, v in schema.items() if k != "examples"}, example) == []
            for value in schema.values():
                check(value)
        elif isinstance(schema, list):
            for value in schema:
                check(value)

    check(SCHEMAS[one])
