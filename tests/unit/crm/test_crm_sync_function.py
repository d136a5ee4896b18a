"""The function behind the doorbell, on the events that SQS sends."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from functions.crm_sync import app as crm_sync

from builders import certification, completion, user
from certification.adapters.dynamodb.items.completions import completion_to_item
from certification.adapters.dynamodb.items.directory import user_to_item
from certification.adapters.dynamodb.table import Put, ThrottledError
from certification.domain.backfill import Scope
from certification.domain.connection import PauseReason
from certification.domain.crm_property import CrmProperty, PropertyKind
from certification.services.crm_backfills import certification_renamed
from certification.services.crm_messages import handle_messages
from certification.services.crm_outbox import mark_dirty
from certification.services.crm_requests import start_backfill
from fake_crm import CERT, STATUS, World, failing

EVENTS = Path(__file__).parents[3] / "events"
NAME = {"certification_id": CERT, "source": "name", "target": "label"}


def event(name: str) -> dict[str, Any]:
    return json.loads((EVENTS / f"{name}.json").read_text())  # type: ignore[no-any-return]


def bell(body: str) -> dict[str, Any]:
    return {"Records": [{"messageId": "m-1", "body": body, "eventSource": "aws:sqs"}]}


@pytest.fixture
def world() -> World:
    world = World()
    world.connect()
    world.map(STATUS, NAME)
    world.app.definitions.add(certification(CERT, name="Old"))
    world.crm.add("u-1@partner.example")
    world.table.write(Put(user_to_item(user())))
    world.table.write(Put(completion_to_item(completion())))
    world.app.__dict__["crm_drain"] = world.drainer()
    return world


def test_two_bells_make_one_drain(world: World) -> None:
    mark_dirty(world.app, [completion().holder])

    crm_sync.take(event("crm_doorbell"), None, world.app)

    assert world.crm.by_match("u-1@partner.example") == {"status": "active", "label": "Old"}
    assert len(world.crm.calls) == 1


@pytest.mark.parametrize(
    "body",
    ["not JSON", "[" * 100_000, "[]", '{"kind":"dance"}', '{"kind":"bell","hop":"x"}', '{"kind":7}'],
    ids=lambda body: body[:20],
)
def test_what_is_not_ours_does_no_harm(world: World, body: str) -> None:
    mark_dirty(world.app, [completion().holder])

    crm_sync.take(bell(body), None, world.app)

    assert world.crm.by_match("u-1@partner.example")["status"] == "active"


def test_without_a_connection_a_bell_does_nothing() -> None:
    world = World()
    world.app.__dict__["crm_drain"] = world.drainer()

    crm_sync.take(event("crm_doorbell"), None, world.app)
    crm_sync.take(event("crm_mapping_check"), None, world.app)

    assert world.crm.calls == []


def test_a_table_without_capacity_is_an_error_and_nothing_is_lost(world: World) -> None:
    mark_dirty(world.app, [completion().holder])
    world.table.throttled = True
    with pytest.raises(ThrottledError):
        crm_sync.take(event("crm_doorbell"), None, world.app)
    world.table.throttled = False
    world.clock.advance(seconds=61)

    crm_sync.take(event("crm_doorbell"), None, world.app)

    assert world.crm.by_match("u-1@partner.example")["status"] == "active"


def test_the_daily_check_says_which_mapping_broke(world: World) -> None:
    world.crm.described = (
        CrmProperty(name="email", kind=PropertyKind.TEXT, unique=True),
        CrmProperty(name="status", kind=PropertyKind.TEXT, archived=True),
        CrmProperty(name="label", kind=PropertyKind.TEXT),
    )

    crm_sync.take(event("crm_mapping_check"), None, world.app)

    (problem,) = world.connections.setup("hubspot").mappings["contact"].problems
    assert (problem.pointer, problem.code) == ("/fields/0/target", "archived_property")
    assert [message["kind"] for message in world.bells.take()] == ["reconcile"]


def test_the_daily_check_waits_for_a_crm_that_is_down(world: World) -> None:
    world.crm.before = failing(PauseReason.UNAVAILABLE)

    crm_sync.take(event("crm_mapping_check"), None, world.app)

    assert world.connections.setup("hubspot").mappings["contact"].problems == ()


def test_a_check_that_fails_comes_again_and_holds_up_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stands before every bell of its group: what it would block is blocked until it is a dead letter."""
    mark_dirty(world.app, [completion().holder])

    def broken(*_: Any) -> Any:
        raise KeyError("name")

    monkeypatch.setattr("certification.services.crm_messages.check_mappings", broken)
    with pytest.raises(KeyError):
        crm_sync.take(event("crm_mapping_check"), None, world.app)

    assert world.crm.by_match("u-1@partner.example")["status"] == "active"


def test_a_new_name_of_a_certification_reaches_everyone_who_shows_it(world: World) -> None:
    mark_dirty(world.app, [completion().holder])
    world.drain()
    renamed = certification(CERT, name="New", revision=2)
    world.app.definitions.save(renamed, previous=certification(CERT, name="Old"))

    assert certification_renamed(world.app, CERT, 2, actor="job:stream") == 1
    assert certification_renamed(world.app, CERT, 2, actor="job:stream") == 0
    assert certification_renamed(world.app, "cert-9", 2, actor="job:stream") == 0
    crm_sync.take(bell(json.dumps(world.bells.take()[-1])), None, world.app)

    assert world.crm.by_match("u-1@partner.example")["label"] == "New"


def test_a_backfill_that_is_interrupted_goes_on_where_it_was(world: World) -> None:
    for number in range(150):
        world.table.write(Put(user_to_item(user(f"v-{number:03}"))))
    backfill = start_backfill(world.app, "hubspot", Scope.ALL, actor="key:admin")
    seconds = iter([60.0, 30.0])

    handle_messages(world.app, "hubspot", [{"kind": "backfill"}], lambda: next(seconds, 10.0))
    half = world.connections.backfill("hubspot", backfill.backfill_id)
    assert half is not None
    assert (half.finished, half.marked) == (False, 100)
    assert world.bells.take()[-1]["hop"] == 1

    handle_messages(world.app, "hubspot", [{"kind": "bell", "hop": 1}], lambda: 60.0)
    whole = world.connections.backfill("hubspot", backfill.backfill_id)
    assert whole is not None
    assert (whole.finished, whole.marked) == (True, 151)


def test_a_sample_goes_on_where_the_last_one_ended(world: World) -> None:
    for number in range(250):
        someone = user(f"v-{number:03}")
        world.table.write(Put(user_to_item(someone)))
        world.table.write(Put(completion_to_item(completion(holder_id=someone.user_id))))
        world.crm.add(someone.email)
    mark_dirty(world.app, [replace(completion().holder, id=f"v-{n:03}") for n in range(250)])
    world.drain()
    checked = []
    for _ in range(2):
        world.clock.advance(days=1)
        handle_messages(world.app, "hubspot", [{"kind": "check_mapping"}], lambda: 60.0)
        handle_messages(world.app, "hubspot", world.bells.take(), lambda: 60.0)
        (latest, *_) = world.app.crm_reconciliations.page("hubspot", limit=1).items
        checked.append(latest.checked)

    assert checked == [200, 50]
