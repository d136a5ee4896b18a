"""What evaluating somebody would come to, without writing anything. Pure."""

from __future__ import annotations

from dataclasses import replace

from certification.domain.eligibility import Reason
from certification.domain.evaluation import Amend, Award, Facts, Moment, Nothing, evaluate
from certification.domain.model import CertificationCompletion

# Each cycle is put under review, or given its evidence, once: never more amendments than two for each.
_MOST_AMENDMENTS_EACH = 2


def foresee(facts: Facts, moment: Moment) -> Award | Nothing:
    """The first award of an evaluation, or why there is none; amendments that come first are followed (R27, R30)."""
    for _ in range(_MOST_AMENDMENTS_EACH * len(facts.completions) + 1):
        decision = evaluate(facts, moment)
        if not isinstance(decision, Amend):
            return decision
        facts = _with_written(facts, decision.completion)
    raise AssertionError("an evaluation amends the same completion again and again")


def foresee_all(facts: Facts, moment: Moment) -> tuple[tuple[CertificationCompletion, ...], Reason]:
    """All that an evaluation would award, and why then no more: courses of many years may make several cycles."""
    awarded = []
    outlook = foresee(facts, moment)
    while isinstance(outlook, Award):
        awarded.append(outlook.completion)
        continued = (outlook.continued,) if outlook.continued else ()
        facts = _with_written(facts, outlook.completion, *continued)
        outlook = foresee(facts, moment)
    return tuple(awarded), outlook.reason


def _with_written(facts: Facts, *written: CertificationCompletion) -> Facts:
    cycles = {completion.cycle for completion in written}
    others = [c for c in facts.completions if c.cycle not in cycles]
    return replace(facts, completions=(*others, *written))
