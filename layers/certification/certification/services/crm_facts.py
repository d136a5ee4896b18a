"""Read the present state of many holders, as far as one mapping shows it: R34."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from certification.domain.certified import certified_count
from certification.domain.mapping import ObjectMapping, uses_of
from certification.domain.model import CertificationCompletion, CourseCompletion, Holder, HolderType
from certification.domain.projection import HolderFacts

if TYPE_CHECKING:
    from datetime import date

    from certification.domain.ports import Definitions, Ledger
    from certification.domain.sync_ports import Certified, HolderLists


class FactsParts(Protocol):
    """The parts of the application that a projection is read from."""

    @property
    def ledger(self) -> Ledger: ...
    @property
    def definitions(self) -> Definitions: ...
    @property
    def holder_lists(self) -> HolderLists: ...
    @property
    def certified(self) -> Certified: ...


def read_facts(
    app: FactsParts,
    mapping: ObjectMapping,
    holders: Sequence[Holder],
    *,
    today: date,
    public_id: Callable[[CertificationCompletion], str],
    public_url: str,
) -> dict[Holder, HolderFacts]:
    """The facts of each holder that has a profile; strongly consistent, nothing is remembered between calls."""
    uses = uses_of(mapping)
    names = {str(key): found.name for key, found in app.definitions.certifications(uses.named).items()}
    profiles = app.holder_lists.profiles(holders)
    facts = {}
    for holder, profile in profiles.items():
        courses, completions = _records(app, holder, with_courses=uses.completed_courses)
        facts[holder] = HolderFacts(
            profile=profile,
            completions=completions,
            course_completions=courses,
            names=names,
            certified_user_counts=_counts(app, holder, uses.counted, today),
            public_id=public_id,
            public_url=public_url,
        )
    return facts


def _records(
    app: FactsParts, holder: Holder, *, with_courses: bool
) -> tuple[tuple[CourseCompletion, ...], tuple[CertificationCompletion, ...]]:
    if not with_courses:
        return (), app.ledger.completions_of(holder)
    record = app.ledger.read_user(holder.id)
    return record.course_completions, record.completions


def _counts(app: FactsParts, holder: Holder, counted: frozenset[str], today: date) -> Mapping[str, int]:
    if holder.type is not HolderType.ORGANIZATION:
        return {}
    return {c: certified_count(app.certified.members(holder.id, c), today) for c in sorted(counted)}
