"""Read back what was written, report what others changed there, and repair it if told to."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from certification.domain.connection import Connection, StoredMapping
from certification.domain.drift import Drift, Reconciliation, after_page, drift_of
from certification.domain.errors import NotFoundError
from certification.domain.push import PushFailedError
from certification.domain.sync import SyncChange, SyncRow, SyncState, settled, unlinked
from certification.services import crm_outbox
from certification.services.crm_connections import require_connection, require_crm
from certification.services.crm_mappings import MappingParts
from certification.services.crm_requests import rows_of

if TYPE_CHECKING:
    from certification.domain.crm_gateway import CrmGateway
    from certification.domain.sync_ports import CrmReconciliations

PAGE = 100
SAMPLE = 200
_DELETED = "deleted"
"""Stands for the digest of an attempt: the record is not made anew before a person asks."""


class ReconciliationParts(MappingParts, Protocol):
    """The parts of the application that a reconciliation needs."""

    @property
    def crm_reconciliations(self) -> CrmReconciliations: ...


def start_reconciliation(
    app: ReconciliationParts, crm: str, *, whole: bool, repair: bool, actor: str, size: int = SAMPLE
) -> Reconciliation:
    """Ask for one; the drain's function does it. `NotFoundError` without a connection."""
    require_connection(app, crm)
    now = app.clock.now()
    run = Reconciliation(
        reconciliation_id=f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}",
        crm=crm,
        whole=whole,
        repair=repair,
        size=size,
        place=None if whole else app.crm_reconciliations.sample_place(crm),
        created_at=now,
        created_by=actor,
    )
    app.crm_reconciliations.add(run)
    crm_outbox.ring(app, crm, "reconcile", reconciliation_id=run.reconciliation_id)
    return run


def get_reconciliation(app: ReconciliationParts, crm: str, reconciliation_id: str) -> Reconciliation:
    require_crm(crm)
    run = app.crm_reconciliations.get(crm, reconciliation_id)
    if run is None:
        raise NotFoundError(f"there is no reconciliation {reconciliation_id}")
    return run


def run_reconciliation(
    app: ReconciliationParts, run: Reconciliation, *, in_time: Callable[[], bool]
) -> Reconciliation:
    """Go on, page after page, while it is `in_time`. What stops it is said in its `problem`, and ends it."""
    setup, connection = require_connection(app, run.crm)
    while not run.finished and in_time():
        try:
            gateway = app.gateways.open(connection)
            run = _page(app, gateway, connection, setup.mappings, run)
        except PushFailedError as exc:
            stopped = replace(
                run, problem=exc.message, finished_at=app.clock.now(), revision=run.revision + 1
            )
            app.crm_reconciliations.save(stopped)
            return stopped
        app.crm_reconciliations.save(run)
    if run.finished and not run.whole:
        app.crm_reconciliations.save_sample_place(run.crm, run.place)
    return run


def _page(
    app: ReconciliationParts,
    gateway: CrmGateway,
    connection: Connection,
    mappings: Mapping[str, StoredMapping],
    run: Reconciliation,
) -> Reconciliation:
    page = rows_of(app, run.crm, SyncState.SYNCED, limit=PAGE, start=run.place)
    rows = [row for row in page.items if row.record_id and row.link == connection.link]
    drifts = [drift for stored in mappings.values() for drift in _drifts(gateway, stored, rows)]
    standing = _still_standing(app, run.crm, rows, drifts)
    repaired = _act(app, run, standing)
    return after_page(
        run,
        checked=len(rows),
        drifts=[drift for _, drift in standing],
        repaired=repaired,
        following=page.next,
        now=app.clock.now(),
    )


def _drifts(gateway: CrmGateway, stored: StoredMapping, rows: Sequence[SyncRow]) -> list[Drift]:
    mapping = stored.mapping
    mine = [row for row in rows if row.holder.type is mapping.holder_type]
    if not mine:
        return []
    found = gateway.read(stored, [row.record_id for row in mine])
    drifts = []
    for row in mine:
        record = found.get(row.record_id)
        drift = drift_of(mapping, row, record.values if record else None)
        if drift is not None:
            drifts.append(drift)
    return drifts


def _still_standing(
    app: ReconciliationParts, crm: str, rows: Sequence[SyncRow], drifts: Sequence[Drift]
) -> list[tuple[SyncRow, Drift]]:
    """Without those that were pushed, or marked, between our two looks: theirs is the newer state."""
    before = {row.holder: row for row in rows}
    now = app.outbox.rows([drift.holder for drift in drifts], crm)
    return [
        (before[drift.holder], drift)
        for drift in drifts
        if drift.holder in now and now[drift.holder].revision == before[drift.holder].revision
    ]


def _act(app: ReconciliationParts, run: Reconciliation, standing: Sequence[tuple[SyncRow, Drift]]) -> int:
    """What is gone is disconnected, repair or not; what differs is in doubt from now on, if it is to be repaired."""
    now = app.clock.now()
    changes = []
    for row, drift in standing:
        if drift.gone:
            gone = settled(
                unlinked(row),
                SyncState.DISCONNECTED,
                now=now,
                code="deleted",
                message="The record was deleted.",
            )
            after = replace(gone, revision=secrets.token_hex(8), tried=_DELETED)
        elif run.repair:
            doubt = row.in_doubt | drift.expected.keys()
            after = replace(
                row, state=SyncState.PENDING, in_doubt=doubt, revision=secrets.token_hex(8), marked_at=now
            )
        else:
            continue
        changes.append(SyncChange(before=row, after=after))
    saved = app.outbox.save(changes)
    repaired = sum(
        won and change.after.state is SyncState.PENDING for change, won in zip(changes, saved, strict=True)
    )
    if repaired:
        crm_outbox.ring(app, run.crm)
    return repaired
