"""Decide about one user and certification, and write what was decided: exactly once, whoever else is writing (R11).

Every write carries the condition that what it was decided upon is still so. Where it is not, nothing was written:
read again and decide again, for the winner may have left something to do (an award by hand that now wants its
evidence, R27).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from certification.domain.eligibility import Reason
from certification.domain.errors import ChangedMeanwhileError
from certification.domain.evaluation import Amend, Award, Decision, Facts, Moment, Nothing, evaluate
from certification.domain.model import Certification, CertificationCompletion, Organization
from certification.domain.ports import Directory, Ledger, UserRecord

MOST_WRITES = 50


class ContendedError(Exception):
    """Others kept writing first: try the whole thing again later. Nothing is lost or half done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """`record` as it is now, what was `awarded` on the way, and why there is nothing more to do."""

    record: UserRecord
    awarded: tuple[CertificationCompletion, ...] = ()
    amended: int = 0
    reason: Reason


class Awarding:
    """Implements the loop of evaluate, write, evaluate again until there is nothing to write."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def settle(
        self,
        record: UserRecord,
        certification: Certification,
        moment: Moment,
        organization: Organization | None,
    ) -> Settled:
        """Write all that this user, who belongs to `organization`, has coming from this certification."""
        awarded: list[CertificationCompletion] = []
        amended = 0
        for _ in range(MOST_WRITES):
            decision = decide(record, certification, organization, moment)
            if isinstance(decision, Nothing):
                return Settled(record=record, awarded=tuple(awarded), amended=amended, reason=decision.reason)
            try:
                written = self._write(decision, record, certification)
            except ChangedMeanwhileError:
                record = self._ledger.read_user(decision.completion.holder.id)
                continue
            record = with_written(record, written)
            if isinstance(decision, Award):
                awarded.append(decision.completion)
            amended += isinstance(decision, Amend)
        raise ContendedError(f"still not settled after {MOST_WRITES} decisions")

    def _write(
        self, decision: Award | Amend, record: UserRecord, certification: Certification
    ) -> tuple[CertificationCompletion, ...]:
        completion = decision.completion
        if isinstance(decision, Amend):
            self._ledger.amend_completion(completion, reminders=certification.reminders)
            return (completion,)
        continued = (decision.continued,) if decision.continued else ()
        changed_cycles = {c.cycle for c in continued}
        siblings = [c for c in cycles(record, completion.certification_id) if c.cycle not in changed_cycles]
        self._ledger.add_completion(
            completion, reminders=certification.reminders, siblings=siblings, changed=continued
        )
        return (completion, *continued)


def decide(
    record: UserRecord, certification: Certification, organization: Organization | None, moment: Moment
) -> Decision:
    """What the rules say about this record now."""
    facts = facts_of(record, certification, organization)
    if facts is None:
        return Nothing(reason=Reason(code="user_unknown", message="There is no such user."))
    return evaluate(facts, moment)


def facts_of(
    record: UserRecord, certification: Certification, organization: Organization | None
) -> Facts | None:
    """What an evaluation of this record looks at; None for an unknown user."""
    if record.user is None:
        return None
    return Facts(
        certification=certification,
        user=record.user,
        organization=organization,
        course_completions=record.course_completions,
        completions=cycles(record, certification.certification_id),
    )


def cycles(record: UserRecord, certification_id: str) -> tuple[CertificationCompletion, ...]:
    return tuple(c for c in record.completions if c.certification_id == certification_id)


def with_written(record: UserRecord, written: Sequence[CertificationCompletion]) -> UserRecord:
    """The record as it is after these writes: every one of them held its condition."""
    replaced = {(c.certification_id, c.cycle) for c in written}
    kept = [c for c in record.completions if (c.certification_id, c.cycle) not in replaced]
    return replace(record, completions=(*kept, *written))


class Organizations:
    """The organizations of the users of one batch, each read once."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._read: dict[str, Organization | None] = {}

    def of(self, record: UserRecord) -> Organization | None:
        organization_id = record.user.organization_id if record.user else None
        if organization_id is None:
            return None
        if organization_id not in self._read:
            self._read[organization_id] = self._directory.organization(organization_id)
        return self._read[organization_id]
