"""The OpenAPI 3.1 document, made from the table of routes and their models."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from certification.http.parameter_words import schema_of, words_for
from certification.http.router import Route
from certification.http.schemas.base import Problem

Json = dict[str, Any]
_REF = "#/components/schemas/{model}"
_TAGS: Json = {"minLength": 1, "examples": ['"3"', "*"]}
_EVERYWHERE = frozenset({400, 413, 422, 429, 500, 503})
_ERRORS: Mapping[int, str] = {
    400: "The request cannot be read: not JSON, not UTF-8, or a cursor that is none of this list",
    401: "No key, or one that is not valid (any more)",
    403: "The key lacks the scope",
    404: "No such thing",
    409: "The present state forbids it; `present` may show what stands in the way",
    412: "It is not as the `If-Match` says any more",
    413: "The body is over the limit",
    415: "The body is not `application/json`",
    422: "Something in it is not valid: `errors` says what and where",
    429: "Too many requests (the gateway's own words)",
    500: "A bug on our side; it is logged under the id in `detail`",
    503: "Not available for the moment: try again",
}
_UNAUTHENTICATED = 401
_BY_GATEWAY = frozenset({413, 429, 503})
_GATEWAY_MESSAGE: Json = {
    "type": "object",
    "properties": {"message": {"type": "string"}},
    "required": ["message"],
}
_PAGE = re.compile(r"Page[_\[](\w+?)Answer[_\]]")  # pydantic's names of the pages of a list


def document(routes: Iterable[Route], *, version: str, server: str) -> Json:
    """Complete: every route, schema, error and example; true: dispatch reads the same table."""
    routes = tuple(routes)
    names, definitions = _schemas(routes)
    paths: Json = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, names)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Partner certification",
            "version": version,
            "description": "Certifications for partner training: definitions, awards, and what the CRMs show.",
        },
        "servers": [{"url": server}],
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in routes)],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "responses": {str(status): _error_answer(status) for status in _ERRORS},
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, or a JWT of the OIDC issuer",
                }
            },
        },
    }


def _schemas(routes: Iterable[Route]) -> tuple[Mapping[tuple[Any, str], Json], Json]:
    wanted: dict[tuple[type[BaseModel], str], None] = {(Problem, "serialization"): None}
    for route in routes:
        if route.body is not None:
            wanted[(route.body(), "validation")] = None
        for answer in route.answers().values():
            if isinstance(answer, type):
                wanted[(answer, "serialization")] = None
    names, schema = models_json_schema(list(wanted), ref_template=_REF)  # type: ignore[arg-type]
    parts = [[names[model] for model in wanted], schema.get("$defs", {})]  # type: ignore[index]
    references, definitions = json.loads(_PAGE.sub(r"\1Page", json.dumps(parts)))
    return dict(zip(wanted, references, strict=True)), definitions


def _operation(route: Route, names: Mapping[tuple[Any, str], Json]) -> Json:
    operation: Json = {
        "operationId": _operation_id(route),
        "tags": [route.tag],
        "summary": route.summary,
        "description": _description(route),
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_header_parameters(route)],
        "responses": _with_pages(route, {**_answers(route, names), **_problems(route)}),
        "security": [{"key": []}] if route.scope is not None else [],
    }
    if route.scope is not None:
        operation["x-scope"] = route.scope.value
    if route.body is not None:
        content: Json = {"schema": names[(route.body(), "validation")]}
        if route.example is not None:
            content["example"] = route.example
        operation["requestBody"] = {
            "required": route.body_required,
            "content": {"application/json": content},
        }
    elif route.raw_body is not None:
        content = {"schema": {"type": "string"}}
        if route.example is not None:
            content["example"] = route.example
        operation["requestBody"] = {"required": True, "content": {route.raw_body: content}}
    return operation


def _operation_id(route: Route) -> str:
    parts = [part.strip("{}").replace("-", "_").replace(".", "_") for part in route.segments]
    return "_".join([route.method.lower(), *parts])


def _description(route: Route) -> str:
    scope = f"Needs the scope `{route.scope.value}`." if route.scope is not None else "Public."
    return f"{route.description} {scope}".strip()


def _path_parameters(route: Route) -> list[Json]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": words_for(name),
            "schema": schema_of(name, free=name in route.free_params),
        }
        for name in route.params
    ]


def _query_parameters(route: Route) -> list[Json]:
    if route.query is None:
        return []
    schema = route.query().model_json_schema(ref_template=_REF)
    required = set(schema.get("required", ()))
    inlined = schema.get("$defs", {})
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": of_one.get("description") or words_for(name),
            "schema": _query_schema(of_one, inlined),
        }
        for name, of_one in schema["properties"].items()
    ]


def _query_schema(schema: Json, definitions: Json) -> Json:
    """Absent is absent: a query has no null. References of a query's own are written out."""
    found = {k: v for k, v in schema.items() if k not in {"title", "description"}}
    options = [option for option in found.pop("anyOf", ()) if option.get("type") != "null"]
    if options:
        found.update(options[0])
        if found.get("default", 0) is None:
            del found["default"]
    reference = found.pop("$ref", None)
    if reference:
        found = {**definitions[reference.rpartition("/")[2]], **found}
        found.pop("title", None)
    return found


