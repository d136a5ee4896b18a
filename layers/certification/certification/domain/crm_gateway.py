"""One connected CRM, as the use cases see it. Making a gateway calls nobody. Errors are `PushFailedError`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from certification.domain.connection import Connection, StoredMapping
from certification.domain.crm_credentials import Credentials
from certification.domain.crm_property import CrmProperty
from certification.domain.push import Pusher
from certification.domain.sync import SentValue


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmRecord:
    """A record as the CRM shows it now; values are compared with `canonical` ones, so they are written the same way."""

    record_id: str
    values: Mapping[str, SentValue]


class CrmGateway(Pusher, Protocol):
    def test(self) -> str:
        """Use host and credentials once; who we are there, in the CRM's words. `PushFailedError` says what is wrong."""

    def properties(self, object_name: str) -> Sequence[CrmProperty]:
        """The CRM's own description of an object's properties; of archived ones too, where it tells."""

    def read(self, stored: StoredMapping, record_ids: Sequence[str]) -> Mapping[str, CrmRecord]:
        """The mapped properties of these records, those that exist; at most a batch."""

    def find(self, stored: StoredMapping, match_value: str) -> Sequence[CrmRecord]:
        """The records that this value finds, with the mapped properties."""


class Gateways(Protocol):
    def open(self, connection: Connection) -> CrmGateway:
        """With the stored credentials; `PushFailedError` where there are none."""

    def trial(self, connection: Connection, credentials: Credentials) -> CrmGateway:
        """With credentials that are not stored yet."""
