"""R11: with one completion of each course and a fixed definition, the award is a function of the set."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from builders import TODAY, message
from certification.domain.course_completion_message import CourseCompletionMessage
from programme import Programme

COURSES = ("c-1", "c-2", "c-3")
ID = "certification_completion_id"


class Died(BaseException):
    """The worker is gone; no `except Exception` sees it."""


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[CourseCompletionMessage], list[list[int]]]:
    """One completion of some courses, and batches in which each is delivered at least once."""
    courses = draw(st.sets(st.sampled_from(COURSES), min_size=1))
    messages = [
        message(
            course,
            datetime.combine(TODAY - timedelta(days=draw(st.integers(0, 900))), time(12), tzinfo=UTC),
            score=draw(st.sampled_from([None, 50, 79.5, 80, 100])),
        )
        for course in sorted(courses)
    ]
    numbers = list(range(len(messages)))
    order = draw(st.permutations(numbers + draw(st.lists(st.sampled_from(numbers), max_size=4))))
    cuts = sorted(draw(st.sets(st.integers(1, len(order)), max_size=3)))
    edges = [0, *cuts, len(order)]
    return messages, [order[a:b] for a, b in pairwise(edges) if a < b]


ALL = [
    [{"course_id": "c-1"}, {"course_id": "c-2"}],
    [{"course_id": "c-1", "minimum_score": 80}, {"course_id": "c-2"}],
    [{"course_id": "c-1"}, {"course_id": "c-2"}, {"course_id": "c-3", "minimum_score": 80}],
]
# Which completions count depends on which came first, and R20 keeps it so.
SOME = [
    {"courses": [{"course_id": course} for course in COURSES], "required_count": 1},
    {"courses": [{"course_id": course} for course in COURSES], "required_count": 2},
    {"courses": [{"course_id": "c-1"}, {"course_id": "c-2", "equivalents": ["c-3"]}]},
]


@settings(max_examples=50, deadline=None)
@given(delivered=deliveries(), courses=st.sampled_from(ALL), dies_at=st.integers(0, 6), overlap=st.booleans())
def test_any_order_repetition_crash_and_overlap_gives_the_same_award(
    delivered: tuple[list[CourseCompletionMessage], list[list[int]]],
    courses: list[Any],
    dies_at: int,
    overlap: bool,
) -> None:
    messages, batches = delivered
    required = {"courses": courses}
    at_once = _awarded(messages, [list(range(len(messages)))], required, 0, overlap=False)
    assert _awarded(messages, batches, required, dies_at, overlap=overlap) == at_once


@settings(max_examples=50, deadline=None)
@given(
    delivered=deliveries(), required=st.sampled_from(SOME), dies_at=st.integers(0, 6), overlap=st.booleans()
)
def test_always_its_evidence_satisfies_and_its_date_is_that_of_the_latest_of_it(
    delivered: tuple[list[CourseCompletionMessage], list[list[int]]],
    required: dict[str, Any],
    dies_at: int,
    overlap: bool,
) -> None:
    messages, batches = delivered
    awards = _awarded(messages, batches, required, dies_at, overlap=overlap)
    at_once = _awarded(messages, [list(range(len(messages)))], required, 0, overlap=False)
    assert bool(awards) is bool(at_once)
    assert [award["cycle"] for award in awards] == list(range(1, len(awards) + 1))
    for award in awards:
        assert award["completion_date"] == max(e["completed_at"][:10] for e in award["evidence"])
        assert len(award["evidence"]) == required.get("required_count", len(required["courses"]))
    used = [e["course_id"] for award in awards for e in award["evidence"]]
    assert len(used) == len(set(used)), "one completion of a course is evidence once"


def _awarded(
    messages: list[CourseCompletionMessage],
    batches: list[list[int]],
    required: dict[str, Any],
    dies_at: int,
    *,
    overlap: bool,
) -> list[Any]:
    """The awards after all batches; at write number `dies_at` the worker dies, or another delivers everything."""
    api = Programme()
    api.published(requirements=required)
    left = [dies_at]

    def meanwhile(_: str) -> None:
        left[0] -= 1
        if left[0] == 0 and overlap:
            _deliver(api, messages, [n for batch in batches for n in batch])
        elif left[0] == 0:
            raise Died

    for batch in batches:
        api.table.after_effect = meanwhile if left[0] > 0 else None
        try:
            _deliver(api, messages, batch)
        except Died:
            api.table.after_effect = None
            _deliver(api, messages, batch)
    api.table.after_effect = None
    api.work()
    own = {ID, "certification_id"}
    return [{name: value for name, value in c.items() if name not in own} for c in api.held()]


def _deliver(api: Programme, messages: list[CourseCompletionMessage], batch: list[int]) -> None:
    """As SQS does: the same message may be in a batch twice."""
    api.app.course_completion_recorder.record([(n, messages[number]) for n, number in enumerate(batch)])
