"""The holder's partition: course completions and certification completions, and the conditions that make them exact."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items import completions as items
from certification.adapters.dynamodb.items import directory as directory_items
from certification.adapters.dynamodb.items import retractions as retraction_items
from certification.adapters.dynamodb.items.receipts import receipt_to_item
from certification.adapters.dynamodb.items.values import required_instant
from certification.adapters.dynamodb.table import (
    Absent,
    Check,
    ConditionFailedError,
    Equals,
    Key,
    Put,
    Query,
    Table,
    TransactionFailedError,
    Write,
)
from certification.domain.errors import ChangedMeanwhileError
from certification.domain.model import (
    CertificationCompletion,
    CourseCompletion,
    Duration,
    Holder,
    HolderType,
    User,
)
from certification.domain.ports import Receipt, RepeatedRequestError, Slice, StartKey, UserPage, UserRecord
from certification.domain.retractions import Retraction, retracted

# A transaction takes a hundred items. Of more siblings the latest are checked: those that ended dozens of cycles ago
# would have to be given another end in the very moment of the write.
MOST_SIBLINGS = 90


class DynamoDBLedger:
    """Implements the port `Ledger`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def read_user(self, user_id: str) -> UserRecord:
        user: User | None = None
        course_completions, completions, retractions = [], [], []
        holder = Holder(type=HolderType.USER, id=user_id)
        for item in self._table.query_all(Query(pk=keys.holder_pk(holder), consistent=True)):
            match item["entity"]:
                case items.COURSE_COMPLETION:
                    course_completions.append(items.course_completion_from_item(item))
                case items.CERTIFICATION_COMPLETION:
                    completions.append(items.completion_from_item(item))
                case retraction_items.RETRACTION:
                    retractions.append(retraction_items.retraction_from_item(item))
                case directory_items.USER:
                    user = directory_items.user_from_item(item)
        return UserRecord(
            user=user,
            course_completions=retracted(course_completions, retractions),
            completions=tuple(completions),
            retractions=tuple(retractions),
        )

    def completions_of(
        self, holder: Holder, certification_id: str | None = None
    ) -> tuple[CertificationCompletion, ...]:
        prefix = keys.completion_prefix(certification_id) if certification_id else keys.COMPLETION_PREFIX
        found = self._table.query_all(Query(pk=keys.holder_pk(holder), sk_prefix=prefix, consistent=True))
        return tuple(items.completion_from_item(item) for item in found)

    def completion(self, holder: Holder, certification_id: str, cycle: int) -> CertificationCompletion | None:
        item = self._table.get(keys.completion(holder, certification_id, cycle))
        return items.completion_from_item(item) if item else None

    def add_course_completions(self, completions: Sequence[CourseCompletion]) -> list[bool]:
        puts = [Put(items.course_completion_to_item(completion), Absent()) for completion in completions]
        return [result.ok for result in self._table.write_each(puts)]

    def amend_course_completion(self, completion: CourseCompletion) -> None:
        item = items.course_completion_to_item(completion)
        self._write(Put(item, Equals("revision", completion.revision - 1)))

    def add_retractions(self, retractions: Sequence[Retraction]) -> None:
        self._table.write_each([Put(retraction_items.retraction_to_item(r), Absent()) for r in retractions])

    def void_event(self, source: str, event_id: str, at: datetime) -> str | None:
        self._table.write(Put(retraction_items.event_void_to_item(source, event_id, at)))
        owner = self._table.get(keys.event_user(source, event_id))
        return owner["user_id"] if owner else None

    def own_event(self, source: str, event_id: str, user_id: str) -> datetime | None:
        self._table.write(Put(retraction_items.event_user_to_item(source, event_id, user_id)))
        void = self._table.get(keys.event_void(source, event_id))
        return required_instant(void, "at") if void else None

    def add_completion(
        self,
        completion: CertificationCompletion,
        *,
        reminders: Iterable[Duration],
        siblings: Sequence[CertificationCompletion] = (),
        changed: Sequence[CertificationCompletion] = (),
        receipt: Receipt | None = None,
    ) -> None:
        put = Put(items.completion_to_item(completion, reminders), Absent())
        self._write(put, _with(siblings, changed, reminders), receipt)

    def add_cycles(
        self,
        completions: Sequence[CertificationCompletion],
        *,
        reminders: Iterable[Duration],
        siblings: Sequence[CertificationCompletion] = (),
        changed: Sequence[CertificationCompletion] = (),
    ) -> None:
        first, *more = [Put(items.completion_to_item(c, reminders), Absent()) for c in completions]
        self._write(first, [*more, *_with(siblings, changed, reminders)])

    def amend_completion(
        self,
        completion: CertificationCompletion,
        *,
        reminders: Iterable[Duration],
        siblings: Sequence[CertificationCompletion] | None = None,
        changed: Sequence[CertificationCompletion] = (),
        receipt: Receipt | None = None,
    ) -> None:
        put = _next_revision(completion, reminders)
        if siblings is None:
            self._write(put, _with((), changed, reminders), receipt)
        else:
            following = _following([completion, *siblings, *changed])
            self._write(put, [*_with(siblings, changed, reminders), Check(following, Absent())], receipt)

    def _write(self, first: Put, others: Sequence[Write] = (), receipt: Receipt | None = None) -> None:
        """One write alone costs half of what it costs in a transaction; several go together or not at all."""
        writes: list[Write] = [first, *others]
        if receipt is not None:
            writes.append(Put(receipt_to_item(receipt), Absent()))
        try:
            if len(writes) == 1:
                self._table.write(first)
            else:
                self._table.write_together(writes)
        except ConditionFailedError as exc:
            raise ChangedMeanwhileError("somebody else wrote this first") from exc
        except TransactionFailedError as exc:
            if receipt is not None and exc.condition_failed(len(writes) - 1):
                raise RepeatedRequestError("this request was carried out before") from exc
            raise ChangedMeanwhileError("somebody else wrote one of these first") from exc

    def completions_of_certification(
        self, certification_id: str, *, limit: int, start: StartKey | None = None
    ) -> Slice[CertificationCompletion]:
        parent = keys.certification_parent(certification_id)
        found, following = self._children(parent, limit, start)
        return Slice(items=tuple(items.completion_from_item(item) for item in found), next=following)

    def course_completions_of_user(
        self, user_id: str, *, limit: int, start: StartKey | None = None
    ) -> Slice[CourseCompletion]:
        pk = keys.user(user_id).pk
        page = self._table.query(
            Query(pk=pk, sk_prefix=keys.COURSE_COMPLETION_PREFIX, consistent=True, limit=limit, start=start)
        )
        found = tuple(items.course_completion_from_item(item) for item in page.items)
        return Slice(items=found, next=page.next)

    def course_completions_of_course(
        self, course_id: str, *, limit: int, start: StartKey | None = None
    ) -> Slice[CourseCompletion]:
        found, following = self._children(keys.course_parent(course_id), limit, start)
        return Slice(items=tuple(items.course_completion_from_item(item) for item in found), next=following)

    def users_with_course(self, course_id: str, *, limit: int, after: str = "") -> UserPage:
        page = self._table.query(
            Query(
                pk=keys.course_parent(course_id),
                index="parent",
                sk_between=keys.course_users_after(after),
                limit=limit,
            )
        )
        users = dict.fromkeys(keys.holder_of(item["pk"]).id for item in page.items)
        return UserPage(users=tuple(users), more=page.next is not None)

    def _children(
        self, parent: str, limit: int, start: StartKey | None
    ) -> tuple[list[dict[str, object]], StartKey | None]:
        """The items behind a page of the keys-only index, in its order."""
        page = self._table.query(Query(pk=parent, index="parent", limit=limit, start=start))
        wanted = [Key(item["pk"], item["sk"]) for item in page.items]
        found = self._table.get_many(wanted)
        return [found[key] for key in wanted if key in found], page.next


def _with(
    siblings: Sequence[CertificationCompletion],
    changed: Sequence[CertificationCompletion],
    reminders: Iterable[Duration],
) -> list[Write]:
    latest = sorted(siblings, key=lambda sibling: sibling.cycle)[-MOST_SIBLINGS:]
    return [
        *(_next_revision(completion, reminders) for completion in changed),
        *(Check(_key(sibling), Equals("revision", sibling.revision)) for sibling in latest),
    ]


def _following(cycles: Sequence[CertificationCompletion]) -> Key:
    """Where the next cycle will be: whoever checks that it is absent knows all cycles that there are."""
    last = max(cycles, key=lambda c: c.cycle)
    return keys.completion(last.holder, last.certification_id, last.cycle + 1)


def _next_revision(completion: CertificationCompletion, reminders: Iterable[Duration]) -> Put:
    item = items.completion_to_item(completion, reminders)
    return Put(item, Equals("revision", completion.revision - 1))


def _key(completion: CertificationCompletion) -> Key:
    return keys.completion(completion.holder, completion.certification_id, completion.cycle)
