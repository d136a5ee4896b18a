"""Mark many holders dirty, page after page, in the drain's own time: who asked is served even if a bell is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol

from certification.domain.backfill import Backfill, Scope, Stage, after_page
from certification.domain.connection import Plan
from certification.domain.errors import ChangedMeanwhileError
from certification.domain.model import Holder, HolderType
from certification.domain.ports import Slice
from certification.domain.sync import SyncState
from certification.services import crm_outbox

if TYPE_CHECKING:
    from datetime import datetime

    from certification.domain.sync_ports import Connections, HolderLists

PAGE = 100
_LISTED = {Stage.USERS: HolderType.USER, Stage.ORGANIZATIONS: HolderType.ORGANIZATION}


class BackfillParts(crm_outbox.MarkingParts, Protocol):
    """The parts of the application that a backfill needs."""

    @property
    def connections(self) -> Connections: ...
    @property
    def holder_lists(self) -> HolderLists: ...


def new_backfill(
    crm: str,
    backfill_id: str,
    scope: Scope,
    *,
    cause: str,
    now: datetime,
    actor: str,
    certification_id: str = "",
    asked: bool = False,
) -> Backfill:
    return Backfill(
        backfill_id=backfill_id,
        crm=crm,
        scope=scope,
        cause=cause,
        certification_id=certification_id,
        asked=asked,
        created_at=now,
        created_by=actor,
    )


def certification_renamed(app: BackfillParts, certification_id: str, revision: int, *, actor: str) -> int:
    """Whoever's record shows the name of this certification gets it anew; the number of backfills started.

    The stream handler calls it when a definition's name changed. Repeated for the same revision it does nothing.
    """
    started = 0
    for crm, uses in app.connections.plan().uses.items():
        if not any(certification_id in use.named for use in uses):
            continue
        backfill = new_backfill(
            crm,
            f"name-{certification_id}-{revision}",
            Scope.CERTIFICATION,
            cause="the certification's name changed",
            now=app.clock.now(),
            actor=actor,
            certification_id=certification_id,
        )
        started += app.connections.add_backfill(backfill)
        crm_outbox.ring(app, crm, "backfill", backfill_id=backfill.backfill_id)
    return started


def run_backfills(app: BackfillParts, backfills: Iterable[Backfill], *, in_time: Callable[[], bool]) -> bool:
    """Go on with all that are not finished, while it is `in_time`; whether all are finished now."""
    plan = app.connections.plan()
    for backfill in backfills:
        going = backfill
        while not going.finished:
            if not in_time():
                return False
            try:
                going = _run_page(app, plan, going)
            except ChangedMeanwhileError:
                break  # another worker is at it
    return True


def _run_page(app: BackfillParts, plan: Plan, backfill: Backfill) -> Backfill:
    page = _holders(app, backfill)
    holders = _mapped(plan, backfill.crm, page.items)
    if plan.counted and backfill.current_stage is Stage.USERS:
        for holder in page.items:
            # The organizations are marked by the stage that follows.
            crm_outbox.refresh_contribution(app, plan, holder.id)
    now = app.clock.now()
    app.outbox.mark(holders, backfill.crm, now=now, asked=backfill.asked)
    following = after_page(backfill, len(holders), page.next, now)
    app.connections.save_backfill(following)
    return following


def _holders(app: BackfillParts, backfill: Backfill) -> Slice[Holder]:
    stage, start = backfill.current_stage, backfill.start
    if stage in _LISTED:
        return app.holder_lists.holders(_LISTED[stage], limit=PAGE, start=start)
    if stage is Stage.HOLDERS:
        return app.holder_lists.holders_of_certification(backfill.certification_id, limit=PAGE, start=start)
    rows = app.outbox.page(backfill.crm, SyncState(stage.value), limit=PAGE, start=start)
    return Slice(items=tuple(row.holder for row in rows.items), next=rows.next)


def _mapped(plan: Plan, crm: str, holders: Iterable[Holder]) -> list[Holder]:
    """Without repetitions, and without those whose object is not mapped."""
    kinds = {use.holder_type for use in plan.uses.get(crm, ())}
    return [holder for holder in dict.fromkeys(holders) if holder.type in kinds]
