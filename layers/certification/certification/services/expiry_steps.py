"""One page of the due index, dealt with: R10, R21, R33a."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from certification.domain.eligibility import inactivity
from certification.domain.errors import CertificationServiceError
from certification.domain.evaluation import Moment
from certification.domain.model import Certification, Duration, Holder, HolderType, User
from certification.domain.ports import Definitions, Directory, Transitions
from certification.domain.status import DueKind, next_due
from certification.domain.transitions import Awaiting, DueEntry, Step, Transition, next_step

logger = logging.getLogger(__name__)

# Start, reminder and lapse may all be due after a downtime; the other rounds are for those who wrote in between.
ROUNDS = 8
# What a row that should not exist leads to. An outage is none of these: it stops the sweep, and all is tried again.
_DAMAGED = (KeyError, TypeError, ValueError, RuntimeError, CertificationServiceError)


@dataclass(slots=True, kw_only=True)
class SweepReport:
    """What a sweep, or a part of one, did."""

    lapsed: int = 0
    started: int = 0
    reminded: int = 0
    skipped: int = 0
    rearmed: int = 0
    failed: int = 0
    handed_over: int = 0
    hop_limit_reached: int = 0
    completed: int = 0

    def add(self, transition: Transition, count: int = 1) -> None:
        setattr(self, transition.value, getattr(self, transition.value) + count)


class DueSteps:
    """Takes entries as the index had them; whatever changed since is read again and decided again."""

    def __init__(
        self,
        transitions: Transitions,
        definitions: Definitions,
        directory: Directory,
        moment: Moment,
        report: SweepReport,
    ) -> None:
        self._transitions = transitions
        self._definitions = definitions
        self._holders = Holders(directory)
        self._moment = moment
        self._report = report
        self._certifications: dict[str, Certification | None] = {}

    def lapse(self, entries: Sequence[DueEntry]) -> None:
        """Entries that say a lapse: written without a read. Those that do not say so any more are looked at."""
        self.look_and_take([entry for entry in entries if not self._lapsed(entry)])

    def _lapsed(self, entry: DueEntry) -> bool:
        """False: it changed since the index had it."""
        try:
            ok = self._transitions.lapse(entry, self._moment)
        except _DAMAGED as exc:
            self._failed(entry, exc)
            return True
        self._report.add(Transition.LAPSED, int(ok))
        return ok

    def look_and_take(self, entries: Sequence[DueEntry]) -> None:
        """Read the completions and take step after step, until nothing is left to do today.

        All at once; where that fails, each half by itself, so that one damaged row holds up nobody.
        """
        if not entries:
            return
        try:
            self._look_and_take(entries)
        except _DAMAGED as exc:
            if len(entries) == 1:
                self._failed(entries[0], exc)
                return
            middle = len(entries) // 2
            self.look_and_take(entries[:middle])
            self.look_and_take(entries[middle:])

    def _failed(self, entry: DueEntry, exc: Exception) -> None:
        logger.error("a due completion could not be dealt with", exc_info=exc, extra=_named(entry))
        self._report.failed += 1

    def _look_and_take(self, entries: Sequence[DueEntry]) -> None:
        awaiting = self._transitions.awaiting(entries)
        for _ in range(ROUNDS):
            steps = self._steps(awaiting)
            if not steps:
                return
            taken, lost = self._take(steps)
            again = self._transitions.awaiting([_entry(step.before) for step in lost]) if lost else ()
            awaiting = [*map(_after, taken), *again]
        logger.warning("completions kept changing under the sweep; they stay due")

    def _take(self, steps: Iterable[Step]) -> tuple[list[Step], list[Step]]:
        """Those that were written, and those that somebody else was quicker than."""
        taken: list[Step] = []
        lost: list[Step] = []
        for step in steps:
            if self._transitions.take(step):
                self._report.add(step.transition)
                taken.append(step)
            else:
                lost.append(step)
        return taken, lost

    def _steps(self, awaiting: Sequence[Awaiting]) -> list[Step]:
        reminders = self._reminders(awaiting)
        asking = [a for a, offsets in zip(awaiting, reminders, strict=True) if _asks_to_remind(a, offsets)]
        remindable = self._holders.active({a.completion.holder for a in asking})
        steps = (
            next_step(a, offsets, self._moment, remindable=a.completion.holder in remindable)
            for a, offsets in zip(awaiting, reminders, strict=True)
        )
        return [step for step in steps if step is not None]

    def _reminders(self, awaiting: Iterable[Awaiting]) -> list[tuple[Duration, ...]]:
        wanted = [str(a.completion.certification_id) for a in awaiting]
        unknown = set(wanted) - self._certifications.keys()
        if unknown:
            found = self._definitions.certifications(unknown)
            self._certifications |= {name: found.get(name) for name in unknown}
        return [certification.reminders if (certification := self._certifications[c]) else () for c in wanted]


class Holders:
    """Who gets reminders: nobody who is inactive, or whose organization is (R21)."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._organizations: dict[str, bool] = {}

    def active(self, holders: Iterable[Holder]) -> frozenset[Holder]:
        asked = frozenset(holders)
        users = self._directory.users([h.id for h in asked if h.type is HolderType.USER]) if asked else {}
        return frozenset(holder for holder in asked if self._is_active(holder, users.get(holder.id)))

    def _is_active(self, holder: Holder, user: User | None) -> bool:
        if holder.type is HolderType.ORGANIZATION:
            return self._organization_is_active(holder.id)
        if user is None or inactivity(user, None):
            return False
        return user.organization_id is None or self._organization_is_active(user.organization_id)

    def _organization_is_active(self, organization_id: str) -> bool:
        if organization_id not in self._organizations:
            found = self._directory.organization(organization_id)
            self._organizations[organization_id] = found is None or found.active
        return self._organizations[organization_id]


def _asks_to_remind(awaiting: Awaiting, reminders: Sequence[Duration]) -> bool:
    due = next_due(awaiting.completion, reminders)
    return due is not None and due.kind is DueKind.REMINDER


def _after(step: Step) -> Awaiting:
    return Awaiting(completion=step.after, due=next_due(step.after, step.reminders))


def _entry(awaiting: Awaiting) -> DueEntry:
    completion = awaiting.completion
    if awaiting.due is None:
        raise ValueError("nothing is due there")
    return DueEntry(
        holder=completion.holder,
        certification_id=completion.certification_id,
        cycle=completion.cycle,
        due=awaiting.due,
    )


def _named(entry: DueEntry) -> dict[str, object]:
    return {
        "holder": f"{entry.holder.type.value}:{entry.holder.id}",
        "certification_id": entry.certification_id,
        "cycle": entry.cycle,
    }
