"""Evaluate everyone who completed one of a certification's courses, in pages (R13, R18, R22, R23).

The pages come from the lagging index of completions by course, from all courses' users at once, in the order of their
ids: each user is read once. Because the index lags, there is a second look a quarter of an hour after the first.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from certification.domain import shapes
from certification.domain.errors import (
    AlreadyExistsError,
    ChangedMeanwhileError,
    FieldError,
    InvalidError,
    NotFoundError,
)
from certification.domain.evaluation import Moment
from certification.domain.evaluation_run import (
    EvaluationRun,
    Finding,
    Outcome,
    RunState,
    after_page,
    after_phase,
    failed,
    new_run,
    next_page,
)
from certification.domain.model import Certification, CertificationCompletion, HolderType, PublishStatus
from certification.domain.outlook import foresee_all
from certification.domain.ports import (
    Clock,
    Definitions,
    Directory,
    Evaluations,
    Ledger,
    Queue,
    UserPage,
    UserRecord,
)
from certification.domain.validity import civil_date
from certification.services.awarding import Awarding, Organizations, cycles, facts_of
from certification.services.definitions import checked
from certification.services.side_by_side import side_by_side

logger = logging.getLogger(__name__)

USERS_AT_ONCE = 50
SECOND_LOOK_SECONDS = 900
TRIED_PARTS = ("requirements", "expiration", "permissions", "renewal")
TimeLeft = Callable[[], bool]


class EvaluationRunner:
    """Advances runs. Two workers on one run cannot count or award anybody twice: the page is written once."""

    def __init__(
        self,
        *,
        evaluations: Evaluations,
        ledger: Ledger,
        definitions: Definitions,
        directory: Directory,
        evaluation_queue: Queue,
        clock: Clock,
        zone: ZoneInfo,
        threads: Executor,
    ) -> None:
        self._threads = threads
        self._evaluations = evaluations
        self._ledger = ledger
        self._definitions = definitions
        self._directory = directory
        self._evaluation_queue = evaluation_queue
        self._clock = clock
        self._zone = zone
        self._awarding = Awarding(ledger)

    def advance(self, evaluation_id: str, time_left: TimeLeft) -> EvaluationRun | None:
        """Work on a run while there is time; then leave a message for whoever goes on. None: there is no such run."""
        run = self._evaluations.run(evaluation_id)
        while run is not None and not run.finished:
            if not time_left():
                self._evaluation_queue.send([run.request])
                return run
            try:
                run = self._step(run)
            except ChangedMeanwhileError:
                # Somebody wrote this page first: another worker, which may die yet, or our own repeated request.
                run = self._evaluations.run(evaluation_id)
        if run is not None and run.state is RunState.COMPLETED:
            self._look_again(run)
        return run

    def _step(self, run: EvaluationRun) -> EvaluationRun:
        definition = self._definitions.certification(run.certification_id)
        if definition is None:
            return self._saved(failed(run, "the certification does not exist any more", self._clock.now()))
        certification = tried(definition, run.trial)
        if run.place.end:
            return self._saved(after_phase(run, self._clock.now()))
        courses = certification.requirements.accepted_courses
        users, place = next_page(self._lists(courses, run.place.after), USERS_AT_ONCE)
        findings = self._findings(run, certification, users)
        return self._saved(after_page(run, findings, place))

    def _lists(self, courses: Iterable[str], after: str) -> list[UserPage]:
        def of(course_id: str) -> UserPage:
            return self._ledger.users_with_course(course_id, limit=USERS_AT_ONCE, after=after)

        return side_by_side(self._threads, of, sorted(courses))

    def _findings(
        self, run: EvaluationRun, certification: Certification, users: Iterable[str]
    ) -> list[Finding]:
        """One user does not wait for another: nothing of theirs is in common."""
        organizations = Organizations(self._directory)

        def of(user_id: str) -> Finding | None:
            try:
                record = self._ledger.read_user(user_id)
            except (KeyError, TypeError, ValueError):  # something of the user is damaged
                logger.exception("a user cannot be evaluated", extra={"user_id": user_id})
                return self._handed_over(run, user_id)
            if record.user is None or not _has_any(record, certification.requirements.accepted_courses):
                return None
            return self._finding(run, certification, record, organizations)

        return [finding for finding in side_by_side(self._threads, of, users) if finding is not None]

    def _finding(
        self,
        run: EvaluationRun,
        certification: Certification,
        record: UserRecord,
        organizations: Organizations,
    ) -> Finding:
        now = self._clock.now()
        moment = Moment(
            now=now,
            today=civil_date(now, self._zone),
            actor=f"evaluation:{run.evaluation_id}",
            correlation_id=run.correlation_id,
        )
        user_id = str(record.user.user_id) if record.user else ""
        try:
            if not run.writes:
                return self._would(certification, record, organizations, moment, user_id)
            settled = self._awarding.settle(record, certification, moment, organizations.of(record))
            mine = _made_by(settled.record, certification, moment.actor)
            return _found(user_id, mine or settled.awarded, settled.reason.message, done=True)
        except Exception:
            logger.exception("one evaluation failed", extra={"evaluation_id": run.evaluation_id})
            return self._handed_over(run, user_id)

    def _would(
        self,
        certification: Certification,
        record: UserRecord,
        organizations: Organizations,
        moment: Moment,
        user_id: str,
    ) -> Finding:
        as_published = replace(certification, publish_status=PublishStatus.PUBLISHED)
        facts = facts_of(record, as_published, organizations.of(record))
        if facts is None:
            return _found(user_id, (), "There is no such user.", done=False)
        awarded, reason = foresee_all(facts, moment)
        return _found(user_id, awarded, reason.message, done=False)

    def _handed_over(self, run: EvaluationRun, user_id: str) -> Finding:
        """One user's failure does not stop the run: it is tried again by itself (R16)."""
        if run.writes:
            message = {"kind": "evaluate", "user_id": user_id, "certification_id": run.certification_id}
            self._evaluation_queue.send([{**message, "correlation_id": run.correlation_id}])
        return Finding(
            user_id=user_id, outcome=Outcome.FAILED, reason="The evaluation failed and is tried again."
        )

    def _look_again(self, run: EvaluationRun) -> None:
        """The index of completions lags: what was stored just before the publish is found at the second look."""
        if run.dry_run or run.look > 1:
            return
        again = new_run(
            f"{run.evaluation_id}-2",
            run.certification_id,
            dry_run=False,
            now=self._clock.now(),
            actor=run.created_by,
            max_awards=run.max_awards,
            reason="second look",
            look=run.look + 1,
            correlation_id=run.correlation_id,
        )
        try:
            self._evaluations.add(again)
        except AlreadyExistsError:
            logger.info("the second look is planned already", extra={"evaluation_id": run.evaluation_id})

    def _saved(self, run: EvaluationRun) -> EvaluationRun:
        self._evaluations.save(run)
        return run


