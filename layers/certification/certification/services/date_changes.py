"""Give a completion another end (R28)."""

from __future__ import annotations

from datetime import date

from certification.domain.decisions import change_expiration
from certification.domain.model import CertificationCompletion
from certification.services.decisions_by_hand import Asker, Check, DecisionsByHand, Named


class DateChanges:
    """Repeating a change that was made is harmless: it changes nothing."""

    def __init__(self, decisions: DecisionsByHand) -> None:
        self._decisions = decisions

    def change(
        self, named: Named, *, expiration_date: date | None, reason: str, asker: Asker, check: Check
    ) -> CertificationCompletion:
        """The completion with this last valid day, None = never; InvalidError, ConflictError, NotFoundError."""
        return self._decisions.carry_out(
            named,
            lambda completion, siblings, moment: change_expiration(
                completion, siblings, moment, expiration_date=expiration_date, reason=reason
            ),
            asker,
            check,
        )
