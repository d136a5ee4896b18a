"""A page that another worker wrote first is no reason to stop: nobody knows whether that worker is still alive."""

from __future__ import annotations

from typing import Any

import pytest

from builders import NOW, certification, completion, course_completion, user
from certification.domain.changes import CompletionChanged
from certification.domain.errors import ChangedMeanwhileError
from certification.domain.evaluation_run import EvaluationRun, RunState, new_run
from certification.domain.model import Holder, HolderType
from certification.domain.reconciliation import Reconciliation
from certification.services.change_messages import messages_of
from unit.awarding.service import Service


class RepeatedOnce:
    """Writes, and then says that somebody else was first: what a repeated request looks like."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self._told = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def save(self, run: EvaluationRun | Reconciliation) -> None:
        self._real.save(run)
        if not self._told:
            self._told = True
            raise ChangedMeanwhileError("somebody else wrote this first")


def test_a_run_whose_page_was_written_by_another_worker_is_finished_all_the_same() -> None:
    service = Service().defined(certification(), user())
    service.app.ledger.add_course_completions([course_completion()])
    service.app.evaluations.add(new_run("e-1", "cert-1", dry_run=False, now=NOW, actor="key:1"))
    service.app.__dict__["evaluations"] = RepeatedOnce(service.app.evaluations)

    run = service.app.evaluation_runner.advance("e-1", lambda: True)

    assert run is not None
    assert run.state is RunState.COMPLETED
    assert run.counts.awarded == 1


def test_a_reconciliation_whose_page_was_written_by_another_worker_is_finished_all_the_same() -> None:
    service = Service().defined(certification(), user())
    service.app.__dict__["reconciliations"] = RepeatedOnce(service.app.reconciliations)
    service.app.reconciler.start("r-1", repair=False, actor="key:1")

    run = service.app.reconciler.advance("r-1", lambda: True)

    assert run is not None
    assert run.completed_at is not None
    assert run.users == 1


@pytest.mark.parametrize(("actor", "asked"), [("key:1", 1), ("job:award", 0), ("evaluation:e-1", 0)])
def test_a_decision_by_hand_has_its_user_evaluated(actor: str, asked: int) -> None:
    """An end brought forward may let courses count that were completed since."""
    change = CompletionChanged(before=completion(), after=completion(revision=2, changed_by=actor))

    assert len(list(messages_of(change))) == asked


def test_a_decision_about_an_organization_has_nobody_evaluated() -> None:
    holder = Holder(type=HolderType.ORGANIZATION, id="o-1")
    change = CompletionChanged(before=None, after=completion(holder=holder, changed_by="key:1"))

    assert list(messages_of(change)) == []
