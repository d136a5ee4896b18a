"""Fakes with the real things' semantics; `tests/contract` holds them to the same contract as DynamoDB."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ParamSpec, TypeVar

from certification.adapters.dynamodb.marshalling import from_attribute, marshal, to_attribute
from certification.adapters.dynamodb.table import (
    Absent,
    All,
    AnyOf,
    AttributeAbsent,
    Check,
    Condition,
    ConditionFailedError,
    Delete,
    EachWrite,
    Equals,
    Exists,
    Item,
    Key,
    NotEquals,
    Page,
    Put,
    Query,
    ThrottledError,
    TransactionFailedError,
    Update,
    Write,
    WriteResult,
)
from certification.domain.ports import Event

P = ParamSpec("P")
T = TypeVar("T")

INDEXES = {
    "listing": ("listing_pk", "listing_sk", False),
    "parent": ("parent_pk", "parent_sk", True),
    "due": ("due_pk", "due_sk", True),
}
PAGE_SIZE = 1000


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the stream."""

    sequence: int
    key: Key
    old: Item | None
    new: Item | None


@dataclass
class InMemoryTable:
    """A table with DynamoDB's semantics: conditions, transactions, sparse indexes that may lag, consumed units.

    `before_effect` and `after_effect` are called around every write (with its name): raise there and the process has
    died before or after it. `lag`: how many of the last changes the indexes and eventual reads do not show yet.
    """

    lag: int = 0
    throttled: bool = False
    before_effect: Callable[[str], None] | None = None
    after_effect: Callable[[str], None] | None = None
    items: dict[Key, Item] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    written_units: float = 0
    read_units: float = 0
    calls: dict[str, int] = field(default_factory=dict)

    def load(self, items: Iterable[Item]) -> None:
        """Put items there, past all counting."""
        self.items.update({Key(item["pk"], item["sk"]): item for item in items})

    def get(self, key: Key, *, consistent: bool = True) -> Item | None:
        self._call("get")
        item = self._state(consistent).get(Key(*key))
        self._read([item] if item else [], consistent=consistent)
        return copy.deepcopy(item)

    def get_many(self, keys: Iterable[Key], *, consistent: bool = False) -> dict[Key, Item]:
        self._call("get_many")
        state = self._state(consistent)
        wanted = dict.fromkeys(Key(*key) for key in keys)
        found = {key: state[key] for key in wanted if key in state}
        for key in wanted:  # what is not there is charged for as well
            self._read([found[key]] if key in found else [], consistent=consistent)
        return copy.deepcopy(found)

    def query(self, query: Query) -> Page:
        self._call("query")
        rows = self._rows(query)
        if query.start is not None:
            after = _position(query, query.start)
            rows = [row for row in rows if (row[0] < after if query.descending else row[0] > after)]
        limit = query.limit or PAGE_SIZE
        page, more = rows[:limit], len(rows) > limit
        found = [copy.deepcopy(item) for _, item in page]
        read = tuple(_projected(item, query) for item in found)
        self._read(read, consistent=query.consistent)
        return Page(
            items=read,
            next=_start_key(query, page[-1][1]) if more else None,
        )

    def query_all(self, query: Query) -> Iterator[Item]:
        start = query.start
        while True:
            page = self.query(replace(query, start=start))
            yield from page.items
            start = page.next
            if start is None:
                return

    def write(self, write: Put | Update | Delete) -> None:
        self._call("write")
        self._effect(write, lambda: self._apply_checked(write))

    def update(self, update: Update) -> Item:
        self.write(update)
        return copy.deepcopy(self.items[Key(*update.key)])

    def write_together(self, writes: Sequence[Write]) -> None:
        self._call("write_together")
        assert len(writes) <= 100, "DynamoDB takes at most 100 writes in a transaction"
        wanted = [_key(write) for write in writes]
        assert len(set(wanted)) == len(wanted), "DynamoDB refuses two writes of one item in a transaction"
        self._effect(writes[0], lambda: self._apply_together(writes))

    def _apply_together(self, writes: Sequence[Write]) -> None:
        held = [_holds(_condition(write), self.items.get(_key(write))) for write in writes]
        if not all(held):
            self.written_units += 2 * len(writes)
            raise TransactionFailedError(["None" if ok else "ConditionalCheckFailed" for ok in held])
        for write in writes:
            self._apply(write, factor=2)

    def write_each(self, writes: Sequence[EachWrite]) -> list[WriteResult]:
        assert all(_is_for_batches(write) for write in writes), "PartiQL has no words for it"
        keys = [_key(write) for write in writes]
        assert len(set(keys)) == len(keys), "the same key at most once"
        self.calls["write_each"] = self.calls.get("write_each", 0) + (len(writes) + 24) // 25
        return [self._write_one(write) for write in writes]

    def _write_one(self, write: EachWrite) -> WriteResult:
        try:
            self._effect(write, lambda: self._apply_checked(write))
        except ConditionFailedError:
            return WriteResult(ok=False)
        return WriteResult(ok=True)

    def _effect(self, write: Write, apply: Callable[[], None]) -> None:
        if self.throttled:
            raise ThrottledError("throttled on command")
        name = f"{type(write).__name__} {_key(write).sk}"
        if self.before_effect:
            self.before_effect(name)
        apply()
        if self.after_effect:
            self.after_effect(name)

    def _apply_checked(self, write: Put | Update | Delete) -> None:
        present = self.items.get(_key(write))
        if not _holds(write.condition, present):
            self.written_units += 1
            raise ConditionFailedError(copy.deepcopy(present))
        self._apply(write)

    def _apply(self, write: Write, factor: int = 1) -> None:
        key = _key(write)
        old = self.items.get(key)
        new = _result(write, old)
        if isinstance(write, Check):
            self.written_units += factor
            return
        self.written_units += factor * max(_units(old, 1024), _units(new, 1024), 1)
        self.written_units += factor * _index_units(old, new)
        if new is None:
            self.items.pop(key, None)
        else:
            self.items[key] = new
        if old != new:
            self.changes.append(Change(len(self.changes), key, copy.deepcopy(old), copy.deepcopy(new)))

    def _rows(self, query: Query) -> list[tuple[tuple[str, ...], Item]]:
        """The partition in order, each item with its sort position."""
        state = self._state(query.consistent)
        pk_name, sk_name = INDEXES[query.index][:2] if query.index else ("pk", "sk")
        rows = [
            (_position(query, item), item)
            for item in state.values()
            if item.get(pk_name) == query.pk and sk_name in item and sk_holds(query, item[sk_name])
        ]
        return sorted(rows, key=lambda row: row[0], reverse=query.descending)

    def _state(self, consistent: bool) -> Mapping[Key, Item]:
        if consistent or not self.lag:
            return self.items
        state = dict(self.items)
        for change in reversed(self.changes[-self.lag :]):
            if change.old is None:
                state.pop(change.key, None)
            else:
                state[change.key] = change.old
        return state

    def _read(self, items: Sequence[Item], *, consistent: bool) -> None:
        size = sum(_size(item) for item in items)
        self.read_units += max(1, -(-size // 4096)) * (1 if consistent else 0.5)

    def _call(self, operation: str) -> None:
        self.calls[operation] = self.calls.get(operation, 0) + 1
        if self.throttled:
            raise ThrottledError("throttled on command")

    def stream_event(self, first: int = 0, last: int | None = None) -> dict[str, Any]:
        """The changes as Lambda gets them from the stream."""
        return {"Records": [stream_record(change) for change in self.changes[first:last]]}


def stream_record(change: Change) -> dict[str, Any]:
    kind = "INSERT" if change.old is None else "REMOVE" if change.new is None else "MODIFY"
    images: dict[str, Any] = {"Keys": marshal(change.key._asdict())}
    if change.old is not None:
        images["OldImage"] = marshal(change.old)
    if change.new is not None:
        images["NewImage"] = marshal(change.new)
    return {
        "eventID": f"{change.sequence:032x}",
        "eventName": kind,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/2026-11-20T00:00:00.000",
        "dynamodb": {
            **images,
            "SequenceNumber": f"{change.sequence + 1:021}",
            "SizeBytes": 1,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }


def _key(write: Write) -> Key:
    return Key(write.item["pk"], write.item["sk"]) if isinstance(write, Put) else Key(*write.key)


def _is_for_batches(write: EachWrite) -> bool:
    """A put needs `Absent`, an update equalities or `Exists`, and appends nothing (expressions.py)."""
    if isinstance(write, Put):
        return isinstance(write.condition, Absent)
    return not write.append and _is_of_equalities(write.condition)


def _is_of_equalities(condition: Condition | None) -> bool:
    if isinstance(condition, All):
        return all(_is_of_equalities(part) for part in condition.conditions)
    return isinstance(condition, Equals | Exists)


def _condition(write: Write) -> Condition | None:
    return write.condition


def _holds(condition: Condition | None, item: Item | None) -> bool:
    match condition:
        case None:
            return True
        case Absent():
            return item is None
        case Exists():
            return item is not None
        case Equals(attribute=attribute, value=value):
            return item is not None and attribute in item and _same(item[attribute], value)
        case NotEquals(attribute=attribute, value=value):
            return item is None or attribute not in item or not _same(item[attribute], value)
        case AttributeAbsent(attribute=attribute):
            return item is None or attribute not in item
        case All(conditions=conditions):
            return all(_holds(part, item) for part in conditions)
        case AnyOf(conditions=conditions):
            return any(_holds(part, item) for part in conditions)


def _same(one: Any, other: Any) -> bool:
    return to_attribute(one) == to_attribute(other) or (
        type(one) is not bool and type(other) is not bool and one == other
    )


def _result(write: Write, old: Item | None) -> Item | None:
    match write:
        case Put(item=item):
            return _stored(item)
        case Delete():
            return None
        case Check():
            return old
    new: Item = copy.deepcopy(old) if old is not None else dict(write.key._asdict())
    new.update(_stored(dict(write.set)))
    for name, number in write.add.items():
        new[name] = new.get(name, 0) + number
    for name, elements in write.append.items():
        new[name] = [*new.get(name, []), *_stored({"l": list(elements)})["l"]]
    for name in write.remove:
        new.pop(name, None)
    return new


def _stored(item: Mapping[str, Any]) -> Item:
    """What comes back is what DynamoDB's types keep: the same road as the real table."""
    return {name: from_attribute(to_attribute(value)) for name, value in item.items()}


def sk_holds(query: Query, sk: str) -> bool:
    if query.sk_prefix is not None:
        return sk.startswith(query.sk_prefix)
    if query.sk_between is not None:
        low, high = query.sk_between
        return low <= sk <= high
    if query.sk_less_than is not None:
        return sk < query.sk_less_than
    return True


def _position(query: Query, item: Mapping[str, Any]) -> tuple[str, ...]:
    if query.index is None:
        return (item["sk"],)
    return (item[INDEXES[query.index][1]], item["pk"], item["sk"])


def _start_key(query: Query, item: Item) -> dict[str, Any]:
    names = ["pk", "sk", *(INDEXES[query.index][:2] if query.index else ())]
    return {name: item[name] for name in names}


def _projected(item: Item, query: Query) -> Item:
    if query.index is None or not INDEXES[query.index][2]:
        return item
    names = {"pk", "sk", *INDEXES[query.index][:2]}
    return {name: value for name, value in item.items() if name in names}


def _size(item: Item) -> int:
    """Bytes as DynamoDB counts them: names, texts in UTF-8, numbers by their digits, an overhead for each nesting."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if value is None or isinstance(value, bool):
        return 1
    if isinstance(value, Mapping):
        return 3 + sum(1 + len(name.encode()) + _value_size(inner) for name, inner in value.items())
    if isinstance(value, (list, tuple)):
        return 3 + sum(1 + _value_size(inner) for inner in value)
    return 1 + -(-len(str(value)) // 2)


def _units(item: Item | None, unit: int) -> int:
    return 0 if item is None else -(-_size(item) // unit)


def _index_units(old: Item | None, new: Item | None) -> int:
    """One for each index entry that is made, removed or moved; and for one that carries what changed."""
    units = 0
    for pk_name, sk_name, keys_only in INDEXES.values():
        before = (old[pk_name], old[sk_name]) if old and pk_name in old and sk_name in old else None
        after = (new[pk_name], new[sk_name]) if new and pk_name in new and sk_name in new else None
        if before == after:
            units += before is not None and not keys_only and old != new
        else:
            units += (before is not None) + (after is not None)
    return units


@dataclass
class FixedClock:
    """Stands still until told otherwise."""

    instant: datetime = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant

    def advance(self, **passed: float) -> None:
        self.instant += timedelta(**passed)


@dataclass
class InMemoryQueue:
    """Keeps what was sent; `refuses` makes `send` fail."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    delays: list[int] = field(default_factory=list)
    refuses: bool = False

    def send(self, bodies: Sequence[Mapping[str, Any]], *, delay_seconds: int = 0) -> None:
        if self.refuses:
            raise ConnectionError("the queue refuses on command")
        for body in bodies:
            self.sent.append(json.loads(json.dumps(body, default=str)))
            self.delays.append(delay_seconds)

    def take(self) -> list[dict[str, Any]]:
        """Everything that was sent, oldest first; afterwards nothing is there."""
        taken, self.sent, self.delays = self.sent, [], []
        return taken


@dataclass
class InMemoryEventBus:
    """Keeps what was published; `refuses` makes `publish` fail."""

    published: list[Event] = field(default_factory=list)
    refuses: bool = False

    def publish(self, events: Sequence[Event]) -> None:
        if self.refuses:
            raise ConnectionError("the bus refuses on command")
        self.published += events


class AtOnce(Executor):
    """Runs in the caller's own turn: a thread of its own would have no place in the order of things."""

    def submit(self, act: Callable[P, T], /, *arguments: P.args, **named: P.kwargs) -> Future[T]:
        done: Future[T] = Future()
        try:
            done.set_result(act(*arguments, **named))
        except Exception as exc:  # noqa: BLE001 whoever asks for the result gets it
            done.set_exception(exc)
        return done
