"""Results: rows with their targets, as a table for a person and as JSON for a machine."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from local.place import ROOT

from bench.chart import sweep_chart

RESULTS = ROOT / ".local" / "bench" / "results.json"
PUBLISHED = ROOT / "docs" / "performance.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure. `target`: at most this, or at least where `at_least`; None: it is told, not judged.

    `key` names it for `make cost` and for the chart.
    """

    what: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = False
    note: str = ""
    key: str = ""

    @property
    def met(self) -> bool | None:
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target


def show(part: str, rows: Iterable[Row]) -> None:
    """Print one part's table."""
    print(f"\n{part}")
    print(f"  {'':<62} {'measured':>12} {'target':>10}")
    for row in rows:
        target = "" if row.target is None else f"{'≥' if row.at_least else '≤'} {row.target:g}"
        verdict = {None: "", True: " ✓", False: " ✗ missed"}[row.met]
        print(f"  {row.what:<62} {_figure(row.value):>12} {target:>10} {row.unit}{verdict}")
        if row.note:
            print(f"      {row.note}")


def save(part: str, rows: Iterable[Row]) -> Path:
    """Add or replace one part in the JSON, with what it was measured on."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results[part] = {**_circumstances(), "rows": [asdict(row) | {"met": row.met} for row in rows]}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    return RESULTS


def publish() -> None:
    """Make the last results those of the documentation: the JSON, and the tables inside docs/performance.md.

    A part that was not run this time keeps what it has there.
    """
    results = json.loads(PUBLISHED.read_text()) | json.loads(RESULTS.read_text())
    PUBLISHED.write_text(json.dumps(results, indent=1) + "\n")
    document = PUBLISHED.with_suffix(".md")
    text = document.read_text()
    for part, result in results.items():
        begin, end = f"<!-- {part} -->\n", f"<!-- end {part} -->"
        if begin in text:
            before, rest = text.split(begin, 1)
            text = before + begin + _markdown(result) + end + rest.split(end, 1)[1]
    document.write_text(text)
    if "sweep" in results:
        (PUBLISHED.parent / "sweep.svg").write_text(sweep_chart(results["sweep"]["rows"]))


def _markdown(result: dict[str, Any]) -> str:
    lines = ["| what | measured | target | |", "|---|---:|---:|---|"]
    for row in result["rows"]:
        target = "" if row["target"] is None else f"{'≥' if row['at_least'] else '≤'} {row['target']:g}"
        verdict = {None: "", True: "met", False: "**missed**"}[row["met"]]
        told = "; ".join(filter(None, (verdict, row["note"])))
        lines.append(f"| {row['what'] or '…'} | {_figure(row['value'])} {row['unit']} | {target} | {told} |")
    versions = f"Python {result['python']}, boto3 {result['boto3']}"
    where = f"{result['machine']}, {versions}, {result['measured_at']}, {result['commit']}"
    return "\n".join([*lines, "", f"*{where}*", ""])


def _figure(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value != int(value) else f"{value:.0f}"


def _circumstances() -> dict[str, Any]:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit.stdout.strip(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": sys.version.split()[0],
        "boto3": version("boto3"),
    }
