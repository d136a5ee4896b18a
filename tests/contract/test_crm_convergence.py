"""The whole way to a CRM: outbox, drain, adapter, sandbox. It ends with the newest state, come what may."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from builders import NOW, completion
from certification.domain.connection import PauseReason
from certification.domain.sync import SyncState
from contract.crm_world import HUBSPOT, IMPATIENT, PATIENT, SALESFORCE, ConnectedWorld, Face
from contract.sandbox import CrmSandbox
from fake_crm import CERT, KilledError
from large_table import LargeTable

FACES = [HUBSPOT, SALESFORCE]
STATES: list[dict[str, Any]] = [
    {},
    {"revoked_at": NOW},
    {"expiration_date": None},
    {"expiration_date": date(2026, 11, 20)},
    {"expiration_date": date(2031, 2, 28)},
    {"effective_date": date(2027, 1, 1)},
]
FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("throttle", {}),
    ("throttle", {"retry_after": "3"}),
    ("throttle", {"retry_after": "900"}),
    ("error", {}),
    ("error", {"status": 503}),
    ("timeout", {"seconds": 0.3}),
    ("timeout", {"seconds": 0.3, "applied": False}),
    ("close", {}),
    ("close", {"applied": False}),
    ("drip", {"seconds": 0.05}),
    ("garbage", {}),
    ("conflict", {}),
    ("refuse", {}),
    ("expired_token", {}),
    ("forbidden", {}),
    ("lock", {}),
]

faces = pytest.mark.parametrize("face", FACES, ids=lambda face: face.crm)


def assert_converged(world: ConnectedWorld) -> None:
    """The CRM equals the projection for every holder, without doubles; the states say so; nothing is left to do."""
    assert world.present() == world.wanted()
    assert {row.state for row in world.rows().values()} == {SyncState.SYNCED}
    assert not [row for row in world.rows().values() if row.in_doubt]
    pushes = world.pusher.pushes
    world.mark()
    world.settle()
    assert world.pusher.pushes == pushes, "a second run makes no call"


@faces
@pytest.mark.parametrize("seed", range(12))
def test_after_any_misfortune_the_crm_equals_the_projection_of_every_holder(
    sandbox: CrmSandbox, face: Face, seed: int
) -> None:
    chance = random.Random(seed)
    world = ConnectedWorld(sandbox, face, create_missing=seed % 2 == 0, batch_size=7, patience=IMPATIENT)
    users = [f"u-{number}" for number in range(25)]
    world.add(*users[:20])
    world.add(*users[20:], known=seed % 2 == 1)
    world.mark()

    for step in range(40):
        Misfortune(world, chance, revision=step + 2).happens()
    sandbox.behave()
    world.pusher.before.clear()
    world.pusher.after.clear()
    world.settle()
    if world.retry_failed():
        world.settle()

    assert_converged(world)


class Misfortune:
    """One thing that happens: a change, a fault, a bell, a death, the passing of time."""

    def __init__(self, world: ConnectedWorld, chance: random.Random, *, revision: int) -> None:
        self._world = world
        self._chance = chance
        self._revision = revision

    def happens(self) -> None:
        self._chance.choice(
            [self._change, self._change, self._fault, self._drain, self._drain, self._meanwhile]
        )()

    def _change(self) -> None:
        for user_id in self._chance.sample(self._world.users, self._chance.randint(1, 12)):
            self._world.change(user_id, **self._chance.choice(STATES), revision=self._revision)

    def _fault(self) -> None:
        kind, how = self._chance.choice(FAULTS)
        face = self._world.face
        path = self._chance.choice(["", face.write, face.write_new])
        self._world.sandbox.misbehave(face.crm, kind, count=self._chance.randint(1, 3), path=path, **how)

    def _drain(self) -> None:
        self._world.world.clock.advance(seconds=self._chance.choice([0, 20, 3600]))
        try:
            self._world.drain(seconds=self._chance.choice([25, 60, 300]))
        except KilledError:
            self._world.world.clock.advance(seconds=self._chance.choice([1, 400]))

    def _meanwhile(self) -> None:
        """Something happens at the next push, before it or after it."""
        pusher = self._world.pusher
        what: list[Callable[[], None]] = [self._die, self._change, self._other_bell]
        self._chance.choice([pusher.before, pusher.after]).append(self._chance.choice(what))

    def _die(self) -> None:
        raise KilledError

    def _other_bell(self) -> None:
        """A second drain runs while the first one is at its push, which may be of an older state by now."""
        if self._chance.random() < 0.7:
            self._change()
        self._world.drain()


@faces
@pytest.mark.parametrize(("kind", "how"), FAULTS, ids=str)
def test_a_fault_of_days_loses_nothing_and_makes_nothing_twice(
    sandbox: CrmSandbox, face: Face, kind: str, how: dict[str, Any]
) -> None:
    patience = IMPATIENT if kind in {"timeout", "drip"} else PATIENT
    world = ConnectedWorld(sandbox, face, create_missing=True, batch_size=10, patience=patience)
    world.add("u-1", "u-2", "u-3")
    world.add("u-4", "u-5", known=False)
    world.mark()
    sandbox.misbehave(face.crm, kind, **how)

    for day in range(4):
        world.drain()
        world.change("u-2", **STATES[day % 2], revision=day + 2)
        world.world.clock.advance(days=1)
    sandbox.behave()
    world.settle()
    refused = world.retry_failed()
    world.settle()

    assert_converged(world)
    assert (refused != []) == (kind in face.refusals), "only what was refused needs a person"


@faces
def test_a_long_pause_is_kept_and_a_short_one_waited_for(sandbox: CrmSandbox, face: Face) -> None:
    world = ConnectedWorld(sandbox, face)
    world.add("u-1")
    world.mark()
    sandbox.misbehave(face.crm, "throttle", count=1, retry_after="3")
    world.drain()
    assert world.world.slept == [3]
    assert world.present() == world.wanted()

    world.change("u-1", revoked_at=NOW, revision=2)
    sandbox.misbehave(face.crm, "throttle", count=1, retry_after="600")
    (pause,) = world.drain().paused
    assert pause.reason is PauseReason.THROTTLED
    calls = sandbox.call_count(face.crm)
    world.world.clock.advance(seconds=599)
    world.drain()
    assert sandbox.call_count(face.crm) == calls
    world.world.clock.advance(seconds=2)
    world.drain()
    assert world.present() == world.wanted()


@faces
def test_one_crm_down_is_nothing_to_the_other(sandbox: CrmSandbox, face: Face) -> None:
    other = next(name for name in ("salesforce", "hubspot") if name != face.crm)
    sandbox.misbehave(other, "error")
    world = ConnectedWorld(sandbox, face)
    world.add("u-1", "u-2")
    world.world.connect(other)
    world.mark()

    world.drain()

    assert world.present() == world.wanted()


@faces
def test_a_bad_record_says_so_and_its_neighbours_go_through(sandbox: CrmSandbox, face: Face) -> None:
    world = ConnectedWorld(sandbox, face)
    world.add(*(f"u-{number}" for number in range(30)))
    ids = {r[face.email]: key for key, r in sandbox.records(face.crm, face.people).items()}
    bad = ids["u-17@partner.example"]
    world.mark()
    sandbox.misbehave(face.crm, "refuse", value=bad, path=face.write)

    world.drain()

    assert world.in_state(SyncState.FAILED) == ["u-17"]
    assert len(world.in_state(SyncState.SYNCED)) == 29
    row = world.rows()["u-17"]
    assert "validation rule" in row.message
    calls = sandbox.call_count(face.crm)
    world.mark()
    world.drain()
    assert sandbox.call_count(face.crm) == calls, "not tried again before something changed"

    sandbox.behave()
    assert world.retry_failed() == ["u-17"]
    world.settle()
    assert_converged(world)


@faces
def test_a_record_deleted_by_hand_is_disconnected_and_made_anew_when_someone_asks(
    sandbox: CrmSandbox, face: Face
) -> None:
    world = ConnectedWorld(sandbox, face, create_missing=True)
    world.add("u-1", "u-2", "u-3")
    world.mark()
    world.drain()
    rows = world.rows()
    sandbox.delete(face.crm, face.people, rows["u-1"].record_id)
    for user_id in world.users:
        world.change(user_id, revoked_at=NOW, revision=2)

    world.drain()

    assert world.in_state(SyncState.DISCONNECTED) == ["u-1"]
    assert set(world.present()) == {"u-2@partner.example", "u-3@partner.example"}
    now = world.world.clock.now()
    world.app.outbox.mark([rows["u-1"].holder], face.crm, now=now, asked=True)
    world.settle()
    assert_converged(world)


def test_a_record_merged_by_hand_is_followed_and_gets_everything_again(sandbox: CrmSandbox) -> None:
    """HubSpot keeps the old id as another name; the other record has never seen what did not change."""
    world = ConnectedWorld(sandbox, HUBSPOT)
    world.add("u-1")
    world.mark()
    world.drain()
    kept = sandbox.add("hubspot", "contacts", email="other@partner.example")
    sandbox.merge("hubspot", "contacts", world.rows()["u-1"].record_id, into=kept)
    world.change("u-1", revoked_at=NOW, revision=2)

    world.settle()

    assert world.rows()["u-1"].record_id == kept
    assert world.present() == {"other@partner.example": world.wanted()["u-1@partner.example"]}


@pytest.mark.slow
@pytest.mark.timeout(400)
@faces
def test_ten_thousand_changes_take_as_many_calls_as_they_must(sandbox: CrmSandbox, face: Face) -> None:
    world = ConnectedWorld(sandbox, face, table=LargeTable())
    world.add(*(f"u-{number:05}" for number in range(10_000)))
    world.mark()
    world.drain(seconds=3600)
    assert world.present() == world.wanted()
    least = 10_000 / world.patient.batch_size

    sandbox.forget_calls()
    for user_id in world.users:
        world.commit(completion(CERT, holder_id=user_id, revoked_at=NOW, revision=2))
    world.mark()
    world.drain(seconds=3600)
    assert sandbox.call_count(face.crm) <= 1.1 * least

    sandbox.forget_calls()
    world.mark()
    world.drain(seconds=3600)
    assert sandbox.call_count(face.crm) == 0
    assert world.present() == world.wanted()
