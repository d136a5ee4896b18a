"""Calls that a CRM gets, counted at its sandbox: the real adapters and the real drain, the table in memory."""

from __future__ import annotations

from collections.abc import Iterator

from bench.report import Row
from builders import NOW, completion
from contract.crm_world import HUBSPOT, SALESFORCE, ConnectedWorld, Face
from contract.sandbox import CrmSandbox, running_sandbox
from fake_crm import CERT

HOLDERS = 1_000
_WHOLE = 3_600


def measure() -> Iterator[Row]:
    for face in (HUBSPOT, SALESFORCE):
        with running_sandbox() as sandbox:
            yield from _calls(sandbox, face)


def _calls(sandbox: CrmSandbox, face: Face) -> Iterator[Row]:
    print(f"  {HOLDERS:,} holders to {face.crm} ...", flush=True)
    world = ConnectedWorld(sandbox, face)
    world.add(*(f"u-{number:04}" for number in range(HOLDERS)))
    size = world.patient.batch_size
    row = f"calls to {face.crm} for {HOLDERS:,} holders"
    yield Row(
        what=f"{row} never sent before",
        value=_drained(world),
        unit="calls",
        note=f"batches of {size}; each record is looked up before the first write, so that none is made unasked",
    )
    for user_id in world.users:
        world.commit(completion(CERT, holder_id=user_id, revoked_at=NOW, revision=2))
    yield Row(what=f"{row} changed", value=_drained(world), unit="calls", target=1.1 * HOLDERS / size)
    assert world.present() == world.wanted(), f"{face.crm} does not show what it should"
    yield Row(what=f"{row} of which nothing mapped changed", value=_drained(world), unit="calls", target=0)


def _drained(world: ConnectedWorld) -> int:
    world.sandbox.forget_calls()
    world.mark()
    world.drain(seconds=_WHOLE)
    return world.sandbox.call_count(world.face.crm)
