"""Properties of the date rules, against a calendar that is counted out day by day (R1–R3)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certification.domain.instants import start_of_day
from certification.domain.model import AfterDuration, Anchored, Duration
from certification.domain.validity import (
    add,
    anchor_on_or_after,
    civil_date,
    expiration_date,
    format_duration,
    parse_duration,
    subtract,
)

dates = st.dates(date(1950, 1, 1), date(2150, 1, 1))
durations = st.builds(
    Duration,
    years=st.integers(0, 10),
    months=st.integers(0, 30),
    weeks=st.integers(0, 10),
    days=st.integers(0, 400),
).filter(lambda d: d.years or d.months or d.weeks or d.days)
SINCE = datetime(1975, 1, 1, tzinfo=UTC)
ZONES = [
    "UTC",
    "Pacific/Pago_Pago",
    "America/New_York",
    "America/Sao_Paulo",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
]


def month_later(start: date) -> date:
    """The first day of the next month, found by walking."""
    found = start.replace(day=1)
    while found.month == start.month:
        found += timedelta(days=1)
    return found


def months_later(start: date, months: int) -> date:
    """The same day of the month so many months on, or the last day of it: walked, not calculated."""
    first = start.replace(day=1)
    for _ in range(months):
        first = month_later(first)
    last = month_later(first) - timedelta(days=1)
    return first + timedelta(days=min(start.day, last.day) - 1)


@given(dates, durations)
def test_duration_is_walked_months_first_clamped_once_then_days(start: date, duration: Duration) -> None:
    walked = months_later(start, duration.years * 12 + duration.months)
    assert add(start, duration) == walked + timedelta(days=duration.weeks * 7 + duration.days)


@given(dates, durations)
def test_what_lasts_longer_than_nothing_ends_later(start: date, duration: Duration) -> None:
    assert add(start, duration) > start


@given(dates, dates, durations)
def test_who_completes_later_never_loses_it_earlier(one: date, other: date, duration: Duration) -> None:
    policy = AfterDuration(duration=duration)
    earlier, later = sorted([one, other])
    ends = expiration_date(policy, earlier), expiration_date(policy, later)
    assert ends[0] is not None
    assert ends[1] is not None
    assert ends[0] <= ends[1]


@given(dates, st.integers(0, 500), st.integers(0, 300))
def test_days_alone_count_to_and_fro(start: date, days: int, weeks: int) -> None:
    duration = Duration(days=days + 1, weeks=weeks)
    assert subtract(add(start, duration), duration) == start


@given(dates.filter(lambda d: d.day <= 28), st.integers(1, 200))
def test_months_of_days_that_every_month_has_count_to_and_fro(start: date, months: int) -> None:
    duration = Duration(months=months)
    assert subtract(add(start, duration), duration) == start
    assert add(start, duration).day == start.day


@given(durations)
def test_durations_survive_being_written(duration: Duration) -> None:
    assert parse_duration(format_duration(duration)) == duration


@given(dates, st.integers(1, 12), st.integers(1, 31))
def test_anchor_is_the_first_such_day_found_by_walking(earliest: date, month: int, day: int) -> None:
    if day > (29 if month == 2 else 30 if month in {4, 6, 9, 11} else 31):
        return
    walked = earliest
    while not is_anchor(walked, month, day):
        walked += timedelta(days=1)
    assert anchor_on_or_after(earliest, Anchored(month=month, day=day)) == walked


def is_anchor(candidate: date, month: int, day: int) -> bool:
    last_of_february = month == 2 and day == 29 and (candidate + timedelta(days=1)).month == 3
    return candidate.month == month and (candidate.day == day or last_of_february)


@given(dates, durations.filter(lambda d: d.years <= 3))
def test_anchored_leaves_the_minimum_and_no_whole_year_more(start: date, minimum: Duration) -> None:
    last_day = expiration_date(Anchored(month=12, day=31, minimum=minimum), start)
    assert last_day is not None
    assert add(start, minimum) <= last_day <= add(start, minimum) + timedelta(days=365)
    assert (last_day.month, last_day.day) == (12, 31)


@pytest.mark.parametrize("zone", ZONES)
@given(instant=st.integers(0, 62 * 365 * 86_400).map(lambda s: SINCE + timedelta(seconds=s)))
def test_civil_dates_follow_each_other_without_a_gap_of_instants(zone: str, instant: datetime) -> None:
    """An instant belongs to the day that has begun last."""
    where = ZoneInfo(zone)
    today = civil_date(instant, where)
    assert start_of_day(today, where) <= instant < start_of_day(today + timedelta(days=1), where)
    assert abs(today - instant.date()) <= timedelta(days=1)
