"""What is committed, as entities: at the end, or as it was at any place in the table's log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from certification.adapters.dynamodb.items import completions, definitions, directory, retractions
from certification.adapters.dynamodb.table import Item, Key
from certification.domain.model import (
    Certification,
    CertificationCompletion,
    CourseCompletion,
    Holder,
    Organization,
    User,
)
from certification.domain.retractions import Retraction


@dataclass(slots=True)
class State:
    users: dict[str, User] = field(default_factory=dict)
    organizations: dict[str, Organization] = field(default_factory=dict)
    certifications: dict[str, Certification] = field(default_factory=dict)
    stored: dict[str, list[CourseCompletion]] = field(default_factory=lambda: defaultdict(list))
    retractions: dict[str, list[Retraction]] = field(default_factory=lambda: defaultdict(list))
    awards: dict[tuple[Holder, str], list[CertificationCompletion]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def organization_of(self, user: User | None) -> Organization | None:
        return self.organizations.get(user.organization_id or "") if user else None

    def records(self, user_id: str) -> list[CourseCompletion]:
        """R30: what a retraction covers is marked, whichever came first."""
        return with_retractions(self.stored.get(user_id, []), self.retractions.get(user_id, []))


def with_retractions(
    stored: Iterable[CourseCompletion], taken_back: Iterable[Retraction]
) -> list[CourseCompletion]:
    from dataclasses import replace

    marked = []
    for completion in stored:
        instants = [
            r.at
            for r in taken_back
            if (
                (r.source, r.event_id) == (completion.source, completion.event_id)
                if r.event_id is not None
                else r.course_id == completion.course_id and completion.completed_at <= r.at
            )
        ]
        marked.append(replace(completion, retracted_at=min(instants) if instants else None))
    return marked


def read_state(items: Mapping[Key, Item]) -> State:
    state = State()
    for item in items.values():
        take_in(state, item)
    for cycles in state.awards.values():
        cycles.sort(key=lambda c: c.cycle)
    return state


def take_in(state: State, item: Item) -> None:
    entity: Any = item.get("entity")
    match entity:
        case completions.COURSE_COMPLETION:
            one = completions.course_completion_from_item(item)
            state.stored[one.user_id].append(one)
        case completions.CERTIFICATION_COMPLETION:
            award = completions.completion_from_item(item)
            state.awards[award.holder, award.certification_id].append(award)
        case retractions.RETRACTION:
            retraction = retractions.retraction_from_item(item)
            state.retractions[retraction.user_id].append(retraction)
        case directory.USER:
            user = directory.user_from_item(item)
            state.users[user.user_id] = user
        case directory.ORGANIZATION:
            organization = directory.organization_from_item(item)
            state.organizations[organization.organization_id] = organization
        case definitions.CERTIFICATION:
            certification = definitions.certification_from_item(item)
            state.certifications[certification.certification_id] = certification
