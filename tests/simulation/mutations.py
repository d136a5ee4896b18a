"""The service with one of its safeguards taken away: what the simulation has to notice (`docs/simulation.md`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from certification.adapters.dynamodb import keys, ledger
from certification.adapters.dynamodb.items import completions as items
from certification.adapters.dynamodb.items.values import iso
from certification.adapters.dynamodb.table import Absent, Exists, Put, Update
from certification.adapters.dynamodb.transitions import DynamoDBTransitions
from certification.domain.ports import UserRecord
from certification.domain.sync import SyncRow
from certification.services import crm_push
from certification.services.course_completion_store import CourseCompletionStore, names_event_only
from certification.services.evaluation_runs import EvaluationRunner
from certification.services.record_course_completions import CourseCompletionRecorder
from certification.services.user_resolution import resolve

Replaced = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Mutation:
    """`owner.name` becomes what `made` makes of it."""

    what: str
    owner: Any
    name: str
    made: Callable[[Replaced], Replaced]

    @contextmanager
    def applied(self) -> Iterator[None]:
        with patch.object(self.owner, self.name, self.made(getattr(self.owner, self.name))):
            yield


def _put_whatever_is_there(write: Replaced) -> Replaced:
    def unconditional(self: Any, first: Put, *others: Any, **more: Any) -> Any:
        is_award = first.item["sk"].startswith(keys.COMPLETION_PREFIX) and first.condition == Absent()
        return write(self, Put(first.item) if is_award else first, *others, **more)

    return unconditional


def _read_before_writing(store: Replaced) -> Replaced:
    """The user's records are read before the completions are stored; each worker knows only its own besides."""

    def stored_late(self: CourseCompletionStore, deliveries: Sequence[Any], now: Any) -> Any:
        users = {d.user_id for d in deliveries} - {d.user_id for d in deliveries if d.message.retracts}
        early = _Early(self._ledger, {user_id: self._ledger.read_user(user_id) for user_id in sorted(users)})
        new = store(self, deliveries, now)
        for delivery in deliveries:
            if delivery.index in new and delivery.user_id in users:
                early.add(self._completion(delivery, now))
        _EARLY[id(self)] = early
        return new

    return stored_late


_EARLY: dict[int, _Early] = {}


class _Early:
    def __init__(self, real: Any, records: dict[str, UserRecord]) -> None:
        self._real = real
        self._records = records

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def add(self, completion: Any) -> None:
        record = self._records[completion.user_id]
        known = (*record.course_completions, completion)
        self._records[completion.user_id] = replace(record, course_completions=known)

    def read_user(self, user_id: str) -> UserRecord:
        found: UserRecord = (
            self._records.pop(user_id) if user_id in self._records else self._real.read_user(user_id)
        )
        return found


def _with_early_records(read: Replaced) -> Replaced:
    def read_early(self: Any, *arguments: Any) -> Any:
        real, self._ledger = self._ledger, _EARLY.get(id(self._store), self._ledger)
        try:
            return read(self, *arguments)
        finally:
            self._ledger = real

    return read_early


def _duplicates_are_done(read: Replaced) -> Replaced:
    def read_new_only(self: Any, deliveries: Sequence[Any], new: set[int], *more: Any) -> Any:
        work = read(self, deliveries, new, *more)
        if work is not None and not any(d.index in new or d.message.retracts for d in deliveries):
            work.candidates = set()
        return work

    return read_new_only


def _other_cycles_unchecked(_: Replaced) -> Replaced:
    def others(_: Any, changed: Sequence[Any], reminders: Any) -> list[Put]:
        return [Put(items.completion_to_item(one, reminders)) for one in changed]

    return others


def _attempts_unmarked(attempted: Replaced) -> Replaced:
    def attempted_without_doubt(row: SyncRow, *arguments: Any, **named: Any) -> SyncRow:
        marked: SyncRow = attempted(row, *arguments, **named)
        return replace(marked, in_doubt=row.in_doubt)

    return attempted_without_doubt


def _lapse_whatever_the_date(_: Replaced) -> Replaced:
    def lapse(self: Any, entries: Sequence[Any], moment: Any) -> list[bool]:
        return [self._holds(_lapse_of(entry, moment)) for entry in entries]

    return lapse


def _lapse_of(entry: Any, moment: Any) -> Update:
    values: Mapping[str, Any] = {
        "lapsed_on": iso(entry.due.on),
        "changed_at": iso(moment.now),
        "changed_by": moment.actor,
        "reason": "the last valid day has passed",
    }
    key = keys.completion(entry.holder, entry.certification_id, entry.cycle)
    remove = ("due_pk", "due_sk")
    return Update(key=key, set=values, add={"revision": 1}, remove=remove, condition=Exists())


def _park_and_forget(_: Replaced) -> Replaced:
    """What is parked is not looked up again."""

    def known_at_once(self: Any, messages: Any, batch: Any) -> Any:
        resolved = self._store.owners_of_voided(resolve(messages, self._directory))
        unknown = [d for d in resolved if d.user_id is None and not names_event_only(d)]
        if unknown:
            self._park(unknown, batch)
        return [d for d in resolved if d.user_id is not None]

    return known_at_once


def _no_second_look(_: Replaced) -> Replaced:
    def look_again(self: Any, run: Any) -> None:
        return None

    return look_again


MUTATIONS: Mapping[str, tuple[Mutation, ...]] = {
    "put-condition": (
        Mutation(
            "an award is put whatever is there", ledger.DynamoDBLedger, "_write", _put_whatever_is_there
        ),
    ),
    "write-then-read": (
        Mutation("records are read before the write", CourseCompletionStore, "store", _read_before_writing),
        Mutation("and used afterwards", CourseCompletionRecorder, "_read_ahead", _with_early_records),
    ),
    "duplicate": (
        Mutation("a duplicate is not evaluated", CourseCompletionRecorder, "_take_up", _duplicates_are_done),
    ),
    "cycle-check": (Mutation("a new cycle checks no other one", ledger, "_with", _other_cycles_unchecked),),
    "attempting": (Mutation("nothing is marked before a push", crm_push, "attempted", _attempts_unmarked),),
    "transition-date": (
        Mutation("a lapse names no date", DynamoDBTransitions, "lapse", _lapse_whatever_the_date),
    ),
    "second-look": (
        Mutation(
            "what is parked is not looked up again", CourseCompletionRecorder, "_known", _park_and_forget
        ),
    ),
    "run-look": (Mutation("a run looks only once", EvaluationRunner, "_look_again", _no_second_look),),
}


# Which seed noticed first (docs/simulation.md). Another order of effects in the service may move them.
NOTICED_BY: Mapping[str, int] = {
    "put-condition": 4,
    "write-then-read": 11,
    "duplicate": 2,
    "cycle-check": 392,
    "attempting": 16,
    "transition-date": 1,
    "second-look": 172,
    "run-look": 165,
}


@contextmanager
def mutated(name: str) -> Iterator[None]:
    with ExitStack() as stack:
        for mutation in MUTATIONS[name]:
            stack.enter_context(mutation.applied())
        yield
