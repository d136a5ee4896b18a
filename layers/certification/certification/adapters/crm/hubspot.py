"""HubSpot behind the port `CrmGateway`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from certification.adapters.crm.batches import chunks
from certification.adapters.crm.deadline import Deadline, Patience
from certification.adapters.crm.hubspot_answers import same_value
from certification.adapters.crm.hubspot_api import PATHS, HubSpotApi
from certification.adapters.crm.hubspot_push import HubSpotPush
from certification.adapters.crm.hubspot_values import (
    MERGED_IDS,
    RECORD_ID,
    decode,
    encode,
    merged_ids,
    property_of,
)
from certification.adapters.crm.values import shown_as
from certification.domain.connection import Connection, PauseReason, StoredMapping
from certification.domain.crm_credentials import Credentials
from certification.domain.crm_gateway import CrmGateway, CrmRecord
from certification.domain.crm_property import CrmProperty
from certification.domain.push import Outgoing, Pushed, PushFailedError

BATCH_SIZE = 100
_USUAL = Patience()


def open_gateway(
    connection: Connection, credentials: Credentials, *, patience: Patience = _USUAL
) -> CrmGateway:
    """A gateway to the portal of this token; calls nobody."""
    token = credentials["access_token"]
    api = HubSpotApi(connection.base_url, connection.api_version, token, patience)
    return HubSpotGateway(api, writes=not connection.shadow)


class HubSpotGateway:
    """Implements the port `CrmGateway`. `writes` False: only looked at, so permission to read is enough."""

    batch_size = BATCH_SIZE

    def __init__(self, api: HubSpotApi, *, writes: bool = True) -> None:
        self._api = api
        self._writes = writes

    def test(self) -> str:
        """The portal, and what the token may do there; refused where it may do nothing of use."""
        deadline = self._api.http.deadline()
        rights = [self._rights(path, deadline) for path in PATHS.values()]
        told = "; ".join(words for words, _ in rights)
        refused = [reason for _, reason in rights if reason]
        if len(refused) == len(rights):
            raise PushFailedError(told, reason=refused[0])
        return f"HubSpot portal {self._api.account(deadline) or '(id not shown)'}; {told}"

    def _rights(self, path: str, deadline: Deadline) -> tuple[str, PauseReason | None]:
        """What may be done with this object, and what makes it unusable."""
        scopes = f"crm.objects.{path}.read, crm.objects.{path}.write and crm.schemas.{path}.read"
        try:
            self._api.properties(path, deadline, archived=False)
        except PushFailedError as exc:
            if exc.reason is PauseReason.MAPPING:
                return f"{path}: {exc.message}", exc.reason
            if exc.reason is not PauseReason.FORBIDDEN:
                raise
            return f"{path}: no permission, the token needs {scopes}", exc.reason
        if not self._writes:
            return f"{path}: read", None
        if not self._api.may_write(path, deadline):
            message = f"{path}: may be read but not written, the token needs {scopes}"
            return message, PauseReason.FORBIDDEN
        return f"{path}: read and write", None

    def properties(self, object_name: str) -> Sequence[CrmProperty]:
        deadline = self._api.http.deadline()
        path = PATHS[object_name]
        shapes = [
            shape
            for archived in (False, True)
            for shape in self._api.properties(path, deadline, archived=archived)
        ]
        return [property_of(path, shape) for shape in shapes]

    def read(self, stored: StoredMapping, record_ids: Sequence[str]) -> Mapping[str, CrmRecord]:
        deadline = self._api.http.deadline()
        found: dict[str, CrmRecord] = {}
        for some in chunks(list(dict.fromkeys(record_ids)), BATCH_SIZE):
            for record, merged in self._records(stored, some, deadline):
                found[record.record_id] = record
                found |= {old: record for old in merged if old in some}
        return found

    def find(self, stored: StoredMapping, match_value: str) -> Sequence[CrmRecord]:
        by = stored.mapping.match.target
        if by == RECORD_ID:
            return list(self.read(stored, [match_value]).values())[:1]
        deadline = self._api.http.deadline()
        found = self._records(stored, [same_value(by, match_value)], deadline, by=by)
        return [record for record, _ in found]

    def look(self, stored: StoredMapping, batch: Sequence[Outgoing]) -> Sequence[Pushed]:
        return HubSpotPush(self._api, stored, self._api.http.deadline()).look(batch)

    def push(self, stored: StoredMapping, batch: Sequence[Outgoing]) -> Sequence[Pushed]:
        return HubSpotPush(self._api, stored, self._api.http.deadline()).run(batch)

    def _records(
        self, stored: StoredMapping, ids: Sequence[str], deadline: Deadline, *, by: str = ""
    ) -> list[tuple[CrmRecord, list[str]]]:
        """Each with the ids of what was merged into it."""
        targets = [MERGED_IDS, *(one.target for one in stored.mapping.fields)]
        shapes = self._api.batch_read(PATHS[stored.mapping.object_name], ids, targets, deadline, by=by)
        return [(_record(stored, shape), merged_ids(shape)) for shape in shapes]


def _record(stored: StoredMapping, shape: Mapping[str, Any]) -> CrmRecord:
    values = shown_as(stored, shape.get("properties") or {}, encode, decode)
    return CrmRecord(record_id=str(shape["id"]), values=values)
