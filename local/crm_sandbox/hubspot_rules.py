"""What HubSpot refuses: values, properties, identifiers. Everything is as strict as the real one, or stricter."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from local.crm_sandbox.exchange import RefusedError, Response
from local.crm_sandbox.store import Store

MOST_INPUTS = 100
_DAY = 86_400_000
_NAMES = {"contacts": ("CONTACT", "Contact", "0-1"), "companies": ("COMPANY", "Company", "0-2")}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def error(status: int, message: str, category: str = "VALIDATION_ERROR", **more: Any) -> RefusedError:
    """A refusal of the whole request."""
    content = {
        "status": "error",
        "message": message,
        "correlationId": str(uuid4()),
        "category": category,
        **more,
    }
    return RefusedError(Response(status=status, content=content))


def inputs_of(body: Any) -> list[dict[str, Any]]:
    """The batch's inputs, none of them twice."""
    inputs = body.get("inputs") if isinstance(body, dict) else None
    if not isinstance(inputs, list) or not inputs:
        raise error(400, "Invalid input JSON: inputs must be a list that is not empty")
    if len(inputs) > MOST_INPUTS:
        raise error(
            400, f"The maximum number of inputs in a batch is {MOST_INPUTS}, {len(inputs)} were given"
        )
    for one in inputs:
        if not isinstance(one, dict) or not isinstance(one.get("id", ""), str):
            raise error(400, "Invalid input JSON: Cannot deserialize value of type `java.lang.String` for id")
    ids = [str(one["id"]).lower() for one in inputs if "id" in one]
    doubles = sorted({each for each in ids if ids.count(each) > 1})
    if doubles:
        raise error(400, f"Duplicate IDs found in batch input: {doubles}. IDs must be unique")
    return inputs


def require_unique(
    store: Store, name: str, by: str, *, reading: bool = False, upserting: bool = False
) -> None:
    """Only unique properties identify; e-mails do for reading and upserting, but not in a batch of updates."""
    if by == "hs_object_id":
        raise error(400, f"Unable to perform update/upsert by non-unique {_NAMES[name][2]} property {by}")
    shape = store.properties("hubspot", name).get(by)
    by_email = name == "contacts" and by == "email" and (reading or upserting)
    if not by_email and (shape is None or not shape["hasUniqueValue"]):
        raise error(400, f"Unable to perform update/upsert by non-unique {_NAMES[name][2]} property {by}")


def checked(store: Store, name: str, given: Sequence[Any]) -> None:
    """All properties of all inputs; one bad value refuses them all."""
    problems = []
    for properties in given:
        if not isinstance(properties, dict):
            raise error(400, "Invalid input JSON: properties are missing")
        for key, value in properties.items():
            if not isinstance(value, str):
                given = f"from {json.dumps(value)} (property {key})"
                raise error(
                    400, f"Invalid input JSON: Cannot deserialize value of type `java.lang.String` {given}"
                )
            problem = _problem(store.properties("hubspot", name).get(key), key, value)
            if problem:
                problems.append({"isValid": False, "message": problem[1], "error": problem[0], "name": key})
    if problems:
        raise error(400, f"Property values were not valid: {json.dumps(problems)}")


def conflict(name: str, existing_id: str) -> RefusedError:
    """Another record has this value of a unique property."""
    return error(409, f"{_NAMES[name][1]} already exists. Existing ID: {existing_id}", "CONFLICT")


def require_named(name: str, properties: Mapping[str, str]) -> None:
    """A new record needs something that a person knows it by."""
    wanted = {"contacts": ("email", "firstname", "lastname"), "companies": ("name", "domain")}[name]
    if not any(properties.get(key) for key in wanted):
        raise error(400, f"{_NAMES[name][1]}: at least one of {', '.join(wanted)} is needed")


def refused_by_rule() -> RefusedError:
    """An admin's own validation rule."""
    return error(400, "A validation rule of this account refuses the value")


def not_found(name: str, ids: Sequence[str]) -> dict[str, Any]:
    """One entry of `errors` in a 207."""
    message = (
        f"Could not get some {_NAMES[name][0]} objects, they may be deleted or not exist. "
        "Check that ids are valid."
    )
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": message,
        "context": {"ids": list(ids)},
    }


def in_multi_status(refused: RefusedError, trace: str) -> dict[str, Any]:
    """The same refusal as one entry of `errors` in a 207."""
    return {**refused.response.content, "context": {"objectWriteTraceId": [trace]}}


def _problem(shape: Mapping[str, Any] | None, key: str, value: str) -> tuple[str, str] | None:
    if shape is None or shape["archived"]:
        return "PROPERTY_DOESNT_EXIST", f'Property "{key}" does not exist'
    if shape["modificationMetadata"]["readOnlyValue"] or shape["calculated"]:
        return "READ_ONLY_VALUE", f'"{key}" is a read only property; its value cannot be set.'
    if not value:
        return None
    if key == "email" and not _EMAIL.fullmatch(value):
        return "INVALID_EMAIL", f"Email address {value} is invalid"
    return _wrong_type(shape, value)


def _wrong_type(shape: Mapping[str, Any], value: str) -> tuple[str, str] | None:
    kind, options = shape["type"], [option["value"] for option in shape["options"]]
    if kind == "date" and not (_is_whole(value) and int(value) % _DAY == 0):
        return "INVALID_DATE", f"{value} is at {value}, which is not midnight UTC."
    if kind == "datetime" and not _is_whole(value):
        return "INVALID_LONG", f"{value} was not a valid long."
    if kind == "number" and not re.fullmatch(r"-?\d+(\.\d+)?", value):
        return "INVALID_DOUBLE", f"{value} was not a valid number."
    if kind == "bool" and value not in {"true", "false"}:
        return "INVALID_BOOLEAN", f"{value} was not one of true, false"
    if kind == "enumeration" and not shape["externalOptions"]:
        given = value.split(";") if shape["fieldType"] == "checkbox" else [value]
        wrong = [each for each in given if each not in options]
        if wrong:
            return "INVALID_OPTION", f"{wrong[0]} was not one of the allowed options: {options}"
    return None


def _is_whole(text: str) -> bool:
    return bool(re.fullmatch(r"-?\d+", text))
