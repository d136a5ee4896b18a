"""HubSpot's records: found, made, written, and shown as HubSpot shows them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from local.crm_sandbox.hubspot_rules import conflict, error
from local.crm_sandbox.store import Record, Store

_ID = re.compile(r"\d+")
_MILLISECONDS = re.compile(r"-?\d+")
_MORE_EMAILS = "hs_additional_emails"


def found_by(store: Store, name: str, by: str, value: str) -> list[Record]:
    """Living records with this value; an e-mail also finds by a secondary address."""
    found = {
        record["id"]: record
        for key in ((by, _MORE_EMAILS) if by == "email" else (by,))
        for record in store.having("hubspot", name, key, value)
        if value.lower() in _values(record, by)
    }
    return list(found.values())


def found_id(store: Store, name: str, record_id: str) -> list[Record]:
    """The record with this id, or the one that it was merged into; 400 for what is no id."""
    if not _ID.fullmatch(record_id):
        raise error(400, f"{record_id} is not a valid id: ids are numbers")
    records = store.records("hubspot", name)
    record = records.get(record_id)
    while record is not None and "merged_into" in record:
        record = records[record["merged_into"]]
    return [record] if record and not record["deleted"] else []


def require_free(store: Store, name: str, record_id: str, properties: Mapping[str, str]) -> None:
    """409 for a unique value that another record has."""
    for key, value in properties.items():
        others = found_by(store, name, key, value) if value and _is_unique(store, name, key) else []
        for other in others:
            if other["id"] != record_id:
                raise conflict(name, other["id"])


def create(store: Store, name: str, properties: Mapping[str, str]) -> Record:
    record = store.add("hubspot", name, {})
    write(store, name, record, properties)
    return record


def write(store: Store, name: str, record: Record, properties: Mapping[str, str]) -> None:
    """E-mails are kept in lower case."""
    values = {key: value.lower() if key == "email" else value for key, value in properties.items()}
    store.update("hubspot", name, record, values)


def shown(store: Store, name: str, record: Record, names: Sequence[str]) -> dict[str, Any]:
    """The record with the properties asked for, of those that there are; and the usual three."""
    own = {
        "hs_object_id": record["id"],
        "createdate": record["created"],
        "lastmodifieddate": record["updated"],
        "hs_merged_object_ids": ";".join(record["merged"]) or None,
    }
    shapes = store.properties("hubspot", name)
    usual = {key: own[key] for key in ("hs_object_id", "createdate", "lastmodifieddate")}
    given = {**record["properties"], **own}
    asked = {key: _shown(shapes[key], given.get(key)) for key in names if key in shapes}
    return {
        "id": record["id"],
        "properties": {**asked, **usual},
        "createdAt": record["created"],
        "updatedAt": record["updated"],
        "archived": False,
    }


def _is_unique(store: Store, name: str, key: str) -> bool:
    return (name == "contacts" and key == "email") or store.properties("hubspot", name)[key]["hasUniqueValue"]


def _values(record: Record, by: str) -> set[str]:
    properties = record["properties"]
    more = str(properties.get(_MORE_EMAILS) or "").split(";") if by == "email" else []
    return {str(each).lower() for each in (properties.get(by), *more) if each}


def _shown(shape: Mapping[str, Any], value: str | None) -> str | None:
    """Dates are written in milliseconds, and shown as days; what is empty is null."""
    if value and shape["type"] == "date" and _MILLISECONDS.fullmatch(value):
        return datetime.fromtimestamp(int(value) / 1000, tz=UTC).date().isoformat()
    return value or None
