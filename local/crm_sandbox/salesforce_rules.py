"""What Salesforce refuses: fields, values, records. Everything is as strict as the real one, or stricter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from local.crm_sandbox.exchange import RefusedError, Response
from local.crm_sandbox.store import Record, Store, with_suffix

MOST_RECORDS = 200
_REQUIRED = {"Contact": ("LastName",), "Account": ("Name",)}
_NUMBERS = frozenset({"double", "int", "currency", "percent"})
_ID = re.compile(r"[A-Za-z0-9]{15}([A-Za-z0-9]{3})?")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?(Z|[+-]\d{2}:?\d{2})")
Values = dict[str, Any]


class RecordRefusedError(Exception):
    """One record is refused; the others of its batch are not."""

    def __init__(self, code: str, message: str, *fields: str) -> None:
        super().__init__(message)
        self.error = {"statusCode": code, "message": message, "fields": list(fields)}


def refuse(status: int, code: str, message: str, **more: Any) -> RefusedError:
    """A refusal of the whole request: Salesforce answers with a list of errors."""
    return RefusedError(Response(status=status, content=[{"message": message, "errorCode": code, **more}]))


def field(store: Store, name: str, key: str) -> tuple[str, Mapping[str, Any]]:
    """The field by its name, in whatever case; its right name, and its description."""
    for right, shape in store.properties("salesforce", name).items():
        if right.lower() == key.lower():
            return right, shape
    raise refuse(400, "INVALID_FIELD", f"No such column '{key}' on sobject of type {name}")


def read(store: Store, name: str, given: Mapping[str, Any]) -> Values:
    """The values of one record by their right names; what cannot be read at all refuses the whole request."""
    values: Values = {}
    for key, value in given.items():
        if key in {"attributes", "id", "Id"}:
            continue
        right, shape = field(store, name, key)
        _require_readable(shape, value)
        values[right] = value
    return values


def require_writable(store: Store, name: str, values: Values, *, creating: bool) -> None:
    """`RecordRefusedError` for values that this field, or this record, does not take."""
    shapes = store.properties("salesforce", name)
    right = "createable" if creating else "updateable"
    closed = [key for key in values if not shapes[key][right]]
    if closed:
        message = (
            f"Unable to create/update fields: {', '.join(closed)}. Please check the security settings of this "
            "field and verify that it is read/write for your profile or permission set."
        )
        raise RecordRefusedError("INVALID_FIELD_FOR_INSERT_UPDATE", message, *closed)
    missing = [key for key in _REQUIRED[name] if (creating or key in values) and not values.get(key)]
    if missing:
        message = f"Required fields are missing: [{', '.join(missing)}]"
        raise RecordRefusedError("REQUIRED_FIELD_MISSING", message, *missing)
    for key, value in values.items():
        _require_fitting(key, shapes[key], value)


def require_free(store: Store, name: str, record_id: str, values: Values) -> None:
    shapes = store.properties("salesforce", name)
    for key, value in values.items():
        if not shapes[key]["unique"] or value in {None, ""}:
            continue
        for other in found_by(store, name, key, value):
            if other["id"] != record_id:
                label = f"duplicate value found: {key} duplicates value on record with id: {other['id']}"
                raise RecordRefusedError("DUPLICATE_VALUE", label)


def found_by(store: Store, name: str, key: str, value: object) -> list[Record]:
    """Living records with this value; text compares without case."""
    if key == "Id":
        record = find_id(store, name, str(value))
        return [record] if record and not record["deleted"] else []
    found = store.having("salesforce", name, key, value)
    return [record for record in found if _same(value_of(record, key), value)]


def by_id(store: Store, name: str, record_id: object) -> Record:
    """The record, or the refusal of one that never was, or is no more."""
    if not isinstance(record_id, str) or not _ID.fullmatch(record_id):
        raise RecordRefusedError("MALFORMED_ID", f"{name} ID: id value of incorrect type: {record_id}", "Id")
    record = find_id(store, name, record_id)
    if record is None:
        raise RecordRefusedError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    if record["deleted"]:
        raise RecordRefusedError("ENTITY_IS_DELETED", "entity is deleted")
    return record


def find_id(store: Store, name: str, record_id: str) -> Record | None:
    """Also by the first fifteen characters."""
    return store.records("salesforce", name).get(with_suffix(record_id[:15]))


def value_of(record: Record, key: str) -> Any:
    own = {
        "Id": record["id"],
        "IsDeleted": record["deleted"],
        "CreatedDate": record["created"].replace("Z", "+0000"),
        "LastModifiedDate": record["updated"].replace("Z", "+0000"),
        "SystemModstamp": record["updated"].replace("Z", "+0000"),
    }
    return own[key] if key in own else record["properties"].get(key)


def is_lookup(shape: Mapping[str, Any]) -> bool:
    return bool(shape["externalId"] or shape["idLookup"])


def _require_readable(shape: Mapping[str, Any], value: object) -> None:
    """JSON of the wrong kind makes the request unreadable as a whole."""
    kind = shape["type"]
    if value is None:
        return
    if kind in _NUMBERS:
        fits, wanted = isinstance(value, int | float) and not isinstance(value, bool), "double"
    elif kind == "boolean":
        fits, wanted = isinstance(value, bool), "boolean"
    elif kind == "date":
        fits, wanted = isinstance(value, str) and _is_date(value), "date"
    elif kind == "datetime":
        fits, wanted = isinstance(value, str) and _is_instant(value), "datetime"
    else:
        fits, wanted = isinstance(value, str), "string"
    if not fits:
        given = {str: "VALUE_STRING", bool: "VALUE_TRUE"}.get(type(value), "VALUE_NUMBER")
        where = "or request may be missing a required field at [line:1, column:100]"
        message = f"Cannot deserialize instance of {wanted} from {given} value {value} {where}"
        raise refuse(400, "JSON_PARSER_ERROR", message)


def _require_fitting(key: str, shape: Mapping[str, Any], value: object) -> None:
    if value is None:
        if shape["type"] == "boolean":
            raise RecordRefusedError(
                "INVALID_TYPE_ON_FIELD_IN_RECORD", f"{key}: value not of required type: null", key
            )
        return
    options = [option["value"] for option in shape["picklistValues"] if option["active"]]
    if shape["restrictedPicklist"] and any(each not in options for each in str(value).split(";")):
        message = f"{shape['label']}: bad value for restricted picklist field: {value}"
        raise RecordRefusedError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, key)
    if (
        isinstance(value, str)
        and shape["type"] not in {"date", "datetime"}
        and 0 < shape["length"] < len(value)
    ):
        message = f"{shape['label']}: data value too large: {value} (max length={shape['length']})"
        raise RecordRefusedError("STRING_TOO_LONG", message, key)
    if shape["type"] == "email" and "@" not in str(value):
        raise RecordRefusedError("INVALID_EMAIL_ADDRESS", f"{key}: invalid email address: {value}", key)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_instant(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return bool(_INSTANT.fullmatch(text))


def _same(present: object, wanted: object) -> bool:
    if isinstance(present, str) and isinstance(wanted, str):
        return present.lower() == wanted.lower()
    return present is not None and present == wanted
