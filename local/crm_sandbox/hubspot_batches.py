"""HubSpot's batches: up to 100 inputs, and one bad input refuses them all; results come in any order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from local.crm_sandbox.exchange import Response
from local.crm_sandbox.faults import Fault, Kind
from local.crm_sandbox.hubspot_records import create, found_by, found_id, require_free, shown, write
from local.crm_sandbox.hubspot_rules import (
    checked,
    error,
    in_multi_status,
    inputs_of,
    not_found,
    refused_by_rule,
    require_named,
    require_unique,
)
from local.crm_sandbox.store import Record, Store, now

Input = Mapping[str, Any]
Shown = list[dict[str, Any]]


def answer(store: Store, name: str, verb: str, body: Any, fault: Fault | None) -> Response:
    """`POST …/batch/{verb}`."""
    verbs: dict[str, Callable[[Store, str, Sequence[Input]], Response]] = {
        "update": _update,
        "upsert": _upsert,
        "create": _create,
        "archive": _archive,
    }
    inputs = inputs_of(body)
    if verb == "read":
        return _read(store, name, inputs, body)
    if verb not in verbs:
        raise error(404, f"No batch operation {verb}", "NOT_FOUND")
    if fault is not None and fault.kind is Kind.PARTIAL:
        return _partly(inputs, fault, lambda good: verbs[verb](store, name, good))
    return verbs[verb](store, name, inputs)


def _read(store: Store, name: str, inputs: Sequence[Input], body: Mapping[str, Any]) -> Response:
    by = body.get("idProperty") or ""
    if by:
        require_unique(store, name, by, reading=True)
    found: dict[str, Record] = {}
    missing = []
    for one in inputs:
        records = found_by(store, name, by, one["id"]) if by else found_id(store, name, one["id"])
        found |= {record["id"]: record for record in records}
        if not records:
            missing.append(one["id"])
    asked = body.get("properties") or []
    return _complete([shown(store, name, record, asked) for record in found.values()], _gone(name, missing))


def _update(store: Store, name: str, inputs: Sequence[Input]) -> Response:
    checked(store, name, [one.get("properties") for one in inputs])
    targets: dict[str, Record] = {}
    missing = []
    for one in inputs:
        if by := one.get("idProperty"):
            require_unique(store, name, by)
        found = found_by(store, name, by, one["id"]) if by else found_id(store, name, one["id"])
        if not found:
            missing.append(one["id"])
            continue
        require_free(store, name, found[0]["id"], one["properties"])
        targets[one["id"]] = found[0]
    _require_distinct(list(targets.values()))
    results = [_written(store, name, targets[one["id"]], one) for one in inputs if one["id"] in targets]
    return _complete(results, _gone(name, missing))


def _upsert(store: Store, name: str, inputs: Sequence[Input]) -> Response:
    checked(store, name, [one.get("properties") for one in inputs])
    targets: list[Record | None] = []
    for one in inputs:
        by = one.get("idProperty")
        if not by or "id" not in one:
            raise error(400, "Invalid input JSON: id and idProperty are required")
        require_unique(store, name, by, upserting=True)
        found = found_by(store, name, by, one["id"])
        if not found:
            checked(store, name, [{by: one["id"]}])
            require_named(name, {by: one["id"], **one["properties"]})
        require_free(store, name, found[0]["id"] if found else "", one["properties"])
        targets.append(found[0] if found else None)
    _require_distinct([record for record in targets if record])
    results = []
    for one, target in zip(inputs, targets, strict=True):
        record = target or create(store, name, {one["idProperty"]: one["id"]})
        results.append({**_written(store, name, record, one), "new": target is None})
    return _complete(results)


def _create(store: Store, name: str, inputs: Sequence[Input]) -> Response:
    checked(store, name, [one.get("properties") for one in inputs])
    for one in inputs:
        require_named(name, one["properties"])
        require_free(store, name, "", one["properties"])
    return _complete([_written(store, name, create(store, name, {}), one) for one in inputs], status=201)


def _archive(store: Store, name: str, inputs: Sequence[Input]) -> Response:
    for one in inputs:
        for record in found_id(store, name, one["id"]):
            store.delete(record)
    return Response(status=204)


def _partly(inputs: Sequence[Input], fault: Fault, others: Callable[[Sequence[Input]], Response]) -> Response:
    """Some are refused, the others written: 207, where each input can be told by its `objectWriteTraceId`."""
    bad = [one for one in inputs if fault.concerns(str(one.get("id")))]
    if not bad:
        return others(inputs)
    if any("objectWriteTraceId" not in one for one in bad):
        raise refused_by_rule()
    good = [one for one in inputs if one not in bad]
    results = others(good).content["results"] if good else []
    return _complete(results, [in_multi_status(refused_by_rule(), one["objectWriteTraceId"]) for one in bad])


def _written(store: Store, name: str, record: Record, one: Input) -> dict[str, Any]:
    write(store, name, record, one["properties"])
    by = [one["idProperty"]] if "idProperty" in one else []
    trace = {"objectWriteTraceId": one["objectWriteTraceId"]} if "objectWriteTraceId" in one else {}
    return {**shown(store, name, record, [*by, *one["properties"]]), **trace}


def _require_distinct(targets: Sequence[Record]) -> None:
    """Two inputs may be for one record without saying so: a merged one, a secondary e-mail address."""
    ids = [record["id"] for record in targets]
    doubles = sorted({each for each in ids if ids.count(each) > 1})
    if doubles:
        raise error(400, f"Duplicate IDs found in batch input: {doubles}. IDs must be unique")


def _gone(name: str, ids: Sequence[str]) -> Shown:
    return [not_found(name, ids)] if ids else []


def _complete(results: Shown, errors: Shown | None = None, status: int = 200) -> Response:
    """In another order than they were asked for: who matches by position is wrong."""
    content: dict[str, Any] = {
        "status": "COMPLETE",
        "results": results[::-1],
        "startedAt": now(),
        "completedAt": now(),
    }
    if errors:
        content |= {"numErrors": len(errors), "errors": errors}
    return Response(status=207 if errors else status, content=content)