def _header_parameters(route: Route) -> list[Json]:
    parameters: list[Json] = []
    if route.idempotent:
        parameters.append(
            _header(
                "Idempotency-Key", "The same key and body: the same answer", {"pattern": "^[ -~]{1,255}$"}
            )
        )
    if route.precondition:
        parameters.append(_header("If-Match", "The ETag that was read; 412 where it changed since", _TAGS))
    return parameters


def _header(name: str, description: str, limits: Json) -> Json:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": {"type": "string", **limits},
    }


def _answers(route: Route, names: Mapping[tuple[Any, str], Json]) -> Json:
    answers: Json = {}
    for status, model in route.answers().items():
        answer: Json = {"description": HTTPStatus(status).phrase}
        if isinstance(model, str):
            answer["content"] = {media: {"schema": {"type": "string"}} for media in model.split(", ")}
        elif model is not None:
            answer["content"] = {"application/json": _json_content(route, names[(model, "serialization")])}
        answers[str(status)] = answer
    return answers


def _json_content(route: Route, schema: Json) -> Json:
    example = _answer_examples().get(f"{route.method} {route.path}")
    return {"schema": schema} if example is None else {"schema": schema, "example": example}


@cache
def _answer_examples() -> Json:
    """What the application answered when it was asked (`tests/unit/http/record_examples.py`)."""
    found: Json = json.loads(Path(__file__).with_name("answer_examples.json").read_text())
    return found


def _with_pages(route: Route, responses: Json) -> Json:
    for status in route.pages:
        answer = _error_answer(status) if status in _ERRORS else responses[str(status)]
        content = {**answer["content"], "text/html": {"schema": {"type": "string"}}}
        responses[str(status)] = {**answer, "content": content}
    return responses


def _problems(route: Route) -> Json:
    statuses = {*route.problems, *_EVERYWHERE}
    if route.scope is not None:
        statuses |= {401, 403}
    if route.params:
        statuses.add(404)
    if route.body is not None:
        statuses.add(415)
    if route.precondition:
        statuses.add(412)
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(statuses)}


def _error_answer(status: int) -> Json:
    """A problem of ours; what the gateway itself refuses never reached us and looks otherwise."""
    by_gateway: Json = {"application/json": {"schema": _GATEWAY_MESSAGE}} if status in _BY_GATEWAY else {}
    problem: Json = {"schema": {"$ref": _REF.format(model="Problem")}}
    answer: Json = {
        "description": _ERRORS[status],
        "content": {"application/problem+json": problem, **by_gateway},
    }
    if status == _UNAUTHENTICATED:
        answer["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "`Bearer`"}}
    return answer
