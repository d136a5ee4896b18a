"""What the use cases need from the outside, as contracts. The table's implementations live in `adapters/dynamodb`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from certification.domain.errors import CertificationServiceError

if TYPE_CHECKING:  # whoever names a port need not pay for all the rules at its cold start
    from certification.domain.api_keys import ApiKey
    from certification.domain.course_completion_message import UserReference
    from certification.domain.evaluation import Moment
    from certification.domain.evaluation_run import EvaluationRun
    from certification.domain.history import HistoryEntry
    from certification.domain.model import (
        Certification,
        CertificationCompletion,
        Course,
        CourseCompletion,
        Duration,
        Holder,
        Identity,
        Organization,
        Requirements,
        User,
    )
    from certification.domain.parking import ParkedCompletion
    from certification.domain.reconciliation import Reconciliation
    from certification.domain.retractions import Retraction
    from certification.domain.transitions import Awaiting, DueEntry, DuePage, Step

T = TypeVar("T")
StartKey = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice(Generic[T]):
    """A part of a list; `next` is where the following part starts, None at the end."""

    items: tuple[T, ...]
    next: StartKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The answer to a creating request under an `Idempotency-Key`, stored in the same transaction as its effect.

    A repetition by the same actor with the same key gets this answer (R26); `request_hash` tells other content apart;
    `expires_at` is when it may be forgotten (epoch seconds).
    """

    actor: str
    key: str
    request_hash: str
    status: int
    body: str
    headers: Mapping[str, str]
    expires_at: int


