"""Every committed write of a certification completion, one after the other: each must be allowed, each explained.

An automatic award is explained where the oracle gives just this award for what its worker can have read: some state
of the user's partition, of the definition and of the organization between the worker's start and its write, and the
cycles as they were at the write.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import combinations, product

from certification.adapters.dynamodb.items import completions, definitions, directory
from certification.adapters.dynamodb.items.completions import CERTIFICATION_COMPLETION
from certification.adapters.dynamodb.table import Item, Key
from certification.domain.model import Certification, CertificationCompletion, Organization, Origin
from fakes import Change
from simulation import oracle
from simulation.invariants.of_the_set import as_due
from simulation.state import State, read_state
from simulation.world import World

FIXED = (
    "holder",
    "certification_id",
    "certification_version",
    "cycle",
    "completion_date",
    "effective_date",
    "origin",
    "renews",
)
DECIDED_BY_HAND = ("expiration_date", "revoked_at")


def problems(world: World) -> Iterator[str]:
    log = Log(world)
    for position, change in enumerate(world.table.changes):
        if (change.new or change.old or {}).get("entity") == CERTIFICATION_COMPLETION:
            for problem in log.wrong_with(position, change):
                where = f"{change.key.pk} {change.key.sk} at {position} by {world.table.by[position]}"
                yield f"{problem} ({where})"


@dataclass(frozen=True, slots=True)
class Version:
    position: int
    item: Item | None


class Log:
    def __init__(self, world: World) -> None:
        self._world = world
        self._versions: dict[Key, list[Version]] = {}
        for position, change in enumerate(world.table.changes):
            self._versions.setdefault(change.key, []).append(Version(position, change.new))

    def wrong_with(self, position: int, change: Change) -> Iterator[str]:
        if change.new is None:
            yield "deleted: a completion is gone"
            return
        after = completions.completion_from_item(change.new)
        if change.old is None:
            yield from self._wrong_with_new(position, after)
        else:
            yield from _wrong_with_changed(completions.completion_from_item(change.old), after)
        if self._ends_its_write(position):
            yield from _overlaps(self._cycles(change.key, position + 1))

    def _ends_its_write(self, position: int) -> bool:
        """A transaction's writes are judged when all of them are done."""
        table = self._world.table
        following = position + 1
        if following == len(table.changes):
            return True
        same = (table.committed_at[position], table.by[position])
        return (table.committed_at[following], table.by[following]) != same

    def _wrong_with_new(self, position: int, award: CertificationCompletion) -> Iterator[str]:
        cycles = self._cycles(self._world.table.changes[position].key, position)
        if award.revision != 1:
            yield f"revision: a new completion begins with revision {award.revision}"
        if award.cycle != len({c.cycle for c in cycles} - {award.cycle}) + 1:
            yield f"cycle: {award.cycle} follows {[c.cycle for c in cycles]}"
        if award.expiration_date is not None and award.expiration_date < award.completion_date:
            yield "dates: it ends before it was completed (R6)"
        if award.origin is Origin.AUTOMATIC and not self._is_explained(position, award):
            yield f"unexplained: the award {as_due(award)}"

    def _is_explained(self, position: int, award: CertificationCompletion) -> bool:
        """The continued cycle is written with the award, maybe just after it in the log: it is taken as it was."""
        began = self._world.began[self._world.table.by[position]]
        committed = self._first_of_write(position)
        cycles = self._cycles(self._world.table.changes[position].key, committed)
        states = self._partitions(award.holder.id, began, committed)
        for state, certification in product(states, self._certifications(award, began, committed)):
            user = state.users.get(award.holder.id)
            organization_id = user.organization_id if user else None
            for organization in self._organizations(organization_id, began, committed):
                expected = oracle.due(
                    certification, user, organization, state.records(award.holder.id), cycles
                )
                if expected == as_due(award) and award.certification_version == certification.version:
                    return True
        return False

    def _first_of_write(self, position: int) -> int:
        table = self._world.table
        same = (table.committed_at[position], table.by[position])
        while position > 0 and (table.committed_at[position - 1], table.by[position - 1]) == same:
            position -= 1
        return position

    def _partitions(self, user_id: str, began: int, committed: int) -> Iterator[State]:
        pk = f"USER#{user_id}"
        changed = [
            version.position + 1
            for key, versions in self._versions.items()
            if key.pk == pk
            for version in versions
            if began <= version.position < committed
        ]
        for at in sorted({began, *changed}, reverse=True):
            yield read_state(self._items(pk, at))

    def _items(self, pk: str, at: int) -> dict[Key, Item]:
        keys = [key for key in self._versions if key.pk == pk]
        return {key: item for key in keys if (item := self._item(key, at)) is not None}

    def _item(self, key: Key, at: int) -> Item | None:
        """As it was before the change with this position."""
        found = None
        for version in self._versions.get(key, ()):
            if version.position >= at:
                break
            found = version.item
        return found

    def _between(self, key: Key, began: int, committed: int) -> list[Item]:
        versions = self._versions.get(key, ())
        seen = [self._item(key, began), *(v.item for v in versions if began <= v.position < committed)]
        return [item for item in seen if item is not None]

    def _certifications(
        self, award: CertificationCompletion, began: int, committed: int
    ) -> list[Certification]:
        key = Key(f"CERTIFICATION#{award.certification_id}", "CERTIFICATION")
        found = self._between(key, began, committed)
        return [definitions.certification_from_item(item) for item in found]

    def _organizations(
        self, organization_id: str | None, began: int, committed: int
    ) -> list[Organization | None]:
        if organization_id is None:
            return [None]
        found = self._between(Key(f"ORGANIZATION#{organization_id}", "PROFILE"), began, committed)
        return [directory.organization_from_item(item) for item in found] or [None]

    def _cycles(self, key: Key, at: int) -> list[CertificationCompletion]:
        prefix = key.sk.rpartition("#")[0] + "#"
        found = self._items(key.pk, at)
        return [completions.completion_from_item(i) for k, i in found.items() if k.sk.startswith(prefix)]


