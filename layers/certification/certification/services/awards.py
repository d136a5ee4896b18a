"""Award a certification by hand, to a user or an organization (R26, R27, R31): never two active at once."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from certification.domain.errors import ChangedMeanwhileError, FieldError, InvalidError, NotFoundError
from certification.domain.hand_awards import Decided, HandAward, Standing, award_by_hand
from certification.domain.instants import require_not_ahead, start_of_day
from certification.domain.model import Certification, CertificationCompletion, HolderType
from certification.domain.ports import Clock, Definitions, Directory, Ledger, Receipt
from certification.services.decisions_by_hand import MOST_ATTEMPTS, Asker, contended, moment_of

ReceiptOf = Callable[[CertificationCompletion, Certification], "Receipt | None"]


class HandAwards:
    """Whoever wrote first wins; the other reads again and decides again."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        definitions: Definitions,
        directory: Directory,
        clock: Clock,
        zone: ZoneInfo,
    ) -> None:
        self._ledger = ledger
        self._definitions = definitions
        self._directory = directory
        self._clock = clock
        self._zone = zone

    def award(
        self, wanted: HandAward, asker: Asker, receipt_of: ReceiptOf
    ) -> tuple[CertificationCompletion, Certification]:
        """The new cycle, written with the receipt of the answer; `RepeatedRequestError` where that exists already.

        NotFoundError; InvalidError; ConflictError, where the holder has it already with that as `present`.
        """
        self._check_day(wanted)
        certification = self._definitions.certification(wanted.certification_id)
        if certification is None:
            raise NotFoundError("There is no such certification.")
        for _ in range(MOST_ATTEMPTS):
            moment = moment_of(asker, self._clock, self._zone)
            decided = award_by_hand(wanted, self.standing(wanted, certification), moment)
            receipt = receipt_of(decided.completion, certification)
            try:
                self._write(decided, certification, receipt)
            except ChangedMeanwhileError:
                continue
            return decided.completion, certification
        raise contended()

    def standing(self, wanted: HandAward, certification: Certification) -> Standing:
        if wanted.holder.type is HolderType.ORGANIZATION:
            return self._organization_standing(wanted, certification)
        record = self._ledger.read_user(wanted.holder.id)
        if record.user is None:
            raise NotFoundError("There is no such user.")
        organization_id = record.user.organization_id
        return Standing(
            certification=certification,
            user=record.user,
            organization=self._directory.organization(organization_id) if organization_id else None,
            cycles=[c for c in record.completions if c.certification_id == certification.certification_id],
            course_completions=record.course_completions,
        )

    def _organization_standing(self, wanted: HandAward, certification: Certification) -> Standing:
        organization = self._directory.organization(wanted.holder.id)
        if organization is None:
            raise NotFoundError("There is no such organization.")
        cycles = self._ledger.completions_of(wanted.holder, certification.certification_id)
        return Standing(certification=certification, user=None, organization=organization, cycles=cycles)

    def _check_day(self, wanted: HandAward) -> None:
        """R5: nothing is completed more than a day ahead."""
        try:
            require_not_ahead(start_of_day(wanted.completion_date, self._zone), now=self._clock.now())
        except InvalidError as exc:
            message = "It lies more than 24 hours ahead (R5)."
            error = FieldError(pointer="/completion_date", code=exc.code, message=message)
            raise InvalidError(message, errors=(error,)) from exc

    def _write(self, decided: Decided, certification: Certification, receipt: Receipt | None) -> None:
        self._ledger.add_completion(
            decided.completion,
            reminders=certification.reminders,
            siblings=decided.siblings,
            changed=decided.changed,
            receipt=receipt,
        )
