"""The sweep: whatever day has come is recorded, however late, and once (R10, R33a).

It reads the due index only, in shards. Little is done at once; a shard with more than a page goes on by itself,
through the queue. What is not done when time runs out is still due. Every write names the day that was read, so
that neither a second sweep nor an extension at the same moment can be overrun. A damaged row is counted and stays due;
all others are dealt with.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from certification.domain.errors import InvalidError
from certification.domain.evaluation import Moment
from certification.domain.instants import format_instant, parse_instant
from certification.domain.ports import Definitions, Directory, Queue, StartKey, Transitions
from certification.domain.status import DueKind
from certification.domain.transitions import DueEntry
from certification.domain.validity import ONE_DAY, civil_date
from certification.services.expiry_steps import DueSteps, SweepReport

logger = logging.getLogger(__name__)

ACTOR = "job:expiry"
PAGE = 200
MOST_HOPS = 500
TimeLeft = Callable[[], bool]


class ExpirySweep:
    """Everything here is harmless when repeated, at any later time."""

    def __init__(
        self,
        *,
        transitions: Transitions,
        definitions: Definitions,
        directory: Directory,
        transition_queue: Queue,
        zone: ZoneInfo,
    ) -> None:
        self._transitions = transitions
        self._definitions = definitions
        self._directory = directory
        self._queue = transition_queue
        self._zone = zone

    def run(self, now: datetime, time_left: TimeLeft) -> SweepReport:
        """All shards as of `now`. A shard with more than a page due is handed over to the queue."""
        report = SweepReport()
        moment = self._moment(now)
        for shard in range(self._transitions.shards):
            following = self._page(shard, None, moment, report) if time_left() else {}
            if following is not None:
                self._hand_over(shard, following, now, hop=1)
                report.handed_over += 1
        report.completed = int(report.handed_over == 0)
        return report

    def go_on(self, message: Mapping[str, Any], time_left: TimeLeft) -> SweepReport:
        """One shard from where the message says; `InvalidError` for what is no message of ours."""
        shard, now, start, hop = self._read(message)
        report = SweepReport()
        moment = self._moment(now)
        while True:
            start = self._page(shard, start or None, moment, report)
            if start is None:
                report.completed = 1
                return report
            if not time_left():
                break
        if hop >= MOST_HOPS:
            logger.error("sweep has gone through the queue too often", extra={"shard": shard, "hop": hop})
            report.hop_limit_reached += 1
        else:
            self._hand_over(shard, start, now, hop=hop + 1)
            report.handed_over += 1
        return report

    def _moment(self, now: datetime) -> Moment:
        today = civil_date(now, self._zone)
        return Moment(now=now, today=today, actor=ACTOR, correlation_id=f"sweep-{today.isoformat()}")

    def _page(
        self, shard: int, start: StartKey | None, moment: Moment, report: SweepReport
    ) -> StartKey | None:
        """Do one page; where the next one starts, None at the end."""
        page = self._transitions.due(shard, before=moment.today + ONE_DAY, limit=PAGE, start=start)
        steps = DueSteps(self._transitions, self._definitions, self._directory, moment, report)
        steps.lapse([entry for entry in page.entries if _says_all(entry)])
        steps.look_and_take([entry for entry in page.entries if not _says_all(entry)])
        report.failed += page.unreadable
        return page.next

    def _hand_over(self, shard: int, start: StartKey, now: datetime, *, hop: int) -> None:
        message = {"kind": "sweep", "shard": shard, "time": format_instant(now), "hop": hop}
        self._queue.send([{**message, "start": dict(start)}])

    def _read(self, message: Mapping[str, Any]) -> tuple[int, datetime, StartKey | None, int]:
        shard, hop, start = message.get("shard"), message.get("hop", 0), message.get("start")
        if message.get("kind") != "sweep" or not isinstance(hop, int) or not isinstance(shard, int):
            raise InvalidError("not a message of the sweep")
        if not 0 <= shard < self._transitions.shards or not isinstance(start, (Mapping, type(None))):
            raise InvalidError("no such shard, or no such place in it")
        return shard, parse_instant(str(message.get("time"))), start, hop


def _says_all(entry: DueEntry) -> bool:
    """A lapse follows from the entry alone; a start or a reminder asks what comes after it."""
    return entry.due.kind is DueKind.LAPSE
