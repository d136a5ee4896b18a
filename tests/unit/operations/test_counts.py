"""What an alarm watches is counted where it happens."""

from __future__ import annotations

import pytest

from builders import certification, course_completion, user
from certification.services.evaluation_messages import handle
from unit.awarding.service import Service


@pytest.mark.parametrize(("stored", "drifted"), [([course_completion("c-1")], 1), ([], 0)])
def test_a_reconciliation_counts_the_awards_that_drifted_when_it_ends(
    stored: list[object], drifted: int
) -> None:
    """A completion that was stored and never evaluated is what a lost message leaves."""
    service = Service().defined(user(), certification("cert-1", "c-1"))
    service.app.ledger.add_course_completions(stored)  # type: ignore[arg-type]
    assert handle({"kind": "reconcile"}, service.app.evaluation_handlers, lambda: True) == {}
    [message] = service.evaluations.take()
    counts = handle(message, service.app.evaluation_handlers, lambda: True)
    assert counts == {"AwardsDrifted": drifted}


def test_a_reconciliation_that_is_not_through_yet_counts_nothing() -> None:
    service = Service().defined(user(), certification("cert-1", "c-1"))
    handle({"kind": "reconcile"}, service.app.evaluation_handlers, lambda: True)
    [message] = service.evaluations.take()
    assert handle(message, service.app.evaluation_handlers, lambda: False) == {}
