"""R34–R40: the CRM shows the projection of every holder, computed afresh."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from certification.adapters.dynamodb.items import sync as items
from certification.domain.mapping import ObjectMapping, WriteRule
from certification.domain.model import Holder, HolderType
from certification.domain.projection import match_value, project
from certification.domain.push_plan import CLEARED, canonical
from certification.domain.sync import SyncRow, SyncState
from certification.services.crm_facts import read_facts
from simulation.state import State
from simulation.world import World


def problems(world: World, state: State) -> Iterator[str]:
    app = world.application()
    rows = {row.holder: row for row in _rows(world)}
    for stored in app.connections.setup("hubspot").mappings.values():
        mapping = stored.mapping
        holders = _holders(state, mapping)
        facts = read_facts(
            app,
            mapping,
            holders,
            today=world.clock.now().date(),
            public_id=app.completion_ids.id_of,
            public_url=app.config.public_url,
        )
        for holder in holders:
            wanted = project(mapping, facts[holder], world.clock.now().date())
            values = {target: canonical(value) for target, value in wanted.items()}
            by = match_value(mapping.match, facts[holder].profile)
            shown = Shown(holder, rows.get(holder), by, values)
            yield from _wrong_with(world, mapping, shown)


@dataclass(frozen=True, slots=True)
class Shown:
    """A holder with its outbox row, what finds its record, and what the record shall say."""

    holder: Holder
    row: SyncRow | None
    by: str
    values: Mapping[str, object]


def _wrong_with(world: World, mapping: ObjectMapping, shown: Shown) -> Iterator[str]:
    row, values = shown.row, shown.values
    name = f"crm: {shown.holder.type.value} {shown.holder.id}"
    found = [record for record in world.crm.records.values() if record["match"] == shown.by]
    if row is None:
        if any(value != CLEARED for value in values.values()):
            yield f"{name} was never marked"
        return
    if row.state is not SyncState.SYNCED:
        if row.state is not SyncState.DISCONNECTED and (row.state is not SyncState.UNLINKED or found):
            yield f"{name} is {row.state.value} ({row.code} {row.message})"
        return
    if len(found) > 1:
        yield f"{name} has {len(found)} records"
        return
    if not found:
        if any(value != CLEARED for value in values.values()) and not _was_forgotten(world, row):
            yield f"{name} is synced and has no record"
        return
    for one in mapping.fields:
        there = found[0].get(one.target, CLEARED)
        if one.write is WriteRule.ALWAYS and there != values[one.target]:
            yield f"{name} shows {one.target} {there!r}, the projection says {values[one.target]!r}"


def _was_forgotten(world: World, row: SyncRow) -> bool:
    """Somebody deleted it, and nothing was to be written since."""
    return bool(row.record_id) and row.record_id not in world.crm.records


def _rows(world: World) -> Iterator[SyncRow]:
    for key, item in world.table.items.items():
        if key.sk == "SYNC#hubspot":
            yield items.sync_from_item(item)


def _holders(state: State, mapping: ObjectMapping) -> list[Holder]:
    ids = state.users if mapping.holder_type is HolderType.USER else state.organizations
    return [Holder(type=mapping.holder_type, id=name) for name in sorted(ids)]
