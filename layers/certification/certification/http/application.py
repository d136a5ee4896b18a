"""From an API Gateway event to its answer: route, key, size, parameters, body, handler, problem, in this order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from certification.domain.errors import (
    CertificationServiceError,
    ChangedMeanwhileError,
    FieldError,
    UnavailableError,
)
from certification.http.cors import cors_headers
from certification.http.problems import RefusedError, problem, problem_for
from certification.http.request import Caller, Request, read_request
from certification.http.responses import Response, tagged, to_event
from certification.http.router import Route, Routes, Scope, allows
from certification.observability import logger

if TYPE_CHECKING:
    from certification.bootstrap import App

ID = re.compile(r"[A-Za-z0-9._:+@-]{1,128}")
_ERROR = 500
_ATTEMPTS = 25  # of so many who write the same at once each is overtaken by all others at worst


def respond(app: App, routes: Routes, event: Mapping[str, Any]) -> dict[str, Any]:
    """Always an answer; a bug is a logged 500 that says nothing but the request's id."""
    context = event["requestContext"]
    request_id = context.get("requestId", "")
    logger.append_keys(correlation_id=request_id)
    method = context["http"]["method"].upper()
    try:
        response = _dispatch(app, routes, read_request(event, app.config.public_url))
    except UnavailableError as error:
        logger.warning("request refused for lack of capacity", exc_info=True)
        response = problem_for(error)
    except CertificationServiceError as error:
        response = problem_for(error)
    except Exception:  # noqa: BLE001 the last net: a caller always gets an answer
        logger.exception("request failed")
        response = problem(
            _ERROR, "internal-error", f"Something went wrong on our side; it is logged as {request_id}."
        )
    logger.info("request answered", extra={"method": method, "status": response.status})
    headers = cors_headers(app.config.cors_origins, event.get("headers") or {})
    return to_event(response, headers, head=method == "HEAD")


def _dispatch(app: App, routes: Routes, request: Request) -> Response:
    found, params = routes.find(request.segments)
    if not found:
        raise RefusedError(404, "unknown-route", "There is no such route; GET /openapi.json lists them all.")
    allowed = ", ".join(_methods(found))
    if request.method == "OPTIONS":
        return Response(204, headers={"Allow": allowed})
    method = "GET" if request.method == "HEAD" else request.method
    route = found.get(method)
    if route is None:
        raise RefusedError(
            405, "method-not-allowed", f"This route takes {allowed}.", headers={"Allow": allowed}
        )
    logger.append_keys(route=f"{route.method} {route.path}")
    return _answer(app, route, replace(request, params=params[method]))


def _answer(app: App, route: Route, request: Request) -> Response:
    if route.scope is not None:
        request = replace(request, caller=_caller(app, route.scope, request))
    if len(request.raw_body) > app.config.max_body_bytes:
        advice = " Send the file gzipped, or in parts." if route.raw_body is not None else ""
        message = f"The body is over the limit of {app.config.max_body_bytes} bytes.{advice}"
        raise RefusedError(413, "body-too-large", message)
    _check_params(route, request)
    response = _handled(app, route, _parsed(route, request))
    return tagged(response) if route.method == "GET" else response


def _caller(app: App, wanted: Scope, request: Request) -> Caller:
    actor, scopes = app.authenticator.authenticate(request.headers.get("authorization", ""))
    logger.append_keys(actor=actor)
    if not allows(scopes, wanted):
        raise RefusedError(403, "scope-missing", f"This needs a key with the scope {wanted.value!r}.")
    return Caller(actor=actor, scopes=scopes)


def _handled(app: App, route: Route, request: Request) -> Response:
    """Who sends no `If-Match` means the present state, whichever: when overtaken, it is read and decided again."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return route.handle(app, request)
        except ChangedMeanwhileError:
            if request.if_match is not None:
                raise
    return route.handle(app, request)


def _parsed(route: Route, request: Request) -> Request:
    """What brings nothing to a route that takes nothing, as most reads, needs no pydantic: a third of a cold start."""
    if route.query is None and route.body is None and not (request.query_items or request.raw_body):
        return request
    from certification.http import parsing

    query = parsing.query(route, request)
    if route.body is None:
        parsing.refuse_body(route, request)
        return replace(request, query=query)
    return replace(request, query=query, body=parsing.body(route.body(), route, request))


def _check_params(route: Route, request: Request) -> None:
    wrong = [
        FieldError(
            pointer=f"/{name}",
            code="invalid_id",
            message="Ids match [A-Za-z0-9._:+@-] and have 1 to 128 characters.",
        )
        for name, value in request.params.items()
        if name not in route.free_params and not ID.fullmatch(value)
    ]
    if wrong:
        raise RefusedError(
            422, "invalid-path", "The path holds something that is no id.", errors=tuple(wrong)
        )


def _methods(routes: Mapping[str, Route]) -> list[str]:
    methods = set(routes) | {"OPTIONS"} | ({"HEAD"} if "GET" in routes else set())
    return sorted(methods)
