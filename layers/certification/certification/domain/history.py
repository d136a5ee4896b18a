"""What happened to a certification completion: one entry for each revision (R33). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from certification.domain.instants import format_instant
from certification.domain.model import CertificationCompletion, Evidence, Holder, Origin

_FACTS = (
    "certification_version",
    "completion_date",
    "effective_date",
    "expiration_date",
    "origin",
    "started_on",
    "lapsed_on",
    "revoked_at",
    "superseded_on",
    "renews",
    "renewed_by",
    "reminded_on",
    "under_review",
    "evidence",
    "reviewed",
)


class What(StrEnum):
    """Stored in the history: keep the values."""

    AWARDED = "awarded"
    RENEWED = "renewed"
    IMPORTED = "imported"
    STARTED = "started"
    REMINDED = "reminded"
    LAPSED = "lapsed"
    REVOKED = "revoked"
    REINSTATED = "reinstated"
    DATES_CHANGED = "dates_changed"
    CONTINUED = "continued"
    SUPERSEDED = "superseded"
    REVIEW_ASKED = "review_asked"
    REVIEWED = "reviewed"
    EVIDENCE_ADDED = "evidence_added"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """`before` and `after` hold the facts that differ, as JSON values; what is absent was not there."""

    holder: Holder
    certification_id: str
    cycle: int
    revision: int
    what: What
    at: datetime
    by: str
    reason: str = ""
    correlation_id: str = ""
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def entry_of(before: CertificationCompletion | None, after: CertificationCompletion) -> HistoryEntry | None:
    """The entry for this revision; None where the revision is the same: then no fact changed."""
    if before is not None and before.revision == after.revision:
        return None
    old = facts_of(before) if before else {}
    new = facts_of(after)
    return HistoryEntry(
        holder=after.holder,
        certification_id=after.certification_id,
        cycle=after.cycle,
        revision=after.revision,
        what=what_happened(before, after),
        at=after.changed_at,
        by=after.changed_by,
        reason=after.reason,
        correlation_id=after.correlation_id,
        before={name: value for name, value in old.items() if new.get(name) != value},
        after={name: value for name, value in new.items() if old.get(name) != value},
    )


def what_happened(before: CertificationCompletion | None, after: CertificationCompletion) -> What:
    """The one word for it: the weightiest, where one revision changed several things."""
    if before is None:
        return _beginning(after)
    if before.revoked_at != after.revoked_at:
        return What.REVOKED if after.revoked_at is not None else What.REINSTATED
    if after.lapsed_on is not None and before.lapsed_on is None:
        return What.LAPSED
    if before.expiration_date != after.expiration_date or before.effective_date != after.effective_date:
        return What.DATES_CHANGED
    return _smaller_change(before, after)


def _beginning(completion: CertificationCompletion) -> What:
    if completion.origin is Origin.IMPORTED:
        return What.IMPORTED
    return What.AWARDED if completion.renews is None else What.RENEWED


def _smaller_change(before: CertificationCompletion, after: CertificationCompletion) -> What:
    changed = {name for name in _FACTS if getattr(before, name) != getattr(after, name)}
    named = (
        ("renewed_by", What.CONTINUED),
        ("superseded_on", What.SUPERSEDED),
        ("started_on", What.STARTED),
        ("reminded_on", What.REMINDED),
        ("under_review", What.REVIEW_ASKED if after.under_review else What.REVIEWED),
        ("reviewed", What.REVIEWED),
        ("evidence", What.EVIDENCE_ADDED),
    )
    return next((what for name, what in named if name in changed), What.CHANGED)


def facts_of(completion: CertificationCompletion) -> dict[str, Any]:
    """The facts that say something, as JSON values."""
    facts = {name: _json(getattr(completion, name)) for name in _FACTS}
    return {name: value for name, value in facts.items() if value not in (None, False, [])}


def _json(value: Any) -> Any:
    match value:
        case datetime():
            return format_instant(value)
        case date():
            return value.isoformat()
        case tuple():
            return [evidence_to_json(evidence) for evidence in value]
        case StrEnum():
            return value.value
        case _:
            return value


def evidence_to_json(evidence: Evidence) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "course_id": evidence.course_id,
        "completed_at": format_instant(evidence.completed_at),
    }
    if evidence.score is not None:
        shape["score"] = evidence.score
    return shape
