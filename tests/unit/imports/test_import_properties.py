"""Import, whatever the file and whenever the worker dies (R32)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from builders import TODAY
from certification.domain.errors import InvalidError
from certification.domain.imported_row import DATE_COLUMNS
from certification.domain.imports import ImportKind
from certification.domain.occupied_days import overlap, past_spans
from certification.domain.status import validity
from certification.services import import_jobs
from certification.services.decisions_by_hand import Asker
from unit.imports.service import ImportApi

COLUMNS = ("user_id", "organization_id", "certification_id", *DATE_COLUMNS)
HEADER = ",".join(COLUMNS) + "\n"
WORDS = st.sampled_from(["", "never", "x", "2026-02-30", "'=1", "u-1", "cert-1"])


@st.composite
def good_rows(draw: st.DrawFn) -> str:
    """A cycle of one of few holders on one of few days, so that they meet."""
    completed = TODAY - timedelta(days=30 * draw(st.integers(0, 24)))
    effective = completed + timedelta(days=30 * draw(st.integers(0, 2)))
    end = draw(st.sampled_from([None, "never", effective + timedelta(days=30 * draw(st.integers(0, 8)))]))
    ended = completed + timedelta(days=30 * draw(st.integers(0, 3)))
    column = draw(st.sampled_from([None, None, None, "revoked_on", "superseded_on"]))
    return ",".join(
        [
            draw(st.sampled_from(["u-1", "u-2"])),
            "",
            "cert-1",
            completed.isoformat(),
            effective.isoformat() if draw(st.booleans()) else "",
            str(end or ""),
            ended.isoformat() if column == "revoked_on" else "",
            ended.isoformat() if column == "superseded_on" else "",
        ]
    )


@st.composite
def files(draw: st.DrawFn) -> str:
    """Mostly good rows, some that are anything, some twice."""
    rows = draw(st.lists(good_rows(), min_size=1, max_size=12))
    odd = draw(st.lists(st.lists(WORDS, max_size=9).map(",".join), max_size=3))
    again = draw(st.lists(st.sampled_from(rows), max_size=3))
    return HEADER + "\n".join(draw(st.permutations([*rows, *odd, *again]))) + "\n"


FILES = files()
SETTINGS = settings(max_examples=50, deadline=None)


@pytest.fixture(autouse=True)
def pages_of_three_rows() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_jobs, "ROWS_AT_ONCE", 3)
        yield


def started(api: ImportApi, text: str, *, dry_run: bool = False, import_id: str = "import-1") -> str:
    run = api.app.import_jobs.start(
        ImportKind.CERTIFICATION_COMPLETIONS,
        text,
        import_id=import_id,
        dry_run=dry_run,
        asker=Asker(actor="key:test"),
        receipt_of=lambda _: None,
    )
    return run.import_id


def finished(api: ImportApi, import_id: str, time_left: Callable[[], bool] = lambda: True) -> Any:
    run = api.app.import_jobs.advance(import_id, time_left)
    while not run.finished:
        run = api.app.import_jobs.advance(import_id, time_left)
    return run


def rejected(api: ImportApi, import_id: str) -> Any:
    return api.app.imports.rejected(import_id, limit=1000).items


def identity(text: str, row: int) -> str:
    """Holder, certification and completion date, as the row spells them."""
    return ",".join(text.splitlines()[row - 1].split(",")[:4])


def stored(api: ImportApi) -> dict[Any, Any]:
    """The certification completions."""
    entity = "certification_completion"
    return {key: item for key, item in api.table.items.items() if item["entity"] == entity}


@SETTINGS
@given(text=FILES)
def test_a_dry_run_tells_exactly_what_the_run_does(text: str) -> None:
    api = ImportApi()
    tried = finished(api, started(api, text, dry_run=True, import_id="import-0"))
    assert not stored(api)
    done = finished(api, started(api, text))
    assert done.counts == tried.counts
    assert rejected(api, "import-1") == rejected(api, "import-0")
    assert done.done == done.rows == sum(done.counts.values())
    assert done.counts.get("created", 0) == len(stored(api))


@SETTINGS
@given(text=FILES)
def test_the_same_file_twice_changes_nothing(text: str) -> None:
    api = ImportApi()
    finished(api, started(api, text))
    before = stored(api)
    again = finished(api, started(api, text, import_id="import-2"))
    assert stored(api) == before
    assert again.counts.get("created", 0) == 0
    # A row about the holder, certification and day of another one that was taken: that is there by now.
    refused = {each.row for each in rejected(api, "import-1")}
    there = {identity(text, row) for row in range(2, len(text.splitlines()) + 1) if row not in refused}
    still = {each.row for each in rejected(api, "import-2")}
    assert still <= refused
    assert {identity(text, row) for row in refused - still} <= there


@SETTINGS
@given(text=FILES)
def test_no_day_is_held_twice(text: str) -> None:
    """Neither by today's facts nor to a reader of an earlier day."""
    api = ImportApi()
    finished(api, started(api, text))
    for user_id in ("u-1", "u-2"):
        spans = [
            [span for span in (validity(c), *past_spans(c)) if span is not None] for c in api.held(user_id)
        ]
        for one, other in combinations(spans, 2):
            assert not [1 for a in one for b in other if overlap(a, b)]


