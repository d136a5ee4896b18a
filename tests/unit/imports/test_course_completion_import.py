"""Course completions by file: each row checked here, matched later (R12, R17)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certification.domain.course_completion_message import parse_course_completion
from certification.domain.errors import InvalidError
from certification.domain.imports import Import, ImportKind, RowResult
from certification.services.course_completion_import import MOST_ROWS, CourseCompletionImporter
from fakes import FixedClock, InMemoryQueue

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HEADER = "event_id,user_id,email,identity_source,identity_external_id,course_id,completed_at,score\n"


@dataclass
class Intake:
    """The importer, with a file as one page."""

    importer: CourseCompletionImporter

    def import_csv(self, text: str, *, dry_run: bool) -> list[RowResult]:
        groups = self.importer.read(text)
        run = Import(
            import_id="import-1",
            kind=ImportKind.COURSE_COMPLETIONS,
            dry_run=dry_run,
            rows=len(groups),
            created_at=NOW,
            created_by="key:test",
            correlation_id="r",
        )
        return self.importer.take(groups, run, lambda: True)


@pytest.fixture
def queue() -> InMemoryQueue:
    return InMemoryQueue()


@pytest.fixture
def intake(queue: InMemoryQueue) -> Intake:
    return Intake(
        CourseCompletionImporter(queue=queue, clock=FixedClock(NOW), zone=ZoneInfo("Europe/Berlin"))
    )


def errors_of(intake: Intake, text: str) -> list[tuple[int, list[tuple[str, str]]]]:
    checked = intake.import_csv(text, dry_run=True)
    return [(one.row, [(e.pointer, e.code) for e in one.errors]) for one in checked if one.errors]


ROWS = (
    "e-1,u-1,,,,c-1,2026-11-20T09:30:00Z,91.5\n"
    ",,Ana@Example.com,,,c-1,2026-11-19,\n"
    ',,,lms-1,"94, ü",c-2,2026-11-18T10:00:00+01:00,\n'
)


def test_a_file_of_history_is_queued_row_by_row(intake: Intake, queue: InMemoryQueue) -> None:
    checked = intake.import_csv(HEADER + ROWS, dry_run=False)
    assert [one.row for one in checked] == [2, 3, 4]
    first, second, third = queue.sent
    assert (first["user_id"], first["score"], first["source"]) == ("u-1", 91.5, "import")
    assert (second["email"], second["completed_at"], second["date_only"]) == (
        "ana@example.com",
        "2026-11-18T23:00:00Z",
        True,
    )
    assert third["identity"] == {"source": "lms-1", "external_id": "94, ü"}
    for body in queue.sent:
        parse_course_completion(body, source=None, now=NOW, zone=ZoneInfo("UTC"), own_api=False)


def test_a_dry_run_queues_nothing(intake: Intake, queue: InMemoryQueue) -> None:
    assert len(intake.import_csv(HEADER + ROWS, dry_run=True)) == 3
    assert not queue.sent


def test_the_same_file_again_has_the_same_event_ids(intake: Intake, queue: InMemoryQueue) -> None:
    intake.import_csv(HEADER + ROWS, dry_run=False)
    first = [body["event_id"] for body in queue.take()]
    intake.import_csv("\ufeff" + HEADER + "\n" + ROWS, dry_run=False)
    assert [body["event_id"] for body in queue.sent] == first
    assert len(set(first)) == 3


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("e,u-1,a@b,,,c-1,2026-11-20,", ("/email", "user_ambiguous")),
        ("e,,,,,c-1,2026-11-20,", ("", "user_missing")),
        ("e,u-1,,,,c-1,2026-11-20T09:30:00,", ("/completed_at", "naive_instant")),
        ("e,u-1,,,,c-1,2026-12-20,", ("/completed_at", "in_the_future")),
        ("e,u-1,,,,c-1,,", ("/completed_at", "missing")),
        ("e,u-1,,,,c-1,20.11.2026,", ("/completed_at", "invalid_instant")),
        ("e,u 1,,,,c-1,2026-11-20,", ("/user_id", "invalid_id")),
        ("e,u-1,,,,c-1,2026-11-20,good", ("/score", "invalid_number")),
        ("e,u-1,,,,c-1,2026-11-20,nan", ("/score", "invalid_number")),
        ("e,,,lms-1,,c-1,2026-11-20,", ("/identity_external_id", "invalid_identity")),
        ("e,u-1,,,,c-1,2026-11-20,1,2", ("", "too_many_values")),
    ],
)
def test_an_error_names_its_row_and_column(intake: Intake, row: str, expected: tuple[str, str]) -> None:
    text = HEADER + "e-0,u-1,,,,c-1,2026-11-20,\n" + row + "\n"
    assert errors_of(intake, text) == [(3, [expected])]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "missing_column"),
        ("user_id,course_id\n", "missing_column"),
        ("user_id,course_id,completed_at,name\n", "unknown_column"),
        ("user_id,user_id,course_id,completed_at\n", "unknown_column"),
        (HEADER + '"open\n', "not_csv"),
        ("course_id,completed_at\n" + "c,d\n" * (MOST_ROWS + 1), "too_many_rows"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(
    intake: Intake, queue: InMemoryQueue, text: str, code: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        intake.import_csv(text, dry_run=False)
    assert [error.code for error in refused.value.errors] == [code]
    assert not queue.sent


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    queue = InMemoryQueue()
    intake = Intake(CourseCompletionImporter(queue=queue, clock=FixedClock(NOW), zone=ZoneInfo("UTC")))
    for start in ("", HEADER):
        with suppress(InvalidError):
            checked = intake.import_csv(start + text, dry_run=False)
            assert len(queue.take()) == sum(not one.errors for one in checked)
