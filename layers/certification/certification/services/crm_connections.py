"""Connect a CRM: tested when saved, its credentials stored apart and never readable back."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from certification.domain.backfill import Backfill, Scope
from certification.domain.connection import Connection, PauseReason, Setup
from certification.domain.crm_credentials import fit, forget_credentials, read_credentials, store_credentials
from certification.domain.errors import FieldError, InvalidError, NotFoundError
from certification.domain.mapping import OBJECTS
from certification.domain.push import PushFailedError
from certification.services import crm_outbox
from certification.services.crm_backfills import BackfillParts, new_backfill

if TYPE_CHECKING:
    from datetime import datetime

    from certification.domain.crm_credentials import Credentials
    from certification.domain.crm_gateway import Gateways
    from certification.domain.ports import Secrets

_CREDENTIALS: Mapping[str, tuple[frozenset[str], ...]] = {
    "hubspot": (frozenset({"access_token"}),),
    "salesforce": (
        frozenset({"client_id", "client_secret"}),
        frozenset({"client_id", "username", "private_key"}),
    ),
}
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_AT = {
    PauseReason.CREDENTIALS: ("/credentials", "credentials_refused"),
    PauseReason.FORBIDDEN: ("/credentials", "permission_missing"),
    PauseReason.UNAVAILABLE: ("/base_url", "unreachable"),
    PauseReason.THROTTLED: ("/base_url", "throttled"),
    PauseReason.MAPPING: ("/api_version", "not_understood"),
}


class ConnectionParts(BackfillParts, Protocol):
    """The parts of the application that connecting needs."""

    @property
    def crm_secrets(self) -> Secrets: ...
    @property
    def gateways(self) -> Gateways: ...


class UnusableConnectionError(InvalidError):
    """The connection does not work; `errors` say whether it is the host, the credentials or a permission."""

    code = "connection-refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedConnection:
    """What an admin asks for; `credentials` None keeps those that are stored."""

    base_url: str
    api_version: str = ""
    credentials: Credentials | None = None
    create_missing: bool = False
    shadow: bool = False


def require_crm(crm: str) -> None:
    if crm not in OBJECTS:
        raise NotFoundError(f"there is no CRM {crm!r}; there are {', '.join(OBJECTS)}")


def require_connection(app: BackfillParts, crm: str) -> tuple[Setup, Connection]:
    require_crm(crm)
    setup = app.connections.setup(crm)
    if setup.connection is None:
        raise NotFoundError(f"{crm} is not connected")
    return setup, setup.connection


def save_connection(
    app: ConnectionParts, crm: str, wanted: WantedConnection, *, actor: str
) -> tuple[Connection, bool]:
    """Test, then store; the connection, and whether it is new. `UnusableConnectionError`, `ChangedMeanwhileError`.

    The credentials are stored before the connection, bound to its base URL: they are never sent elsewhere.
    """
    require_crm(crm)
    previous = app.connections.setup(crm).connection
    base_url = _checked_url(wanted.base_url)
    credentials = _credentials(app, crm, wanted, previous)
    now = app.clock.now()
    connection = _connection(crm, wanted, base_url, credentials, previous, actor=actor, now=now)
    account = _tested(app, connection, credentials)
    connection = replace(connection, account=account, tested_at=now)
    if wanted.credentials is not None:
        store_credentials(app.crm_secrets, connection, credentials)
    backfill = _backfill(connection, previous, actor=actor, now=now)
    app.connections.save_connection(connection, previous=previous, backfill=backfill)
    crm_outbox.ring(app, crm)
    return connection, previous is None


def delete_connection(app: ConnectionParts, connection: Connection) -> None:
    """Nothing is pushed any more. Mappings stay; what was sent is forgotten with the next connection's `link`."""
    app.connections.delete_connection(connection)
    forget_credentials(app.crm_secrets, connection)


def _connection(
    crm: str,
    wanted: WantedConnection,
    base_url: str,
    credentials: Credentials,
    previous: Connection | None,
    *,
    actor: str,
    now: datetime,
) -> Connection:
    same_records = previous is not None and previous.base_url == base_url
    return Connection(
        crm=crm,
        base_url=base_url,
        api_version=wanted.api_version,
        credentials="+".join(sorted(credentials)),
        create_missing=wanted.create_missing,
        shadow=wanted.shadow,
        link=previous.link if previous is not None and same_records else secrets.token_hex(6),
        revision=previous.revision + 1 if previous is not None else 1,
        changed_at=now,
        changed_by=actor,
    )


def _backfill(
    connection: Connection, previous: Connection | None, *, actor: str, now: datetime
) -> Backfill | None:
    """Everyone again where records are others, or where what was only computed, or missing, can be written now."""
    again = (
        previous is None
        or previous.link != connection.link
        or (previous.shadow and not connection.shadow)
        or (connection.create_missing and not previous.create_missing)
    )
    if not again:
        return None
    return new_backfill(
        connection.crm,
        f"connection-{connection.link}-{connection.revision}",
        Scope.ALL,
        cause="the connection was made, or changed",
        now=now,
        actor=actor,
        asked=True,
    )


def _credentials(
    app: ConnectionParts, crm: str, wanted: WantedConnection, previous: Connection | None
) -> Credentials:
    credentials = wanted.credentials
    if credentials is None and previous is not None and previous.base_url == _checked_url(wanted.base_url):
        credentials = read_credentials(app.crm_secrets, previous)
    if credentials is None:
        raise _refused(
            "/credentials", "required", "credentials are needed for a new connection or another host"
        )
    given = frozenset(credentials)
    if given not in _CREDENTIALS[crm]:
        kinds = " or ".join("{" + ", ".join(sorted(kind)) + "}" for kind in _CREDENTIALS[crm])
        raise _refused("/credentials", "wrong_credentials", f"{crm} takes {kinds}")
    if not fit(_checked_url(wanted.base_url), credentials):
        raise _refused("/credentials", "too_long", "base URL and credentials are too long to be stored")
    return credentials


def _checked_url(given: str) -> str:
    try:
        url = urlsplit(given)
        port = url.port
    except ValueError as exc:
        raise _refused("/base_url", "invalid_url", "this is no URL") from exc
    more = url.query or url.fragment or url.username or url.password or port == 0
    if url.scheme not in {"http", "https"} or not url.hostname or more:
        raise _refused(
            "/base_url",
            "invalid_url",
            "the base URL is scheme, host and maybe a path: https://api.hubapi.com",
        )
    if url.scheme == "http" and url.hostname not in _LOOPBACK:
        raise _refused("/base_url", "not_encrypted", "credentials only travel over https")
    return f"{url.scheme}://{url.netloc.lower()}{url.path.rstrip('/')}"


def _tested(app: ConnectionParts, connection: Connection, credentials: Credentials) -> str:
    try:
        return app.gateways.trial(connection, credentials).test()
    except PushFailedError as exc:
        at, code = _AT[exc.reason]
        raise _refused(at, code, exc.message) from exc


def _refused(pointer: str, code: str, message: str) -> UnusableConnectionError:
    problem = FieldError(pointer=pointer, code=code, message=message)
    return UnusableConnectionError(f"the connection was not saved: {message}", errors=(problem,))
