"""Sync one now, retry what failed, backfill everything; and look at what is in which state (R39)."""

from __future__ import annotations

import secrets

from certification.domain.backfill import Backfill, Scope
from certification.domain.errors import NotFoundError
from certification.domain.mapping import object_for
from certification.domain.model import Holder, HolderType
from certification.domain.ports import Slice, StartKey
from certification.domain.sync import SyncRow, SyncState
from certification.services import crm_outbox
from certification.services.crm_backfills import BackfillParts, new_backfill
from certification.services.crm_connections import require_connection, require_crm

_MOST_PAGES = 10
_KINDS = (HolderType.USER, HolderType.ORGANIZATION)


def sync_holder(app: BackfillParts, crm: str, holder: Holder) -> SyncRow:
    """Push this one now, also if nothing changed since it failed. `NotFoundError`."""
    setup, _ = require_connection(app, crm)
    object_name = object_for(crm, holder.type)
    if object_name not in setup.mappings:
        raise NotFoundError(f"nothing is mapped to {crm}/{object_name} yet")
    if holder not in app.holder_lists.profiles([holder]):
        raise NotFoundError(f"there is no {holder.type.value} {holder.id}")
    app.outbox.mark([holder], crm, now=app.clock.now(), asked=True)
    crm_outbox.ring(app, crm)
    return app.outbox.rows([holder], crm)[holder]


def start_backfill(app: BackfillParts, crm: str, scope: Scope, *, actor: str) -> Backfill:
    """Mark everyone, or what failed; the drain does it, page by page, and says how far it is."""
    require_connection(app, crm)
    backfill = new_backfill(
        crm, secrets.token_hex(8), scope, cause="asked for", now=app.clock.now(), actor=actor, asked=True
    )
    app.connections.add_backfill(backfill)
    crm_outbox.ring(app, crm, "backfill", backfill_id=backfill.backfill_id)
    return backfill


def get_backfill(app: BackfillParts, crm: str, backfill_id: str) -> Backfill:
    require_crm(crm)
    found = app.connections.backfill(crm, backfill_id)
    if found is None:
        raise NotFoundError(f"there is no backfill {backfill_id}")
    return found


def rows_of(
    app: BackfillParts, crm: str, state: SyncState | None, *, limit: int, start: StartKey | None
) -> Slice[SyncRow]:
    """A page of rows in this state, or of all. What is in sync is in no index: those are looked up holder by holder."""
    require_crm(crm)
    if state is not None and state is not SyncState.SYNCED:
        return app.outbox.page(crm, state, limit=limit, start=start)
    rows: list[SyncRow] = []
    following = start
    for _ in range(_MOST_PAGES):
        part = _part(app, crm, state, limit - len(rows), following)
        rows += part.items
        following = part.next
        if following is None or len(rows) == limit:
            break
    return Slice(items=tuple(rows), next=following)


def _part(
    app: BackfillParts, crm: str, state: SyncState | None, limit: int, start: StartKey | None
) -> Slice[SyncRow]:
    at = int(start["kind"]) if start else 0
    page = app.holder_lists.holders(_KINDS[at], limit=limit, start=start.get("key") if start else None)
    rows = app.outbox.rows(page.items, crm)
    wanted = [rows[h] for h in page.items if h in rows and (state is None or rows[h].state is state)]
    return Slice(items=tuple(wanted), next=_next(at, page.next))


def _next(at: int, following: StartKey | None) -> StartKey | None:
    if following is not None:
        return {"kind": at, "key": dict(following)}
    return {"kind": at + 1} if at + 1 < len(_KINDS) else None
