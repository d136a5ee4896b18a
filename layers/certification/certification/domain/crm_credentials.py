"""A CRM's credentials: one encrypted text, bound to the host that they belong to, so that no other ever gets them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from certification.domain.connection import Connection
from certification.domain.ports import Secrets

Credentials = Mapping[str, str]


def store_credentials(store: Secrets, connection: Connection, credentials: Credentials) -> None:
    content = {"base_url": connection.base_url, "credentials": dict(credentials)}
    store.put(_name(connection), json.dumps(content, separators=(",", ":")))


def read_credentials(store: Secrets, connection: Connection) -> Credentials | None:
    """Those that are stored, if they are for this connection's host."""
    text = store.get(_name(connection))
    content = json.loads(text) if text else {}
    if content.get("base_url") != connection.base_url:
        return None
    credentials: Credentials = content["credentials"]
    return credentials


def forget_credentials(store: Secrets, connection: Connection) -> None:
    store.delete(_name(connection))


def _name(connection: Connection) -> str:
    return f"/crm/{connection.crm}"
