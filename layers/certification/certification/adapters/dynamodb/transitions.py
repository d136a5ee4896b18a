"""The due index and the sweep's writes: two units for a lapse, and no read of the completion itself."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items import completions as items
from certification.adapters.dynamodb.items.values import iso
from certification.adapters.dynamodb.table import (
    All,
    ConditionFailedError,
    Equals,
    Item,
    Key,
    Query,
    Table,
    Update,
)
from certification.domain.evaluation import Moment
from certification.domain.ports import Slice, StartKey
from certification.domain.transitions import LAPSE_REASON, Awaiting, DueEntry, DuePage, Step

logger = logging.getLogger(__name__)


class DynamoDBTransitions:
    """Implements the port `Transitions`."""

    shards = keys.SHARDS

    def __init__(self, table: Table) -> None:
        self._table = table

    def due(self, shard: int, *, before: date, limit: int, start: StartKey | None = None) -> DuePage:
        page = self._table.query(
            Query(
                pk=keys.due_pk(shard),
                index="due",
                sk_less_than=keys.due_before(before),
                limit=limit,
                start=start,
            )
        )
        entries = tuple(entry for item in page.items if (entry := _entry(item)) is not None)
        return DuePage(entries=entries, unreadable=len(page.items) - len(entries), next=page.next)

    def awaiting(self, entries: Sequence[DueEntry]) -> Sequence[Awaiting]:
        found = self._table.get_many([_key(entry) for entry in entries], consistent=True)
        return [_awaiting(item) for item in found.values()]

    def of_certification(
        self, certification_id: str, *, limit: int, start: StartKey | None = None
    ) -> Slice[Awaiting]:
        parent = keys.certification_parent(certification_id)
        page = self._table.query(Query(pk=parent, index="parent", limit=limit, start=start))
        found = self._table.get_many([Key(item["pk"], item["sk"]) for item in page.items], consistent=True)
        readable = (_readable(item) for item in found.values())
        return Slice(items=tuple(one for one in readable if one is not None), next=page.next)

    def lapse(self, entry: DueEntry, moment: Moment) -> bool:
        return self._holds(
            Update(
                key=_key(entry),
                set={
                    "lapsed_on": iso(entry.due.on),
                    "changed_at": iso(moment.now),
                    "changed_by": moment.actor,
                    "reason": LAPSE_REASON,
                    "correlation_id": moment.correlation_id,
                },
                add={"revision": 1},
                remove=("due_pk", "due_sk"),
                condition=Equals("due_sk", keys.due_sk(entry.due)),
            )
        )

    def take(self, step: Step) -> bool:
        return self._holds(_update(step))

    def _holds(self, update: Update) -> bool:
        """One by one, unlike elsewhere: the stream follows each, and an emulator's knows no PartiQL (ADR 9)."""
        try:
            self._table.write(update)
        except ConditionFailedError:
            return False
        return True


def _entry(item: Item) -> DueEntry | None:
    try:
        holder, certification_id, cycle = keys.completion_of(Key(item["pk"], item["sk"]))
        due = keys.due_of(item["due_sk"])
    except ValueError:
        logger.exception(
            "an entry of the due index cannot be read", extra={"pk": item["pk"], "sk": item["sk"]}
        )
        return None
    return DueEntry(holder=holder, certification_id=certification_id, cycle=cycle, due=due)


def _awaiting(item: Item) -> Awaiting:
    return Awaiting(
        completion=items.completion_from_item(item),
        due=keys.due_of(item["due_sk"]) if "due_sk" in item else None,
    )


def _readable(item: Item) -> Awaiting | None:
    try:
        return _awaiting(item)
    except (KeyError, TypeError, ValueError):
        logger.exception("a completion cannot be read", extra={"pk": item["pk"], "sk": item["sk"]})
        return None


def _key(entry: DueEntry) -> Key:
    return keys.completion(entry.holder, entry.certification_id, entry.cycle)


def _update(step: Step) -> Update:
    """Only what differs; the condition names the day and the revision that were read."""
    completion, due = step.before.completion, step.before.due
    if due is None:
        raise ValueError("nothing is due there")
    old = items.completion_to_item(completion)
    new = items.completion_to_item(step.after, step.reminders)
    old |= {"due_pk": keys.due_pk(keys.due_shard(old["pk"])), "due_sk": keys.due_sk(due)}
    return Update(
        key=keys.completion(completion.holder, completion.certification_id, completion.cycle),
        set={name: value for name, value in new.items() if old.get(name) != value},
        remove=tuple(name for name in old if name not in new),
        condition=All((Equals("due_sk", keys.due_sk(due)), Equals("revision", completion.revision))),
    )
