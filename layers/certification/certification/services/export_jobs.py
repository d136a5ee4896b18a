"""Export certification completions: page by page into parts, then one file with an address to fetch it from (R32)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from certification.domain.errors import ChangedMeanwhileError, NotFoundError
from certification.domain.exports import (
    Export,
    ExportFiles,
    ExportRow,
    Exports,
    ExportWish,
    after_part,
    finished,
    is_wanted,
    to_csv,
)
from certification.domain.model import CertificationCompletion, Holder, HolderType
from certification.domain.ports import Clock, CompletionLists, Definitions, Directory, Queue, Receipt
from certification.domain.validity import civil_date

KIND = "export"
COMPLETIONS_AT_ONCE = 100
MEMBERS_AT_ONCE = 25
PAGES_IN_A_PART = 20
Place = Mapping[str, Any]
TimeLeft = Callable[[], bool]
ReceiptOf = Callable[[Export], "Receipt | None"]
Found = tuple[Sequence[CertificationCompletion], "Place | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportParts:
    exports: Exports
    files: ExportFiles
    lists: CompletionLists
    definitions: Definitions
    directory: Directory
    job_queue: Queue
    public_id: Callable[[CertificationCompletion], str]
    clock: Clock
    zone: ZoneInfo


class ExportJobs:
    """A part is written under its number, then the place after it: whoever goes on writes the same or the next."""

    def __init__(self, parts: ExportParts) -> None:
        self._parts = parts

    def start(self, wish: ExportWish, *, export_id: str, actor: str, receipt_of: ReceiptOf) -> Export:
        """Nothing is read yet but what is asked for; `NotFoundError` where that does not exist."""
        self._check(wish)
        now = self._parts.clock.now()
        run = Export(
            export_id=export_id,
            wish=wish,
            today=civil_date(now, self._parts.zone),
            place={},
            created_at=now,
            created_by=actor,
        )
        self._parts.exports.add(run, receipt=receipt_of(run))
        return run

    def enqueue(self, export_id: str) -> None:
        self._parts.job_queue.send([{"kind": KIND, "export_id": export_id}])

    def advance(self, export_id: str, time_left: TimeLeft) -> Export:
        """Work while there is time, at least one page; then leave a message for whoever goes on."""
        run = self._found(export_id)
        try:
            while not run.finished:
                run = self._step(run, time_left)
                if not time_left() and not run.finished:
                    self.enqueue(export_id)
                    break
        except ChangedMeanwhileError:
            return self._found(export_id)
        return run

    def _check(self, wish: ExportWish) -> None:
        certification_id, organization_id = wish.certification_id, wish.organization_id
        if certification_id and self._parts.definitions.certification(certification_id) is None:
            raise NotFoundError("There is no such certification.")
        if organization_id and self._parts.directory.organization(organization_id) is None:
            raise NotFoundError("There is no such organization.")

    def _step(self, run: Export, time_left: TimeLeft) -> Export:
        if run.place is None:
            self._parts.files.join(run.export_id, run.parts)
            following = finished(run, self._parts.clock.now())
        else:
            rows, place = self._part(run, run.place, time_left)
            text = to_csv(run, rows, self._parts.zone, header=run.parts == 0)
            self._parts.files.save_part(run.export_id, run.parts + 1, text)
            following = after_part(run, len(rows), place)
        self._parts.exports.save(following)
        return following

    def _part(self, run: Export, place: Place, time_left: TimeLeft) -> tuple[list[ExportRow], Place | None]:
        """Some pages; fewer where time runs out."""
        rows: list[ExportRow] = []
        for _ in range(PAGES_IN_A_PART):
            found, following = self._page(run.wish, place)
            rows += self._rows([c for c in found if is_wanted(run, c)])
            if following is None:
                return rows, None
            place = following
            if not time_left():
                break
        return rows, place

    def _page(self, wish: ExportWish, place: Place) -> Found:
        if wish.organization_id is not None:
            return self._of_organization(wish.organization_id, place)
        if wish.certification_id is not None:
            return self._of_certification(wish.certification_id, place)
        return self._of_everyone(place)

    def _of_certification(self, certification_id: str, place: Place) -> Found:
        part = self._parts.lists.of_certification(
            certification_id, limit=COMPLETIONS_AT_ONCE, start=place.get("start")
        )
        return part.items, {**place, "start": part.next} if part.next else None

    def _of_everyone(self, place: Place) -> Found:
        """Certification after certification; `certifications` is where the following ones start."""
        certification_id, following = place.get("certification_id"), place.get("certifications")
        if certification_id is None:
            page = self._parts.definitions.page(limit=1, start=following)
            if not page.items:
                return (), None
            certification_id, following = page.items[0].certification_id, page.next
        here = {"certification_id": certification_id, "certifications": following}
        found, rest = self._of_certification(certification_id, {**here, "start": place.get("start")})
        if rest is None and following is not None:
            rest = {"certifications": following}
        return found, rest

    def _of_organization(self, organization_id: str, place: Place) -> Found:
        """Its own, then those of its members."""
        if "members" not in place:
            own = Holder(type=HolderType.ORGANIZATION, id=organization_id)
            return tuple(self._of_holder(own)), {"members": None}
        page = self._parts.directory.members(organization_id, limit=MEMBERS_AT_ONCE, start=place["members"])
        members = [Holder(type=HolderType.USER, id=user_id) for user_id in page.items]
        found = [completion for member in members for completion in self._of_holder(member)]
        return found, {"members": page.next} if page.next else None

    def _of_holder(self, holder: Holder) -> Iterator[CertificationCompletion]:
        start = None
        while True:
            part = self._parts.lists.of_holder(holder, limit=COMPLETIONS_AT_ONCE, start=start)
            yield from part.items
            start = part.next
            if start is None:
                return

    def _rows(self, found: Sequence[CertificationCompletion]) -> Iterator[ExportRow]:
        certifications = self._parts.definitions.certifications({c.certification_id for c in found})
        users = self._parts.directory.users({c.holder.id for c in found if c.holder.type is HolderType.USER})
        for completion in found:
            certification = certifications.get(completion.certification_id)
            user = users.get(completion.holder.id) if completion.holder.type is HolderType.USER else None
            yield ExportRow(
                completion=completion,
                public_id=self._parts.public_id(completion),
                certification_name=certification.name if certification else "",
                email=user.email if user else "",
            )

    def _found(self, export_id: str) -> Export:
        run = self._parts.exports.find(export_id)
        if run is None:
            raise NotFoundError("There is no such export.")
        return run
