"""Publishing the benchmarks' results."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bench import report
from bench.report import Row


def test_publishing_some_parts_keeps_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`make cost` reads several parts: one that was not run again must not vanish."""
    published = tmp_path / "performance.json"
    published.write_text(json.dumps({"speed": {"rows": []}}))
    published.with_suffix(".md").write_text("<!-- units -->\nold\n<!-- end units -->\n")
    monkeypatch.setattr(report, "PUBLISHED", published)
    monkeypatch.setattr(report, "RESULTS", tmp_path / "results.json")
    report.save("units", [Row(what="a write", value=2, unit="WRU", target=2)])

    report.publish()

    assert set(json.loads(published.read_text())) == {"speed", "units"}
    assert "| a write | 2 WRU | ≤ 2 | met |" in published.with_suffix(".md").read_text()
