"""What was told: history explains every difference (R33), the bus carries each change at least once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from certification.adapters.dynamodb.items import completions
from certification.adapters.dynamodb.items.completions import CERTIFICATION_COMPLETION
from certification.domain.history import facts_of
from certification.domain.model import CertificationCompletion
from simulation.world import World

Revision = tuple[str, str, int]
NOT_TOLD = ("reminded_on",)  # a reminder that nobody gets moves on without a revision


def problems(world: World) -> Iterator[str]:
    yield from _unexplained(world)
    yield from _unannounced(world)
    yield from _reminded_twice(world)


def _unexplained(world: World) -> Iterator[str]:
    entries: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    for key, item in world.table.items.items():
        if item.get("entity") == "history":
            entries[key.pk][item["revision"]] = item
    for key, item in world.table.items.items():
        if item.get("entity") != CERTIFICATION_COMPLETION:
            continue
        completion = completions.completion_from_item(item)
        told = entries.get(f"HISTORY#{key.pk}#{key.sk.removeprefix('COMPLETION#')}", {})
        if sorted(told) != list(range(1, completion.revision + 1)):
            yield f"history: {key.pk} {key.sk} has revision {completion.revision}, told {sorted(told)}"
            continue
        replayed = _replayed([told[number] for number in sorted(told)])
        if replayed != _without_silent(facts_of(completion)):
            yield f"history: {key.pk} {key.sk} is {facts_of(completion)}, told {replayed}"


def _replayed(entries: list[dict[str, Any]]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for entry in entries:
        for name, value in entry.get("before", {}).items():
            if name not in NOT_TOLD and facts.get(name) != value:
                facts[name] = f"not as told before revision {entry['revision']}"
        facts = {n: v for n, v in facts.items() if n not in entry.get("before", {})}
        facts |= entry.get("after", {})
    return _without_silent(facts)


def _without_silent(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name not in NOT_TOLD}


def _unannounced(world: World) -> Iterator[str]:
    """Each revision but those that R7 and R25 keep quiet, under one event id; and nothing that never was."""
    ids: dict[Revision, set[str]] = defaultdict(set)
    for event in world.bus.published:
        detail = event.detail
        holder = detail["holder"]
        revision = (
            f"{holder['type'].upper()}#{holder['id']}",
            f"COMPLETION#{detail['certification_id']}#{detail['cycle']:04}",
            int(detail["revision"]),
        )
        ids[revision].add(f"{event.type} {detail['event_id']}")
    committed = dict(_revisions(world))
    for revision, quiet in committed.items():
        if revision not in ids and not quiet:
            yield f"bus: nobody was told of {revision}"
    for revision, told in ids.items():
        if len(told) > 1:
            yield f"bus: {revision} was told as {sorted(told)}"
        if revision not in committed:
            yield f"bus: {revision} was told and never was"


def _reminded_twice(world: World) -> Iterator[str]:
    """R33a: once for each completion, expiration date and day."""
    told: dict[tuple[object, ...], set[str]] = defaultdict(set)
    for change in world.table.changes:
        if (change.new or {}).get("entity") != CERTIFICATION_COMPLETION or not change.new or not change.old:
            continue
        before, after = map(completions.completion_from_item, (change.old, change.new))
        if after.revision != before.revision and after.reminded_on not in {None, before.reminded_on}:
            reminder: tuple[object, ...] = (change.key, after.expiration_date, after.reminded_on)
            told[reminder].add(str(after.revision))
    for once, revisions in told.items():
        if len(revisions) > 1:
            yield f"reminder: {once} was told in the revisions {sorted(revisions)}"


def _revisions(world: World) -> Iterator[tuple[Revision, bool]]:
    """Each revision that was committed, and whether nobody is to be told of it."""
    for change in world.table.changes:
        if (change.new or {}).get("entity") != CERTIFICATION_COMPLETION or change.new is None:
            continue
        after = completions.completion_from_item(change.new)
        before = completions.completion_from_item(change.old) if change.old else None
        if before is None or before.revision != after.revision:
            yield (change.key.pk, change.key.sk, after.revision), _is_quiet(before, after)


def _is_quiet(before: CertificationCompletion | None, after: CertificationCompletion) -> bool:
    """R7: what had lapsed already; R25: the renewed one's link and its own lapse; a link lost to a revocation too."""
    if before is None:
        return not after.announced
    lapsed = before.lapsed_on is None and after.lapsed_on is not None
    return before.renewed_by != after.renewed_by or (lapsed and after.renewed_by is not None)
