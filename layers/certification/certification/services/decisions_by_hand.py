"""Carry out a decision on an existing completion: read all cycles, decide, write; again where somebody wrote first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from certification.domain.errors import ChangedMeanwhileError, ConflictError, NotFoundError
from certification.domain.evaluation import Moment
from certification.domain.hand_awards import Decided
from certification.domain.model import CertificationCompletion, Holder
from certification.domain.ports import Clock, Definitions, Ledger
from certification.domain.validity import civil_date

MOST_ATTEMPTS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who decides: for the history (R33)."""

    actor: str
    correlation_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A completion by its natural key."""

    holder: Holder
    certification_id: str
    cycle: int


Cycles = tuple[CertificationCompletion, ...]
Decide = Callable[[CertificationCompletion, Cycles, Moment], Decided | None]
Check = Callable[[CertificationCompletion], None]


def moment_of(asker: Asker, clock: Clock, zone: ZoneInfo) -> Moment:
    now = clock.now()
    return Moment(
        now=now, today=civil_date(now, zone), actor=asker.actor, correlation_id=asker.correlation_id
    )


class DecisionsByHand:
    """The loop that revoking, reinstating and changing dates have in common."""

    def __init__(self, *, ledger: Ledger, definitions: Definitions, clock: Clock, zone: ZoneInfo) -> None:
        self.ledger = ledger
        self._definitions = definitions
        self._clock = clock
        self._zone = zone

    def carry_out(self, named: Named, decide: Decide, asker: Asker, check: Check) -> CertificationCompletion:
        """The completion afterwards; as it is, where `decide` says None. `check` is the caller's precondition."""
        certification = self._definitions.certification(named.certification_id)
        reminders = certification.reminders if certification else ()
        moment = moment_of(asker, self._clock, self._zone)
        for _ in range(MOST_ATTEMPTS):
            completion, siblings = self._read(named)
            check(completion)
            decided = decide(completion, siblings, moment)
            if decided is None:
                return completion
            try:
                self.ledger.amend_completion(
                    decided.completion,
                    reminders=reminders,
                    siblings=decided.siblings,
                    changed=decided.changed,
                )
            except ChangedMeanwhileError:
                continue
            return decided.completion
        raise contended()

    def _read(self, named: Named) -> tuple[CertificationCompletion, Cycles]:
        cycles = self.ledger.completions_of(named.holder, named.certification_id)
        found = next((c for c in cycles if c.cycle == named.cycle), None)
        if found is None:
            raise NotFoundError("There is no such certification completion.")
        return found, tuple(c for c in cycles if c.cycle != named.cycle)


def contended() -> ConflictError:
    return ConflictError("Others keep changing the same thing; try again in a moment.", code="contended")
