"""What an award's dates are in the service's zone: R1, R4, R6–R8 as a table, every date looked up in a calendar."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from builders import message
from programme import Programme, required

A_YEAR = {"type": "duration", "duration": "P12M"}
A_MONTH = {"type": "duration", "duration": "P1M"}
END_OF_2026 = {"type": "fixed_date", "date": "2026-12-31"}
YEAR_END = {"type": "anchored", "month": 12, "day": 31, "minimum": "P1D"}
LEAP_DAY = {"type": "anchored", "month": 2, "day": 29, "minimum": "P3M"}
LONG_BEFORE, LONG_AFTER = "2020-01-01T12:00:00Z", "2040-01-01T12:00:00Z"
EARLIER = timedelta(days=20)
WEST, EAST = "Pacific/Pago_Pago", "Pacific/Kiritimati"  # UTC-11 and UTC+14


def published(zone: str, policy: dict[str, Any]) -> tuple[Programme, str]:
    """It asks for `c-1` and `c-2`."""
    api = at(Programme(settings={"time_zone": zone}), LONG_BEFORE)
    return api, api.published(expiration=policy, requirements=required("c-1", "c-2"))


def at(api: Programme, instant: str) -> Programme:
    api.clock.instant = datetime.fromisoformat(instant)
    return api


def completed(api: Programme, latest: str) -> list[Any]:
    """What is held once `c-2` was completed, and `c-1` then."""
    instant = datetime.fromisoformat(latest)
    messages = message("c-1", instant), message("c-2", instant - EARLIER)
    api.app.course_completion_recorder.record(list(enumerate(messages)))
    api.work()
    return api.held()


@pytest.mark.parametrize(
    ("zone", "policy", "latest", "dates"),
    [
        # UTC-11: midnight is at 11:00 UTC.
        (WEST, A_YEAR, "2026-11-20T10:59:59Z", ("2026-11-19", "2027-11-19")),
        (WEST, A_YEAR, "2026-11-20T11:00:00Z", ("2026-11-20", "2027-11-20")),
        # UTC+14: midnight is at 10:00 UTC of the day before.
        (EAST, A_YEAR, "2026-11-20T09:59:59Z", ("2026-11-20", "2027-11-20")),
        (EAST, A_YEAR, "2026-11-20T10:00:00Z", ("2026-11-21", "2027-11-21")),
        # Year end.
        (EAST, YEAR_END, "2026-12-30T10:00:00Z", ("2026-12-31", "2027-12-31")),
        (EAST, YEAR_END, "2026-12-30T09:59:59Z", ("2026-12-30", "2026-12-31")),
        (WEST, YEAR_END, "2026-12-31T10:59:59Z", ("2026-12-30", "2026-12-31")),
        # Month end.
        (EAST, A_MONTH, "2026-01-30T23:00:00Z", ("2026-01-31", "2026-02-28")),
        (WEST, A_MONTH, "2026-02-01T05:00:00Z", ("2026-01-31", "2026-02-28")),
        ("UTC", A_MONTH, "2026-02-01T05:00:00Z", ("2026-02-01", "2026-03-01")),
        # Leap day.
        ("America/New_York", A_YEAR, "2028-02-29T23:30:00Z", ("2028-02-29", "2029-02-28")),
        ("Asia/Tokyo", A_YEAR, "2028-02-29T23:30:00Z", ("2028-03-01", "2029-03-01")),
        ("America/New_York", LEAP_DAY, "2027-11-30T04:59:59Z", ("2027-11-29", "2028-02-29")),
        ("UTC", LEAP_DAY, "2028-11-29T12:00:00Z", ("2028-11-29", "2029-02-28")),
        ("UTC", LEAP_DAY, "2028-11-30T12:00:00Z", ("2028-11-30", "2029-02-28")),
        ("UTC", LEAP_DAY, "2028-12-01T12:00:00Z", ("2028-12-01", "2030-02-28")),
        # The day of 25 hours, and the one of 23.
        ("Europe/Berlin", A_YEAR, "2026-10-24T22:00:00Z", ("2026-10-25", "2027-10-25")),
        ("Europe/Berlin", A_YEAR, "2026-10-25T22:59:59Z", ("2026-10-25", "2027-10-25")),
        ("Europe/Berlin", A_YEAR, "2026-10-25T23:00:00Z", ("2026-10-26", "2027-10-26")),
        ("Europe/Berlin", A_YEAR, "2026-03-28T23:00:00Z", ("2026-03-29", "2027-03-29")),
        ("Europe/Berlin", A_YEAR, "2026-03-29T21:59:59Z", ("2026-03-29", "2027-03-29")),
        ("Europe/Berlin", A_YEAR, "2026-03-29T22:00:00Z", ("2026-03-30", "2027-03-30")),
        # The fixed date's last moment (R8).
        (EAST, END_OF_2026, "2026-12-31T09:59:59Z", ("2026-12-31", "2026-12-31")),
        (WEST, END_OF_2026, "2027-01-01T10:59:59Z", ("2026-12-31", "2026-12-31")),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_dates_are_those_of_the_latest_course_and_not_of_the_processing(
    zone: str, policy: dict[str, Any], latest: str, dates: tuple[str, str], late: bool
) -> None:
    """R4: completion and expiration date; processed years later it is recorded as expired, in silence (R7)."""
    api, _ = published(zone, policy)
    (award,) = completed(at(api, LONG_AFTER if late else latest), latest)
    assert (award["completion_date"], award["expiration_date"]) == dates
    assert award["status"] == ("expired" if late else "active")
    assert len(api.bus.published) == (0 if late else 1)


@pytest.mark.parametrize(
    ("zone", "too_late"),
    [
        (EAST, "2026-12-31T10:00:00Z"),
        ("UTC", "2027-01-01T00:00:00Z"),
        (WEST, "2027-01-01T11:00:00Z"),
    ],
)
def test_a_moment_after_the_fixed_date_there_is_no_award(zone: str, too_late: str) -> None:
    """R8."""
    api, _ = published(zone, END_OF_2026)
    assert completed(at(api, too_late), too_late) == []


@pytest.mark.parametrize(
    ("zone", "last_moment", "next_moment"),
    [
        ("UTC", "2027-01-01T23:59:59Z", "2027-01-02T00:00:00Z"),
        (WEST, "2027-01-02T10:59:59Z", "2027-01-02T11:00:00Z"),
        (EAST, "2027-01-01T09:59:59Z", "2027-01-01T10:00:00Z"),
        ("Pacific/Chatham", "2027-01-01T10:14:59Z", "2027-01-01T10:15:00Z"),  # +13:45 in summer
        ("Asia/Kathmandu", "2027-01-01T18:14:59Z", "2027-01-01T18:15:00Z"),
    ],
)
def test_the_last_day_is_valid_to_its_last_moment(zone: str, last_moment: str, next_moment: str) -> None:
    """R1, R9: completed on 1 December for a month, it is valid on 1 January still."""
    api, certification = published(zone, A_MONTH)
    at(api, "2026-12-03T00:00:00Z").awarded(certification, "2026-12-01")
    assert [at(api, moment).statuses() for moment in (last_moment, next_moment)] == [["active"], ["expired"]]


@pytest.mark.parametrize(
    ("zone", "today"),
    [("UTC", "2026-11-20"), (WEST, "2026-11-19"), (EAST, "2026-11-21")],
)
def test_it_may_end_on_the_day_it_was_completed_and_not_before(zone: str, today: str) -> None:
    """R6, R1: a day in the service's zone, at half past ten in the morning UTC."""
    api, certification = published(zone, A_MONTH)
    at(api, "2026-11-20T10:30:00Z")
    before = (date.fromisoformat(today) - timedelta(days=1)).isoformat()
    assert api.award(certification, today, expiration_date=before)[0] == 422
    assert api.awarded(certification, today, expiration_date=today)["status"] == "active"
