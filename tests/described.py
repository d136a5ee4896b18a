"""Holds every answer to the OpenAPI document: the status is declared, and the body is as its schema says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from certification.http.openapi import document
from certification.http.router import Route, RouteTable
from certification.http.routes import route_table

DOCUMENT = "urn:openapi"
Answer = Mapping[str, Any]


@cache
def described() -> dict[str, Any]:
    """The document of all routes, as it is served: through JSON."""
    made = document(route_table().routes, version="0.0.0", server="https://api.example")
    served: dict[str, Any] = json.loads(json.dumps(made))
    return served


@cache
def _registry() -> Registry[Any]:
    empty: Registry[Any] = Registry()
    registry: Registry[Any] = empty.with_resource(DOCUMENT, DRAFT202012.create_resource(described())).crawl()
    return registry


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """The part itself, or what its `$ref` names."""
    if "$ref" not in part:
        return part
    found: Any = described()
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return resolved(found)


def errors_of(schema: Mapping[str, Any], value: Any) -> list[str]:
    """What of the value does not fit the schema, which may refer into the document."""
    absolute = json.loads(json.dumps(schema).replace('"#/', f'"{DOCUMENT}#/'))
    validator = Draft202012Validator(absolute, registry=_registry())
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def operation_of(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = described()["paths"][route.path][route.method.lower()]
    return operation


def assert_described(event: Mapping[str, Any], answer: Answer, table: RouteTable | None = None) -> None:
    """Whatever a route answered is an answer that the document gives for it."""
    method, status = event["requestContext"]["http"]["method"].upper(), answer["statusCode"]
    segments = tuple(str(event["rawPath"]).strip("/").split("/"))
    routes, _ = (table or route_table()).find(segments)
    route = routes.get("GET" if method == "HEAD" else method)
    if route is None:
        if status >= 400 and method != "HEAD":
            _check({"application/problem+json": {"schema": _problem()}}, answer, f"{method} without a route")
        return
    responses = operation_of(route)["responses"]
    assert str(status) in responses, f"{method} {route.path} does not declare {status}: {answer['body']}"
    content = resolved(responses[str(status)]).get("content", {})
    if method != "HEAD":
        _check(content, answer, f"{status} of {method} {route.path}")


def _problem() -> dict[str, str]:
    return {"$ref": "#/components/schemas/Problem"}


def _check(content: Mapping[str, Any], answer: Answer, what: str) -> None:
    if not content:
        assert not answer["body"], f"{what} is declared to have no body"
        return
    media_type = answer["headers"]["Content-Type"].split(";")[0]
    assert media_type in content, f"{what}: {media_type} is not declared"
    value = json.loads(answer["body"]) if "json" in media_type else answer["body"]
    errors = errors_of(content[media_type]["schema"], value)
    assert not errors, f"{what}: {errors[:5]} in {answer['body'][:2000]}"
