"""Holding a CRM's records against what was written to them: what others changed there since. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from certification.domain.mapping import ObjectMapping, WriteRule
from certification.domain.model import Holder
from certification.domain.push_plan import CLEARED
from certification.domain.sync import SentValue, SyncRow

MOST_KEPT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One record that is not as it was written. `gone`: it does not exist any more."""

    holder: Holder
    record_id: str
    expected: Mapping[str, SentValue] = field(default_factory=dict)
    found: Mapping[str, SentValue] = field(default_factory=dict)
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """`whole`: every record; else the next `size` after those that the last sample looked at."""

    reconciliation_id: str
    crm: str
    whole: bool
    repair: bool
    size: int
    place: Mapping[str, Any] | None = None
    checked: int = 0
    drifted: int = 0
    gone: int = 0
    repaired: int = 0
    findings: tuple[Drift, ...] = ()
    problem: str = ""
    created_at: datetime
    created_by: str
    finished_at: datetime | None = None
    revision: int = 1

    @property
    def finished(self) -> bool:
        return self.finished_at is not None


def drift_of(mapping: ObjectMapping, row: SyncRow, found: Mapping[str, SentValue] | None) -> Drift | None:
    """What differs on the record, among what we keep in sync; `found` None: there is no such record."""
    if found is None:
        return Drift(holder=row.holder, record_id=row.record_id, gone=True)
    kept = [one.target for one in mapping.fields if one.write is WriteRule.ALWAYS and one.target in row.sent]
    different = [target for target in kept if found.get(target, CLEARED) != row.sent[target]]
    if not different:
        return None
    return Drift(
        holder=row.holder,
        record_id=row.record_id,
        expected={target: row.sent[target] for target in different},
        found={target: found.get(target, CLEARED) for target in different},
    )


def after_page(
    reconciliation: Reconciliation,
    *,
    checked: int,
    drifts: list[Drift],
    repaired: int,
    following: Mapping[str, Any] | None,
    now: datetime,
) -> Reconciliation:
    """With this page counted; finished at the end of the list, or where a sample is large enough."""
    done = replace(
        reconciliation,
        place=following,
        checked=reconciliation.checked + checked,
        drifted=reconciliation.drifted + sum(not drift.gone for drift in drifts),
        gone=reconciliation.gone + sum(drift.gone for drift in drifts),
        repaired=reconciliation.repaired + repaired,
        findings=(*reconciliation.findings, *drifts)[:MOST_KEPT],
        revision=reconciliation.revision + 1,
    )
    enough = not done.whole and done.checked >= done.size
    return replace(done, finished_at=now) if following is None or enough else done
