from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from builders import NOW
from certification.domain.mapping import ObjectMapping
from certification.domain.mapping_reader import mapping_from_json
from certification.domain.model import Holder, HolderType
from certification.domain.projection import Value
from certification.domain.push_plan import canonical, digest, to_write
from certification.domain.sync import SyncRow, linked_to, unlinked, written

HOLDER = Holder(type=HolderType.USER, id="u-1")


def row(**changes: Any) -> SyncRow:
    return SyncRow(**{"holder": HOLDER, "crm": "hubspot", "revision": "r", "marked_at": NOW, **changes})


def mapping(write: str = "always") -> ObjectMapping:
    fields = [
        {"certification_id": "cert-1", "source": "status", "target": "a", "write": write},
        {"certification_id": "cert-1", "source": "expiration_date", "target": "b"},
    ]
    return mapping_from_json(
        "hubspot", "contact", {"match": {"source": "email", "target": "email"}, "fields": fields}
    )


def due(values: dict[str, Value], was: SyncRow, write: str = "always") -> dict[str, Value]:
    return to_write(mapping(write), {"a": None, "b": None, **values}, was)


def test_nothing_changed_writes_nothing() -> None:
    was = row(sent={"a": "active", "b": "2027-01-31"})

    assert due({"a": "active", "b": date(2027, 1, 31)}, was) == {}


def test_only_what_changed_is_written() -> None:
    was = row(sent={"a": "active", "b": "2027-01-31"})

    assert due({"a": "expired", "b": date(2027, 1, 31)}, was) == {"a": "expired"}


def test_an_empty_value_never_sent_is_not_sent() -> None:
    assert due({"a": "active"}, row()) == {"a": "active"}


def test_a_value_that_went_away_is_cleared_once() -> None:
    was = row(sent={"a": "active", "b": "2027-01-31"})

    assert due({"a": "active"}, was) == {"b": None}
    assert due({"a": "active"}, written(was, {"b": ""}, record_id="1", now=NOW)) == {}


def test_an_unknown_outcome_is_written_again_even_where_the_last_sent_value_matches() -> None:
    was = row(sent={"a": "active", "b": "2027-01-31"}, in_doubt=frozenset({"a"}))

    assert due({"a": "active", "b": date(2027, 1, 31)}, was) == {"a": "active"}


def test_a_value_that_may_have_been_sent_is_cleared() -> None:
    assert due({}, row(in_doubt=frozenset({"a"}))) == {"a": None}


def test_first_sync_only_is_written_until_a_value_was_written_and_then_never() -> None:
    assert due({"a": "active"}, row(), "first_sync_only") == {"a": "active"}
    assert due({"a": "active"}, row(in_doubt=frozenset({"a"})), "first_sync_only") == {"a": "active"}
    done = row(sent={"a": "active"}, in_doubt=frozenset({"a"}))
    assert due({"a": "expired"}, done, "first_sync_only") == {}
    assert due({}, done, "first_sync_only") == {}


def test_first_sync_only_does_not_count_an_empty_value_as_written() -> None:
    assert due({"a": "active"}, row(sent={"a": ""}), "first_sync_only") == {"a": "active"}


def test_unlinking_resets_first_sync_only() -> None:
    done = row(sent={"a": "active"}, record_id="7", link="one")

    assert due({"a": "expired"}, unlinked(done), "first_sync_only") == {"a": "expired"}
    assert linked_to(done, "one") == done
    assert due({"a": "expired"}, linked_to(done, "another"), "first_sync_only") == {"a": "expired"}


values = st.fixed_dictionaries(
    {
        "a": st.none() | st.sampled_from(["active", "expired"]),
        "b": st.none() | st.dates(date(2026, 1, 1), date(2027, 1, 1)),
    }
)


@given(
    st.lists(st.tuples(values, st.sampled_from(["done", "lost before", "lost after"])), max_size=8), values
)
def test_the_record_converges_whatever_became_of_the_calls_before(
    history: list[tuple[dict[str, Value], str]], last: dict[str, Value]
) -> None:
    """R38: calls that were made, and calls whose outcome nobody learned, in any order: the last state wins."""
    record: dict[str, Any] = {"a": "theirs", "b": "theirs"}
    was = row()
    for projected, fate in [*history, (last, "done")]:
        outgoing = {target: canonical(value) for target, value in due(projected, was).items()}
        if fate != "lost before":
            record.update(outgoing)
        doubtful = row(sent=was.sent, in_doubt=was.in_doubt | outgoing.keys())
        was = written(doubtful, outgoing, record_id="1", now=NOW) if fate == "done" else doubtful

    touched = was.sent.keys()
    assert {t: record[t] for t in touched} == {t: canonical(last[t]) for t in touched}
    assert {t for t in ("a", "b") if record[t] == "theirs"} == {"a", "b"} - touched
    assert all(canonical(last[t]) == "" for t in {"a", "b"} - touched)


@given(values)
def test_what_was_written_is_not_written_twice(projected: dict[str, Value]) -> None:
    outgoing = {target: canonical(value) for target, value in due(projected, row()).items()}

    assert due(projected, written(row(), outgoing, record_id="1", now=NOW)) == {}


def test_the_digest_tells_attempts_apart_and_not_their_order() -> None:
    assert digest(mapping(), "x", {"a": "1", "b": None}, row()) == digest(
        mapping(), "x", {"b": None, "a": "1"}, row()
    )
    assert digest(mapping(), "x", {"a": "1"}, row()) != digest(mapping(), "x", {"a": "2"}, row())
    assert digest(mapping(), "x", {"a": "1"}, row()) != digest(mapping(), "y", {"a": "1"}, row())
    assert digest(mapping(), "x", {"a": "1"}, row()) != digest(mapping(), "x", {"a": "1"}, row(record_id="3"))
    assert digest(mapping(), "x", {"a": "1"}, row()) != digest(mapping(), "x", {"a": "1"}, row(), revision=2)


def test_values_are_remembered_as_text() -> None:
    assert [canonical(v) for v in (None, "", (), True, 3, 2.5, date(2026, 1, 2), ("b", "a"))] == [
        "",
        "",
        "",
        "true",
        "3",
        "2.5",
        "2026-01-02",
        ("a", "b"),
    ]