def tried(definition: Certification, trial: Mapping[str, Any] | None) -> Certification:
    """The definition with what a dry run wants to try instead of its own parts (R23)."""
    if not trial:
        return definition
    readers: dict[str, Callable[[Any], Any]] = {
        "requirements": shapes.requirements_from_json,
        "expiration": shapes.expiration_from_json,
        "permissions": shapes.permissions_from_json,
        "renewal": shapes.renewal_from_json,
    }
    parts = {name: readers[name](value) for name, value in trial.items() if value is not None}
    return replace(definition, **parts)


def start_evaluation(
    certification: Certification | None, run: EvaluationRun, evaluations: Evaluations, **receipt: Any
) -> EvaluationRun:
    """Add a run that was asked for; the stream starts it. `InvalidError` where it would make no sense."""
    if certification is None:
        raise NotFoundError("there is no such certification")
    if certification.type is not HolderType.USER:
        raise _invalid("/certification_id", "by_hand_only", "Organizations are awarded by hand only (R31).")
    if not run.dry_run and certification.publish_status is not PublishStatus.PUBLISHED:
        words = "Only a published certification awards; a dry run works on any."
        raise _invalid("/dry_run", "not_published", words)
    checked(tried(certification, run.trial))
    evaluations.add(run, **receipt)
    return run


def _invalid(pointer: str, code: str, message: str) -> InvalidError:
    return InvalidError(message, errors=(FieldError(pointer=pointer, code=code, message=message),))


def _has_any(record: UserRecord, courses: Container[str]) -> bool:
    """The index may still name who has none of them any more."""
    return any(completion.course_id in courses for completion in record.course_completions)


def _made_by(
    record: UserRecord, certification: Certification, actor: str
) -> tuple[CertificationCompletion, ...]:
    """What this very run awarded, also before it died and was started again: counted all the same."""
    return tuple(
        c for c in cycles(record, certification.certification_id) if c.changed_by == actor and c.revision == 1
    )


def _found(user_id: str, awarded: Sequence[CertificationCompletion], reason: str, *, done: bool) -> Finding:
    if not awarded:
        return Finding(user_id=user_id, outcome=Outcome.UNCHANGED, reason=reason)
    expired = all(completion.lapsed_on is not None for completion in awarded)
    valid, lapsed = (
        (Outcome.AWARDED, Outcome.AWARDED_EXPIRED)
        if done
        else (Outcome.WOULD_AWARD, Outcome.WOULD_AWARD_EXPIRED)
    )
    return Finding(
        user_id=user_id,
        outcome=lapsed if expired else valid,
        reason="All requirements are satisfied; it has expired already."
        if expired
        else "All requirements are satisfied.",
    )
