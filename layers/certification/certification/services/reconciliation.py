"""Compare everyone's awards with what the rules give from the stored completions, daily and on request.

Also lets go what is parked although its user is known by now: the last net under R17.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

from certification.domain.errors import AlreadyExistsError, ChangedMeanwhileError
from certification.domain.evaluation import Award, Moment, Nothing
from certification.domain.model import HolderType
from certification.domain.ports import (
    Clock,
    Definitions,
    Directory,
    Ledger,
    Parking,
    Queue,
    Reconciliations,
    UserRecord,
)
from certification.domain.reconciliation import Drift, Reconciliation, after_parked, after_users
from certification.domain.sync_ports import HolderLists
from certification.domain.validity import civil_date
from certification.services.awarding import Awarding, Organizations, decide
from certification.services.candidates import Candidates
from certification.services.user_resolution import resolve

logger = logging.getLogger(__name__)

ACTOR = "job:reconciliation"
USERS_AT_ONCE = 50
PARKED_AT_ONCE = 100
TimeLeft = Callable[[], bool]


class Reconciler:
    """Goes on where it stopped, page by page; two workers on one run count nobody twice."""

    def __init__(
        self,
        *,
        reconciliations: Reconciliations,
        ledger: Ledger,
        definitions: Definitions,
        directory: Directory,
        holder_lists: HolderLists,
        parking: Parking,
        evaluation_queue: Queue,
        course_completion_queue: Queue,
        clock: Clock,
        zone: ZoneInfo,
    ) -> None:
        self._reconciliations = reconciliations
        self._ledger = ledger
        self._definitions = definitions
        self._directory = directory
        self._holder_lists = holder_lists
        self._parking = parking
        self._evaluation_queue = evaluation_queue
        self._course_completion_queue = course_completion_queue
        self._clock = clock
        self._zone = zone
        self._awarding = Awarding(ledger)

    def start(self, reconciliation_id: str, *, repair: bool, actor: str) -> Reconciliation:
        """Begin a run, or find that it has begun: the same id is the same run."""
        run = Reconciliation(
            reconciliation_id=reconciliation_id, repair=repair, created_at=self._clock.now(), created_by=actor
        )
        try:
            self._reconciliations.add(run)
        except AlreadyExistsError:
            run = self._reconciliations.find(reconciliation_id) or run
        if run.completed_at is None:
            self._go_on(run)
        return run

    def start_daily(self) -> Reconciliation:
        """The daily run reports; its id is the civil date, so that a second bell starts none."""
        today = civil_date(self._clock.now(), self._zone)
        return self.start(f"daily-{today.isoformat()}", repair=False, actor=ACTOR)

    def advance(self, reconciliation_id: str, time_left: TimeLeft) -> Reconciliation | None:
        """Work on a run while there is time; then leave a message for whoever goes on."""
        run = self._reconciliations.find(reconciliation_id)
        while run is not None and run.completed_at is None:
            if not time_left():
                self._go_on(run)
                return run
            try:
                run = self._page(run)
            except ChangedMeanwhileError:
                # Somebody wrote this page first: another worker, which may die yet, or our own repeated request.
                run = self._reconciliations.find(reconciliation_id)
        return run

    def _page(self, run: Reconciliation) -> Reconciliation:
        """One page, saved with the place after it: a run that begins anew would count everybody twice."""
        following = self._parked_page(run) if run.users_done else self._users_page(run)
        self._reconciliations.save(following)
        return following

    def _users_page(self, run: Reconciliation) -> Reconciliation:
        page = self._holder_lists.holders(HolderType.USER, limit=USERS_AT_ONCE, start=run.start)
        candidates, organizations = Candidates(self._definitions), Organizations(self._directory)
        drifts: list[Drift] = []
        repaired = 0
        for user in page.items:
            found, mended = self._looked_at(user.id, candidates, organizations, repair=run.repair)
            drifts += found
            repaired += mended
        return after_users(run, users=len(page.items), drifts=drifts, repaired=repaired, start=page.next)

    def _looked_at(
        self, user_id: str, candidates: Candidates, organizations: Organizations, *, repair: bool
    ) -> tuple[list[Drift], int]:
        """A user of whom something is damaged is told of, and stops nobody else's comparison."""
        try:
            return self._compare(user_id, candidates, organizations, repair=repair)
        except (KeyError, TypeError, ValueError):
            logger.exception("a user cannot be compared", extra={"user_id": user_id})
            return [Drift(user_id=user_id, certification_id="", kind="unreadable")], 0

    def _compare(
        self, user_id: str, candidates: Candidates, organizations: Organizations, *, repair: bool
    ) -> tuple[list[Drift], int]:
        record = self._ledger.read_user(user_id)
        wanted = candidates.of(record, _courses(record), suspect=_courses(record))
        if record.user is None or not wanted:
            return [], 0
        drifts, repaired = [], 0
        for certification_id, certification in self._definitions.certifications(wanted).items():
            decision = decide(record, certification, organizations.of(record), self._moment())
            if isinstance(decision, Nothing):
                continue
            kind = "award_missing" if isinstance(decision, Award) else "amendment_missing"
            drifts.append(Drift(user_id=user_id, certification_id=certification_id, kind=kind))
            if repair:
                settled = self._awarding.settle(
                    record, certification, self._moment(), organizations.of(record)
                )
                record, repaired = settled.record, repaired + 1
        return drifts, repaired

    def _parked_page(self, run: Reconciliation) -> Reconciliation:
        """What is parked although its user is known: sent again, then forgotten."""
        page = self._parking.page(limit=PARKED_AT_ONCE, start=run.start)
        known = {
            d.index
            for d in resolve([(i, entry.message) for i, entry in enumerate(page.items)], self._directory)
            if d.user_id is not None and self._directory.user(d.user_id) is not None
        }
        entries = [page.items[index] for index in sorted(known)]
        self._course_completion_queue.send([entry.message.to_payload() for entry in entries])
        for entry in entries:
            self._parking.remove(entry)
        return after_parked(run, released=len(entries), start=page.next, now=self._clock.now())

    def _moment(self) -> Moment:
        now = self._clock.now()
        return Moment(now=now, today=civil_date(now, self._zone), actor=ACTOR)

    def _go_on(self, run: Reconciliation) -> None:
        self._evaluation_queue.send([{"kind": "reconcile", "reconciliation_id": run.reconciliation_id}])


def _courses(record: UserRecord) -> Iterable[str]:
    return {str(completion.course_id) for completion in record.course_completions}
