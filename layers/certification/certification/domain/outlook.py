"""What evaluating somebody would come to, without writing anything. Pure."""

from __future__ import annotations

from dataclasses import replace

from certification.domain.evaluation import Amend, Award, Facts, Moment, Nothing, evaluate

# Each cycle is put under review, or given its evidence, once: never more amendments than two for each.
_MOST_AMENDMENTS_EACH = 2


def foresee(facts: Facts, moment: Moment) -> Award | Nothing:
    """The first award of an evaluation, or why there is none; amendments that come first are followed (R27, R30)."""
    for _ in range(_MOST_AMENDMENTS_EACH * len(facts.completions) + 1):
        decision = evaluate(facts, moment)
        if not isinstance(decision, Amend):
            return decision
        facts = _amended(facts, decision)
    raise AssertionError("an evaluation amends the same completion again and again")


def _amended(facts: Facts, decision: Amend) -> Facts:
    amended = decision.completion
    others = [c for c in facts.completions if c.cycle != amended.cycle]
    return replace(facts, completions=(*others, amended))