class RepeatedRequestError(CertificationServiceError):
    """The effect under this idempotency key exists already: answer with its receipt. Nothing was written."""

    code = "repeated-request"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRecord:
    """One consistent look at a user's partition. `user` is None for an id that nobody has defined yet.

    The course completions that a retraction covers are marked with it, whether that is stored on them yet or not.
    """

    user: User | None
    course_completions: tuple[CourseCompletion, ...]
    completions: tuple[CertificationCompletion, ...]
    retractions: tuple[Retraction, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """A published certification that requires a course, with its requirements. The definition decides, not the hint."""

    certification_id: str
    requirements: Requirements


@dataclass(frozen=True, slots=True, kw_only=True)
class UserPage:
    """Ids of users in their order, each once; `more`: others follow, so this one is not empty."""

    users: tuple[str, ...]
    more: bool


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant, aware, in UTC."""


class Ledger(Protocol):
    """Course completions and certification completions, by holder. Single reads are strongly consistent."""

    def read_user(self, user_id: str) -> UserRecord:
        """Profile, course completions and certification completions of a user, in one consistent query."""

    def completions_of(
        self, holder: Holder, certification_id: str | None = None
    ) -> tuple[CertificationCompletion, ...]:
        """All cycles of a holder, of one certification where given; consistent."""

    def completion(
        self, holder: Holder, certification_id: str, cycle: int
    ) -> CertificationCompletion | None: ...

    def add_course_completions(self, completions: Sequence[CourseCompletion]) -> list[bool]:
        """Store each if its identity is new (R12); per completion, whether it was. What exists is left as it is."""

    def amend_course_completion(self, completion: CourseCompletion) -> None:
        """Write the next revision; `ChangedMeanwhileError` where the stored one is not the one before it."""

    def add_retractions(self, retractions: Sequence[Retraction]) -> None:
        """Store each; what is stored already stays as it is."""

    def void_event(self, source: str, event_id: str, at: datetime) -> str | None:
        """Store that this event was taken back at `at`; then look whose it was: the user's id, if known by now."""

    def own_event(self, source: str, event_id: str, user_id: str) -> datetime | None:
        """Store whose event this is; then look whether it was taken back already, and when (R30)."""

    def add_completion(
        self,
        completion: CertificationCompletion,
        *,
        reminders: Iterable[Duration],
        siblings: Sequence[CertificationCompletion] = (),
        changed: Sequence[CertificationCompletion] = (),
        receipt: Receipt | None = None,
    ) -> None:
        """Put a new cycle; with it the next revisions in `changed`, provided that `siblings` are still as read.

        `siblings` are all other cycles of this holder and certification (without those in `changed`). Cycle 1 alone
        is one plain conditional put. `ChangedMeanwhileError`: read and decide again; `RepeatedRequestError`.
        """

    def add_cycles(
        self,
        completions: Sequence[CertificationCompletion],
        *,
        reminders: Iterable[Duration],
        siblings: Sequence[CertificationCompletion] = (),
        changed: Sequence[CertificationCompletion] = (),
    ) -> None:
        """Like `add_completion`, for several new cycles of one holder and certification: all of them or none."""

    def amend_completion(
        self,
        completion: CertificationCompletion,
        *,
        reminders: Iterable[Duration],
        siblings: Sequence[CertificationCompletion] | None = None,
        changed: Sequence[CertificationCompletion] = (),
        receipt: Receipt | None = None,
    ) -> None:
        """Write the next revision. Where validity moves: provided that `siblings` are still all others, as read.

        None for `siblings`: validity does not move, so the others do not matter. `ChangedMeanwhileError`.
        """

    def completions_of_certification(
        self, certification_id: str, *, limit: int, start: StartKey | None = None
    ) -> Slice[CertificationCompletion]:
        """A page over all holders; may lag by a moment."""

    def course_completions_of_user(
        self, user_id: str, *, limit: int, start: StartKey | None = None
    ) -> Slice[CourseCompletion]: ...

    def course_completions_of_course(
        self, course_id: str, *, limit: int, start: StartKey | None = None
    ) -> Slice[CourseCompletion]: ...

    def users_with_course(self, course_id: str, *, limit: int, after: str = "") -> UserPage:
        """Who completed a course, from `limit` of its completions on; from the lagging index, keys only."""


class Definitions(Protocol):
    """Certifications and the hints that lead from courses to them."""

    def certification(self, certification_id: str) -> Certification | None:
        """Strongly consistent."""

    def certifications(self, certification_ids: Iterable[str]) -> Mapping[str, Certification]:
        """Those that exist, strongly consistent."""

    def hints(self, course_id: str) -> tuple[Hint, ...]:
        """Certifications that may require this course, eventually consistent (publishing looks again)."""

    def version(self, certification_id: str, number: int) -> Certification | None:
        """As it was published; None for what never was."""

    def versions(
        self, certification_id: str, *, limit: int, start: StartKey | None = None
    ) -> Slice[Certification]:
        """What was published, the first version first."""

    def page(self, *, limit: int, start: StartKey | None = None) -> Slice[Certification]: ...

    def add(self, certification: Certification, *, receipt: Receipt | None = None) -> None:
        """Put a new one; `RepeatedRequestError` where the receipt's key was used before."""

    def save(
        self, certification: Certification, *, previous: Certification, run: EvaluationRun | None = None
    ) -> None:
        """Write the next revision; `ChangedMeanwhileError` where another came first.

        In the same transaction: the hints of its courses (only what is published has any), the version's snapshot
        when it is frozen for the first time (R22), and the evaluation `run` that the change calls for.
        """

    def delete(self, certification: Certification) -> None:
        """Remove what was never published (R24); `ChangedMeanwhileError` where it changed since it was read."""


class Directory(Protocol):
    """Courses, organizations and users, and who or what an outside system means. Reads by id are strongly consistent.

    `save_…` writes the next revision (the first, where `previous` is None) with its identities, all or nothing:
    `ChangedMeanwhileError` where it is not as read, `ConflictError` where an identity belongs to another.
    """

    def course(self, course_id: str) -> Course | None: ...

    def courses(self, course_ids: Iterable[str]) -> Mapping[str, Course]:
        """Those that exist."""

    def organization(self, organization_id: str) -> Organization | None: ...

    def user(self, user_id: str) -> User | None: ...

    def users(self, user_ids: Iterable[str]) -> Mapping[str, User]:
        """Those that exist; may lag by a moment."""

    def user_ids(
        self, identities: Iterable[Identity], emails: Iterable[str]
    ) -> tuple[Mapping[Identity, str], Mapping[str, str]]:
        """Who is meant, strongly consistent: identity → user id, and lower-cased e-mail → user id."""

    def course_ids(self, identities: Iterable[Identity]) -> Mapping[Identity, str]:
        """Which course of ours an outside course is, strongly consistent."""

    def members(self, organization_id: str, *, limit: int, start: StartKey | None = None) -> Slice[str]:
        """User ids of an organization's members; may lag by a moment."""

    def course_page(self, *, limit: int, start: StartKey | None = None) -> Slice[Course]: ...

    def organization_page(self, *, limit: int, start: StartKey | None = None) -> Slice[Organization]: ...

    def user_page(self, *, limit: int, start: StartKey | None = None) -> Slice[User]: ...

    def save_course(self, course: Course, *, previous: Course | None) -> None: ...

    def save_organization(self, organization: Organization, *, previous: Organization | None) -> None: ...

    def save_user(self, user: User, *, previous: User | None) -> None: ...

    def delete_course(self, course: Course) -> None: ...

    def delete_organization(self, organization: Organization) -> None: ...

    def delete_user(self, user: User) -> None: ...


class Queue(Protocol):
    """One SQS queue."""

    def send(self, bodies: Sequence[Mapping[str, Any]], *, delay_seconds: int = 0) -> None:
        """Send each body as a JSON message; all are sent when this returns, or it raises."""


class Receipts(Protocol):
    def find(self, actor: str, key: str) -> Receipt | None: ...


class Evaluations(Protocol):
    """Evaluation runs (R23). The stream starts what is added."""

    def run(self, evaluation_id: str) -> EvaluationRun | None:
        """Strongly consistent."""

    def add(self, run: EvaluationRun, *, receipt: Receipt | None = None) -> None:
        """Put a new run; `AlreadyExistsError` for the same id, `RepeatedRequestError` for the receipt's key."""

    def save(self, run: EvaluationRun) -> None:
        """Write the next revision; `ChangedMeanwhileError` where another worker wrote it first."""


class Parking(Protocol):
    """Course completions whose user is unknown, under everything that may come to name the user (R17)."""

    def park(self, entries: Sequence[ParkedCompletion]) -> None:
        """Keep each until its user appears; again is harmless. Then look for the user once more: one sees the other."""

    def parked_under(self, user: UserReference) -> tuple[ParkedCompletion, ...]:
        """What waits for any of these, strongly consistent, without what was discarded."""

    def find(self, parked_id: str) -> ParkedCompletion | None: ...

    def page(
        self, *, limit: int, start: StartKey | None = None, discarded: bool = False
    ) -> Slice[ParkedCompletion]:
        """A page of what waits, or of what was discarded; may lag by a moment."""

    def remove(self, entry: ParkedCompletion) -> None:
        """Forget it, unless it was parked again since it was read."""

    def settle(self, entry: ParkedCompletion, user_id: str) -> None:
        """A person said whose it is: it waits no longer, nor again when it is delivered again."""

    def discard(self, entry: ParkedCompletion, *, reason: str, actor: str, now: datetime) -> ParkedCompletion:
        """Give it up: kept 400 days, never released. `ChangedMeanwhileError` where it is not as read."""


class Reconciliations(Protocol):
    """Reports of comparing everyone's awards with what is stored."""

    def find(self, reconciliation_id: str) -> Reconciliation | None: ...

    def add(self, run: Reconciliation) -> None:
        """Put a new one; `AlreadyExistsError` for the same id."""

    def save(self, run: Reconciliation) -> None:
        """Write the next revision; `ChangedMeanwhileError` where another worker wrote it first."""

    def page(self, *, limit: int, start: StartKey | None = None) -> Slice[Reconciliation]:
        """The latest first."""


class ApiKeys(Protocol):
    def find(self, key_id: str) -> ApiKey | None: ...

    def add(self, key: ApiKey, *, receipt: Receipt | None = None) -> None:
        """Put a new key; `RepeatedRequestError` where the receipt's key was used before."""

    def revoke(self, key_id: str, now: datetime) -> None:
        """`NotFoundError` where there is none; again is harmless."""

    def note_use(self, key_id: str, on: date) -> None: ...

    def page(self, *, limit: int, start: StartKey | None = None) -> Slice[ApiKey]: ...


class Secrets(Protocol):
    """Secret texts by name, encrypted, never in the table. Reads may be a minute old."""

    def get(self, name: str) -> str | None: ...

    def put(self, name: str, value: str) -> None: ...

    def get_or_create(self, name: str, value: str) -> str:
        """Store `value` unless there is one; whichever is stored then. `UnavailableError`: it cannot be told yet."""

    def delete(self, name: str) -> None:
        """Again is harmless."""


class History(Protocol):
    """What happened to certification completions (R33)."""

    def add(self, entries: Sequence[HistoryEntry]) -> int:
        """Store each under its revision, unless it is there; how many were not."""

    def page(
        self,
        holder: Holder,
        certification_id: str,
        cycle: int,
        *,
        limit: int,
        start: StartKey | None = None,
    ) -> Slice[HistoryEntry]:
        """The oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event out: `detail` is JSON."""

    type: str
    occurred_at: datetime
    detail: Mapping[str, Any]


class EventBus(Protocol):
    def publish(self, events: Sequence[Event]) -> None:
        """All are on the bus when this returns, or it raises; then some may be. At least once."""


class CompletionLists(Protocol):
    """Certification completions in pages; those of a certification may lag by a moment."""

    def of_holder(
        self, holder: Holder, *, limit: int, start: StartKey | None = None
    ) -> Slice[CertificationCompletion]: ...

    def of_certification(
        self, certification_id: str, *, limit: int, start: StartKey | None = None
    ) -> Slice[CertificationCompletion]: ...


class Transitions(Protocol):
    """The index of what is due, and the writes of the sweep (R10)."""

    shards: int

    def due(self, shard: int, *, before: date, limit: int, start: StartKey | None = None) -> DuePage:
        """Due before this day, the longest ago first; may lag by a moment in both directions."""

    def awaiting(self, entries: Sequence[DueEntry]) -> Sequence[Awaiting]:
        """The completions behind these entries, strongly consistent, in any order; without those that are gone."""

    def of_certification(
        self, certification_id: str, *, limit: int, start: StartKey | None = None
    ) -> Slice[Awaiting]:
        """All its completions, from a lagging index; each as it is now, without those that cannot be read."""

    def lapse(self, entry: DueEntry, moment: Moment) -> bool:
        """Record the lapse that the entry says, without a read; whether the completion still said so."""

    def take(self, step: Step) -> bool:
        """Write it if its completion is as it was read; whether it was."""
