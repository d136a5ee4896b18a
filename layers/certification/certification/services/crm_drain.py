"""One bell: mark what a backfill still has to mark, push what is pending, pause where the CRM says so (R39, R40).

A lost bell costs nothing, an early one neither. Exactly one drain runs for each CRM by the queue's message group;
two at once are safe.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from certification.domain.connection import Connection, Pause, PauseReason, Setup, StoredMapping, next_pause
from certification.domain.push import Pusher, PushFailedError
from certification.domain.validity import civil_date
from certification.services import crm_outbox
from certification.services.crm_backfills import BackfillParts, run_backfills
from certification.services.crm_push import ObjectDrain, PushParts, Shift, Tally

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from certification.domain.model import CertificationCompletion

RESERVE_SECONDS = 20.0
"""What a shift keeps for its last call: the client's own time-outs stay below it."""
BACKFILL_RESERVE_SECONDS = 35.0
LONGEST_WAIT_SECONDS = 12.0
MOST_WAITS = 3
MOST_HOPS = 1_000
CONNECTION_SCOPE = ""
"""The scope of a pause that holds the whole connection; others are an object's name."""


class DrainParts(PushParts, BackfillParts, Protocol):
    """The parts of the application that a drain needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a drain gets besides ports. Making a pusher calls nobody: what is wrong shows in the first push."""

    pusher: Callable[[Connection], Pusher]
    public_id: Callable[[CertificationCompletion], str]
    public_url: str
    zone: ZoneInfo
    sleep: Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainReport:
    """`paused`: what stopped it; `more`: time ran out before everything was done; `hopped`: it rang for itself."""

    tally: Tally
    paused: tuple[Pause, ...] = ()
    more: bool = False
    hopped: bool = False


class CrmDrain:
    """Drains one CRM. `remaining` gives the seconds that are left to this invocation."""

    def __init__(self, app: DrainParts, crm: str, around: Surroundings) -> None:
        self._app = app
        self._crm = crm
        self._around = around

    def run(self, remaining: Callable[[], float], *, hop: int = 0) -> DrainReport:
        setup = self._app.connections.setup(self._crm)
        if setup.connection is None:
            return DrainReport(tally=Tally())
        unfinished = [backfill for backfill in setup.backfills if not backfill.finished]
        marked_all = run_backfills(
            self._app, unfinished, in_time=lambda: remaining() > BACKFILL_RESERVE_SECONDS
        )
        shift = self._shift(setup.connection, remaining)
        tally = Tally()
        paused, pushed_all = self._push(setup, shift, tally, remaining)
        more = not (marked_all and pushed_all) and not _is_paused(paused)
        hopped = more and hop < MOST_HOPS
        if hopped:
            crm_outbox.ring(self._app, self._crm, hop=hop + 1)
        return DrainReport(tally=tally, paused=tuple(paused), more=more, hopped=hopped)

    def _shift(self, connection: Connection, remaining: Callable[[], float]) -> Shift:
        now = self._app.clock.now()
        return Shift(
            connection=connection,
            attempt=secrets.token_hex(8),
            until=now + timedelta(seconds=remaining()),
            today=civil_date(now, self._around.zone),
            in_time=lambda: remaining() > RESERVE_SECONDS,
            public_id=self._around.public_id,
            public_url=self._around.public_url,
        )

    def _push(
        self, setup: Setup, shift: Shift, tally: Tally, remaining: Callable[[], float]
    ) -> tuple[list[Pause], bool]:
        """Object after object; what is paused, and whether everything else was done."""
        now = self._app.clock.now()
        held = setup.pauses.get(CONNECTION_SCOPE)
        if held is not None and held.holds(now):
            return [held], True
        paused: list[Pause] = []
        done = True
        for name, stored in sorted(setup.mappings.items()):
            pause = setup.pauses.get(name)
            if pause is not None and pause.holds(now):
                paused.append(pause)
                continue
            finished, stopped = self._push_object(setup, stored, shift, tally, remaining)
            done = done and finished
            if stopped is not None:
                paused.append(stopped)
                if stopped.scope == CONNECTION_SCOPE:
                    break
        return paused, done

    def _push_object(
        self,
        setup: Setup,
        stored: StoredMapping,
        shift: Shift,
        tally: Tally,
        remaining: Callable[[], float],
    ) -> tuple[bool, Pause | None]:
        """Whether all of it was pushed, and the pause that stopped it. Short waits are waited for here."""
        waits = 0
        while True:
            calls_before = tally.calls
            try:
                drain = ObjectDrain(self._app, stored, self._around.pusher(shift.connection), shift, tally)
                finished = drain.run()
            except PushFailedError as exc:
                pause = self._pause(setup, stored, exc)
                self._app.connections.save_pause(pause)  # shown while it is waited for, too
                seconds = (pause.until - self._app.clock.now()).total_seconds()
                if _is_worth_waiting(exc, seconds, waits) and remaining() - seconds > RESERVE_SECONDS:
                    waits += 1
                    self._around.sleep(seconds)
                    continue
                return False, pause
            if tally.calls > calls_before:
                self._resume(setup, stored, waited=waits > 0)
            return finished, None

    def _pause(self, setup: Setup, stored: StoredMapping, failed: PushFailedError) -> Pause:
        name = stored.mapping.object_name
        scope = name if failed.reason is PauseReason.MAPPING else CONNECTION_SCOPE
        return next_pause(
            setup.pauses.get(scope),
            self._crm,
            failed.reason,
            failed.message,
            now=self._app.clock.now(),
            scope=scope,
            correlation_id=failed.correlation_id,
            asked=failed.retry_after,
        )

    def _resume(self, setup: Setup, stored: StoredMapping, *, waited: bool) -> None:
        """A call went through: what was paused before, or just now, is over."""
        paused = {*setup.pauses, CONNECTION_SCOPE} if waited else {*setup.pauses}
        for scope in {CONNECTION_SCOPE, stored.mapping.object_name} & paused:
            self._app.connections.end_pause(self._crm, scope)


def _is_paused(paused: list[Pause]) -> bool:
    return any(pause.scope == CONNECTION_SCOPE for pause in paused)


def _is_worth_waiting(failed: PushFailedError, seconds: float, waits: int) -> bool:
    """Only what passes by itself within seconds: a CRM that is down, or that asks for longer, gets a pause."""
    return failed.reason is PauseReason.THROTTLED and seconds <= LONGEST_WAIT_SECONDS and waits < MOST_WAITS