@SETTINGS
@given(text=FILES, shuffled=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(text: str, shuffled: Any) -> None:
    """Except between rows of the same day: there the first in the file wins."""
    header, *rows = text.splitlines()
    days = [(row[:3], row[3], row[4] or row[3]) for row in (line.split(",") for line in rows) if len(row) > 4]
    assume(len({str(day) for day in days}) == len(days))
    shuffled.shuffle(rows)
    one, other = ImportApi(), ImportApi()
    finished(one, started(one, text))
    finished(other, started(other, "\n".join([header, *rows])))
    assert facts(one) == facts(other)


def facts(api: ImportApi) -> list[Any]:
    names = ("completion_date", "effective_date", "expiration_date", "revoked_at", "superseded_on", "cycle")
    return sorted((key.pk, *(str(item.get(name, "")) for name in names)) for key, item in stored(api).items())


@settings(max_examples=100, deadline=None)
@given(raw=st.binary(max_size=300))
def test_any_bytes_are_imported_or_refused(raw: bytes) -> None:
    api = ImportApi()
    for text in (raw.decode("utf-8", "replace"), HEADER + raw.decode("latin-1")):
        with suppress(InvalidError):
            run = finished(api, started(api, text, import_id=f"import-{len(api.table.items)}"))
            assert sum(run.counts.values()) == run.rows


class DiedError(BaseException):
    """Not an `Exception`: nobody catches it."""


EVERYTHING = HEADER + "\n".join(
    [
        "u-1,,cert-1,2024-03-01,,2025-03-01,,",
        "u-1,,cert-1,2026-03-01,2026-03-01,2026-12-31,,",
        "u-1,,cert-1,2026-11-01,2027-01-01,2027-12-31,,",
        "u-1,,cert-1,2026-03-01,2026-03-01,2026-12-31,,",
        "u-2,,cert-1,2026-03-01,,,2026-04-01,",
        "u-77,,cert-1,2026-03-01,,,,",
        "u-3,,cert-1,2026-03-01,,x,,",
        "u-4,,cert-1,2026-03-01,,never,,",
        "u-4,,cert-1,2026-03-02,,,,",
    ]
)


@pytest.mark.parametrize("when", ["before_effect", "after_effect"])
def test_a_worker_that_dies_anywhere_is_resumed_without_a_trace(when: str) -> None:
    quiet = ImportApi()
    expected = finished(quiet, started(quiet, EVERYTHING))
    assert dict(expected.counts) == {"created": 5, "unchanged": 1, "rejected": 3}
    writes = 0
    while True:
        api = ImportApi()
        import_id = started(api, EVERYTHING)
        left = [writes]

        def die(_: str, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise DiedError

        setattr(api.table, when, die)
        try:
            finished(api, import_id)
        except DiedError:
            setattr(api.table, when, None)
            run = finished(api, import_id)
            assert (run.counts, rejected(api, import_id)) == (expected.counts, rejected(quiet, import_id))
            assert stored(api) == stored(quiet)
            writes += 1
        else:
            break
    assert writes > 6


def test_two_workers_on_one_import_count_and_write_once() -> None:
    """The second does all that the first is about to do, at every write of the first."""
    quiet = ImportApi()
    expected = finished(quiet, started(quiet, EVERYTHING))
    for nth in range(12):
        api = ImportApi()
        import_id = started(api, EVERYTHING)
        left = [nth]

        def meanwhile(_: str, api: ImportApi = api, left: list[int] = left, of: str = import_id) -> None:
            left[0] -= 1
            if left[0] < 0:
                api.table.before_effect = None
                finished(api, of)

        api.table.before_effect = meanwhile
        run = finished(api, import_id)
        assert run.counts == expected.counts
        assert stored(api) == stored(quiet)


def test_a_worker_without_time_hands_over_after_each_page() -> None:
    api = ImportApi()
    import_id = started(api, EVERYTHING)
    hops = 0
    run = api.app.import_jobs.advance(import_id, lambda: False)
    while api.evaluations.sent:
        assert api.evaluations.take() == [{"kind": "import", "import_id": import_id}]
        run = api.app.import_jobs.advance(import_id, lambda: False)
        hops += 1
    assert run.finished
    assert hops >= 2
