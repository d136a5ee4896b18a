"""Ten thousand holders change at once: full batches, and no call where nothing changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from builders import NOW, completion, user
from certification.adapters.dynamodb.items.completions import completion_to_item
from certification.adapters.dynamodb.items.directory import user_to_item
from certification.adapters.dynamodb.table import Put
from certification.domain.connection import PauseReason
from certification.domain.model import Holder, HolderType
from certification.services.crm_outbox import mark_dirty
from fake_crm import FakeCrm, World, failing
from large_table import LargeTable

HOLDERS = 10_000


@pytest.fixture(scope="module")
def world() -> World:
    world = World(table=LargeTable(), crm=ByKeyCrm())
    world.connect()
    world.map()
    for number in range(HOLDERS):
        someone = user(f"u-{number:05}")
        world.crm.add(someone.email)
        world.table.write(Put(user_to_item(someone)))
        world.table.write(Put(completion_to_item(completion(holder_id=someone.user_id))))
    return world


@dataclass
class ByKeyCrm(FakeCrm):
    """The same CRM with an index of its match values."""

    by_value: dict[str, str] = field(default_factory=dict)

    def add(self, match_value: str, **values: Any) -> str:
        self.by_value[match_value] = super().add(match_value, **values)
        return self.by_value[match_value]

    def _find(self, outgoing: Any) -> list[str]:
        found = outgoing.record_id or self.by_value.get(outgoing.match_value)
        return [found] if found in self.records else []


def everyone() -> Iterator[Holder]:
    return (Holder(type=HolderType.USER, id=f"u-{number:05}") for number in range(HOLDERS))


def written(world: World) -> list[Mapping[str, Any]]:
    return [record for record in world.crm.records.values() if "status" in record]


@pytest.mark.slow
def test_ten_thousand_changes_take_a_hundred_calls_and_a_second_run_none(world: World) -> None:
    mark_dirty(world.app, everyone())
    report = world.drain(seconds=1000)

    assert len(written(world)) == HOLDERS
    assert report.tally.calls <= 1.1 * HOLDERS / 100

    mark_dirty(world.app, everyone())
    again = world.drain(seconds=1000)
    assert (again.tally.calls, again.tally.unchanged) == (0, HOLDERS)

    every_third = [f"u-{number:05}" for number in range(0, HOLDERS, 3)]
    for user_id in every_third:
        world.table.write(Put(completion_to_item(completion(holder_id=user_id, revoked_at=NOW, revision=2))))
    mark_dirty(world.app, everyone())
    calls_before = len(world.crm.calls)
    world.drain(seconds=1000)
    calls = len(world.crm.calls) - calls_before
    assert calls <= 1.1 * len(every_third) / 100
    assert sum(record["status"] == "revoked" for record in world.crm.records.values()) == len(every_third)


def test_short_shifts_and_an_outage_in_between_end_the_same() -> None:
    world = World(table=LargeTable(), crm=ByKeyCrm(batch_size=10))
    world.connect()
    world.map()
    for number in range(300):
        someone = user(f"u-{number:05}")
        world.crm.add(someone.email)
        world.table.write(Put(user_to_item(someone)))
        world.table.write(Put(completion_to_item(completion(holder_id=someone.user_id))))
    mark_dirty(world.app, [Holder(type=HolderType.USER, id=f"u-{n:05}") for n in range(300)])
    shifts = 0
    while len(written(world)) < 300:
        world.crm.before = failing(PauseReason.UNAVAILABLE, unknown=True) if shifts == 3 else None
        budget = iter([60.0] * 6)
        world.drainer().run(lambda budget=budget: next(budget, 1.0))  # type: ignore[misc]
        world.clock.advance(minutes=20)
        shifts += 1
        assert shifts < 100

    assert shifts > 4
    assert max(len(call) for call in world.crm.calls) == 10
    assert sum(len(call) for call in world.crm.calls) == 300
