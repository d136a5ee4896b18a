"""Connections, mappings, pauses, backfills and the plan in the table: one partition for each CRM."""

from __future__ import annotations

from collections.abc import Sequence

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items import connections as items
from certification.adapters.dynamodb.items import mappings as mapping_items
from certification.adapters.dynamodb.table import (
    Absent,
    ConditionFailedError,
    Delete,
    Equals,
    Put,
    Query,
    Table,
    TransactionFailedError,
    Update,
    Write,
)
from certification.domain.backfill import Backfill
from certification.domain.connection import Connection, Pause, Plan, Setup, StoredMapping
from certification.domain.errors import ChangedMeanwhileError
from certification.domain.mapping import OBJECTS, uses_of

_CONNECTION_SCOPE = ""


class DynamoDBConnections:
    """Implements the ports `Plans` and `Connections`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def plan(self, *, consistent: bool = True) -> Plan:
        return items.plan_from_item(self._table.get(keys.crm_plan(), consistent=consistent), tuple(OBJECTS))

    def setup(self, crm: str) -> Setup:
        connection, mappings, pauses, backfills = None, {}, {}, []
        for item in self._table.query_all(Query(pk=keys.crm_pk(crm), consistent=True)):
            match item["entity"]:
                case items.CONNECTION:
                    connection = items.connection_from_item(item)
                case items.PAUSE:
                    pause = items.pause_from_item(item)
                    pauses[pause.scope] = pause
                case mapping_items.MAPPING:
                    stored = mapping_items.mapping_from_item(item)
                    mappings[stored.mapping.object_name] = stored
                case mapping_items.BACKFILL:
                    backfills.append(mapping_items.backfill_from_item(item))
        return Setup(connection=connection, mappings=mappings, pauses=pauses, backfills=tuple(backfills))

    def save_connection(
        self, connection: Connection, *, previous: Connection | None, backfill: Backfill | None
    ) -> None:
        condition = Equals("revision", previous.revision) if previous else Absent()
        connected = {items.plan_connected(connection.crm): connection.link}
        self._together(
            [
                Put(items.connection_to_item(connection), condition),
                Update(key=keys.crm_plan(), set=connected),
                *_pauses_ended(connection.crm),
                *_backfill_put(backfill),
            ]
        )

    def delete_connection(self, connection: Connection) -> None:
        self._together(
            [
                Delete(keys.connection(connection.crm), Equals("revision", connection.revision)),
                Update(key=keys.crm_plan(), remove=(items.plan_connected(connection.crm),)),
                *_pauses_ended(connection.crm),
            ]
        )

    def save_mapping(
        self, stored: StoredMapping, *, previous: StoredMapping | None, backfill: Backfill | None
    ) -> None:
        mapping = stored.mapping
        condition = Equals("revision", previous.revision) if previous else Absent()
        uses = {items.plan_uses(mapping.crm, mapping.object_name): items.uses_to_item(uses_of(mapping))}
        self._together(
            [
                Put(mapping_items.mapping_to_item(stored), condition),
                Update(key=keys.crm_plan(), set=uses),
                Delete(keys.crm_pause(mapping.crm, mapping.object_name)),
                *_backfill_put(backfill),
            ]
        )

    def save_check(self, stored: StoredMapping) -> None:
        self._alone(Put(mapping_items.mapping_to_item(stored), Equals("revision", stored.revision)))

    def save_pause(self, pause: Pause) -> None:
        self._table.write(Put(items.pause_to_item(pause)))

    def end_pause(self, crm: str, scope: str) -> None:
        self._table.write(Delete(keys.crm_pause(crm, scope)))

    def backfill(self, crm: str, backfill_id: str) -> Backfill | None:
        item = self._table.get(keys.backfill(crm, backfill_id))
        return mapping_items.backfill_from_item(item) if item else None

    def add_backfill(self, backfill: Backfill) -> bool:
        try:
            self._table.write(Put(mapping_items.backfill_to_item(backfill), Absent()))
        except ConditionFailedError:
            return False
        return True

    def save_backfill(self, backfill: Backfill) -> None:
        self._alone(Put(mapping_items.backfill_to_item(backfill), Equals("revision", backfill.revision - 1)))

    def _alone(self, write: Put) -> None:
        try:
            self._table.write(write)
        except ConditionFailedError as exc:
            raise ChangedMeanwhileError("somebody else wrote this first") from exc

    def _together(self, writes: Sequence[Write]) -> None:
        try:
            self._table.write_together(writes)
        except TransactionFailedError as exc:
            raise ChangedMeanwhileError("the settings of this CRM were changed meanwhile") from exc


def _pauses_ended(crm: str) -> list[Write]:
    """Those of the mappings too: what refused them may have been another portal, or another version of the API."""
    return [Delete(keys.crm_pause(crm, scope)) for scope in (_CONNECTION_SCOPE, *OBJECTS[crm])]


def _backfill_put(backfill: Backfill | None) -> list[Write]:
    return [Put(mapping_items.backfill_to_item(backfill), Absent())] if backfill else []
