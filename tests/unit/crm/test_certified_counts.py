from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import NOW, TODAY, completion, organization, user
from certification.adapters.dynamodb.items.completions import completion_to_item
from certification.adapters.dynamodb.items.directory import organization_to_item, user_to_item
from certification.adapters.dynamodb.table import Put
from certification.domain.certified import certified_count
from certification.domain.model import Holder, HolderType
from certification.services.crm_outbox import mark_dirty
from fake_crm import CERT, KilledError, World

COUNT = {"certification_id": CERT, "source": "certified_user_count", "target": "count"}


def someone(user_id: str) -> Holder:
    return Holder(type=HolderType.USER, id=user_id)


@pytest.fixture
def world() -> World:
    return counting()


def counting() -> World:
    world = World()
    world.connect()
    world.map(COUNT, name="company")
    for organization_id in ("o-1", "o-2"):
        world.crm.add(organization_id)
        world.table.write(Put(organization_to_item(organization(organization_id))))
    return world


def tell(world: World, user_id: str) -> None:
    mark_dirty(world.app, [someone(user_id)])


def counts(world: World) -> tuple[Any, Any]:
    world.drain()
    return world.crm.by_match("o-1").get("count"), world.crm.by_match("o-2").get("count")


def join(world: World, user_id: str, organization_id: str | None, **changes: Any) -> None:
    world.table.write(Put(user_to_item(user(user_id, organization_id=organization_id, **changes))))


def award(world: World, user_id: str, **changes: Any) -> None:
    world.table.write(Put(completion_to_item(completion(holder_id=user_id, **changes))))


def test_a_change_of_a_user_reaches_its_organization(world: World) -> None:
    join(world, "u-1", "o-1")
    award(world, "u-1")
    tell(world, "u-1")
    assert counts(world) == ("1", None)

    award(world, "u-1", revoked_at=NOW, revision=2)
    tell(world, "u-1")
    assert counts(world) == ("0", None)


def test_who_moves_counts_there_and_no_longer_here(world: World) -> None:
    join(world, "u-1", "o-1")
    award(world, "u-1")
    tell(world, "u-1")
    join(world, "u-1", "o-2")
    tell(world, "u-1")

    assert counts(world) == ("0", "1")


def test_who_leaves_the_company_or_becomes_inactive_does_not_count(world: World) -> None:
    for user_id in ("u-1", "u-2"):
        join(world, user_id, "o-1")
        award(world, user_id)
        tell(world, user_id)
    assert counts(world) == ("2", None)

    join(world, "u-1", None)
    join(world, "u-2", "o-1", active=False)
    tell(world, "u-1")
    tell(world, "u-2")
    assert counts(world) == ("0", None)


def test_a_replay_changes_and_costs_nothing_twice(world: World) -> None:
    join(world, "u-1", "o-1")
    award(world, "u-1")
    tell(world, "u-1")
    before = world.table.written_units
    tell(world, "u-1")

    assert world.table.written_units == before
    assert counts(world) == ("1", None)


def test_a_lapse_that_nobody_recorded_yet_counts_no_more(world: World) -> None:
    join(world, "u-1", "o-1")
    award(world, "u-1", expiration_date=TODAY + timedelta(days=3))
    tell(world, "u-1")
    members = list(world.app.certified.members("o-1", CERT))

    assert certified_count(members, TODAY + timedelta(days=3)) == 1
    assert certified_count(members, TODAY + timedelta(days=4)) == 0


def test_killed_at_any_write_the_repetition_reaches_the_organization() -> None:
    died = 0
    for when in ("before_effect", "after_effect"):
        for at in range(6):
            world = counting()
            join(world, "u-1", "o-1")
            award(world, "u-1")
            tell(world, "u-1")
            counts(world)
            join(world, "u-1", "o-2")
            left = at

            def kill(_: str) -> None:
                nonlocal left
                if left == 0:
                    raise KilledError
                left -= 1

            setattr(world.table, when, kill)
            try:
                tell(world, "u-1")
            except KilledError:
                died += 1
            setattr(world.table, when, None)
            world.drain()
            tell(world, "u-1")
            assert counts(world) == ("0", "1"), (when, at)
    assert died > 4


steps = st.lists(
    st.tuples(
        st.sampled_from(["u-1", "u-2", "u-3"]),
        st.sampled_from(["o-1", "o-2", None]),
        st.booleans(),
        st.booleans(),
        st.booleans(),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(steps, st.booleans())
def test_the_count_is_that_of_the_present_members_whatever_was_told_when(
    changes: list[tuple[str, str | None, bool, bool, bool]], lagging: bool
) -> None:
    """Events come late, twice, and in any order between users: only the present state counts."""
    world = counting()
    present: dict[str, tuple[str | None, bool]] = {}
    for user_id, organization_id, active, holds, told in changes:
        join(world, user_id, organization_id, active=active)
        award(world, user_id, revoked_at=None if holds else NOW)
        present[user_id] = (organization_id, active and holds)
        if told:
            tell(world, user_id)
    for user_id in present:
        tell(world, user_id)
        if lagging:
            tell(world, user_id)
    world.drain()

    for organization_id in ("o-1", "o-2"):
        expected = sum(at == organization_id and counted for at, counted in present.values())
        assert int(world.crm.by_match(organization_id).get("count", "0")) == expected
