"""Take in a batch of course completions: store, then evaluate, so that nothing that is stored stays unevaluated.

Rules: R4, R11–R14, R16, R17, R30. The order of effects makes it exact: a completion is put before its user's records
are read, so of two deliveries at once the later reader sees both; and what fails half-way is delivered again and
evaluated again, stored or not.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from certification.domain.course_completion_message import CourseCompletionMessage
from certification.domain.evaluation import Moment
from certification.domain.model import Certification
from certification.domain.parking import parked
from certification.domain.ports import Clock, Definitions, Directory, Ledger, Parking, Queue, UserRecord
from certification.domain.validity import civil_date
from certification.services.awarding import Awarding, Organizations
from certification.services.candidates import Candidates
from certification.services.course_completion_store import CourseCompletionStore, names_event_only
from certification.services.side_by_side import side_by_side
from certification.services.user_resolution import Delivery, resolve

logger = logging.getLogger(__name__)

ACTOR = "job:award"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """`failed`: indexes of the messages to deliver again. `counts`: what came of the batch, by name.

    `learners`: whose course completion is stored, by the message's index.
    """

    failed: frozenset[int]
    counts: Mapping[str, int]
    learners: Mapping[int, str]


@dataclass(slots=True, kw_only=True)
class _Batch:
    now: datetime
    failed: set[int] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    second_looks: list[Delivery] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class _UserWork:
    """One user of the batch: what came in, what is stored, which certifications to look at, and what came of it."""

    deliveries: list[Delivery]
    record: UserRecord
    candidates: set[str]
    counts: Counter[str] = field(default_factory=Counter)
    failed: bool = False


class CourseCompletionRecorder:
    """One call for each batch. `evaluation_queue` takes up single certifications that failed (R16).

    `threads` read and evaluate a batch's users side by side: nothing of theirs is in common.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        definitions: Definitions,
        directory: Directory,
        parking: Parking,
        evaluation_queue: Queue,
        clock: Clock,
        zone: ZoneInfo,
        threads: Executor,
    ) -> None:
        self._ledger = ledger
        self._threads = threads
        self._definitions = definitions
        self._directory = directory
        self._parking = parking
        self._evaluation_queue = evaluation_queue
        self._clock = clock
        self._zone = zone
        self._store = CourseCompletionStore(ledger, zone, threads)
        self._awarding = Awarding(ledger)

    def record(self, messages: Sequence[tuple[int, CourseCompletionMessage]]) -> Recorded:
        """Store and evaluate; the numbers are the messages' own. Raises only where nothing was done for anybody."""
        batch = _Batch(now=self._clock.now())
        deliveries = self._known(messages, batch)
        new = self._store.store(deliveries, batch.now)
        batch.counts["stored"] += len(new)
        candidates = Candidates(self._definitions)
        by_user = _by_user(deliveries)
        read = self._read_ahead(by_user)
        work = [
            self._guarded(batch, theirs, new, candidates, read[user_id])
            for user_id, theirs in by_user.items()
        ]
        self._evaluate([one for one in work if one is not None], batch)
        self._forget_parked(batch)
        learners = {d.index: str(d.user_id) for one in work if one is not None for d in one.deliveries}
        return Recorded(failed=frozenset(batch.failed), counts=dict(batch.counts), learners=learners)

    def _read_ahead(self, user_ids: Iterable[str]) -> dict[str, Future[UserRecord]]:
        """Everything is stored by now; one user after the other, a batch would mostly wait for the table."""
        reading = {user_id: self._threads.submit(self._ledger.read_user, user_id) for user_id in user_ids}
        wait(reading.values())
        return reading

    def _guarded(
        self,
        batch: _Batch,
        deliveries: list[Delivery],
        new: set[int],
        candidates: Candidates,
        read: Future[UserRecord],
    ) -> _UserWork | None:
        """One user's trouble is nobody else's: its messages come again, the others go on (R16)."""
        try:
            return self._take_up(deliveries, new, candidates, batch, read)
        except Exception:
            logger.exception("course completions of one user failed")
            batch.failed |= {d.index for d in deliveries}
            return None

    def _known(
        self, messages: Sequence[tuple[int, CourseCompletionMessage]], batch: _Batch
    ) -> list[Delivery]:
        """Those whose user can be told. The others are parked, and looked at once more: R17."""
        deliveries = self._store.owners_of_voided(resolve(messages, self._directory))
        unknown = [d for d in deliveries if d.user_id is None and not names_event_only(d)]
        batch.counts["voided_early"] += sum(names_event_only(d) and d.user_id is None for d in deliveries)
        if unknown:
            self._park(unknown, batch)
            again = resolve([(d.index, d.message) for d in unknown], self._directory)
            batch.second_looks = [d for d in again if d.user_id is not None]
            batch.counts["parked"] += len(again) - len(batch.second_looks)
        return [d for d in deliveries if d.user_id is not None] + batch.second_looks

    def _park(self, deliveries: Iterable[Delivery], batch: _Batch) -> None:
        self._parking.park([parked(d.message, d.unresolved, now=batch.now) for d in deliveries])

    def _take_up(
        self,
        deliveries: list[Delivery],
        new: set[int],
        candidates: Candidates,
        batch: _Batch,
        read: Future[UserRecord],
    ) -> _UserWork | None:
        """What the deliveries change about one user. None: nobody has this id yet (R17)."""
        user_id = deliveries[0].user_id or ""
        record = read.result()
        if record.user is None:
            self._park(deliveries, batch)
            record = self._ledger.read_user(user_id)
            if record.user is None:
                batch.counts["parked"] += len(deliveries)
                return None
            batch.second_looks.extend(deliveries)
        noted = self._store.note(record, deliveries, new, batch.now)
        batch.counts["corrections"] += noted.corrections
        batch.counts["duplicates"] += sum(d.index not in new for d in deliveries) - noted.corrections
        courses = {d.course_id for d in deliveries}
        wanted = candidates.of(noted.record, courses, suspect=noted.suspect)
        return _UserWork(deliveries=deliveries, record=noted.record, candidates=wanted)

    def _evaluate(self, work: list[_UserWork], batch: _Batch) -> None:
        wanted = {certification_id for one in work for certification_id in one.candidates}
        if not wanted:
            return
        definitions = self._definitions.certifications(wanted)
        organizations = Organizations(self._directory)

        def settle_all(one: _UserWork) -> _UserWork:
            return self._settle_all(one, definitions, organizations, batch.now)

        concerned = [one for one in work if not one.candidates.isdisjoint(definitions)]
        for one in side_by_side(self._threads, settle_all, concerned):
            batch.counts.update(one.counts)
            if one.failed:
                batch.failed |= {d.index for d in one.deliveries}

    def _settle_all(
        self,
        one: _UserWork,
        definitions: Mapping[str, Certification],
        organizations: Organizations,
        now: datetime,
    ) -> _UserWork:
        moment = Moment(
            now=now,
            today=civil_date(now, self._zone),
            actor=ACTOR,
            correlation_id=one.deliveries[-1].message.correlation_id or "",
        )
        for certification_id in sorted(one.candidates & definitions.keys()):
            self._settle(one, definitions[certification_id], organizations, moment)
        return one

    def _settle(
        self, one: _UserWork, certification: Certification, organizations: Organizations, moment: Moment
    ) -> None:
        """A failure in one certification neither blocks nor repeats another: it goes on by itself (R16)."""
        try:
            settled = self._awarding.settle(one.record, certification, moment, organizations.of(one.record))
        except Exception:
            logger.exception(
                "one evaluation failed", extra={"certification_id": certification.certification_id}
            )
            self._hand_over(one, certification, moment)
            return
        one.record = settled.record
        one.counts["awarded"] += len(settled.awarded)
        one.counts["amended"] += settled.amended

    def _hand_over(self, one: _UserWork, certification: Certification, moment: Moment) -> None:
        message = {
            "kind": "evaluate",
            "user_id": one.deliveries[0].user_id,
            "certification_id": certification.certification_id,
            "correlation_id": moment.correlation_id,
        }
        try:
            self._evaluation_queue.send([message])
        except Exception:
            logger.exception("a failed evaluation could not be handed over")
            one.failed = True
        one.counts["handed_over"] += 1

    def _forget_parked(self, batch: _Batch) -> None:
        """What was parked, and then found its user at the second look, is recorded now."""
        for delivery in batch.second_looks:
            if delivery.index not in batch.failed:
                self._parking.remove(parked(delivery.message, delivery.unresolved, now=batch.now))


def _by_user(deliveries: Iterable[Delivery]) -> Mapping[str, list[Delivery]]:
    grouped: dict[str, list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        grouped[delivery.user_id or ""].append(delivery)
    return grouped
