"""A CRM's credentials: one encrypted text, bound to the host that they belong to, so that no other ever gets them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from certification.domain.connection import Connection
from certification.domain.ports import Secrets

Credentials = Mapping[str, str]
LONGEST = 4096
"""Bytes: a parameter of the standard tier takes no more."""


def store_credentials(store: Secrets, connection: Connection, credentials: Credentials) -> None:
    store.put(_name(connection), _text(connection.base_url, credentials))


def fit(base_url: str, credentials: Credentials) -> bool:
    """Whether they can be stored."""
    return len(_text(base_url, credentials).encode()) <= LONGEST


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


def _text(base_url: str, credentials: Credentials) -> str:
    content = {"base_url": base_url, "credentials": dict(credentials)}
    return json.dumps(content, separators=(",", ":"))


def _name(connection: Connection) -> str:
    return f"/crm/{connection.crm}"
