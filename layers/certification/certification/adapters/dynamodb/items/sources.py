"""Sources, and one row for each of their days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items.values import instant_in, iso, new_item, required_instant
from certification.adapters.dynamodb.table import Item, Update
from certification.domain.lms_ports import Received
from certification.domain.replay import Replay, ReplayState
from certification.domain.sources import Source, SourceDay

SOURCE = "source"
SOURCE_DAY = "source_day"
REPLAY = "replay"
DAYS_KEPT = timedelta(days=40)
MOST_KINDS = 10
_WEBHOOKS, _CONTENTS, _IGNORED = "webhooks:", "contents:", "ignored:"


def source_to_item(source: Source) -> Item:
    return new_item(
        keys.source(source.source_id),
        SOURCE,
        {
            "source_id": source.source_id,
            "provider": source.provider,
            "name": source.name,
            "no_email": not source.match_email,
            "secret_set_at": iso(source.secret_set_at),
            "previous_secret_until": iso(source.previous_secret_until),
            "created_at": iso(source.created_at),
            "changed_at": iso(source.changed_at),
            "changed_by": source.changed_by,
            "revision": source.revision,
            "listing_pk": keys.SOURCES,
            "listing_sk": source.source_id,
        },
    )


def source_from_item(item: Item) -> Source:
    return Source(
        source_id=item["source_id"],
        provider=item["provider"],
        name=item.get("name", ""),
        match_email=not item.get("no_email", False),
        secret_set_at=required_instant(item, "secret_set_at"),
        previous_secret_until=instant_in(item, "previous_secret_until"),
        created_at=required_instant(item, "created_at"),
        changed_at=required_instant(item, "changed_at"),
        changed_by=item.get("changed_by", ""),
        revision=item["revision"],
    )


def day_update(source_id: str, received: Received) -> Update:
    """Counts are attributes of their own, so that two webhooks at once both count."""
    at = received.at
    add = {f"{_WEBHOOKS}{received.outcome}": received.times}
    add |= {f"{_CONTENTS}{name}": count for name, count in received.contents.items() if count}
    kinds = sorted(received.ignored.items(), key=lambda kind: -kind[1])
    add |= {f"{_IGNORED}{kind}": count for kind, count in kinds[:MOST_KINDS]}
    rest = sum(count for _, count in kinds[MOST_KINDS:])
    if rest:
        add[f"{_IGNORED}other"] = add.get(f"{_IGNORED}other", 0) + rest
    stamps = {"last_received_at": iso(at)} | ({"last_accepted_at": iso(at)} if received.accepted else {})
    return Update(
        key=keys.source_day(source_id, at.date()),
        set={"entity": SOURCE_DAY, "expires_at": _expiry(at), **stamps},
        add=add,
    )


def proven_in(item: Item) -> int:
    """All webhooks of a day but those that were refused."""
    counts = _counts(item, _WEBHOOKS)
    return sum(count for outcome, count in counts.items() if not outcome.startswith("refused"))


def day_from_item(item: Item) -> SourceDay:
    return SourceDay(
        day=date.fromisoformat(item["sk"].removeprefix(keys.SOURCE_DAY_PREFIX)),
        webhooks=_counts(item, _WEBHOOKS),
        contents=_counts(item, _CONTENTS),
        ignored=_counts(item, _IGNORED),
        last_received_at=instant_in(item, "last_received_at"),
        last_accepted_at=instant_in(item, "last_accepted_at"),
    )


def replay_to_item(replay: Replay) -> Item:
    return new_item(
        keys.source_replay(replay.source_id, replay.replay_id),
        REPLAY,
        {
            "replay_id": replay.replay_id,
            "source_id": replay.source_id,
            "since": iso(replay.since),
            "state": replay.state.value,
            "after": replay.after,
            "counts": dict(replay.counts),
            "started_at": iso(replay.started_at),
            "started_by": replay.started_by,
            "finished_at": iso(replay.finished_at),
            "revision": replay.revision,
            "expires_at": _expiry(replay.started_at),
        },
    )


def replay_from_item(item: Item) -> Replay:
    return Replay(
        replay_id=item["replay_id"],
        source_id=item["source_id"],
        since=required_instant(item, "since"),
        state=ReplayState(item["state"]),
        after=item.get("after"),
        counts=item.get("counts", {}),
        started_at=required_instant(item, "started_at"),
        started_by=item.get("started_by", ""),
        finished_at=instant_in(item, "finished_at"),
        revision=item["revision"],
    )


def _counts(item: Mapping[str, Any], prefix: str) -> dict[str, int]:
    return {name.removeprefix(prefix): int(item[name]) for name in sorted(item) if name.startswith(prefix)}


def _expiry(at: datetime) -> int:
    return int((at + DAYS_KEPT).timestamp())
