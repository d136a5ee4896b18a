"""Many records in one request: up to 200, each with its own result, in the order of the request."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from local.crm_sandbox.exchange import Request, Response
from local.crm_sandbox.faults import Fault, Kind
from local.crm_sandbox.salesforce_rules import (
    MOST_RECORDS,
    RecordRefusedError,
    by_id,
    field,
    find_id,
    found_by,
    is_lookup,
    read,
    refuse,
    require_free,
    require_writable,
)
from local.crm_sandbox.soql import shown
from local.crm_sandbox.store import Record, Store

Writer = Callable[[Mapping[str, Any]], tuple[Record, bool]]


def answer(store: Store, request: Request, rest: list[str], version: str, fault: Fault | None) -> Response:
    """`…/composite/sobjects[/{object}[/{field}]]`."""
    match request.method, rest:
        case "POST", [name]:
            return _retrieve(store, name, request.shape, version)
        case "PATCH", []:
            return _each(store, request, fault, lambda given: (_updated(store, given), False), "Id")
        case "PATCH", [name, key]:
            right, shape = field(store, name, key)
            if not is_lookup(shape):
                wanted = f"an External ID, Salesforce Id, or indexed field for {name}"
                raise refuse(400, "NOT_FOUND", f"Field name provided, {key} does not match {wanted}")
            return _each(store, request, fault, lambda given: upsert(store, name, right, given), right)
        case "POST", []:
            return _each(store, request, fault, lambda given: (_created(store, given), True), "")
        case _:
            raise refuse(405, "METHOD_NOT_ALLOWED", f"HTTP Method '{request.method}' not allowed.")


def upsert(store: Store, name: str, key: str, given: Mapping[str, Any]) -> tuple[Record, bool]:
    """The record with this value of a lookup field, or a new one; and whether it is new."""
    value = given.get(key)
    if value in {None, ""}:
        raise RecordRefusedError("MISSING_ARGUMENT", f"{key} not specified", key)
    found = found_by(store, name, key, value)
    if len(found) > 1:
        candidates = ", ".join(each["id"] for each in found)
        message = f"{key}: more than one record found for external id field: [{candidates}]"
        raise RecordRefusedError("DUPLICATE_EXTERNAL_ID", message, key)
    values = read(store, name, given)
    if found:
        return write(store, name, found[0], values), False
    return create(store, name, values), True


def create(store: Store, name: str, values: dict[str, Any]) -> Record:
    require_writable(store, name, values, creating=True)
    require_free(store, name, "", values)
    booleans = [
        key for key, shape in store.properties("salesforce", name).items() if shape["type"] == "boolean"
    ]
    return store.add("salesforce", name, {**dict.fromkeys(booleans, False), **values})


def write(store: Store, name: str, record: Record, values: dict[str, Any]) -> Record:
    require_writable(store, name, values, creating=False)
    require_free(store, name, record["id"], values)
    store.update("salesforce", name, record, values)
    return record


def name_of(given: Mapping[str, Any]) -> str:
    name = (given.get("attributes") or {}).get("type")
    if name not in {"Contact", "Account"}:
        raise refuse(400, "INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return str(name)


def _updated(store: Store, given: Mapping[str, Any]) -> Record:
    name = name_of(given)
    record = by_id(store, name, given.get("id") or given.get("Id"))
    return write(store, name, record, read(store, name, given))


def _created(store: Store, given: Mapping[str, Any]) -> Record:
    name = name_of(given)
    return create(store, name, read(store, name, given))


def _each(store: Store, request: Request, fault: Fault | None, writer: Writer, key: str) -> Response:
    records = _records(request)
    if request.shape.get("allOrNone"):
        name = name_of(records[0])
        before = copy.deepcopy(store.records("salesforce", name))
        results = _results(store, records, fault, writer, key)
        if all(each["success"] for each in results):
            return Response(content=results)
        store.restore("salesforce", name, before)
        return Response(content=[_rolled_back(each) for each in results])
    return Response(content=_results(store, records, fault, writer, key))


def _records(request: Request) -> list[Mapping[str, Any]]:
    records = request.shape.get("records")
    if not isinstance(records, list) or not records or not all(isinstance(each, dict) for each in records):
        raise refuse(400, "JSON_PARSER_ERROR", "The request has no records")
    if len(records) > MOST_RECORDS:
        message = f"record limit reached. cannot submit more than {MOST_RECORDS} records in this operation"
        raise refuse(400, "EXCEEDED_MAX_SIZE_REQUEST", message)
    if len({name_of(given) for given in records}) > 1:
        raise refuse(400, "INVALID_TYPE", "one request, one type of records")
    return records


def _results(
    store: Store, records: Sequence[Mapping[str, Any]], fault: Fault | None, writer: Writer, key: str
) -> list[dict[str, Any]]:
    for given in records:  # what cannot be read at all refuses all of them
        read(store, name_of(given), given)
    ids = [_key(given, key) for given in records]
    counts = Counter(each for each in ids if each)
    return [
        _result(given, writer, doubled=counts[each] > 1, fault=fault if _strikes(fault, each) else None)
        for given, each in zip(records, ids, strict=True)
    ]


def _rolled_back(result: Mapping[str, Any]) -> Mapping[str, Any]:
    if not result["success"]:
        return result
    message = (
        "Record rolled back because not all records were valid and the request was using AllOrNone header"
    )
    error = {"statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK", "message": message, "fields": []}
    return {"success": False, "errors": [error]}


def _result(
    given: Mapping[str, Any], writer: Writer, *, doubled: bool, fault: Fault | None
) -> dict[str, Any]:
    try:
        _require_undisturbed(doubled=doubled, fault=fault)
        record, made = writer(given)
    except RecordRefusedError as exc:
        return {"success": False, "errors": [exc.error]}
    return {"id": record["id"], "success": True, "errors": [], "created": made}


def _require_undisturbed(*, doubled: bool, fault: Fault | None) -> None:
    if doubled:
        raise RecordRefusedError("DUPLICATE_VALUE", "Duplicate id specified more than once in the request")
    if fault is not None:
        raise _struck(fault)


def _strikes(fault: Fault | None, key: str) -> bool:
    """Keys are ids without their suffix, or values in lower case."""
    if fault is None or fault.kind not in {Kind.LOCK, Kind.REFUSE}:
        return False
    return fault.concerns(key) or key in {fault.value[:15], fault.value.lower()}


def _struck(fault: Fault) -> RecordRefusedError:
    if fault.kind is Kind.LOCK:
        return RecordRefusedError("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")
    return RecordRefusedError(
        "FIELD_CUSTOM_VALIDATION_EXCEPTION", "A validation rule of this org refuses the value"
    )


def _key(given: Mapping[str, Any], key: str) -> str:
    if key == "Id":
        return str(given.get("id") or given.get("Id") or "")[:15]
    return str(given.get(key) or "").lower() if key else ""


def _retrieve(store: Store, name: str, body: Mapping[str, Any], version: str) -> Response:
    """Records in the order of the ids; null for each that there is not."""
    if name not in {"Contact", "Account"}:
        raise refuse(404, "NOT_FOUND", "The requested resource does not exist")
    if not isinstance(body.get("fields"), list) or not isinstance(body.get("ids"), list):
        raise refuse(400, "JSON_PARSER_ERROR", "ids and fields are needed")
    fields = [field(store, name, each)[0] for each in body["fields"]]
    found = [find_id(store, name, each) for each in body["ids"]]
    return Response(
        content=[
            shown(record, name, ["Id", *fields], version) if record and not record["deleted"] else None
            for record in found
        ]
    )
