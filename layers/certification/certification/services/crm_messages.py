"""What comes through the doorbell: bells, the daily check, reconciliations. Whatever it was, the drain runs once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from certification.domain.connection import PauseReason
from certification.domain.push import PushFailedError
from certification.domain.sync import SyncState
from certification.services import crm_outbox
from certification.services.crm_drain import CrmDrain, DrainParts, DrainReport
from certification.services.crm_mappings import check_mappings
from certification.services.crm_reconciliation import (
    ReconciliationParts,
    run_reconciliation,
    start_reconciliation,
)

logger = logging.getLogger(__name__)

REPORT_RESERVE_SECONDS = 30.0
MOST_HOPS = 1_000
DAILY = "job:daily-reconciliation"


class MessageParts(ReconciliationParts, DrainParts, Protocol):
    """The parts of the application that the messages need."""

    @property
    def crm_drain(self) -> CrmDrain: ...


@dataclass(slots=True, kw_only=True)
class Handled:
    """What one invocation did, as business metrics. `failure`: why a message has to come again."""

    metrics: dict[str, float] = field(default_factory=dict)
    failure: Exception | None = None

    def add(self, name: str, value: float = 1) -> None:
        self.metrics[name] = self.metrics.get(name, 0) + value


def handle_messages(
    app: MessageParts, crm: str, messages: Iterable[Mapping[str, Any]], remaining: Callable[[], float]
) -> Handled:
    """Every message once, and one drain. A bell that says nothing we know is counted: it is a bell all the same.

    The drain does not wait for a check that fails again and again.
    """
    handled = Handled()
    hop = 0
    asked: list[str] = []
    for message in messages:
        hop = max(hop, _hop_of(message))
        match message.get("kind"):
            case "bell" | "backfill":
                pass
            case "check_mapping":
                _tried(handled, lambda: _check(app, crm, handled))
            case "reconcile":
                asked.append(str(message.get("reconciliation_id", "")))
            case _:
                logger.warning("unknown message at the doorbell")
                handled.add("CrmMessagesNotUnderstood")
    report = app.crm_drain.run(remaining, hop=hop)
    _count(handled, report)
    for reconciliation_id in dict.fromkeys(asked):
        _reconcile(app, crm, reconciliation_id, remaining, hop=hop, handled=handled)
    return handled


def _tried(handled: Handled, work: Callable[[], None]) -> None:
    try:
        work()
    except Exception as exc:
        logger.exception("a message at the doorbell failed")
        handled.failure = exc


def _hop_of(message: Mapping[str, Any]) -> int:
    hop = message.get("hop")
    return hop if isinstance(hop, int) and hop > 0 else 0


def _check(app: MessageParts, crm: str, handled: Handled) -> None:
    """The daily look: does the mapping still fit, and is a sample still as it was written."""
    try:
        broken = [stored for stored in check_mappings(app, crm) if stored.problems]
    except PushFailedError as exc:
        logger.warning("the mapping could not be checked", extra={"crm": crm, "reason": exc.reason.value})
        return
    for stored in broken:
        logger.warning(
            "a mapping does not fit any more",
            extra={"crm": crm, "object": stored.mapping.object_name, "problems": len(stored.problems)},
        )
    handled.add("CrmMappingsBroken", len(broken))
    if app.connections.setup(crm).connection is not None:
        start_reconciliation(app, crm, whole=False, repair=False, actor=DAILY)


def _reconcile(
    app: MessageParts,
    crm: str,
    reconciliation_id: str,
    remaining: Callable[[], float],
    *,
    hop: int,
    handled: Handled,
) -> None:
    run = app.crm_reconciliations.get(crm, reconciliation_id)
    if run is None or run.finished or app.connections.setup(crm).connection is None:
        return
    run = run_reconciliation(app, run, in_time=lambda: remaining() > REPORT_RESERVE_SECONDS)
    if run.finished:
        logger.info(
            "reconciled",
            extra={"crm": crm, "checked": run.checked, "drifted": run.drifted, "gone": run.gone},
        )
        handled.add("CrmRecordsDrifted", run.drifted + run.gone)
    elif hop < MOST_HOPS:
        crm_outbox.ring(app, crm, "reconcile", reconciliation_id=reconciliation_id, hop=hop + 1)
    else:
        handled.add("HopLimitReached")


def _count(handled: Handled, report: DrainReport) -> None:
    states = report.tally.states
    handled.add("CrmCalls", report.tally.calls)
    handled.add("CrmRecordsSynced", states.get(SyncState.SYNCED, 0))
    handled.add("CrmSyncFailed", states.get(SyncState.FAILED, 0))
    handled.add("CrmRecordsUnlinked", states.get(SyncState.UNLINKED, 0))
    handled.add("CrmRecordsDisconnected", states.get(SyncState.DISCONNECTED, 0))
    refused = {PauseReason.CREDENTIALS, PauseReason.FORBIDDEN}
    handled.add("CrmCredentialsRefused", sum(pause.reason in refused for pause in report.paused))
    handled.add("CrmMappingsRefused", sum(pause.reason is PauseReason.MAPPING for pause in report.paused))
    handled.add("HopLimitReached", 1 if report.more and not report.hopped else 0)
    logger.info(
        "drained",
        extra={
            "calls": report.tally.calls,
            "unchanged": report.tally.unchanged,
            "overtaken": report.tally.overtaken,
            "states": {state.value: number for state, number in states.items()},
            "paused": [f"{pause.scope or 'connection'}: {pause.reason.value}" for pause in report.paused],
            "more": report.more,
        },
    )
