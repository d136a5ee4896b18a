"""Store what a batch says about users' course completions, and what further deliveries add to them (R12, R30)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from certification.domain.deliveries import redelivered
from certification.domain.errors import ChangedMeanwhileError
from certification.domain.model import CourseCompletion, CourseId, UserId
from certification.domain.ports import Ledger, UserRecord
from certification.domain.retractions import Retraction
from certification.domain.validity import civil_date
from certification.services.side_by_side import side_by_side
from certification.services.user_resolution import Delivery

MOST_ATTEMPTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A user's record with everything the deliveries add; `suspect` courses may have lost evidence (R30)."""

    record: UserRecord
    suspect: frozenset[str]
    corrections: int


class CourseCompletionStore:
    def __init__(self, ledger: Ledger, zone: ZoneInfo, threads: Executor) -> None:
        self._ledger = ledger
        self._zone = zone
        self._threads = threads

    def owners_of_voided(self, deliveries: Iterable[Delivery]) -> list[Delivery]:
        """The deliveries; those that take an event back without saying whose get its owner, where it is known."""
        return [self._with_owner(delivery) for delivery in deliveries]

    def _with_owner(self, delivery: Delivery) -> Delivery:
        message = delivery.message
        if delivery.user_id is not None or not names_event_only(delivery):
            return delivery
        event_id = message.retracts_event_id or ""
        user_id = self._ledger.void_event(message.source, event_id, message.completed_at)
        return replace(delivery, user_id=user_id)

    def store(self, deliveries: Sequence[Delivery], now: datetime) -> set[int]:
        """Put what is new; the indexes of the deliveries that were. Safe to repeat, as often as one likes."""
        firsts: dict[tuple[object, ...], Delivery] = {}
        for delivery in deliveries:
            if not delivery.message.retracts:
                firsts.setdefault(self._identity(delivery), delivery)
        completions = [self._completion(delivery, now) for delivery in firsts.values()]
        added = self._ledger.add_course_completions(completions) if completions else []
        retractions = {r for d in deliveries if (r := _retraction(d)) is not None}
        voided = side_by_side(self._threads, self._voided_before, filter(_can_be_voided, deliveries))
        retractions |= {r for r in voided if r is not None}
        if retractions:
            self._ledger.add_retractions(sorted(retractions, key=repr))
        return {d.index for d, new in zip(firsts.values(), added, strict=True) if new}

    def _voided_before(self, delivery: Delivery) -> Retraction | None:
        """A retraction may arrive before what it retracts (R30): whose event it is, is written, then looked up."""
        source, event_id = delivery.message.source, delivery.message.event_id
        user_id = UserId(delivery.user_id or "")
        at = self._ledger.own_event(source, event_id, user_id)
        return None if at is None else Retraction(user_id=user_id, source=source, at=at, event_id=event_id)

    def note(self, record: UserRecord, deliveries: Iterable[Delivery], new: set[int], now: datetime) -> Noted:
        """Keep corrections and conflicts, and mark what is retracted, on the stored completions."""
        suspect = {str(d.course_id) for d in deliveries if d.message.retracts}
        corrections = 0
        for delivery in deliveries:
            if delivery.index in new or delivery.message.retracts:
                continue
            record, changed = self._redelivered(record, delivery, now)
            corrections += changed
            stored = self._stored(record, delivery)
            # Also where it was kept before: that worker may have died before it looked at what rests on it.
            if stored is not None and stored.received:
                suspect.add(delivery.course_id)
        touched = {d.course_id for d in deliveries if d.message.retracts or d.index in new}
        voided = {(d.message.source, d.message.retracts_event_id) for d in deliveries}
        taken_back = [
            c
            for c in record.course_completions
            if c.retracted_at and (c.course_id in touched or (c.source, c.event_id) in voided)
        ]
        for completion in taken_back:
            self._mark(completion)
        suspect |= {str(c.course_id) for c in taken_back}
        return Noted(record=record, suspect=frozenset(suspect), corrections=corrections)

    def _mark(self, completion: CourseCompletion) -> None:
        """For who reads it in a list; evaluation goes by the retraction itself, so a lost race costs nothing."""
        with suppress(ChangedMeanwhileError):
            self._ledger.amend_course_completion(replace(completion, revision=completion.revision + 1))

    def _redelivered(self, record: UserRecord, delivery: Delivery, now: datetime) -> tuple[UserRecord, bool]:
        message = delivery.message
        for _ in range(MOST_ATTEMPTS):
            stored = self._stored(record, delivery)
            if stored is None:
                return record, False
            changed = redelivered(
                stored, score=message.score, source=message.source, event_id=message.event_id, now=now
            )
            if changed is None:
                return record, False
            try:
                self._ledger.amend_course_completion(changed)
            except ChangedMeanwhileError:
                record = self._ledger.read_user(stored.user_id)
                continue
            kept = tuple(changed if c is stored else c for c in record.course_completions)
            return replace(record, course_completions=kept), True
        raise ChangedMeanwhileError("others kept correcting this course completion")

    def _stored(self, record: UserRecord, delivery: Delivery) -> CourseCompletion | None:
        wanted = self._identity(delivery)
        for completion in record.course_completions:
            if (completion.user_id, completion.course_id, completion.completed_at) == wanted:
                return completion
        return None

    def _identity(self, delivery: Delivery) -> tuple[object, ...]:
        """R12."""
        return delivery.user_id, delivery.course_id, delivery.message.completed_at

    def _completion(self, delivery: Delivery, now: datetime) -> CourseCompletion:
        message = delivery.message
        outside = message.course_identity.external_id if message.course_identity else ""
        return CourseCompletion(
            user_id=UserId(delivery.user_id or ""),
            course_id=CourseId(delivery.course_id),
            outside_name="" if outside == delivery.course_id else outside,
            completed_at=message.completed_at,
            completed_on=civil_date(message.completed_at, self._zone),
            score=message.score,
            source=message.source,
            event_id=message.event_id,
            # In the order of the batch: of two contents under one event id the first received wins (R12).
            received_at=now + timedelta(microseconds=delivery.index),
        )


def names_event_only(delivery: Delivery) -> bool:
    """Whether it takes back an event without saying whose it was."""
    message, who = delivery.message, delivery.message.user
    nobody = who.user_id is None and who.identity is None and who.email is None
    return nobody and message.retracts_event_id is not None


def _can_be_voided(delivery: Delivery) -> bool:
    message = delivery.message
    return message.voidable and not message.retracts and delivery.user_id is not None


def _retraction(delivery: Delivery) -> Retraction | None:
    message = delivery.message
    if not message.retracts or delivery.user_id is None:
        return None
    by_event = message.retracts_event_id is not None
    return Retraction(
        user_id=UserId(delivery.user_id),
        source=message.source,
        at=message.completed_at,
        course_id=None if by_event else CourseId(delivery.course_id),
        event_id=message.retracts_event_id,
    )
