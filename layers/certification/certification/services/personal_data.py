"""All that is stored about one person, as the person may ask for it. The counterpart of `Users.erase`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from certification.domain.course_completion_message import UserReference
from certification.domain.errors import NotFoundError
from certification.domain.history import HistoryEntry
from certification.domain.mapping import OBJECTS
from certification.domain.model import CertificationCompletion, CourseCompletion, Holder, HolderType, User
from certification.domain.parking import ParkedCompletion
from certification.domain.sync import SyncRow

if TYPE_CHECKING:
    from certification.domain.ports import History, Ledger, Parking
    from certification.domain.sync_ports import Outbox

ENTRIES_AT_ONCE = 100


class PersonalDataParts(Protocol):
    """The parts of the application that it is read from."""

    @property
    def ledger(self) -> Ledger: ...
    @property
    def history(self) -> History: ...
    @property
    def parking(self) -> Parking: ...
    @property
    def outbox(self) -> Outbox: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalData:
    """`parked`: what waits under any name of the person, maybe of another one (R17). `history` is by completion."""

    user: User
    course_completions: tuple[CourseCompletion, ...]
    completions: tuple[CertificationCompletion, ...]
    history: tuple[tuple[HistoryEntry, ...], ...]
    parked: tuple[ParkedCompletion, ...]
    records: tuple[SyncRow, ...]


def personal_data(app: PersonalDataParts, user_id: str) -> PersonalData:
    """`NotFoundError` for an unknown user."""
    record = app.ledger.read_user(user_id)
    if record.user is None:
        raise NotFoundError("There is no such user.")
    holder = Holder(type=HolderType.USER, id=user_id)
    rows = (app.outbox.rows([holder], crm).get(holder) for crm in OBJECTS)
    return PersonalData(
        user=record.user,
        course_completions=record.course_completions,
        completions=record.completions,
        history=tuple(tuple(_entries(app, completion)) for completion in record.completions),
        parked=_parked(app, record.user),
        records=tuple(row for row in rows if row is not None),
    )


def _entries(app: PersonalDataParts, completion: CertificationCompletion) -> Iterator[HistoryEntry]:
    start = None
    while True:
        part = app.history.page(
            completion.holder,
            completion.certification_id,
            completion.cycle,
            limit=ENTRIES_AT_ONCE,
            start=start,
        )
        yield from part.items
        start = part.next
        if start is None:
            return


def _parked(app: PersonalDataParts, user: User) -> tuple[ParkedCompletion, ...]:
    names = [UserReference(user_id=user.user_id, email=user.email.casefold() or None)]
    names += [UserReference(identity=identity) for identity in user.identities]
    found = {entry.parked_id: entry for name in names for entry in app.parking.parked_under(name)}
    return tuple(found.values())
