"""Mark holders whose projection may have changed, and ring: R38. The stream handler calls `mark_dirty`.

What is committed before the call is seen by the push that follows it: the push reads the present state after it has
read the row. Everything here is safe to repeat, and order does not matter.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from certification.domain.certified import Contribution, memberships_of
from certification.domain.connection import Plan
from certification.domain.errors import ChangedMeanwhileError
from certification.domain.mapping import MappingUses
from certification.domain.model import Holder, HolderType

if TYPE_CHECKING:
    from certification.domain.ports import Clock, Ledger, Queue
    from certification.domain.sync_ports import Certified, Outbox, Plans

_ROUNDS = 10


class MarkingParts(Protocol):
    """The parts of the application that marking needs."""

    @property
    def connections(self) -> Plans: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def certified(self) -> Certified: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def doorbells(self) -> Mapping[str, Queue]: ...


def mark_dirty(
    app: MarkingParts, holders: Iterable[Holder], causes: Mapping[Holder, str] | None = None
) -> int:
    """Make the rows of these holders pending in every connected CRM that maps them; give the number of marks.

    `holders`: whose profile or certification completions changed; `causes`: under which correlation ids. Raises what
    the table raises: repeat the whole call then.
    """
    plan = app.connections.plan()
    if not plan.uses:
        return 0
    changed = {holder: (causes or {}).get(holder, "") for holder in holders}
    users = [holder for holder in changed if plan.counted and holder.type is HolderType.USER]
    contributions = [_refresh(app, plan, user.id) for user in users]
    for user, contribution in zip(users, contributions, strict=True):
        for organization_id in contribution.unmarked:
            organization = Holder(type=HolderType.ORGANIZATION, id=organization_id)
            changed[organization] = changed.get(organization) or changed[user]
    marks = sum(_mark(app, crm, uses, changed) for crm, uses in plan.uses.items())
    app.certified.marked([contribution for contribution in contributions if contribution.unmarked])
    return marks


def mark_learners(app: MarkingParts, causes: Mapping[str, str]) -> int:
    """The same for users who only got a course completion: it matters where a mapping shows completed courses.

    `causes`: the correlation id of each user's completion, by the user's id.
    The plan may be a moment old: a mapping that was just saved is followed by a backfill, which sees what is stored.
    """
    plan = app.connections.plan(consistent=False)
    shown = {crm: uses for crm, uses in plan.uses.items() if any(use.completed_courses for use in uses)}
    learners = {Holder(type=HolderType.USER, id=user_id): cause for user_id, cause in causes.items()}
    return sum(_mark(app, crm, uses, learners) for crm, uses in shown.items())


def ring(app: MarkingParts, crm: str, kind: str = "bell", **fields: Any) -> None:
    """Wake the drain of this CRM. The token keeps the FIFO queue from taking two bells for one."""
    app.doorbells[crm].send([{"kind": kind, **fields, "token": secrets.token_hex(8)}])


def refresh_contribution(app: MarkingParts, plan: Plan, user_id: str) -> frozenset[str]:
    """Bring a user's contribution to its organization's counts up to date; the organizations that changed by it."""
    contribution = _refresh(app, plan, user_id)
    return contribution.unmarked


def _refresh(app: MarkingParts, plan: Plan, user_id: str) -> Contribution:
    """The contribution first, then the state it follows from: whoever writes later has read later."""
    for _ in range(_ROUNDS):
        before = app.certified.contribution(user_id)
        record = app.ledger.read_user(user_id)
        memberships = memberships_of(record.user, record.completions, plan.counted)
        if before.memberships == memberships:
            return before
        try:
            after = app.certified.save(before, memberships)
        except ChangedMeanwhileError:
            continue
        if after.memberships == memberships:
            return after
    raise ChangedMeanwhileError("the user's contribution kept changing")


def _mark(app: MarkingParts, crm: str, uses: tuple[MappingUses, ...], causes: Mapping[Holder, str]) -> int:
    mapped = {use.holder_type for use in uses}
    dirty = sorted((h for h in causes if h.type in mapped), key=lambda h: (h.type, h.id))
    if dirty:
        app.outbox.mark(dirty, crm, now=app.clock.now(), causes=causes)
        ring(app, crm)
    return len(dirty)
