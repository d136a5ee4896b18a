"""Revoke, reinstate, or let stand what is under review (R29, R30)."""

from __future__ import annotations

from certification.domain.decisions import reinstate, revoke
from certification.domain.evaluation import Facts, broken_evidence
from certification.domain.model import CertificationCompletion, Evidence, HolderType
from certification.domain.ports import Definitions
from certification.services.decisions_by_hand import Asker, Check, DecisionsByHand, Named


class Revocations:
    """Each raises NotFoundError, or ConflictError with what stands in the way as `present`."""

    def __init__(self, decisions: DecisionsByHand, definitions: Definitions) -> None:
        self._decisions = decisions
        self._definitions = definitions

    def revoke(self, named: Named, *, reason: str, asker: Asker, check: Check) -> CertificationCompletion:
        return self._decisions.carry_out(
            named,
            lambda completion, siblings, moment: revoke(completion, siblings, moment, reason=reason),
            asker,
            check,
        )

    def reinstate(self, named: Named, *, reason: str, asker: Asker, check: Check) -> CertificationCompletion:
        """Undo a revocation, or decide that broken evidence stands: it is not flagged for the same again."""
        return self._decisions.carry_out(
            named,
            lambda completion, siblings, moment: reinstate(
                completion, siblings, moment, reason=reason, broken=self._broken(completion)
            ),
            asker,
            check,
        )

    def _broken(self, completion: CertificationCompletion) -> tuple[Evidence, ...]:
        if completion.holder.type is not HolderType.USER or not completion.evidence:
            return ()
        certification = self._definitions.certification(completion.certification_id)
        record = self._decisions.ledger.read_user(completion.holder.id)
        if certification is None or record.user is None:
            return completion.evidence
        facts = Facts(
            certification=certification,
            user=record.user,
            organization=None,
            course_completions=record.course_completions,
            completions=(completion,),
        )
        return broken_evidence(completion, facts)
