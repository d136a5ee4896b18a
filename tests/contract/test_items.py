"""What is written as an item is read back as it was; and what an earlier version wrote still is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import generated
from builders import NOW, message
from certification.adapters.dynamodb.items import (
    api_keys,
    completions,
    connections,
    definitions,
    directory,
    drift,
    evaluations,
    exports,
    history,
    imports,
    mappings,
    parked,
    receipts,
    reconciliations,
    retractions,
    sources,
    sync,
)
from certification.adapters.dynamodb.items.values import SCHEMA_VERSION
from certification.adapters.dynamodb.marshalling import marshal, unmarshal
from certification.domain import drift as crm_drift
from certification.domain import reconciliation
from certification.domain.api_keys import ApiKey
from certification.domain.backfill import Backfill
from certification.domain.certified import Contribution, Membership
from certification.domain.connection import Connection, Pause, StoredMapping
from certification.domain.evaluation_run import EvaluationRun
from certification.domain.exports import Export
from certification.domain.history import HistoryEntry
from certification.domain.imports import Import, RowOutcome, RowResult
from certification.domain.mapping_reader import mapping_from_json
from certification.domain.model import (
    Certification,
    CertificationCompletion,
    Course,
    CourseCompletion,
    Organization,
    User,
)
from certification.domain.parking import ParkedCompletion, ParkingReason
from certification.domain.ports import Hint, Receipt
from certification.domain.replay import Replay
from certification.domain.retractions import Retraction
from certification.domain.sources import Source
from certification.domain.sync import SyncRow

WRITTEN_BY_VERSION_1 = Path(__file__).parent / "items_of_version_1.json"
Way = tuple[Callable[[Any], Any], Callable[[Any], Any]]

WAYS: dict[type, Way] = {
    ApiKey: (api_keys.api_key_to_item, api_keys.api_key_from_item),
    CourseCompletion: (completions.course_completion_to_item, completions.course_completion_from_item),
    CertificationCompletion: (completions.completion_to_item, completions.completion_from_item),
    Connection: (connections.connection_to_item, connections.connection_from_item),
    Pause: (connections.pause_to_item, connections.pause_from_item),
    Certification: (definitions.certification_to_item, definitions.certification_from_item),
    Course: (directory.course_to_item, directory.course_from_item),
    Organization: (directory.organization_to_item, directory.organization_from_item),
    User: (directory.user_to_item, directory.user_from_item),
    crm_drift.Reconciliation: (drift.reconciliation_to_item, drift.reconciliation_from_item),
    EvaluationRun: (evaluations.evaluation_to_item, evaluations.evaluation_from_item),
    Export: (exports.export_to_item, exports.export_from_item),
    HistoryEntry: (history.entry_to_item, history.entry_from_item),
    Import: (imports.import_to_item, imports.import_from_item),
    Backfill: (mappings.backfill_to_item, mappings.backfill_from_item),
    Receipt: (receipts.receipt_to_item, receipts.receipt_from_item),
    reconciliation.Reconciliation: (
        reconciliations.reconciliation_to_item,
        reconciliations.reconciliation_from_item,
    ),
    Retraction: (retractions.retraction_to_item, retractions.retraction_from_item),
    Source: (sources.source_to_item, sources.source_from_item),
    Replay: (sources.replay_to_item, sources.replay_from_item),
    SyncRow: (sync.sync_to_item, sync.sync_from_item),
}


def stored(item: Any) -> Any:
    """As DynamoDB gives it back."""
    return unmarshal(json.loads(json.dumps(marshal(item))))


@pytest.mark.parametrize(
    "kind", WAYS, ids=lambda kind: f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}"
)
def test_entity_comes_back_from_its_item_as_it_went(kind: type) -> None:
    to_item, from_item = WAYS[kind]

    @settings(max_examples=20, deadline=None)
    @given(generated.entities(kind))
    def comes_back(entity: Any) -> None:
        item = to_item(entity)
        assert {"pk", "sk", "entity", "schema_version"} <= item.keys()
        assert item["schema_version"] == SCHEMA_VERSION
        assert from_item(stored(item)) == entity

    comes_back()


@settings(max_examples=20, deadline=None)
@given(generated.entities(Certification))
def test_version_of_a_certification_reads_like_the_certification(certification: Certification) -> None:
    item = definitions.version_to_item(certification)
    assert definitions.certification_from_item(stored(item)) == certification
    assert "listing_pk" not in item


@settings(max_examples=20, deadline=None)
@given(generated.entities(Certification), generated.ids)
def test_hint_carries_the_requirements(certification: Certification, course_id: str) -> None:
    hint = definitions.hint_from_item(stored(definitions.hint_to_item(course_id, certification)))
    assert hint == Hint(
        certification_id=certification.certification_id, requirements=certification.requirements
    )


@settings(max_examples=20, deadline=None)
@given(generated.entities(Contribution))
def test_contribution_of_a_user(contribution: Contribution) -> None:
    item = stored(connections.contribution_to_item(contribution))
    assert connections.contribution_from_item(contribution.user_id, item) == contribution


@settings(max_examples=20, deadline=None)
@given(generated.entities(Membership), generated.ids)
def test_member_of_an_organization(membership: Membership, user_id: str) -> None:
    assert connections.member_from_item(stored(connections.member_to_item(user_id, membership))) == membership


@settings(max_examples=20, deadline=None)
@given(generated.entities(Import), generated.entities(RowResult))
def test_rejected_row_of_an_import(run: Import, result: RowResult) -> None:
    rejected = replace(result, outcome=RowOutcome.REJECTED)
    assert imports.rejected_from_item(stored(imports.rejected_to_item(run, rejected))) == rejected


@given(generated.starts | st.none())
def test_place_of_the_daily_samples(place: dict[str, Any] | None) -> None:
    assert drift.sample_place_from_item(stored(drift.sample_place_to_item("hubspot", place))) == place


def test_field_mapping() -> None:
    shape = {
        "match": {"source": "email", "target": "email"},
        "fields": [
            {"certification_id": "cert-1", "source": "status", "target": "s", "values": {"active": "Yes"}},
            {"value": 7, "target": "seven", "write": "first_sync_only"},
        ],
    }
    mapping = StoredMapping(
        mapping=mapping_from_json("hubspot", "contact", shape),
        kinds={"s": "text"},
        checked_at=NOW,
        changed_at=NOW,
        changed_by="key:k-1",
    )
    assert mappings.mapping_from_item(stored(mappings.mapping_to_item(mapping))) == mapping


@pytest.mark.parametrize("reason", list(ParkingReason))
def test_parked_completion(reason: ParkingReason) -> None:
    entry = ParkedCompletion(parked_id="p-1", message=message(score=80), reason=reason, parked_at=NOW)
    items = [stored(item) for item in parked.parked_to_items(entry)]
    assert [parked.parked_from_item(item) for item in items] == [entry]


class TestVersion1:
    """Items that were written by the first version, kept as they were: every later version reads them.

    Who adds an attribute gives it a default. Who renames one reads both names, and raises SCHEMA_VERSION.
    """

    ITEMS: dict[str, Any] = json.loads(WRITTEN_BY_VERSION_1.read_text())

    @pytest.mark.parametrize("name", ITEMS)
    def test_is_read(self, name: str) -> None:
        kinds = {f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}": way for kind, way in WAYS.items()}
        to_item, from_item = kinds[name]
        for written in self.ITEMS[name]:
            read = from_item(unmarshal(written))
            again = stored(to_item(read))
            kept = {
                key: value
                for key, value in unmarshal(written).items()
                if not key.startswith(("due_", "schema"))
            }
            assert {key: again.get(key) for key in kept} == kept

    def test_every_kind_of_item_is_among_them(self) -> None:
        kinds = {f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}" for kind in WAYS}
        assert set(self.ITEMS) == kinds
