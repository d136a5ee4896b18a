"""Import of certification completions as callers use it (R32)."""

from __future__ import annotations

from datetime import date

import pytest

from builders import certification
from certification.domain.model import FixedDate, HolderType, PublishStatus
from unit.imports.service import IMPORT, ImportApi, counts

HEADER = "user_id,certification_id,completion_date,expiration_date,reason\n"
ROWS = "u-1,cert-1,2024-03-01,2025-03-01,from the old academy\nu-2,cert-1,2026-03-01,,\n"


@pytest.fixture
def api() -> ImportApi:
    return ImportApi()


def test_a_small_file_is_answered_at_once(api: ImportApi) -> None:
    status, body = api.call("POST", IMPORT, HEADER + ROWS, content_type="text/csv")
    assert (status, body["state"], counts(body), body["rows"]) == (200, "completed", (2, 0, 0), 2)
    assert api.headers["Location"] == f"{IMPORT}/{body['import_id']}"
    first, second = api.held("u-1")[0], api.held("u-2")[0]
    assert (first.origin, first.reason, first.announced) == ("imported", "from the old academy", False)
    assert second.expiration_date is not None
    assert second.expiration_date.isoformat() == "2027-03-01"
    assert api.statuses("user_id=u-1") == ["expired"]


def test_the_same_file_twice_changes_nothing(api: ImportApi) -> None:
    api.imported(HEADER + ROWS)
    changes = len(api.table.changes)
    assert counts(api.imported(HEADER + ROWS)) == (0, 2, 0)
    entities = {(change.new or {}).get("entity") for change in api.table.changes[changes:]}
    assert entities == {"import"}


def test_a_dry_run_tells_what_the_run_would_do_and_writes_nothing(api: ImportApi) -> None:
    text = HEADER + ROWS + ROWS + "u-77,cert-1,2024-03-01,,\n"
    tried = api.imported(text, dry_run=True)
    assert tried["dry_run"]
    assert not api.held("u-1")
    done = api.imported(text)
    assert counts(tried) == counts(done) == (2, 2, 1)
    assert tried["errors"] == done["errors"]


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        (",cert-1,2024-03-01,,", "user_id", "holder_missing"),
        ("u-77,cert-1,2024-03-01,,", "user_id", "unknown_user"),
        ("u 1,cert-1,2024-03-01,,", "user_id", "invalid_id"),
        ("u-1,cert-9,2024-03-01,,", "certification_id", "unknown_certification"),
        ("u-1,cert 1,2024-03-01,,", "certification_id", "invalid_id"),
        ("u-1,,2024-03-01,,", "certification_id", "missing"),
        ("u-1,cert-o,2024-03-01,,", "user_id", "wrong_holder_type"),
        ("u-1,draft,2024-03-01,,", "certification_id", "not_published"),
        ("u-1,cert-1,,,", "completion_date", "missing"),
        ("u-1,cert-1,01.03.2024,,", "completion_date", "invalid_date"),
        ("u-1,cert-1,2024-02-30,,", "completion_date", "invalid_date"),
        ("u-1,cert-1,2026-12-24,,", "completion_date", "in_the_future"),
        ("u-1,ended,2026-11-20,,", "completion_date", "validity_ended"),
        ("u-1,cert-1,2024-03-01,2024-02-29,", "expiration_date", "expiration_too_early"),
        ("u-1,cert-1,2024-03-01,ever,", "expiration_date", "invalid_date"),
        ("u-1,cert-1,2024-03-01,,,,", None, "too_many_values"),
        (f"u-1,cert-1,2024-03-01,,{'x' * 1001}", "reason", "invalid_reason"),
    ],
)
def test_an_error_names_row_and_column(api: ImportApi, row: str, column: str | None, code: str) -> None:
    api.defined(certification("cert-o", type=HolderType.ORGANIZATION))
    api.defined(certification("draft", publish_status=PublishStatus.DRAFT))
    api.defined(certification("ended", expiration=FixedDate(date=date(2026, 11, 19))))
    body = api.imported(HEADER + "u-2,cert-1,2024-03-01,,\n" + row + "\n")
    assert counts(body) == (1, 0, 1)
    [error] = body["errors"]
    assert (error["row"], error["column"], error["code"]) == (3, column, code)
    assert error["message"]
