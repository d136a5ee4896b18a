"""What an import makes: cycles in the order of their dates, told to nobody, at the cost of a call for each holder."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from builders import certification, user
from certification.domain.announcements import announcement_of
from certification.domain.errors import ConflictError
from certification.domain.hand_awards import MOST_CYCLES
from certification.domain.history import What, entry_of
from certification.domain.model import Duration, Holder, HolderType, Status
from certification.domain.status import DueKind, next_due, status_on
from unit.imports.service import IMPORT, ImportApi, counts

COLUMNS = "user_id,certification_id,completion_date,effective_date,expiration_date,revoked_on,superseded_on,status\n"


@pytest.fixture
def api() -> ImportApi:
    return ImportApi()


def statuses(api: ImportApi, user_id: str = "u-1") -> list[Status]:
    today = api.clock.now().date()
    held = sorted(api.held(user_id), key=lambda c: c.cycle)
    return [status_on(c, on=today, today=today) for c in held]


def test_past_cycles_become_cycles_in_the_order_of_their_dates(api: ImportApi) -> None:
    rows = ["2025-03-01", "2023-01-01", "2026-03-02", "2024-01-02"]
    api.imported(COLUMNS + "".join(f"u-1,cert-1,{day},,,,,\n" for day in rows))
    held = sorted(api.held("u-1"), key=lambda c: c.cycle)
    assert [c.completion_date.isoformat() for c in held] == sorted(rows)
    assert statuses(api) == ["expired", "expired", "expired", "active"]


def test_all_cycles_of_a_holder_are_read_and_written_with_one_call_each(api: ImportApi) -> None:
    rows = "".join(
        f"u-{n},cert-1,{year}-03-01,,{year + 1}-02-01,,,\n" for year in range(2020, 2026) for n in (1, 2, 3)
    )
    before = dict(api.table.calls)
    assert counts(api.imported(COLUMNS + rows)) == (18, 0, 0)
    spent = {name: api.table.calls[name] - before.get(name, 0) for name in ("query", "write_together")}
    assert spent["write_together"] == 3
    assert spent["query"] < 3 + 10


def test_what_another_award_holds_is_not_imported_over_it(api: ImportApi) -> None:
    api.awarded("2026-06-01")
    body = api.imported(COLUMNS + "u-1,cert-1,2026-03-01,,,,,\n")
    assert counts(body) == (0, 0, 1)
    [error] = body["errors"]
    assert (error["column"], error["code"]) == ("effective_date", "overlapping")
    assert "cycle 1, valid from 2026-06-01 to 2027-06-01" in error["message"]


def test_an_award_that_is_here_already_is_the_same_whoever_made_it(api: ImportApi) -> None:
    api.awarded("2026-03-01")
    assert counts(api.imported(COLUMNS + "u-1,cert-1,2026-03-01,,,,,\n")) == (0, 1, 0)
    assert counts(api.imported(COLUMNS + "u-1,cert-1,2026-03-01,2026-03-01,2027-03-01,,,active\n")) == (
        0,
        1,
        0,
    )


def test_what_was_decided_since_is_not_undone_by_the_same_file(api: ImportApi) -> None:
    text = COLUMNS + "u-1,cert-1,2026-03-01,,,,,\nu-2,cert-1,2026-03-01,,,,,\n"
    api.imported(text)
    ids = [
        api.call("GET", "/certification-completions", query=f"user_id={u}")[1]["items"][0][
            "certification_completion_id"
        ]
        for u in ("u-1", "u-2")
    ]
    api.revoke(ids[0])
    api.change_end(ids[1], "2030-01-01")
    assert counts(api.imported(text)) == (0, 2, 0)
    assert statuses(api) == ["revoked"]


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("u-1,cert-1,2026-03-01,,,2026-04-01,,", "revoked_on", "stored_otherwise"),
        ("u-1,cert-1,2026-03-01,,,,2026-04-01,", "superseded_on", "stored_otherwise"),
        ("u-2,cert-1,2026-03-01,,,,,revoked", "revoked_on", "missing"),
        ("u-2,cert-1,2026-03-01,,,,,expired", "status", "status_contradicted"),
        ("u-2,cert-1,2026-03-01,,,,,valid", "status", "invalid_status"),
        ("u-2,cert-1,2026-03-01,,,2026-02-01,,", "revoked_on", "before_completion"),
        ("u-2,cert-1,2026-03-01,,,2026-12-24,,", "revoked_on", "in_the_future"),
    ],
)
def test_a_row_that_says_otherwise_is_refused(api: ImportApi, row: str, column: str, code: str) -> None:
    api.awarded("2026-03-01")
    [error] = api.imported(COLUMNS + row + "\n")["errors"]
    assert (error["column"], error["code"]) == (column, code)


def test_what_was_revoked_is_revoked_and_was_valid_before(api: ImportApi) -> None:
    api.imported(COLUMNS + "u-1,cert-1,2026-03-01,,,2026-06-01,,revoked\n")
    assert statuses(api) == ["revoked"]
    [held] = api.held("u-1")
    today = api.clock.now().date()
    assert status_on(held, on=today - timedelta(days=200), today=today) == "active"


def test_nobody_is_told_by_an_import(api: ImportApi) -> None:
    """The history says that it was imported; the CRM follows the stored item like any other."""
    first = len(api.table.changes)
    api.imported(COLUMNS + "u-1,cert-1,2025-11-25,,2026-11-24,,,\nu-1,cert-1,2026-11-20,2026-11-25,,,,\n")
    items = [change for change in api.table.changes[first:] if change.key.sk.startswith("COMPLETION#")]
    held = api.held("u-1")
    assert len(items) == len(held) == 2
    assert [announcement_of(None, c, api.app.config.zone) for c in held] == [None, None]
    assert [entry.what for c in held if (entry := entry_of(None, c)) is not None] == [What.IMPORTED] * 2


def test_what_goes_on_is_a_renewal_so_the_end_of_the_old_one_reminds_nobody(api: ImportApi) -> None:
    api.imported(COLUMNS + "u-1,cert-1,2025-12-01,,2026-12-31,,,\nu-1,cert-1,2026-11-01,2027-01-01,,,,\n")
    old, new = sorted(api.held("u-1"), key=lambda c: c.cycle)
    assert (old.renewed_by, new.renews, old.revision) == (2, 1, 1)
    due = next_due(old, (Duration(days=30),))
    assert due is not None
    assert due.kind is DueKind.LAPSE


def test_a_renewal_of_what_is_stored_already_writes_that_too(api: ImportApi) -> None:
    api.awarded("2025-12-01", expiration_date="2026-12-31")
    api.imported(COLUMNS + "u-1,cert-1,2026-11-01,2027-01-01,,,,\n")
    old, new = sorted(api.held("u-1"), key=lambda c: c.cycle)
    assert (old.renewed_by, old.revision, new.renews) == (2, 2, 1)


def test_reminders_whose_day_has_passed_are_not_sent_and_later_ones_are(api: ImportApi) -> None:
    api.defined(certification("cert-2", reminders=(Duration(days=60), Duration(days=7))))
    api.imported(COLUMNS + "u-1,cert-2,2025-12-20,,2026-12-20,,,\n")
    [held] = api.held("u-1")
    due = next_due(held, (Duration(days=60), Duration(days=7)))
    assert due is not None
    assert (due.kind, due.on.isoformat()) == (DueKind.REMINDER, "2026-12-13")


def test_history_of_the_inactive_and_of_a_retired_certification_is_history(api: ImportApi) -> None:
    from certification.domain.model import PublishStatus

    api.defined(user("u-50", active=False), certification("old", publish_status=PublishStatus.RETIRED))
    assert counts(api.imported(COLUMNS + "u-50,old,2020-03-01,,,,,\n")) == (1, 0, 0)


def test_a_holder_has_no_more_cycles_than_fit_into_a_transaction(api: ImportApi) -> None:
    days = [api.clock.now().date() - timedelta(days=n) for n in range(MOST_CYCLES + 5)]
    rows = "".join(f"u-1,cert-1,{day},{day},{day},,,\n" for day in days)
    body = api.imported(COLUMNS + rows)
    assert counts(body) == (MOST_CYCLES, 0, 5)
    assert {error["code"] for error in body["errors"]} == {"too_many_cycles"}
    with pytest.raises(ConflictError, match="cycles of it already"):
        award_once_more(api)


def award_once_more(api: ImportApi) -> Any:
    from certification.domain.hand_awards import HandAward
    from certification.services.decisions_by_hand import Asker

    wanted = HandAward(
        holder=Holder(type=HolderType.USER, id="u-1"),
        certification_id="cert-1",
        completion_date=api.clock.now().date(),
    )
    return api.app.hand_awards.award(wanted, Asker(actor="key:test"), lambda *_: None)


def test_users_are_named_by_email_too(api: ImportApi) -> None:
    header = "email,certification_id,completion_date\n"
    body = api.imported(
        header + "U-1@Partner.example,cert-1,2026-03-01\nnobody@partner.example,cert-1,2026-03-01\n"
    )
    assert counts(body) == (1, 0, 1)
    assert body["errors"][0] | {"message": ""} == {
        "row": 3,
        "column": "email",
        "code": "unknown_user",
        "message": "",
    }
    assert api.held("u-1")


def test_where_a_file_has_user_ids_its_email_addresses_are_for_the_reader(api: ImportApi) -> None:
    header = "user_id,email,certification_id,completion_date\n"
    body = api.imported(
        header + "u-1,u-2@partner.example,cert-1,2026-03-01\n,u-3@x.example,cert-1,2026-03-01\n"
    )
    assert counts(body) == (1, 0, 1)
    assert api.held("u-1")
    assert not api.held("u-2")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_spreadsheets_separate_as_they_like(api: ImportApi, delimiter: str) -> None:
    lines = ["user_id,certification_id,completion_date", "u-1,cert-1,2026-03-01"]
    text = "\r\n".join(line.replace(",", delimiter) for line in lines)
    assert counts(api.imported("\ufeff" + text)) == (1, 0, 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "user_id,certification_id\n",
        "user_id,certification_id,completion_date,note\nu-1,cert-1,2026-03-01,x\n",
        'user_id,certification_id,completion_date\n"u-1,cert-1,2026-03-01\n',
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(api: ImportApi, text: str) -> None:
    status, problem = api.call("POST", IMPORT, text, content_type="text/csv")
    assert status == 422
    assert "cannot be read" in problem["detail"]
    assert problem["errors"][0]["message"] in problem["detail"]


def test_many_rows_are_a_job_whose_calls_grow_with_the_holders(api: ImportApi) -> None:
    api.defined(*(user(f"m-{n:03}") for n in range(500)))
    rows = "".join(
        f"m-{n:03},cert-1,{y}-03-01,,{y}-12-31,,,\n" for y in range(2016, 2026) for n in range(500)
    )
    before = dict(api.table.calls)
    status, body = api.call("POST", IMPORT, COLUMNS + rows, content_type="text/csv")
    assert (status, body["state"], body["rows"]) == (202, "queued", 5000)
    hops = 0
    while api.evaluations.sent:
        [message] = api.evaluations.take()
        api.app.import_jobs.advance(message["import_id"], pages(5))
        hops += 1
    done = api.call("GET", f"{IMPORT}/{body['import_id']}")[1]
    assert (done["state"], counts(done), hops) == ("completed", (5000, 0, 0), 5)
    spent = {name: count - before.get(name, 0) for name, count in api.table.calls.items()}
    assert spent["write_together"] == 500  # the holders
    assert spent["write"] == 1 + 25  # the import and its pages
    assert spent["query"] == 500 + 1  # the holders, and the rejected rows


def pages(count: int, *, holders: int = 20) -> Any:
    """Time for so many pages: it is asked for after each holder and after each page."""
    left = iter([True] * (count * (holders + 1) - 1))
    return lambda: next(left, False)
