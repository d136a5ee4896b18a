"""Salesforce's face: tokens, descriptions, records one by one and in collections, SOQL."""

from __future__ import annotations

import re
from typing import Any

from local.crm_sandbox import salesforce_collections, salesforce_token, seed, soql
from local.crm_sandbox.exchange import NotJsonError, RefusedError, Request, Response
from local.crm_sandbox.faults import Fault, Kind
from local.crm_sandbox.salesforce_rules import (
    RecordRefusedError,
    by_id,
    field,
    found_by,
    is_lookup,
    read,
    refuse,
)
from local.crm_sandbox.store import Record, Store

_TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path
_DATA = re.compile(r"^/services/data/v(\d+)\.0(?:/(.*))?$")
_VERSIONS = range(31, 69)  # those before are retired
_LONGEST_URL = 16_384
_PAGE = 2_000
_LIMITS = {"Sforce-Limit-Info": "api-usage=18/15000"}


def answer(store: Store, request: Request, fault: Fault | None) -> Response:
    """The answer of Salesforce, or its refusal."""
    try:
        with store.lock:
            _refuse_on_command(store, request, fault)
            if request.path == _TOKEN_PATH and request.method == "POST":
                return salesforce_token.issue(store, request)
            if not salesforce_token.is_valid(store, request):
                raise refuse(401, "INVALID_SESSION_ID", "Session expired or invalid")
            answered = _routed(store, request, fault)
    except RefusedError as exc:
        return exc.response
    except RecordRefusedError as exc:
        return _single_refusal(exc)
    except NotJsonError as exc:
        return refuse(400, "JSON_PARSER_ERROR", str(exc)).response
    return Response(status=answered.status, content=answered.content, headers=_LIMITS)


def _refuse_on_command(store: Store, request: Request, fault: Fault | None) -> None:
    match fault.kind if fault else None:
        case Kind.THROTTLE:
            refused = refuse(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
            headers = {"Retry-After": fault.retry_after} if fault and fault.retry_after else {}
            raise RefusedError(Response(status=403, content=refused.response.content, headers=headers))
        case Kind.ERROR:
            raise refuse(fault.status if fault else 500, "UNKNOWN_EXCEPTION", "An unexpected error occurred.")
        case Kind.FORBIDDEN:
            raise refuse(403, "API_DISABLED_FOR_ORG", "The REST API is not enabled for this Organization.")
        case Kind.EXPIRED_TOKEN if request.path != _TOKEN_PATH:
            store.tokens.clear()
        case Kind.CONFLICT:
            raise refuse(409, "CONFLICT", "The request conflicts with another one.")
        case _:
            return


def _single_refusal(exc: RecordRefusedError) -> Response:
    code = exc.error["statusCode"]
    content = [{"message": str(exc), "errorCode": code, "fields": exc.error["fields"]}]
    gone = {"ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY"}
    return Response(status=404 if code in gone else 400, content=content)


def _routed(store: Store, request: Request, fault: Fault | None) -> Response:
    if request.path.rstrip("/") == "/services/data":
        return Response(content=[{"label": "Winter", "url": "/services/data/v62.0", "version": "62.0"}])
    data = _DATA.match(request.path)
    if data is None or int(data[1]) not in _VERSIONS:
        raise refuse(404, "NOT_FOUND", "The requested resource does not exist")
    version, parts = f"v{data[1]}.0", [part for part in (data[2] or "").split("/") if part]
    match parts:
        case []:
            return Response(content={"sobjects": f"/services/data/{version}/sobjects"})
        case ["limits"]:
            return Response(content={"DailyApiRequests": {"Max": 15000, "Remaining": 14982}})
        case ["query", *more]:
            return _query(store, request, version, more)
        case ["composite", "sobjects", *rest]:
            return salesforce_collections.answer(store, request, rest, version, fault)
        case ["sobjects", ("Contact" | "Account") as name, *rest]:
            return _object(store, request, name, rest)
        case _:
            raise refuse(404, "NOT_FOUND", "The requested resource does not exist")


def _query(store: Store, request: Request, version: str, more: list[str]) -> Response:
    """A page of the answer; the locator of the next one carries the query itself."""
    start, text = 0, request.query.get("q", "")
    if more:
        place, _, encoded = more[0].partition("-")
        start, text = int(place), bytes.fromhex(encoded).decode()
    elif len(request.path) + len(text) > _LONGEST_URL:
        raise refuse(414, "URI_TOO_LONG", "URI Too Long")
    found = soql.run(store, text, version).records
    size = _page_size(request)
    content: dict[str, Any] = {"totalSize": len(found), "done": start + size >= len(found)}
    if not content["done"]:
        content["nextRecordsUrl"] = f"/services/data/{version}/query/{start + size}-{text.encode().hex()}"
    return Response(content={**content, "records": found[start : start + size]})


def _page_size(request: Request) -> int:
    asked = re.search(r"batchSize=(\d+)", request.headers.get("sforce-query-options", ""))
    return max(200, min(int(asked[1]), _PAGE)) if asked else _PAGE


def _object(store: Store, request: Request, name: str, rest: list[str]) -> Response:
    match request.method, rest:
        case "GET", ["describe"]:
            fields = list(store.properties("salesforce", name).values())
            return Response(content={**seed.describe(name), "fields": fields})
        case "POST", []:
            record = salesforce_collections.create(store, name, read(store, name, request.shape))
            return Response(status=201, content={"id": record["id"], "success": True, "errors": []})
        case _, [record_id]:
            return _record(store, name, by_id(store, name, record_id), request)
        case _, [key, value]:
            return _by_value(store, request, name, field(store, name, key)[0], value)
        case _:
            raise refuse(405, "METHOD_NOT_ALLOWED", f"HTTP Method '{request.method}' not allowed.")


def _by_value(store: Store, request: Request, name: str, key: str, value: str) -> Response:
    if not is_lookup(store.properties("salesforce", name)[key]):
        raise refuse(
            404, "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {key}"
        )
    found = found_by(store, name, key, value)
    if len(found) > 1:
        urls = [f"/services/data/{_version(request)}/sobjects/{name}/{each['id']}" for each in found]
        return Response(status=300, content=urls)
    if request.method == "PATCH":
        if any(given.lower() == key.lower() for given in request.shape):
            message = f"The {key} field should not be specified in the sobject data."
            raise refuse(400, "INVALID_FIELD", message)
        record, made = salesforce_collections.upsert(store, name, key, {**request.shape, key: value})
        content = {"id": record["id"], "success": True, "errors": [], "created": made}
        return Response(status=201 if made else 200, content=content)
    if not found:
        raise refuse(404, "NOT_FOUND", "The requested resource does not exist")
    return _record(store, name, found[0], request)


def _record(store: Store, name: str, record: Record, request: Request) -> Response:
    match request.method:
        case "GET":
            asked = request.query.get("fields")
            names = asked.split(",") if asked else list(store.properties("salesforce", name))
            fields = [field(store, name, each)[0] for each in names]
            return Response(content=soql.shown(record, name, ["Id", *fields], _version(request)))
        case "PATCH":
            salesforce_collections.write(store, name, record, read(store, name, request.shape))
            return Response(status=204)
        case "DELETE":
            store.delete(record)
            return Response(status=204)
        case method:
            raise refuse(405, "METHOD_NOT_ALLOWED", f"HTTP Method '{method}' not allowed.")


def _version(request: Request) -> str:
    """The API version of the path, which links carry on."""
    return request.parts[2]
