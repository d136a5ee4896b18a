"""HubSpot's face: properties, records one by one and in batches, search; paths of `v3` and of dated versions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

from local.crm_sandbox import hubspot_batches, seed
from local.crm_sandbox.exchange import NotJsonError, RefusedError, Request, Response
from local.crm_sandbox.faults import Fault, Kind
from local.crm_sandbox.hubspot_records import create, found_by, found_id, require_free, shown, write
from local.crm_sandbox.hubspot_rules import (
    checked,
    conflict,
    error,
    refused_by_rule,
    require_named,
    require_unique,
)
from local.crm_sandbox.store import Record, Store

TOKEN = "sandbox-hubspot-token"  # noqa: S105 - the sandbox's own, known to everyone
PORTAL = 424242
_DATED = re.compile(r"^/crm/(objects|properties)/(\d{4}-\d{2})/(.+)$")
_VERSIONED = re.compile(r"^/crm/(v3)/(objects|properties)/(.+)$")


def answer(store: Store, request: Request, fault: Fault | None) -> Response:
    """The answer of HubSpot, or its refusal."""
    try:
        _refuse_on_command(request, fault)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            raise _unauthorized()
        with store.lock:
            answered = _routed(store, request, fault)
            return replace(answered, headers={"X-HubSpot-Correlation-Id": str(uuid4())})
    except RefusedError as exc:
        return exc.response
    except NotJsonError as exc:
        return error(400, f"Invalid input JSON: {exc}").response


def _refuse_on_command(request: Request, fault: Fault | None) -> None:
    match fault.kind if fault else None:
        case Kind.THROTTLE:
            raise _throttled(fault.retry_after if fault else "")
        case Kind.ERROR:
            raise error(fault.status if fault else 500, "internal error", "INTERNAL_ERROR")
        case Kind.EXPIRED_TOKEN:
            raise _unauthorized()
        case Kind.FORBIDDEN:
            message = "This app hasn't been granted all required scopes to make this call."
            raise error(
                403, message, "MISSING_SCOPES", errors=[{"message": "One or more scopes are required"}]
            )
        case Kind.LOCK:
            raise error(423, "The record is locked", "LOCKED")
        case Kind.CONFLICT | Kind.REFUSE:
            _refuse_for_one(request, fault)
        case _:
            return


def _refuse_for_one(request: Request, fault: Fault | None) -> None:
    """One record spoils the batch: a conflict, or an admin's own validation rule."""
    inputs = request.shape.get("inputs") or ()
    if fault is None or not any(fault.concerns(str(one.get("id"))) for one in inputs):
        return
    raise conflict("contacts", "1") if fault.kind is Kind.CONFLICT else refused_by_rule()


def _unauthorized() -> RefusedError:
    message = "Authentication credentials not found. This API supports OAuth 2.0 authentication."
    return error(401, message, "INVALID_AUTHENTICATION")


def _throttled(retry_after: str) -> RefusedError:
    refused = error(
        429,
        "You have reached your secondly limit.",
        "RATE_LIMITS",
        errorType="RATE_LIMIT",
        policyName="SECONDLY",
    )
    headers = {"Retry-After": retry_after} if retry_after else {}
    return RefusedError(replace(refused.response, headers=headers))


def _routed(store: Store, request: Request, fault: Fault | None) -> Response:
    if request.path == "/account-info/v3/details":
        return Response(content={"portalId": PORTAL, "accountType": "STANDARD", "timeZone": "UTC"})
    dated, versioned = _DATED.match(request.path), _VERSIONED.match(request.path)
    what, rest = (dated[1], dated[3]) if dated else (versioned[2], versioned[3]) if versioned else ("", "")
    name, _, rest = rest.partition("/")
    name = {"contact": "contacts", "company": "companies"}.get(name, name)
    if name not in {"contacts", "companies"}:
        raise error(404, f"No page found for {request.path}", "OBJECT_NOT_FOUND_PAGE")
    if what == "properties":
        return _properties(store, request, name, rest)
    if rest.startswith("batch/") and request.method == "POST":
        return hubspot_batches.answer(store, name, rest.removeprefix("batch/"), request.shape, fault)
    if rest == "search" and request.method == "POST":
        return _search(store, name, request.shape)
    return _single(store, request, name, rest)


def _properties(store: Store, request: Request, name: str, rest: str) -> Response:
    shapes = store.properties("hubspot", name)
    if request.method == "POST" and not rest:
        return _define(store, shapes, request.shape)
    if rest:
        if rest not in shapes:
            raise error(404, f"Property {rest} does not exist", "OBJECT_NOT_FOUND")
        return Response(content=shapes[rest])
    archived = request.query.get("archived", "").lower() == "true"
    return Response(content={"results": [each for each in shapes.values() if each["archived"] is archived]})


def _define(store: Store, shapes: dict[str, dict[str, Any]], given: Mapping[str, Any]) -> Response:
    missing = [key for key in ("name", "type", "fieldType", "groupName", "label") if not given.get(key)]
    if missing:
        raise error(400, f"Invalid input JSON: {', '.join(missing)} must not be empty")
    key = given["name"]
    if key in shapes:
        raise error(409, f"Property {key} already exists", "CONFLICT")
    shapes[key] = {**seed.hubspot_property(key, given["type"], given["fieldType"]), **given}
    store.changed()
    return Response(status=201, content=shapes[key])


def _search(store: Store, name: str, body: Any) -> Response:
    """Only what tests need: groups of EQ and IN."""
    groups = body.get("filterGroups") or [{"filters": []}]
    found = [
        record
        for record in store.records("hubspot", name).values()
        if not record["deleted"] and any(_fits(record, group["filters"]) for group in groups)
    ]
    some = found[: int(body.get("limit") or 10)]
    results = [shown(store, name, record, body.get("properties") or []) for record in some]
    return Response(content={"total": len(found), "results": results})


def _fits(record: Record, filters: list[dict[str, Any]]) -> bool:
    for each in filters:
        present = str(record["properties"].get(each["propertyName"], "")).lower()
        wanted = each.get("values") or [each.get("value", "")]
        if present not in {str(value).lower() for value in wanted}:
            return False
    return True


def _single(store: Store, request: Request, name: str, rest: str) -> Response:
    if request.method == "POST" and not rest:
        properties = _writable(store, request, name, "")
        require_named(name, properties)
        record = create(store, name, properties)
        return Response(status=201, content=shown(store, name, record, list(properties)))
    by = request.query.get("idProperty", "")
    if by:
        require_unique(store, name, by, reading=True)
    found = found_by(store, name, by, rest) if by else found_id(store, name, rest)
    if not found:
        raise error(404, "resource not found", "OBJECT_NOT_FOUND")
    return _known(store, request, name, found[0])


def _known(store: Store, request: Request, name: str, record: Record) -> Response:
    match request.method:
        case "GET":
            asked = request.query.get("properties", "").split(",")
            return Response(content=shown(store, name, record, asked))
        case "PATCH":
            properties = _writable(store, request, name, record["id"])
            write(store, name, record, properties)
            return Response(content=shown(store, name, record, list(properties)))
        case "DELETE":
            store.delete(record)
            return Response(status=204)
        case _:
            raise error(405, f"{request.method} is not allowed here", "METHOD_NOT_ALLOWED")


def _writable(store: Store, request: Request, name: str, record_id: str) -> dict[str, str]:
    properties: Any = request.shape.get("properties")
    checked(store, name, [properties])
    require_free(store, name, record_id, properties)
    return dict(properties)
