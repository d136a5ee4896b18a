"""The fake table with its partitions at hand and in order, for tests of many thousand items."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from certification.adapters.dynamodb.table import Item, Key, Put, Query, Write
from fakes import INDEXES, InMemoryTable, sk_holds

Partition = tuple[str | None, str]
Row = tuple[tuple[str, ...], Item]


@dataclass
class LargeTable(InMemoryTable):
    """The same table: the plain one looks at every item for each query. It keeps no stream."""

    partitions: dict[Partition, dict[Key, Item]] = field(default_factory=dict)
    _in_order: dict[Partition, list[Row]] = field(default_factory=dict)

    def load(self, items: Iterable[Item]) -> None:
        for item in items:
            key = Key(item["pk"], item["sk"])
            self.items[key] = item
            self._enter(key, item)

    def _apply(self, write: Write, factor: int = 1) -> None:
        key = Key(write.item["pk"], write.item["sk"]) if isinstance(write, Put) else Key(*write.key)
        for partition in _partitions_of(self.items.get(key, {})):
            self.partitions[partition].pop(key, None)
            self._in_order.pop(partition, None)
        super()._apply(write, factor)
        if key in self.items:
            self._enter(key, self.items[key])
        self.changes.clear()

    def _enter(self, key: Key, item: Item) -> None:
        for partition in _partitions_of(item):
            self.partitions.setdefault(partition, {})[key] = item
            self._in_order.pop(partition, None)

    def _rows(self, query: Query) -> list[Row]:
        partition = (query.index, query.pk)
        if partition not in self._in_order:
            everything, self.items = self.items, self.partitions.get(partition, {})
            self._in_order[partition] = super()._rows(Query(pk=query.pk, index=query.index))
            self.items = everything
        rows = self._in_order[partition]
        if query.sk_between is None or query.descending:
            wanted = [row for row in rows if sk_holds(query, row[0][0])]
            return wanted[::-1] if query.descending else wanted
        first, last = query.sk_between
        begin = bisect_left(rows, first, key=lambda row: row[0][0])
        end = bisect_right(rows, last, key=lambda row: row[0][0])
        if query.limit and query.start is None:
            end = min(end, begin + query.limit + 1)  # one more tells that there are more
        return rows[begin:end]


def _partitions_of(item: Item) -> list[Partition]:
    names: list[tuple[str | None, str]] = [(None, "pk"), *((name, f"{name}_pk") for name in INDEXES)]
    return [(name, item[attribute]) for name, attribute in names if item.get(attribute)]
