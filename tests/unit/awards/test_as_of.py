"""`as_of` answers for another day: as today's facts have it, decisions from the day they were made (R9)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from programme import COMPLETIONS, Programme
from unit.awards.chronicle import Chronicle, Event, definitions, events

ID = "certification_completion_id"


@settings(max_examples=50, deadline=None)
@given(happening=st.lists(events, max_size=12), parts=definitions)
def test_as_of_today_is_the_plain_read(happening: list[Event], parts: dict[str, Any]) -> None:
    chronicle = Chronicle(**parts)
    for event in happening:
        chronicle.happen(event)
        assert chronicle.held(as_of=chronicle.today.isoformat()) == chronicle.held()
        whole = f"certification_id={chronicle.certification}"
        assert chronicle.held(whole, as_of=chronicle.today.isoformat()) == chronicle.held(whole)


@settings(max_examples=50, deadline=None)
@given(happening=st.lists(events, max_size=14), parts=definitions)
def test_asked_later_a_day_reads_as_it_read_on_that_day(
    happening: list[Event], parts: dict[str, Any]
) -> None:
    """But for what R9 says itself: that another takes its place is a fact of today, also on an earlier day."""
    chronicle = Chronicle(**parts)
    seen: dict[date, dict[int, tuple[str, str | None]]] = {}
    for event in happening:
        chronicle.happen(event)
        seen[chronicle.today] = validity(chronicle.held())
        for day, then in seen.items():
            now = validity(chronicle.held(as_of=day.isoformat()))
            placed = superseded_by(chronicle, day)
            for cycle, before in then.items():
                expected = ("superseded", before[1]) if cycle in placed and before[0] != "revoked" else before
                assert now[cycle] == expected, (day, cycle, chronicle.today)


def validity(held: list[Any]) -> dict[int, tuple[str, str | None]]:
    return {c["cycle"]: (c["status"], c["expiration_date"]) for c in held}


def superseded_by(chronicle: Chronicle, day: date) -> set[int]:
    """The cycles whose place is taken by then, by today's facts."""
    stored = chronicle.app.ledger.read_user("u-1").completions
    return {c.cycle for c in stored if c.superseded_on is not None and c.superseded_on <= day}


@pytest.fixture
def api() -> Programme:
    return Programme()


def test_across_changes_revocations_and_renewals(api: Programme) -> None:
    api.published(renewal={"opens": "P60D"})
    api.on("2027-01-15").complete("c-1")
    first = api.held()[0][ID]
    api.on("2027-03-01").change_end(first, "2027-12-31")
    api.on("2027-05-01").decide(first, "revoke")
    api.on("2027-06-01").decide(first, "reinstate")
    api.on("2027-11-15").complete("c-1")
    read = {
        day: [(c["status"], c["expiration_date"]) for c in api.held(as_of=day)]
        for day in (
            "2027-01-14",
            "2027-02-28",
            "2027-03-01",
            "2027-04-30",
            "2027-05-01",
            "2027-06-01",
            "2028-01-01",
        )
    }
    renewed = "2028-12-31"
    assert read == {
        "2027-01-14": [("scheduled", "2028-01-15"), ("scheduled", renewed)],
        "2027-02-28": [("active", "2028-01-15"), ("scheduled", renewed)],
        "2027-03-01": [("active", "2027-12-31"), ("scheduled", renewed)],
        "2027-04-30": [("active", "2027-12-31"), ("scheduled", renewed)],
        "2027-05-01": [("revoked", "2027-12-31"), ("scheduled", renewed)],
        "2027-06-01": [("active", "2027-12-31"), ("scheduled", renewed)],
        "2028-01-01": [("expired", "2027-12-31"), ("active", renewed)],
    }


def test_it_filters_by_the_status_of_that_day(api: Programme) -> None:
    certification = api.published()
    api.complete("c-1")
    for whose in ("user_id=u-1", f"certification_id={certification}"):
        assert len(api.held(whose, as_of="2027-11-20", status="active")) == 1
        assert api.held(whose, as_of="2027-11-21", status="active") == []
        assert len(api.held(whose, as_of="2027-11-21", status="expired")) == 1
        assert len(api.held(whose, as_of="2026-11-19", status="scheduled")) == 1


def test_it_costs_what_a_plain_read_costs(api: Programme) -> None:
    certification = api.published()
    api.complete("c-1")
    for whose in ("user_id=u-1", f"certification_id={certification}"):
        costs = []
        for query in (whose, f"{whose}&as_of=2025-01-01"):
            before = api.table.read_units
            api.made("GET", COMPLETIONS, query=query)
            costs.append(api.table.read_units - before)
        assert costs[0] == costs[1] > 0


@pytest.mark.parametrize("as_of", ["yesterday", "2026-13-01", "20261120", "2026-11-20T00:00:00Z", ""])
def test_what_is_no_day_is_refused(api: Programme, as_of: str) -> None:
    status, problem = api.call("GET", COMPLETIONS, query=f"user_id=u-1&as_of={as_of}")
    assert (status, problem["errors"][0]["pointer"]) == (422, "/as_of")


@pytest.mark.parametrize(
    "query", ["", "user_id=u-1&organization_id=o-1", "user_id=u-1&certification_id=c", "status=active"]
)
def test_exactly_one_says_whose(api: Programme, query: str) -> None:
    assert api.call("GET", COMPLETIONS, query=query)[0] == 422
