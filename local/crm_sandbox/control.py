"""What tests and demonstrations do to the sandbox from outside; see the package's own words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local.crm_sandbox import seed
from local.crm_sandbox.calls import Calls
from local.crm_sandbox.exchange import NotJsonError, Request, Response
from local.crm_sandbox.faults import Faults
from local.crm_sandbox.store import OBJECTS, Record, Store


def answer(store: Store, faults: Faults, calls: Calls, request: Request) -> Response:
    """400 with what is wrong where the request makes no sense."""
    actions: dict[str, Callable[[], Any]] = {
        "POST /_control/records": lambda: _put(store, request.body),
        "GET /_control/records": lambda: _list(store, request.query),
        "DELETE /_control/records": lambda: _delete(store, request.body),
        "POST /_control/merge": lambda: _merge(store, request.body),
        "POST /_control/properties": lambda: _property(store, request.body),
        "POST /_control/faults": lambda: {"added": str(faults.add(request.body))},
        "GET /_control/faults": lambda: {"faults": faults.list()},
        "DELETE /_control/faults": lambda: faults.clear(request.query.get("crm", "")),
        "GET /_control/calls": calls.shown,
        "DELETE /_control/calls": calls.clear,
        "POST /_control/jwt": lambda: setattr(store, "jwt_public_key", request.body["public_key"]),
        "POST /_control/reset": lambda: _reset(store, faults, calls),
    }
    action = actions.get(f"{request.method} {request.path}")
    if action is None:
        return Response(status=404, content={"message": "there are " + ", ".join(actions)})
    try:
        with store.lock:
            return Response(content=action() or {})
    except (KeyError, TypeError, ValueError, NotJsonError) as exc:
        return Response(status=400, content={"message": f"{type(exc).__name__}: {exc}"})


def _put(store: Store, body: Mapping[str, Any]) -> dict[str, Any]:
    crm, name = _place(body)
    shapes = store.properties(crm, name)
    unknown = sorted(set(body["properties"]) - set(shapes))
    if unknown:
        raise ValueError(f"{crm} {name} has no property {', '.join(unknown)}")
    if "id" not in body:
        return {"id": store.add(crm, name, dict(body["properties"]))["id"]}
    record = store.records(crm, name)[body["id"]]
    store.update(crm, name, record, dict(body["properties"]))
    return {"id": record["id"]}


def _list(store: Store, query: Mapping[str, str]) -> dict[str, list[Record]]:
    crm, name = _place(query)
    by, value = query.get("property", ""), query.get("value", "")
    records = store.records(crm, name).values()
    found = [
        each for each in records if not by or str(each["properties"].get(by, "")).lower() == value.lower()
    ]
    return {"records": [each for each in found if not each["deleted"] or query.get("deleted")]}


def _delete(store: Store, body: Mapping[str, Any]) -> None:
    crm, name = _place(body)
    store.delete(store.records(crm, name)[body["id"]])


def _merge(store: Store, body: Mapping[str, Any]) -> None:
    crm, name = _place(body)
    records = store.records(crm, name)
    lost, kept = records[body["id"]], records[body["into"]]
    store.merge(lost, kept)
    if crm == "hubspot" and (email := lost["properties"].get("email")):
        more = kept["properties"].get("hs_additional_emails", "")
        store.update(crm, name, kept, {"hs_additional_emails": f"{more};{email}" if more else email})


def _property(store: Store, body: Mapping[str, Any]) -> dict[str, Any]:
    """`options` (HubSpot) and `picklistValues` (Salesforce) may be plain lists of values."""
    crm, name = _place(body)
    given = dict(body["property"])
    shapes = store.properties(crm, name)
    key = given["name"]
    if crm == "hubspot":
        options = [each["value"] if isinstance(each, dict) else each for each in given.pop("options", [])]
        kind, field = given.pop("type", "string"), given.pop("fieldType", "text")
        fresh = seed.hubspot_property(key, kind, field, *options)
    else:
        options = [
            each["value"] if isinstance(each, dict) else each for each in given.pop("picklistValues", [])
        ]
        fresh = seed.salesforce_field(key, given.pop("type", "string"), *options)
    shapes[key] = {**fresh, **given}
    store.changed()
    return shapes[key]


def _reset(store: Store, faults: Faults, calls: Calls) -> None:
    store.reset()
    faults.clear()
    calls.clear()


def _place(given: Mapping[str, Any]) -> tuple[str, str]:
    crm, name = given["crm"], given["object"]
    if crm not in OBJECTS or name not in OBJECTS[crm]:
        raise ValueError(f"there are {OBJECTS}")
    return crm, name
