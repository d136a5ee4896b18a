"""An audit that did not happen is not one that found nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scripts import audit

CLEAN: list[dict[str, Any]] = [{"name": "urllib3", "version": "2.5.0", "vulns": []}]
FAULTY = [{"name": "x", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}]


@pytest.mark.parametrize(
    ("last", "ended", "told"),
    [(CLEAN, 0, "no known vulnerability"), (FAULTY, 1, "x 1: CVE-1, mended by 2"), (None, 1, "failed")],
)
def test_every_lock_has_to_be_looked_at(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], last: Any, ended: int, told: str
) -> None:
    def report(lock: Path) -> Any:
        return last if lock == audit.LOCKS[-1] else CLEAN

    monkeypatch.setattr(audit, "report", report)
    assert audit.main() == ended
    shown = capsys.readouterr()
    assert told in shown.out + shown.err
