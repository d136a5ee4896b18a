"""What must follow a write, follows from the table's stream: history, events out, outbox rows, evaluations.

All of it is harmless when repeated, in part or as a whole: history is put under its revision, an event has a
deterministic id, a row is marked once more, an evaluation finds nothing to do. So whoever fails, starts anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

from certification.domain.announcements import Announcement, announcement_of, announcement_to_json
from certification.domain.changes import (
    CertificationChanged,
    Change,
    CompletionChanged,
    CompletionRemoved,
    EvaluationAdded,
    OrganizationChanged,
    UserChanged,
)
from certification.domain.history import entry_of
from certification.domain.model import CertificationCompletion, Holder, HolderType
from certification.domain.ports import Event
from certification.services.change_messages import DelayedMessage, messages_of
from certification.services.crm_backfills import BackfillParts, certification_renamed
from certification.services.crm_outbox import mark_dirty

if TYPE_CHECKING:
    from certification.domain.ports import Definitions, EventBus, History, Queue

ACTOR = "job:stream"


class FollowingParts(BackfillParts, Protocol):
    """The parts of the application that following changes needs."""

    @property
    def history(self) -> History: ...
    @property
    def event_bus(self) -> EventBus: ...
    @property
    def definitions(self) -> Definitions: ...
    @property
    def evaluation_queue(self) -> Queue: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """How much followed; an entry that was there already does not count."""

    history_entries: int
    events: int
    marked: int
    messages: int


def follow_changes(
    app: FollowingParts,
    changes: Sequence[Change],
    *,
    zone: ZoneInfo,
    public_id: Callable[[CertificationCompletion], str],
) -> Followed:
    """Do what follows from these changes, in their order. Raises what the table, the bus or a queue raises."""
    completions = [change for change in changes if isinstance(change, CompletionChanged)]
    entries = [entry for change in completions if (entry := entry_of(change.before, change.after))]
    told = [a for c in completions if (a := announcement_of(c.before, c.after, zone)) is not None]
    return Followed(
        history_entries=app.history.add(entries) if entries else 0,
        events=_announce(app, told, public_id),
        marked=_mark(app, changes),
        messages=_send(app, [message for change in changes for message in messages_of(change)]),
    )


def _announce(
    app: FollowingParts, told: Sequence[Announcement], public_id: Callable[[CertificationCompletion], str]
) -> int:
    if not told:
        return 0
    definitions = app.definitions.certifications({a.completion.certification_id for a in told})
    names = {certification_id: found.name for certification_id, found in definitions.items()}
    events = [
        Event(
            type=announcement.type,
            occurred_at=announcement.occurred_at,
            detail=announcement_to_json(
                announcement,
                public_id=public_id(announcement.completion),
                certification_name=names.get(announcement.completion.certification_id, ""),
            ),
        )
        for announcement in told
    ]
    app.event_bus.publish(events)
    return len(events)


def _mark(app: FollowingParts, changes: Iterable[Change]) -> int:
    """R38: completions, transitions, the profile, a certification's name."""
    causes: dict[Holder, str] = {}
    for change in changes:
        match change:
            case CompletionChanged(after=after):
                causes[after.holder] = after.correlation_id
            case CompletionRemoved(holder=holder):
                causes.setdefault(holder, "")
            case UserChanged(after=user):
                causes.setdefault(Holder(type=HolderType.USER, id=user.user_id), "")
            case OrganizationChanged(after=organization):
                holder = Holder(type=HolderType.ORGANIZATION, id=organization.organization_id)
                causes.setdefault(holder, "")
            case CertificationChanged(before=before, after=after) if before.name != after.name:
                certification_renamed(app, after.certification_id, after.revision, actor=ACTOR)
    return mark_dirty(app, causes, causes) if causes else 0


def correlation_ids(changes: Iterable[Change]) -> list[str]:
    """Of the requests that these changes come from, each once, as far as they are known."""
    completions = (change.after for change in changes if isinstance(change, CompletionChanged))
    runs = (change.run for change in changes if isinstance(change, EvaluationAdded))
    known = [*(c.correlation_id for c in completions), *(run.correlation_id for run in runs)]
    return list(dict.fromkeys(filter(None, known)))


def _send(app: FollowingParts, messages: Sequence[DelayedMessage]) -> int:
    """Each body once, in the order of the changes, those with the same delay together."""
    by_delay: dict[int, list[dict[str, Any]]] = {}
    for message in messages:
        bodies = by_delay.setdefault(message.delay_seconds, [])
        if message.body not in bodies:
            bodies.append(message.body)
    for delay_seconds, bodies in by_delay.items():
        app.evaluation_queue.send(bodies, delay_seconds=delay_seconds)
    return sum(len(bodies) for bodies in by_delay.values())
