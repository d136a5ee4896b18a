"""The drain dies before and after each single call to the CRM, two run at once, one CRM is away: all ends well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from builders import NOW
from certification.adapters.crm.deadline import Deadline
from certification.adapters.crm.http import Answer, CrmHttp, Request
from certification.domain.connection import PauseReason
from certification.domain.sync import SyncState
from contract.crm_world import HUBSPOT, SALESFORCE, ConnectedWorld, Face
from contract.sandbox import CrmSandbox
from fake_crm import KilledError
from fakes import InMemoryTable

faces = pytest.mark.parametrize("face", [HUBSPOT, SALESFORCE], ids=lambda face: face.crm)
Happening = Callable[[], None]


class Wire:
    """Every call to a CRM goes through here; something may happen before or after the n-th."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls = 0
        self.before: dict[int, Happening] = {}
        self.after: dict[int, Happening] = {}
        real = CrmHttp.call

        def call(http: CrmHttp, request: Request, deadline: Deadline) -> Answer:
            number, self.calls = self.calls, self.calls + 1
            self.before.get(number, _nothing)()
            answer = real(http, request, deadline)
            self.after.get(number, _nothing)()
            return answer

        monkeypatch.setattr(CrmHttp, "call", call)

    def again(self) -> None:
        """Count from here; nothing is to happen."""
        self.calls = 0
        self.before.clear()
        self.after.clear()


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    return Wire(monkeypatch)


def _nothing() -> None:
    return


def die() -> None:
    raise KilledError


def changed_world(sandbox: CrmSandbox, face: Face, wire: Wire, *, create: bool) -> ConnectedWorld:
    """Some records are known by id and have changed, some have to be found, some are not there (yet)."""
    sandbox.reset()
    world = ConnectedWorld(sandbox, face, create_missing=create, batch_size=4)
    world.add("u-1", "u-2", "u-3")
    world.mark()
    world.drain()
    world.add("u-4", "u-5")
    world.add("u-6", known=not create)
    for user_id in world.users[:3]:
        world.change(user_id, revoked_at=NOW, revision=2)
    world.mark()
    world.pusher.gateway = world.patient
    wire.again()
    return world


def assert_right(world: ConnectedWorld) -> None:
    assert world.present() == world.wanted()
    assert {row.state for row in world.rows().values()} == {SyncState.SYNCED}
    assert not any(row.in_doubt for row in world.rows().values())


@faces
@pytest.mark.parametrize("create", [False, True])
def test_killed_before_or_after_each_call_it_ends_with_the_newest_state(
    sandbox: CrmSandbox, face: Face, wire: Wire, create: bool
) -> None:
    world = changed_world(sandbox, face, wire, create=create)
    world.settle()
    calls = wire.calls
    assert calls >= 3
    assert_right(world)

    for number in range(calls):
        for moment in (wire.before, wire.after):
            world = changed_world(sandbox, face, wire, create=create)
            moment[number] = die
            with pytest.raises(KilledError):
                world.drain()
            world.change("u-1", revision=3)
            wire.again()
            world.settle()
            assert_right(world)


@faces
def test_a_second_drain_between_any_two_calls_changes_nothing_in_the_end(
    sandbox: CrmSandbox, face: Face, wire: Wire
) -> None:
    """A bell rings twice; the holder changes in between and maybe back."""
    world = changed_world(sandbox, face, wire, create=True)
    world.settle()
    for number in range(wire.calls):
        for revision, change in ((3, {}), (4, {"revoked_at": NOW}), (5, {"expiration_date": None})):
            world = changed_world(sandbox, face, wire, create=True)
            wire.before[number] = overtaking(world, change, revision)
            world.drain()
            world.settle()
            assert_right(world)


def overtaking(world: ConnectedWorld, change: dict[str, Any], revision: int) -> Happening:
    def happen() -> None:
        world.change("u-1", **change, revision=revision)
        world.change("u-4", **change, revision=revision)
        world.drain()

    return happen


@pytest.mark.parametrize("away", [HUBSPOT, SALESFORCE], ids=lambda face: f"{face.crm} is away")
@pytest.mark.parametrize("kind", ["error", "timeout", "throttle", "forbidden"])
def test_one_crm_is_away_all_the_time_and_the_other_does_not_notice(
    sandbox: CrmSandbox, away: Face, kind: str
) -> None:
    present = HUBSPOT if away is SALESFORCE else SALESFORCE
    table = InMemoryTable()
    lost = ConnectedWorld(sandbox, away, table=table)
    well = ConnectedWorld(sandbox, present, table=table)
    users = [f"u-{number}" for number in range(30)]
    lost.add(*users)
    well.add(*users)
    well.mark()
    sandbox.misbehave(away.crm, kind, seconds=0.3)

    for day in range(6):
        for user_id in users[day::2]:
            well.change(user_id, revoked_at=NOW if day % 2 else None, revision=day + 2)
        calls = sandbox.call_count(present.crm)
        report = well.drain()
        paused = lost.drain().paused
        assert well.present() == well.wanted()
        assert not report.paused
        assert sandbox.call_count(present.crm) - calls <= 4, "a token, a look-up, a write; reading it back"
        assert [pause.reason for pause in paused] == [REASONS[kind]]
        assert len(lost.in_state(SyncState.PENDING)) == len(users)
        for world in (lost, well):
            world.world.clock.advance(days=1)

    sandbox.behave()
    sandbox.forget_calls()
    lost.settle()
    assert lost.present() == lost.wanted()
    assert not lost.in_state(SyncState.PENDING)
    assert sandbox.call_count(present.crm) == 0


REASONS = {
    "error": PauseReason.UNAVAILABLE,
    "timeout": PauseReason.UNAVAILABLE,
    "throttle": PauseReason.THROTTLED,
    "forbidden": PauseReason.FORBIDDEN,
}
