"""A run meets everyone who completed one of the courses once, in order, whatever the lists and the pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from builders import course_completion
from certification.adapters.dynamodb.ledger import DynamoDBLedger
from certification.domain.evaluation_run import Place, next_page
from fakes import InMemoryTable

COURSES = ("c-1", "c-2", "c-3")
DAYS = st.sets(st.integers(1, 4), min_size=1, max_size=4)
# Ids of which one begins with another, and the first and last characters that an id may have.
USER_IDS = st.text("+-0Az", min_size=1, max_size=3)
HISTORIES = st.dictionaries(st.tuples(USER_IDS, st.sampled_from(COURSES)), DAYS, max_size=12)


@given(HISTORIES, st.integers(1, 4))
def test_everyone_is_met_once_and_in_order(history: dict[tuple[str, str], set[int]], size: int) -> None:
    ledger = DynamoDBLedger(InMemoryTable())
    ledger.add_course_completions(
        [
            course_completion(
                user_id=user_id,
                course_id=course_id,
                completed_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day),
            )
            for (user_id, course_id), days in history.items()
            for day in days
        ]
    )
    met: list[str] = []
    place = Place()
    while not place.end:
        lists = [ledger.users_with_course(each, limit=size, after=place.after) for each in COURSES]
        users, place = next_page(lists, size)
        assert len(users) <= size
        met += users
    assert met == sorted({user_id for user_id, _ in history})
