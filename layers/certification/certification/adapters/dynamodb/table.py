"""One DynamoDB table as the repositories see it: typed writes with typed conditions, and two kinds of reads.

`ClientTable` speaks to DynamoDB, the tests' `InMemoryTable` is held to the same contract. Attribute values are plain
Python: text, bool, int, float (decimals never leave the adapter), lists and dicts of these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from certification.domain.errors import UnavailableError

Item = dict[str, Any]


class Key(NamedTuple):
    pk: str
    sk: str


@dataclass(frozen=True, slots=True)
class Absent:
    """No item has this key."""


@dataclass(frozen=True, slots=True)
class Exists:
    """An item has this key."""


@dataclass(frozen=True, slots=True)
class Equals:
    attribute: str
    value: Any


@dataclass(frozen=True, slots=True)
class NotEquals:
    """Also true where the attribute, or the item, is absent (as in DynamoDB)."""

    attribute: str
    value: Any


@dataclass(frozen=True, slots=True)
class AttributeAbsent:
    """Also true where there is no item at all."""

    attribute: str


@dataclass(frozen=True, slots=True)
class All:
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    conditions: tuple[Condition, ...]


Condition = Absent | Exists | Equals | NotEquals | AttributeAbsent | All | AnyOf


@dataclass(frozen=True, slots=True)
class Put:
    item: Item
    condition: Condition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """Change attributes of one item; it is made where it is missing, unless the condition forbids.

    `add` adds numbers (missing counts as 0), `append` extends lists (missing counts as empty).
    """

    key: Key
    set: Mapping[str, Any] = field(default_factory=dict)
    add: Mapping[str, int | float] = field(default_factory=dict)
    append: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    key: Key
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """Only in a transaction: nothing is written, all is refused where the condition does not hold."""

    key: Key
    condition: Condition


Write = Put | Update | Delete | Check
EachWrite = Put | Update


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One partition of the table, or of an index. At most one of the `sk_` conditions.

    `sk_between` is inclusive on both ends. `limit` is the number of items read, not of bytes. `attributes` projects.
    """

    pk: str
    index: str | None = None
    sk_prefix: str | None = None
    sk_between: tuple[str, str] | None = None
    sk_less_than: str | None = None
    consistent: bool = False
    limit: int | None = None
    start: Mapping[str, Any] | None = None
    descending: bool = False
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """`next` is the start of the following page (key attributes as plain values), None at the end."""

    items: tuple[Item, ...]
    next: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class WriteResult:
    """`ok` False: the condition did not hold, nothing was written."""

    ok: bool


class ConditionFailedError(Exception):
    """The write's condition did not hold; `item` is what is there instead, None where nothing is."""

    def __init__(self, item: Item | None = None) -> None:
        super().__init__("the condition of the write did not hold")
        self.item = item


class TransactionFailedError(Exception):
    """A transaction was cancelled: nothing was written. `codes` has DynamoDB's reason code for each write, in order."""

    def __init__(self, codes: Sequence[str]) -> None:
        super().__init__(f"the transaction was cancelled: {', '.join(sorted(set(codes)))}")
        self.codes = tuple(codes)

    def condition_failed(self, index: int) -> bool:
        """Whether the write with this index is one whose condition did not hold."""
        return self.codes[index] == "ConditionalCheckFailed"

    @property
    def conflict(self) -> bool:
        """Another transaction touched the same items at the same time; trying again is reasonable."""
        return "TransactionConflict" in self.codes


class ThrottledError(UnavailableError):
    """The table refused for lack of capacity after the client's own retries; trying later is right."""


class RefusedError(RuntimeError):
    """The table refuses this write whatever is tried: a damaged row or a defect of ours."""


class Table(Protocol):
    def get(self, key: Key, *, consistent: bool = True) -> Item | None: ...

    def get_many(self, keys: Iterable[Key], *, consistent: bool = False) -> dict[Key, Item]:
        """Those that exist; any number, duplicates allowed; comes back complete or raises."""

    def query(self, query: Query) -> Page: ...

    def query_all(self, query: Query) -> Iterable[Item]:
        """All items, page after page, lazily; `limit` is the page size here."""

    def write(self, write: Put | Update | Delete) -> None:
        """One write; `ConditionFailedError` where its condition does not hold."""

    def update(self, update: Update) -> Item:
        """As `write`, and gives the whole item as it is afterwards."""

    def write_together(self, writes: Sequence[Write]) -> None:
        """All or nothing, at most 100; `TransactionFailedError`. The same keys at most once."""

    def write_each(self, writes: Sequence[EachWrite]) -> list[WriteResult]:
        """Each on its own, many in one call, results in order; the same key at most once. Puts need `Absent`.

        After an exception some may have been written: safe to repeat only where the conditions make it so.
        """
