"""`make cost EVENTS=… USERS=…`: what a month costs at AWS's list prices, line by line, with where each figure is from.

The prices are those of us-east-1 as AWS's pricing pages listed them in 2025, without free tiers; look them up before
you quote them. The units are what `make bench` measured last for the documentation (docs/performance.json).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

MILLION = 1_000_000
COURSES_PER_CERTIFICATION = 5
AWARDS = 1 / COURSES_PER_CERTIFICATION
CRMS = 2
ALARMS, QUEUES, METRICS = 36, 5, 20
MEASURED = Path(__file__).resolve().parent.parent / "docs" / "performance.json"

# Dollars for a million of each, but for what is billed by size or by the piece.
WRITE_UNIT, READ_UNIT = 0.625, 0.125
HTTP_REQUEST, LAMBDA_REQUEST, SQS_REQUEST, FIFO_REQUEST, S3_PUT, BUS_EVENT = (
    1.00,
    0.20,
    0.40,
    0.50,
    5.00,
    1.00,
)
GB_SECOND, LOG_GB, S3_GB_MONTH, TABLE_GB_MONTH, BACKUP_GB_MONTH = 0.0000133334, 0.50, 0.023, 0.25, 0.20
ALARM, SECRET, DASHBOARD, METRIC = 0.10, 0.40, 3.00, 0.30
SCHEDULE = 1.00


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the bill. `source`: where its quantity is from."""

    what: str
    arithmetic: str
    dollars: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """A month: course completions that arrive by webhook, and people who are stored."""

    events: int = MILLION
    users: int = 0

    @property
    def millions(self) -> float:
        return self.events / MILLION


def measured() -> Mapping[str, float]:
    """The figures of the documentation's bench by their keys."""
    parts = json.loads(MEASURED.read_text())
    return {row["key"]: row["value"] for part in parts.values() for row in part["rows"] if row.get("key")}


def lines(usage: Usage) -> Iterator[Line]:
    """Every line, in the order of the flow; then what costs without any traffic."""
    yield from _with_traffic(usage, measured())
    if usage.users:
        yield from _standing_still(usage)


def _with_traffic(usage: Usage, units: Mapping[str, float]) -> Iterator[Line]:
    bill = _Bill(usage)
    yield bill.each("HTTP API", "requests", 1, HTTP_REQUEST, "one webhook each")
    yield bill.compute("lms_webhook", calls=1, milliseconds=30, source="estimate")
    yield bill.each("Raw copy for replay, S3", "PUTs", 1, S3_PUT, "30 days of replay")
    yield bill.each("Count of the source, DynamoDB", "WRU", units["webhook_wru"], WRITE_UNIT, "bench: units")
    yield bill.each(
        "Queue, SQS (1 send, 0.1 receive, 0.1 delete)", "requests", 1.2, SQS_REQUEST, "batches of 10"
    )
    cpu = units["award_cpu_ms_100"] * 100
    yield bill.compute(
        "award, batches of 100", calls=1 / 100, milliseconds=cpu * 4, source="bench: CPU x 4 for waiting"
    )
    yield bill.each("Record and award, DynamoDB", "WRU", units["event_wru"], WRITE_UNIT, "bench: units")
    yield bill.each("Read back, DynamoDB", "RRU", units["event_rru"], READ_UNIT, "bench: units")
    after = units["history_wru"] + CRMS * units["crm_wru"]
    what = f"After an award: history, {CRMS} CRMs"
    yield bill.each(what, "WRU", AWARDS * after, WRITE_UNIT, "bench: units")
    expiry = units["transition_wru"] + after
    yield bill.each(
        f"Its expiry: transition, history, {CRMS} CRMs", "WRU", AWARDS * expiry, WRITE_UNIT, "bench: units"
    )
    reads = 2 * AWARDS * CRMS * units["crm_rru"]
    yield bill.each("Reads of the CRM sync", "RRU", reads, READ_UNIT, "bench: units")
    changes = 2 * AWARDS
    yield bill.compute(
        "completion_stream, batches of 10", calls=changes / 10, milliseconds=200, source="estimate"
    )
    bells = changes * CRMS * 3 / 10
    yield bill.each(
        "Doorbells, SQS FIFO (send, receive, delete)", "requests", bells, FIFO_REQUEST, "batches of 10"
    )
    drains = changes * CRMS / 20
    yield bill.compute(
        "hubspot_sync, salesforce_sync", calls=drains, milliseconds=1500, source="a CRM's answer"
    )
    yield bill.each("Events out, EventBridge", "events", changes, BUS_EVENT, "R10, contract")
    yield bill.size("Logs, CloudWatch (1.4 KB an event)", usage.millions * 1.4, LOG_GB, "GB", "estimate")
    yield bill.size("Raw copies for 30 days, S3 (1 KB)", usage.millions, S3_GB_MONTH, "GB-month", "estimate")


