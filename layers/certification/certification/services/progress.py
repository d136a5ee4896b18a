"""Answer how far a user is towards a certification: one consistent look, nothing is written."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from certification.domain.errors import NotFoundError
from certification.domain.evaluation import Moment
from certification.domain.model import Certification
from certification.domain.ports import Clock, Definitions, Directory, Ledger
from certification.domain.progress import Progress, progress
from certification.domain.validity import civil_date
from certification.services.awarding import Organizations, facts_of


class ProgressReader:
    def __init__(
        self, *, ledger: Ledger, definitions: Definitions, directory: Directory, clock: Clock, zone: ZoneInfo
    ) -> None:
        self._ledger = ledger
        self._definitions = definitions
        self._directory = directory
        self._clock = clock
        self._zone = zone

    def read(self, user_id: str, certification_id: str) -> tuple[Progress, Certification]:
        """`NotFoundError` for an unknown user or certification."""
        certification = self._definitions.certification(certification_id)
        if certification is None:
            raise NotFoundError("There is no such certification.")
        record = self._ledger.read_user(user_id)
        facts = facts_of(record, certification, Organizations(self._directory).of(record))
        if facts is None:
            raise NotFoundError("There is no such user.")
        now = self._clock.now()
        moment = Moment(now=now, today=civil_date(now, self._zone), actor="progress")
        return progress(facts, moment), certification
