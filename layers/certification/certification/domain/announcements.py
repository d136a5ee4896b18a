"""Which change of a certification completion the world is told of, and how (contract.md, events out). Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from certification.domain.history import What, evidence_to_json, what_happened
from certification.domain.instants import format_instant
from certification.domain.model import CertificationCompletion, Status
from certification.domain.status import status_on
from certification.domain.validity import civil_date

_TYPES = {
    What.AWARDED: "Awarded",
    What.RENEWED: "Renewed",
    What.REMINDED: "Expiring",
    What.LAPSED: "Expired",
    What.REVOKED: "Revoked",
}
_SUBJECT = "CertificationCompletion"
# A renewal is one event, told with the cycle that follows; imported history is none (R32).
_SILENT = frozenset({What.CONTINUED, What.IMPORTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """`event_id` follows from what is announced: a repetition has the same one."""

    type: str
    event_id: str
    occurred_at: datetime
    completion: CertificationCompletion
    status: Status
    previous_status: Status | None


def announcement_of(
    before: CertificationCompletion | None, after: CertificationCompletion, zone: ZoneInfo
) -> Announcement | None:
    """None for what nobody is told of: R7, R25 (a renewed one's own lapse), R32, and what is no new revision."""
    if before is not None and before.revision == after.revision:
        return None
    what = what_happened(before, after)
    if what in _SILENT or (before is None and not after.announced):
        return None
    if what is What.LAPSED and after.renewed_by is not None:
        return None
    day = civil_date(after.changed_at, zone)
    return Announcement(
        type=f"{_SUBJECT}.{_TYPES.get(what, 'Changed')}",
        event_id=_event_id(after),
        occurred_at=after.changed_at,
        completion=after,
        status=status_on(after, on=day, today=day),
        previous_status=_previous_status(what, before, day),
    )


def _previous_status(what: What, before: CertificationCompletion | None, day: date) -> Status | None:
    """For a transition the status that it ended, although a read told the new one from its day on (R9)."""
    if before is None:
        return None
    match what:
        case What.STARTED:
            return Status.SCHEDULED
        case What.LAPSED:
            return Status.ACTIVE
        case _:
            return status_on(before, on=day, today=day)


def _event_id(completion: CertificationCompletion) -> str:
    holder = completion.holder
    named = (holder.type.value, holder.id, completion.certification_id, completion.cycle, completion.revision)
    return hashlib.sha256("\n".join(map(str, named)).encode()).hexdigest()[:32]


def announcement_to_json(
    announcement: Announcement, *, public_id: str, certification_name: str
) -> dict[str, Any]:
    shape = completion_to_json(
        announcement.completion,
        public_id=public_id,
        certification_name=certification_name,
        status=announcement.status,
    )
    return {
        **shape,
        "revision": announcement.completion.revision,
        "occurred_at": format_instant(announcement.occurred_at),
        "previous_status": announcement.previous_status.value if announcement.previous_status else None,
        "event_id": announcement.event_id,
    }


def completion_to_json(
    completion: CertificationCompletion, *, public_id: str, certification_name: str, status: Status
) -> Mapping[str, Any]:
    """A certification completion as contract.md shapes it."""
    expires = completion.expiration_date
    return {
        "certification_completion_id": public_id,
        "holder": {"type": completion.holder.type.value, "id": completion.holder.id},
        "certification_id": completion.certification_id,
        "certification_version": completion.certification_version,
        "certification_name": certification_name,
        "cycle": completion.cycle,
        "completion_date": completion.completion_date.isoformat(),
        "effective_date": completion.effective_date.isoformat(),
        "expiration_date": expires.isoformat() if expires else None,
        "status": status.value,
        "origin": completion.origin.value,
        "evidence": [evidence_to_json(evidence) for evidence in completion.evidence],
        "under_review": completion.under_review,
    }
