"""Course completions and certification completions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items.values import (
    date_in,
    instant_in,
    iso,
    new_item,
    required_date,
    required_instant,
)
from certification.adapters.dynamodb.table import Item
from certification.domain.model import (
    CertificationCompletion,
    CertificationId,
    ChangeKind,
    CourseCompletion,
    CourseId,
    DatedChange,
    Duration,
    Evidence,
    Origin,
    ReceivedScore,
    UserId,
)
from certification.domain.status import next_due

COURSE_COMPLETION = "course_completion"
CERTIFICATION_COMPLETION = "certification_completion"


def course_completion_to_item(completion: CourseCompletion) -> Item:
    key = keys.course_completion(completion.user_id, completion.course_id, completion.completed_at)
    return new_item(
        key,
        COURSE_COMPLETION,
        {
            "user_id": completion.user_id,
            "course_id": completion.course_id,
            "outside_name": completion.outside_name,
            "completed_at": iso(completion.completed_at),
            "completed_on": iso(completion.completed_on),
            "score": completion.score,
            "source": completion.source,
            "event_id": completion.event_id,
            "received_at": iso(completion.received_at),
            "received": [_received_to_item(received) for received in completion.received],
            "retracted_at": iso(completion.retracted_at),
            "revision": completion.revision,
            "parent_pk": keys.course_parent(completion.course_id),
            "parent_sk": f"{key.pk}#{keys.instant(completion.completed_at)}",
        },
    )


def course_completion_from_item(item: Item) -> CourseCompletion:
    return CourseCompletion(
        user_id=UserId(item["user_id"]),
        course_id=CourseId(item["course_id"]),
        outside_name=item.get("outside_name", ""),
        completed_at=required_instant(item, "completed_at"),
        completed_on=required_date(item, "completed_on"),
        score=item.get("score"),
        source=item.get("source", ""),
        event_id=item.get("event_id", ""),
        received_at=required_instant(item, "received_at"),
        received=tuple(_received_from_item(received) for received in item.get("received", ())),
        retracted_at=instant_in(item, "retracted_at"),
        revision=item["revision"],
    )


def _received_to_item(received: ReceivedScore) -> Item:
    return {
        "score": received.score,
        "source": received.source,
        "event_id": received.event_id,
        "received_at": iso(received.received_at),
        "conflict": received.conflict,
    }


def _received_from_item(item: Item) -> ReceivedScore:
    return ReceivedScore(
        score=item["score"],
        source=item["source"],
        event_id=item["event_id"],
        received_at=required_instant(item, "received_at"),
        conflict=item["conflict"],
    )


def completion_to_item(completion: CertificationCompletion, reminders: Iterable[Duration] = ()) -> Item:
    """The item with its place in the index `parent` and, while anything lies ahead, in the index `due`.

    `reminders` are the certification's: they decide which day is next (R33a).
    """
    key = keys.completion(completion.holder, completion.certification_id, completion.cycle)
    due = next_due(completion, reminders)
    return new_item(
        key,
        CERTIFICATION_COMPLETION,
        {
            "certification_id": completion.certification_id,
            "certification_version": completion.certification_version,
            "cycle": completion.cycle,
            "completion_date": iso(completion.completion_date),
            "effective_date": iso(completion.effective_date),
            "expiration_date": iso(completion.expiration_date),
            "origin": completion.origin.value,
            "evidence": [_evidence_to_item(evidence) for evidence in completion.evidence],
            "under_review": completion.under_review,
            "reviewed": [_evidence_to_item(evidence) for evidence in completion.reviewed],
            "started_on": iso(completion.started_on),
            "lapsed_on": iso(completion.lapsed_on),
            "revoked_at": iso(completion.revoked_at),
            "superseded_on": iso(completion.superseded_on),
            "renews": completion.renews,
            "renewed_by": completion.renewed_by,
            "reminded_on": iso(completion.reminded_on),
            "unannounced": not completion.announced,
            "changes": [_change_to_item(change) for change in completion.changes],
            "revision": completion.revision,
            "changed_at": iso(completion.changed_at),
            "changed_by": completion.changed_by,
            "reason": completion.reason,
            "idempotency": completion.idempotency,
            "import_key": completion.import_key,
            "correlation_id": completion.correlation_id,
            "parent_pk": keys.certification_parent(completion.certification_id),
            "parent_sk": f"{key.pk}#{completion.cycle:04}",
            "due_pk": keys.due_pk(keys.due_shard(key.pk)) if due else None,
            "due_sk": keys.due_sk(due) if due else None,
        },
    )


def completion_from_item(item: Item) -> CertificationCompletion:
    return CertificationCompletion(
        holder=keys.holder_of(item["pk"]),
        certification_id=CertificationId(item["certification_id"]),
        certification_version=item["certification_version"],
        cycle=item["cycle"],
        completion_date=required_date(item, "completion_date"),
        effective_date=required_date(item, "effective_date"),
        expiration_date=date_in(item, "expiration_date"),
        origin=Origin(item["origin"]),
        evidence=tuple(_evidence_from_item(evidence) for evidence in item.get("evidence", ())),
        under_review=item.get("under_review", False),
        reviewed=tuple(_evidence_from_item(evidence) for evidence in item.get("reviewed", ())),
        started_on=date_in(item, "started_on"),
        lapsed_on=date_in(item, "lapsed_on"),
        revoked_at=instant_in(item, "revoked_at"),
        superseded_on=date_in(item, "superseded_on"),
        renews=item.get("renews"),
        renewed_by=item.get("renewed_by"),
        reminded_on=date_in(item, "reminded_on"),
        announced=not item.get("unannounced", False),
        changes=tuple(_change_from_item(change) for change in item.get("changes", ())),
        revision=item["revision"],
        changed_at=required_instant(item, "changed_at"),
        changed_by=item["changed_by"],
        reason=item.get("reason", ""),
        idempotency=item.get("idempotency", ""),
        import_key=item.get("import_key", ""),
        correlation_id=item.get("correlation_id", ""),
    )


def _evidence_to_item(evidence: Evidence) -> Item:
    item: dict[str, Any] = {
        "course_id": evidence.course_id,
        "completed_at": iso(evidence.completed_at),
    }
    if evidence.score is not None:
        item["score"] = evidence.score
    return item


def _evidence_from_item(item: Item) -> Evidence:
    return Evidence(
        course_id=CourseId(item["course_id"]),
        completed_at=required_instant(item, "completed_at"),
        score=item.get("score"),
    )


def _change_to_item(change: DatedChange) -> Item:
    return {
        "on": iso(change.on),
        "kind": change.kind.value,
        "previous_expiration_date": iso(change.previous_expiration_date),
        "previous_reminded_on": iso(change.previous_reminded_on),
        "previous_revoked_at": iso(change.previous_revoked_at),
    }


def _change_from_item(item: Item) -> DatedChange:
    return DatedChange(
        on=required_date(item, "on"),
        kind=ChangeKind(item["kind"]),
        previous_expiration_date=date_in(item, "previous_expiration_date"),
        previous_reminded_on=date_in(item, "previous_reminded_on"),
        previous_revoked_at=instant_in(item, "previous_revoked_at"),
    )
