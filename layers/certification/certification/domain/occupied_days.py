"""On which days a certification completion is, or to a reader of an earlier day was, the valid one (R9). Pure.

Two cycles never share such a day: neither by today's facts nor by what `as_of` tells of the days before a decision.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from certification.domain.model import CertificationCompletion
from certification.domain.status import facts_on, validity
from certification.domain.validity import ONE_DAY

Span = tuple[date, date]


def past_spans(completion: CertificationCompletion) -> tuple[Span, ...]:
    """Valid days that later decisions do not take back: before a revocation, before an end was brought forward."""
    spans = []
    days = sorted({change.on for change in completion.changes})
    for first, following in zip([date.min, *days], days, strict=False):
        span = validity(facts_on(completion, first))
        if span is None:
            continue
        clipped = (max(span[0], first), min(span[1], following - ONE_DAY))
        if clipped[0] <= clipped[1]:
            spans.append(clipped)
    return tuple(spans)


def occupied_spans(completion: CertificationCompletion) -> tuple[Span, ...]:
    """All of them: the past ones, and the validity by today's facts."""
    present = validity(completion)
    return (*past_spans(completion), *((present,) if present else ()))


def in_the_way(
    completion: CertificationCompletion, others: Iterable[CertificationCompletion]
) -> tuple[CertificationCompletion, ...]:
    """Those of `others` that occupy a day on which `completion` is to be valid."""
    span = validity(completion)
    if span is None:
        return ()
    return tuple(o for o in others if any(overlap(span, theirs) for theirs in occupied_spans(o)))


def first_free_day(wanted: date, last: date, others: Iterable[CertificationCompletion]) -> date:
    """The first day from `wanted` on that no past span holds; `last` is until when it is wanted."""
    taken = [span for other in others for span in past_spans(other) if overlap(span, (wanted, last))]
    return max([wanted, *(end + ONE_DAY for _, end in taken)])


def superseded_from(one: CertificationCompletion, first_day: date) -> date | None:
    """Since when `one` is superseded once another has its place from `first_day` on (R9, R25).

    From then where it would still be valid, or was by what `as_of` tells; else as it was.
    """
    last = max((span[1] for span in occupied_spans(one)), default=date.min)
    return first_day if first_day <= last else one.superseded_on


def overlap(one: Span, other: Span) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]
