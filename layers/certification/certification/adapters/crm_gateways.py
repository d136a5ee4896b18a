"""Which adapter speaks to which CRM: the module `adapters/crm/<crm>.py`, through its `open_gateway`."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from certification.domain.connection import Connection, PauseReason
from certification.domain.crm_credentials import Credentials, read_credentials
from certification.domain.crm_gateway import CrmGateway
from certification.domain.mapping import OBJECTS
from certification.domain.ports import Secrets
from certification.domain.push import PushFailedError


class CrmGateways:
    """Implements the port `Gateways`. One gateway for each state of a connection: it keeps its token and its socket."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._open: dict[tuple[str, str, int], CrmGateway] = {}

    def open(self, connection: Connection) -> CrmGateway:
        key = (connection.crm, connection.link, connection.revision)
        if key not in self._open:
            credentials = read_credentials(self._secrets, connection)
            if credentials is None:
                raise PushFailedError(
                    "no credentials are stored for this connection", reason=PauseReason.CREDENTIALS
                )
            self._open = {key: self.trial(connection, credentials)}
        return self._open[key]

    def trial(self, connection: Connection, credentials: Credentials) -> CrmGateway:
        if connection.crm not in OBJECTS:
            raise ValueError(f"there is no CRM {connection.crm!r}")
        module = import_module(f"certification.adapters.crm.{connection.crm}")
        return cast(CrmGateway, module.open_gateway(connection, credentials))
