"""Export as CSV, and the round trip: what was exported says nothing new to an import (R32)."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import pytest

from builders import certification, organization, user
from certification.domain.csv_rows import as_text, from_text
from certification.domain.model import HolderType, OrganizationId
from unit.imports.service import EXPORT, ImportApi, counts


@pytest.fixture
def api() -> ImportApi:
    made = ImportApi()
    made.defined(
        certification("cert-o", type=HolderType.ORGANIZATION, expiration=None),
        user("u-77", organization_id=OrganizationId("o-1"), email="seventy@partner.example"),
    )
    return made


def rows_of(text: str) -> list[dict[str, str]]:
    return [
        {name: from_text(value) for name, value in row.items()} for row in csv.DictReader(io.StringIO(text))
    ]


def lives(api: ImportApi) -> None:
    """Everything that can become of a completion, by hand."""
    api.awarded("2024-01-10")
    api.awarded("2026-01-10")
    revoked = api.awarded("2026-02-10", user_id="u-2")
    api.revoke(revoked)
    api.awarded("2026-02-10", user_id="u-3", expiration_date=None)
    api.awarded("2026-05-10", user_id="u-3", mode="replace", reason="=cmd|' /C calc'!A0")
    api.awarded("2026-11-01", user_id="u-4", effective_date="2026-12-24")
    api.awarded("2026-03-01", organization_id="o-1", certification_id="cert-o", user_id=None)
    api.awarded("2026-03-01", user_id="u-77")
    api.awarded("2026-01-10", user_id="u-5")
    api.awarded("2026-11-19", user_id="u-5", mode="renew")


def test_a_small_export_is_there_with_the_answer(api: ImportApi) -> None:
    api.awarded("2026-03-01", user_id="u-77")
    status, body = api.call("POST", EXPORT, {"certification_id": "cert-1"})
    assert (status, body["state"], body["rows"]) == (200, "completed", 1)
    assert body["url"]
    [row] = rows_of(api.fetched(body["url"]))
    assert row["user_id"] == "u-77"
    assert row["email"] == "seventy@partner.example"
    assert (row["status"], row["completion_date"], row["expiration_date"]) == (
        "active",
        "2026-03-01",
        "2027-03-01",
    )


def test_an_import_of_the_export_would_change_nothing(api: ImportApi) -> None:
    lives(api)
    text, rows = api.exported({})
    assert rows == len(rows_of(text)) == 10
    assert counts(api.imported(text, dry_run=True)) == (0, 10, 0)
    assert counts(api.imported(text)) == (0, 10, 0)


def test_the_export_moves_everything_to_another_stack(api: ImportApi) -> None:
    lives(api)
    text, _ = api.exported({})
    other = ImportApi()
    other.defined(
        certification("cert-o", type=HolderType.ORGANIZATION, expiration=None),
        user("u-77", organization_id=OrganizationId("o-1"), email="seventy@partner.example"),
    )
    assert counts(other.imported(text)) == (10, 0, 0)
    told = ("user_id", "organization_id", "status", "completion_date", "effective_date", "expiration_date")
    moved, _ = other.exported({})
    assert sorted(tuple(row[name] for name in told) for row in rows_of(moved)) == sorted(
        tuple(row[name] for name in told) for row in rows_of(text)
    )
    for day in ("2024-06-01", "2026-04-01", "2026-12-31"):
        then, _ = api.exported({"as_of": day})
        there, _ = other.exported({"as_of": day})
        assert sorted(tuple(r[n] for n in told) for r in rows_of(there)) == sorted(
            tuple(r[n] for n in told) for r in rows_of(then)
        )


@pytest.mark.parametrize(
    ("wish", "holders"),
    [
        ({"certification_id": "cert-o"}, ["o-1"]),
        ({"organization_id": "o-1"}, ["o-1", "u-77"]),
        ({"status": "revoked"}, ["u-2"]),
        ({"status": "active", "as_of": "2024-06-01"}, ["u-1"]),
    ],
)
def test_an_export_has_what_was_asked_for(api: ImportApi, wish: Any, holders: list[str]) -> None:
    lives(api)
    rows = rows_of(api.exported(wish)[0])
    assert sorted(row["user_id"] or row["organization_id"] for row in rows) == holders


def test_no_cell_is_a_formula(api: ImportApi) -> None:
    lives(api)
    text, _ = api.exported({})
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert any("cmd" in cell for cell in cells)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@pytest.mark.parametrize("value", ["", "a", "=1", "'=1", "'", "''", "-", "@u", "+u", "'u"])
def test_what_is_made_text_comes_back(value: str) -> None:
    assert from_text(as_text(value)) == value


def test_nothing_is_an_export_too(api: ImportApi) -> None:
    text, rows = api.exported({"certification_id": "cert-1"})
    assert rows == 0
    assert rows_of(text) == []
    assert text.startswith("certification_completion_id,")


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"certification_id": "cert-9"}, 404),
        ({"organization_id": "o-9"}, 404),
        ({"certification_id": "cert-1", "organization_id": "o-1"}, 422),
        ({"status": "gone"}, 422),
    ],
)
def test_what_does_not_exist_cannot_be_exported(api: ImportApi, wish: Any, status: int) -> None:
    assert api.call("POST", EXPORT, wish)[0] == status


def test_an_export_of_many_goes_on_where_it_stopped(api: ImportApi) -> None:
    """One part a message, with everything done twice."""
    api.defined(*(organization(f"o-{n}") for n in range(2, 30)))
    for n in range(1, 30):
        api.awarded("2026-03-01", organization_id=f"o-{n}", certification_id="cert-o", user_id=None)
    from certification.services import export_jobs

    run = api.call("POST", EXPORT, {"certification_id": "cert-o"}, idempotency_key="once")[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export_jobs, "COMPLETIONS_AT_ONCE", 2)
        patch.setattr(export_jobs, "PAGES_IN_A_PART", 2)
        hops = 0
        while api.evaluations.sent:
            [message] = api.evaluations.take()
            api.app.export_jobs.advance(message["export_id"], lambda: False)
            hops += 1
    assert hops > 5
    body = api.call("GET", f"{EXPORT}/{run['export_id']}")[1]
    found = [row["organization_id"] for row in rows_of(api.fetched(body["url"]))]
    assert (body["rows"], sorted(found)) == (29, sorted(f"o-{n}" for n in range(1, 30)))


def test_dates_are_those_of_the_day(api: ImportApi) -> None:
    completion_id = api.awarded("2026-03-01", user_id="u-77")
    api.change_end(completion_id, "2030-01-01")
    assert rows_of(api.exported({})[0])[0]["expiration_date"] == "2030-01-01"
    before = rows_of(api.exported({"as_of": date(2026, 11, 19).isoformat()})[0])
    assert before[0]["expiration_date"] == "2027-03-01"
