"""Salesforce behind the port `CrmGateway`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from certification.adapters.crm.batches import chunks
from certification.adapters.crm.deadline import Deadline, Patience
from certification.adapters.crm.salesforce_api import TYPES, SalesforceApi
from certification.adapters.crm.salesforce_push import SalesforcePush
from certification.adapters.crm.salesforce_values import RECORD_ID, decode, encode, property_of
from certification.adapters.crm.soql import literal, queries
from certification.adapters.crm.values import kind_of, shown_as
from certification.domain.connection import Connection, PauseReason, StoredMapping
from certification.domain.crm_credentials import Credentials
from certification.domain.crm_gateway import CrmGateway, CrmRecord
from certification.domain.crm_property import CrmProperty
from certification.domain.push import Outgoing, Pushed, PushFailedError

BATCH_SIZE = 200
LEAST_BATCH = 25
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
_USUAL = Patience(read=15.0, whole=18.0)
"""Salesforce itself waits ten seconds for a lock, and runs an org's own automation for each record."""


def open_gateway(
    connection: Connection, credentials: Credentials, *, patience: Patience = _USUAL
) -> CrmGateway:
    """A gateway to the org of this My Domain; calls nobody."""
    api = SalesforceApi(connection.base_url, connection.api_version, credentials, patience)
    return SalesforceGateway(api, creates=connection.create_missing, writes=not connection.shadow)


class SalesforceGateway:
    """Implements the port `CrmGateway`. `creates`: records may be made, so that permission is needed, too.

    `writes` False: only looked at, so permission to read is enough.
    """

    def __init__(self, api: SalesforceApi, *, creates: bool = False, writes: bool = True) -> None:
        self._api = api
        self._creates = creates
        self._writes = writes
        self._size = BATCH_SIZE

    @property
    def batch_size(self) -> int:
        """Smaller after a call that was not answered in time: an org's own automation may need long for 200."""
        return self._size

    def test(self) -> str:
        """The org, and what this user may do there; refused where it may do nothing of use."""
        deadline = self._api.http.deadline()
        org = self._api.org_id(deadline)
        rights = [self._rights(object_type, deadline) for object_type in TYPES.values()]
        if not any(usable for _, usable in rights):
            self._api.require_version(deadline)
            raise PushFailedError("; ".join(words for words, _ in rights), reason=PauseReason.FORBIDDEN)
        return f"Salesforce org {org or '(id not shown)'}; {'; '.join(words for words, _ in rights)}"

    def _rights(self, object_type: str, deadline: Deadline) -> tuple[str, bool]:
        try:
            shape = self._api.describe(object_type, deadline)
        except PushFailedError as exc:
            if exc.reason is not PauseReason.FORBIDDEN:
                raise
            return f"{object_type}: no permission ({exc.message})", False
        if shape is None:
            return f"{object_type}: no permission, the user needs Read and Edit on it", False
        if not self._writes:
            return f"{object_type}: read", True
        if not shape.get("updateable", True):
            return f"{object_type}: may be read but not written, the user needs Edit on it", False
        if self._creates and not shape.get("createable", True):
            return f"{object_type}: read and write, but not create", True
        return f"{object_type}: read and write", True

    def properties(self, object_name: str) -> Sequence[CrmProperty]:
        object_type = TYPES[object_name]
        shape = self._api.describe(object_type, self._api.http.deadline())
        if shape is None:
            message = f"Salesforce shows this user no {object_type}: give it Read and Edit on it"
            raise PushFailedError(message, reason=PauseReason.FORBIDDEN)
        return [property_of(field) for field in shape.get("fields", ())]

    def read(self, stored: StoredMapping, record_ids: Sequence[str]) -> Mapping[str, CrmRecord]:
        deadline = self._api.http.deadline()
        object_type = TYPES[stored.mapping.object_name]
        wanted = [each for each in dict.fromkeys(record_ids) if _ID.fullmatch(each)]
        found: dict[str, CrmRecord] = {}
        for some in chunks(wanted, BATCH_SIZE):
            for shape in self._api.retrieve(object_type, some, _fields(stored), deadline):
                record = _record(stored, shape)
                found |= {asked: record for asked in some if asked[:15] == record.record_id[:15]}
        return found

    def find(self, stored: StoredMapping, match_value: str) -> Sequence[CrmRecord]:
        by = stored.mapping.match.target
        if by == RECORD_ID:
            return list(self.read(stored, [match_value]).values())
        deadline = self._api.http.deadline()
        sought = [literal(match_value.strip(), kind_of(stored, by))]
        object_type = TYPES[stored.mapping.object_name]
        return [
            _record(stored, shape)
            for query in queries(_fields(stored), object_type, by, sought)
            for shape in self._api.query(query, deadline)
        ]

    def look(self, stored: StoredMapping, batch: Sequence[Outgoing]) -> Sequence[Pushed]:
        return SalesforcePush(self._api, stored, self._api.http.deadline()).look(batch)

    def push(self, stored: StoredMapping, batch: Sequence[Outgoing]) -> Sequence[Pushed]:
        try:
            done = SalesforcePush(self._api, stored, self._api.http.deadline()).run(batch)
        except PushFailedError as exc:
            if exc.unknown:
                self._size = max(LEAST_BATCH, self._size // 2)
            raise
        self._size = min(BATCH_SIZE, self._size * 2)
        return done


def _fields(stored: StoredMapping) -> list[str]:
    return list(dict.fromkeys([RECORD_ID, *(one.target for one in stored.mapping.fields)]))


def _record(stored: StoredMapping, shape: Mapping[str, Any]) -> CrmRecord:
    return CrmRecord(record_id=str(shape[RECORD_ID]), values=shown_as(stored, dict(shape), encode, decode))
