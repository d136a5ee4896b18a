"""What a CRM shall know of a holder: its current state as property values (R34, R35, R37). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from certification.domain.certified import latest_transition
from certification.domain.mapping import IDENTITY_MATCH, FieldMapping, Match, ObjectMapping, Source
from certification.domain.model import CertificationCompletion, CourseCompletion, Organization, Status, User
from certification.domain.requirements import countable
from certification.domain.status import status_on

Value = str | int | float | bool | date | tuple[str, ...] | None
"""None, an empty text and an empty tuple are the empty value."""

_RANK = {
    Status.ACTIVE: 0,
    Status.SCHEDULED: 1,
    Status.EXPIRED: 2,
    Status.SUPERSEDED: 3,
    Status.REVOKED: 4,
}


def _no_id(_: CertificationCompletion) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderFacts:
    """All that a projection follows from, read at one time.

    `names` and `certified_user_counts` are by certification id; `public_id` gives a completion's public id.
    """

    profile: User | Organization
    completions: tuple[CertificationCompletion, ...] = ()
    course_completions: tuple[CourseCompletion, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    certified_user_counts: Mapping[str, int] = field(default_factory=dict)
    public_id: Callable[[CertificationCompletion], str] = _no_id
    public_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Projected:
    """A value, and where it comes from: for the preview."""

    value: Value
    because: str = ""
    completion: CertificationCompletion | None = None


def projection_day(completions: Iterable[CertificationCompletion], today: date) -> date:
    """Today, or the latest recorded transition of this holder if that is later (R35)."""
    return max(today, latest_transition(completions) or today)


def project(mapping: ObjectMapping, facts: HolderFacts, today: date) -> dict[str, Value]:
    """The value of every mapped property, translated; the match property is not among them."""
    return {target: projected.value for target, projected in explain(mapping, facts, today).items()}


def explain(mapping: ObjectMapping, facts: HolderFacts, today: date) -> dict[str, Projected]:
    """As `project`, with the completion that each value comes from."""
    day = projection_day(facts.completions, today)
    return {one.target: _projected(one, facts, day) for one in mapping.fields}


def match_value(match: Match, profile: User | Organization) -> str:
    """The value that finds the record; empty where this holder has none."""
    if isinstance(profile, Organization):
        return (profile.domain or "") if match.source == "domain" else profile.organization_id
    if match.source == "email":
        return profile.email
    if match.source.startswith(IDENTITY_MATCH):
        wanted = match.source.removeprefix(IDENTITY_MATCH)
        return min((i.external_id for i in profile.identities if i.source == wanted), default="")
    return profile.user_id


def foremost(
    completions: Iterable[CertificationCompletion], certification_id: str, day: date
) -> CertificationCompletion | None:
    """The one of several completions of a certification that speaks for it (R35)."""
    held = [c for c in completions if c.certification_id == certification_id]
    return min(held, key=lambda c: _precedence(c, day), default=None)


def _precedence(completion: CertificationCompletion, day: date) -> tuple[int, int, int, int]:
    """Smallest first: status, then the latest expiration (none = latest), then the latest completion."""
    expires = completion.expiration_date or date.max
    return (
        _RANK[status_on(completion, on=day, today=day)],
        -expires.toordinal(),
        -completion.completion_date.toordinal(),
        -completion.cycle,
    )


def _projected(one: FieldMapping, facts: HolderFacts, day: date) -> Projected:
    if one.source is None:
        return Projected(value=one.value, because="a fixed value")
    if one.certification_id is None:
        return Projected(
            value=_translated(one, _of_holder(one.source, facts, day)),
            because="all completions of the holder",
        )
    if one.source is Source.CERTIFIED_USER_COUNT:
        count = facts.certified_user_counts.get(one.certification_id, 0)
        return Projected(value=count, because="the organization's active users who hold it")
    completion = foremost(facts.completions, one.certification_id, day)
    if completion is None:
        return Projected(value=None, because="the holder has no completion of this certification")
    value = _translated(one, _of_completion(one.source, completion, facts, day))
    return Projected(value=value, because=f"cycle {completion.cycle}", completion=completion)


def _of_completion(
    source: Source, completion: CertificationCompletion, facts: HolderFacts, day: date
) -> Value:
    match source:
        case Source.STATUS:
            return status_on(completion, on=day, today=day).value
        case Source.NAME:
            return facts.names.get(completion.certification_id, "")
        case Source.CERTIFICATION_COMPLETION_ID:
            return facts.public_id(completion)
        case Source.VERIFY_URL:
            return f"{facts.public_url}/verify/{facts.public_id(completion)}"
        case Source.COMPLETION_DATE:
            return completion.completion_date
        case Source.EFFECTIVE_DATE:
            return completion.effective_date
        case Source.EXPIRATION_DATE:
            return completion.expiration_date
        case Source.CYCLE:
            return completion.cycle
        case _:
            raise AssertionError(f"{source} is not of one completion")


def _of_holder(source: Source, facts: HolderFacts, day: date) -> Value:
    match source:
        case Source.ACTIVE_CERTIFICATIONS:
            return _active(facts.completions, day)
        case Source.ACTIVE_CERTIFICATION_COUNT:
            return len(_active(facts.completions, day))
        case Source.COMPLETED_COURSES:
            return tuple(sorted({c.course_id for c in countable(facts.course_completions)}))
        case Source.LATEST_COMPLETION_DATE:
            held = [c.completion_date for c in facts.completions if c.revoked_at is None]
            return max(held, default=None)
        case Source.NEXT_EXPIRATION_DATE:
            return _next_expiration(facts.completions, day)
        case _:
            raise AssertionError(f"{source} is not of the holder")


def _active(completions: Iterable[CertificationCompletion], day: date) -> tuple[str, ...]:
    return tuple(
        sorted({c.certification_id for c in completions if status_on(c, on=day, today=day) is Status.ACTIVE})
    )


def _next_expiration(completions: Iterable[CertificationCompletion], day: date) -> date | None:
    """The first day on which something held ends; what is renewed ends where its renewal does (R25)."""
    ends = [
        c.expiration_date
        for c in completions
        if c.expiration_date is not None and c.renewed_by is None and _is_held(c, day)
    ]
    return min(ends, default=None)


def _is_held(completion: CertificationCompletion, day: date) -> bool:
    status = status_on(completion, on=day, today=day)
    return status is Status.ACTIVE or (status is Status.SCHEDULED and completion.renews is not None)


def _translated(one: FieldMapping, value: Value) -> Value:
    """Ours to theirs, by `values`; several values one by one. What translates to nothing is left out."""
    if not one.values or value is None:
        return value
    if isinstance(value, tuple):
        theirs = (one.values.get(each, each) for each in value)
        return tuple(sorted({each for each in theirs if each}))
    return one.values.get(value.isoformat() if isinstance(value, date) else str(value), value)