def _standing_still(usage: Usage) -> Iterator[Line]:
    bill = _Bill(usage)
    stored = usage.users * 6 * 1.0 / MILLION
    what = "Table: a profile and five completions a user (1 KB each with index)"
    yield bill.size(what, stored, TABLE_GB_MONTH + BACKUP_GB_MONTH, "GB-month with recovery", "template")
    polls = QUEUES * 5 * 3 * 60 * 24 * 30 / MILLION
    arithmetic = f"{polls:.2f} M requests x ${SQS_REQUEST}/M"
    yield Line(
        what="Empty receives",
        arithmetic=arithmetic,
        dollars=polls * SQS_REQUEST,
        source="5 pollers a queue, 20 s",
    )
    bells = CRMS * 60 * 24 * 30 / MILLION
    each = 3 * FIFO_REQUEST + SCHEDULE + LAMBDA_REQUEST
    seconds = bells * MILLION * 0.1 * 0.5
    yield Line(
        what="Bells, one a minute for each CRM",
        arithmetic=f"{bells:.3f} M x ${each:.2f}/M, and 100 ms x 0.5 GB of Lambda each",
        dollars=bells * each + seconds * GB_SECOND,
        source="template",
    )
    pieces = {
        "alarms": (ALARMS, ALARM),
        "dashboard": (1, DASHBOARD),
        "secret": (1, SECRET),
        "metrics": (METRICS, METRIC),
    }
    for name, (count, price) in pieces.items():
        yield Line(
            what=name.capitalize(),
            arithmetic=f"{count} x ${price:.2f}",
            dollars=count * price,
            source="template",
        )


class _Bill:
    def __init__(self, usage: Usage) -> None:
        self._events = usage.events
        self._millions = usage.millions

    def each(self, what: str, unit: str, count: float, price: float, source: str) -> Line:
        """So many for each event."""
        total = count * self._millions
        arithmetic = f"{total:.2f} M {unit} x ${price:.3f}/M"
        return Line(what=what, arithmetic=arithmetic, dollars=total * price, source=source)

    def compute(
        self, function: str, *, calls: float, milliseconds: float, source: str, memory_gb: float = 0.5
    ) -> Line:
        total = calls * self._millions
        dollars = total * MILLION * milliseconds / 1000 * memory_gb * GB_SECOND + total * LAMBDA_REQUEST
        arithmetic = (
            f"{total:.3f} M calls x {milliseconds:.0f} ms x {memory_gb} GB, and ${LAMBDA_REQUEST:.2f}/M calls"
        )
        return Line(what=f"Lambda {function}", arithmetic=arithmetic, dollars=dollars, source=source)

    @staticmethod
    def size(what: str, gigabytes: float, price: float, unit: str, source: str) -> Line:
        arithmetic = f"{gigabytes:.1f} {unit} x ${price:.3f}"
        return Line(what=what, arithmetic=arithmetic, dollars=gigabytes * price, source=source)


def table(usage: Usage) -> str:
    """The bill as a Markdown table, with its sum."""
    bill = list(lines(usage))
    rows = [f"| {line.what} | {line.arithmetic} | {line.dollars:.2f} | {line.source} |" for line in bill]
    head = [
        f"| what, for {usage.events:,} course completions | arithmetic | $ | from |",
        "|---|---|---:|---|",
    ]
    return "\n".join([*head, *rows, f"| **all of it** | | **{sum(line.dollars for line in bill):.2f}** | |"])


def main(arguments: list[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="make cost", description="what a month costs, by the measured units"
    )
    parser.add_argument("--events", type=int, default=MILLION, help="course completions in the month")
    parser.add_argument("--users", type=int, default=0, help="users stored; 0: only what traffic costs")
    given = parser.parse_args(arguments)
    print(table(Usage(events=given.events, users=given.users)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