def _wrong_with_changed(before: CertificationCompletion, after: CertificationCompletion) -> Iterator[str]:
    for name in FIXED:
        if getattr(before, name) != getattr(after, name):
            yield f"fixed: {name} changed from {getattr(before, name)} to {getattr(after, name)}"
    silent = after.revision == before.revision
    if after.revision != before.revision + 1 and not silent:
        yield f"revision: {after.revision} follows {before.revision}"
    if silent and _told_facts(before) != _told_facts(after):
        yield "revision: facts changed without one"
    for name in DECIDED_BY_HAND:
        if getattr(before, name) != getattr(after, name) and not after.changed_by.startswith("key:"):
            yield f"decided: {name} was changed by {after.changed_by}"
    if before.lapsed_on != after.lapsed_on and after.lapsed_on is not None:
        yield from _wrong_with_lapse(after)


def _wrong_with_lapse(completion: CertificationCompletion) -> Iterator[str]:
    """R10, R28: a lapse is recorded for exactly the present expiration date, and not before its day."""
    ends, lapsed = completion.expiration_date, completion.lapsed_on
    if ends is None or lapsed != ends + oracle.DAY:
        yield f"lapse: on {lapsed} with the expiration date {ends}"
    elif lapsed > completion.changed_at.date():
        yield f"lapse: on {lapsed}, recorded on {completion.changed_at.date()}"


def _told_facts(completion: CertificationCompletion) -> tuple[object, ...]:
    from dataclasses import replace

    return (replace(completion, reminded_on=None),)


def _overlaps(cycles: list[CertificationCompletion]) -> Iterator[str]:
    """Never two active at once (R11, R26, R31)."""
    spans = [(c.cycle, span) for c in cycles if (span := valid_days(c)) is not None]
    for (one, first), (other, second) in combinations(spans, 2):
        if first[0] <= second[1] and second[0] <= first[1]:
            yield f"overlap: cycles {one} and {other} are active at once: {first}, {second}"


def valid_days(completion: CertificationCompletion) -> tuple[date, date] | None:
    last = oracle.last_valid_day(completion)
    return None if last is None else (completion.effective_date, last)
