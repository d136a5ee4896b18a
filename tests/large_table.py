"""The fake table with its partitions at hand, for tests of many thousand items."""

from __future__ import annotations

from dataclasses import dataclass, field

from certification.adapters.dynamodb.table import Item, Key, Page, Put, Query, Write
from fakes import InMemoryTable


@dataclass
class LargeTable(InMemoryTable):
    """The same table: the plain one looks at every item for each query. It keeps no stream."""

    partitions: dict[tuple[str | None, str], dict[Key, Item]] = field(default_factory=dict)

    def _apply(self, write: Write, factor: int = 1) -> None:
        key = Key(write.item["pk"], write.item["sk"]) if isinstance(write, Put) else Key(*write.key)
        for name in (None, "due", "listing", "parent"):
            self._partition(name, self.items.get(key)).pop(key, None)
        super()._apply(write, factor)
        if key in self.items:
            for name in (None, "due", "listing", "parent"):
                self._partition(name, self.items[key])[key] = self.items[key]
        self.changes.clear()

    def _partition(self, index: str | None, item: Item | None) -> dict[Key, Item]:
        pk = (item or {}).get("pk" if index is None else f"{index}_pk")
        return self.partitions.setdefault((index, pk), {}) if pk else {}

    def query(self, query: Query) -> Page:
        everything, self.items = self.items, self.partitions.get((query.index, query.pk), {})
        try:
            return super().query(query)
        finally:
            self.items = everything
