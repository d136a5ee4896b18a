"""The date rules as a table; R4, R6 and R7 in `awards/test_award_dates.py`. Every date is looked up in a calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from certification.domain.errors import InvalidError
from certification.domain.instants import parse_instant, parse_instant_or_date, start_of_day
from certification.domain.model import AfterDuration, Anchored, Expiration, FixedDate, NeverExpires
from certification.domain.validity import (
    ValidityEndedError,
    add,
    civil_date,
    expiration_date,
    format_duration,
    parse_duration,
    renewed_expiration_date,
    subtract,
)


def day(text: str) -> date:
    return date.fromisoformat(text)


def lasting(duration: str) -> Expiration:
    return AfterDuration(duration=parse_duration(duration))


def anchored(month: int, day_of_month: int, minimum: str = "P1D") -> Anchored:
    return Anchored(month=month, day=day_of_month, minimum=parse_duration(minimum))


@pytest.mark.parametrize(
    ("completed_on", "duration", "last_day"),
    [
        # A year, to the anniversary, which is valid still (R3).
        ("2026-11-20", "P12M", "2027-11-20"),
        ("2026-11-20", "P1Y", "2027-11-20"),
        ("2026-01-01", "P1Y", "2027-01-01"),
        ("2026-12-31", "P1Y", "2027-12-31"),
        # Leap days: clamped where the year has none.
        ("2024-02-29", "P12M", "2025-02-28"),
        ("2024-02-29", "P1Y", "2025-02-28"),
        ("2024-02-29", "P2Y", "2026-02-28"),
        ("2024-02-29", "P4Y", "2028-02-29"),
        ("2024-02-29", "P48M", "2028-02-29"),
        ("2024-02-28", "P1Y", "2025-02-28"),
        ("2023-02-28", "P1Y", "2024-02-28"),
        ("2023-03-01", "P1Y", "2024-03-01"),
        ("1896-02-29", "P4Y", "1900-02-28"),  # 1900 was no leap year
        ("1996-02-29", "P4Y", "2000-02-29"),  # 2000 was one
        ("2096-02-29", "P4Y", "2100-02-28"),
        # Month ends.
        ("2026-01-31", "P1M", "2026-02-28"),
        ("2024-01-31", "P1M", "2024-02-29"),
        ("2026-01-30", "P1M", "2026-02-28"),
        ("2024-01-30", "P1M", "2024-02-29"),
        ("2026-01-28", "P1M", "2026-02-28"),
        ("2026-03-31", "P1M", "2026-04-30"),
        ("2026-04-30", "P1M", "2026-05-30"),  # not the end of May
        ("2026-02-28", "P1M", "2026-03-28"),
        ("2026-08-31", "P6M", "2027-02-28"),
        ("2027-08-31", "P6M", "2028-02-29"),
        ("2026-10-31", "P13M", "2027-11-30"),
        ("2026-05-31", "P18M", "2027-11-30"),
        ("2026-12-31", "P2M", "2027-02-28"),
        # Years and months together are clamped once: 31 Aug 2026 + 18 months, not 31 Aug 2027 + 6 months twice over.
        ("2026-08-31", "P1Y6M", "2028-02-29"),
        ("2024-02-29", "P1Y1M", "2025-03-29"),  # clamped after a year alone it would be the 28th
        ("2024-02-29", "P1Y12M", "2026-02-28"),
        ("2022-01-31", "P2Y1M", "2024-02-29"),
        # Then weeks and days, from the clamped day.
        ("2026-01-31", "P1M1D", "2026-03-01"),
        ("2024-01-31", "P1M1D", "2024-03-01"),
        ("2026-01-31", "P1M1W", "2026-03-07"),
        ("2026-11-20", "P2W", "2026-12-04"),
        ("2026-11-20", "P1W3D", "2026-11-30"),
        ("2026-11-20", "P60D", "2027-01-19"),
        ("2024-02-28", "P1D", "2024-02-29"),
        ("2026-02-28", "P1D", "2026-03-01"),
        ("2026-12-31", "P1D", "2027-01-01"),
        ("2023-12-31", "P366D", "2024-12-31"),
        ("2026-08-31", "P1Y6M2D", "2028-03-02"),
        ("2026-01-01", "P1Y1M1W1D", "2027-02-09"),
        ("1900-01-01", "P100Y", "2000-01-01"),
    ],
)
def test_duration_from_the_completion_date(completed_on: str, duration: str, last_day: str) -> None:
    """R2, R3."""
    assert expiration_date(lasting(duration), day(completed_on)) == day(last_day)


@pytest.mark.parametrize(
    ("completed_on", "month", "day_of_month", "minimum", "last_day"),
    [
        # The contract's example: 31 December, at least three months.
        ("2026-09-30", 12, 31, "P3M", "2026-12-31"),  # 30 September + P3M = 30 December
        ("2026-10-01", 12, 31, "P3M", "2027-12-31"),  # 1 January is too late
        ("2026-01-01", 12, 31, "P3M", "2026-12-31"),
        ("2026-12-31", 12, 31, "P3M", "2027-12-31"),
        # Without a minimum a day is left, so the anchor itself leads to the next one.
        ("2026-12-30", 12, 31, "P1D", "2026-12-31"),
        ("2026-12-31", 12, 31, "P1D", "2027-12-31"),
        ("2027-01-01", 12, 31, "P1D", "2027-12-31"),
        # The anchor that leaves exactly the minimum counts.
        ("2026-11-30", 12, 31, "P31D", "2026-12-31"),
        ("2026-11-30", 12, 31, "P32D", "2027-12-31"),
        # The minimum is clamped like any duration.
        ("2026-11-30", 2, 28, "P3M", "2027-02-28"),
        ("2026-12-01", 2, 28, "P3M", "2028-02-28"),
        ("2026-08-31", 2, 28, "P6M", "2027-02-28"),
        # A minimum of more than a year.
        ("2026-06-30", 6, 30, "P12M", "2027-06-30"),
        ("2026-07-01", 6, 30, "P12M", "2028-06-30"),
        ("2026-01-01", 12, 31, "P2Y", "2028-12-31"),
        ("2026-01-01", 1, 1, "P18M", "2028-01-01"),
        # 29 February is the 28th in a common year.
        ("2026-01-15", 2, 29, "P1D", "2026-02-28"),
        ("2026-02-27", 2, 29, "P1D", "2026-02-28"),
        ("2026-02-28", 2, 29, "P1D", "2027-02-28"),
        ("2027-02-28", 2, 29, "P1D", "2028-02-29"),
        ("2028-02-28", 2, 29, "P1D", "2028-02-29"),
        ("2028-02-29", 2, 29, "P1D", "2029-02-28"),
        ("2027-11-29", 2, 29, "P3M", "2028-02-29"),
        ("2026-11-29", 2, 29, "P3M", "2027-02-28"),
        ("2099-03-01", 2, 29, "P1D", "2100-02-28"),
        # The first of January.
        ("2026-12-31", 1, 1, "P1D", "2027-01-01"),
        ("2027-01-01", 1, 1, "P1D", "2028-01-01"),
    ],
)
def test_next_anchor_that_leaves_the_minimum(
    completed_on: str, month: int, day_of_month: int, minimum: str, last_day: str
) -> None:
    """R2."""
    policy = anchored(month, day_of_month, minimum)
    assert expiration_date(policy, day(completed_on)) == day(last_day)


def test_anchor_asks_for_a_day_where_no_minimum_is_given() -> None:
    assert Anchored(month=12, day=31) == anchored(12, 31, "P1D")


@pytest.mark.parametrize(
    ("completed_on", "last_day"),
    [("2026-01-01", "2026-12-31"), ("2026-12-30", "2026-12-31"), ("2026-12-31", "2026-12-31")],
)
def test_fixed_date_is_the_end_for_everybody_the_day_itself_included(
    completed_on: str, last_day: str
) -> None:
    assert expiration_date(FixedDate(date=day("2026-12-31")), day(completed_on)) == day(last_day)


@pytest.mark.parametrize("completed_on", ["2027-01-01", "2027-12-31"])
def test_completed_after_the_fixed_date_there_is_no_end_that_would_do(completed_on: str) -> None:
    """R8."""
    with pytest.raises(ValidityEndedError) as caught:
        expiration_date(FixedDate(date=day("2026-12-31")), day(completed_on))
    assert caught.value.code == "validity_ended"


def test_what_never_expires_has_no_last_day() -> None:
    assert expiration_date(NeverExpires(), day("2026-11-20")) is None


@pytest.mark.parametrize(
    ("policy", "old_end", "completed_on", "new_end"),
    [
        (lasting("P12M"), "2026-12-31", "2026-11-15", "2027-12-31"),
        (lasting("P12M"), "2028-02-29", "2028-02-01", "2029-02-28"),
        (lasting("P1M"), "2026-01-31", "2026-01-15", "2026-02-28"),
        (
            lasting("P1M"),
            "2026-02-28",
            "2026-02-15",
            "2026-03-28",
        ),  # from the old end, not from when it began
        # Anchored: the next anchor on or after the new effective date + minimum.
        (anchored(12, 31), "2026-12-31", "2026-11-15", "2027-12-31"),
        (anchored(12, 31, "P3M"), "2026-12-31", "2026-11-15", "2027-12-31"),
        (anchored(12, 31, "P3M"), "2026-09-29", "2026-09-01", "2026-12-31"),  # effective 30 September
        (anchored(12, 31, "P3M"), "2026-09-30", "2026-09-01", "2027-12-31"),  # effective 1 October
        (anchored(2, 29), "2027-02-28", "2027-02-01", "2028-02-29"),
        (anchored(2, 29), "2028-02-29", "2028-02-01", "2029-02-28"),
        # What nobody should combine with a renewal stays what the policy says.
        (FixedDate(date=date(2026, 12, 31)), "2026-12-31", "2026-11-15", "2026-12-31"),
        (NeverExpires(), "2026-12-31", "2026-11-15", None),
    ],
)
def test_renewal_on_basis_expiration(
    policy: Expiration, old_end: str, completed_on: str, new_end: str | None
) -> None:
    """R25: early birds lose nothing."""
    renewed = renewed_expiration_date(policy, old_expiration=day(old_end), completion_date=day(completed_on))
    assert renewed == (day(new_end) if new_end else None)


@pytest.mark.parametrize(
    ("end", "offset", "opens"),
    [
        ("2026-12-31", "P60D", "2026-11-01"),
        ("2027-11-20", "P60D", "2027-09-21"),
        ("2026-03-31", "P1M", "2026-02-28"),
        ("2024-03-31", "P1M", "2024-02-29"),
        ("2024-02-29", "P1Y", "2023-02-28"),
        ("2026-03-31", "P1M1D", "2026-02-27"),
        ("2027-01-15", "P2W", "2027-01-01"),
        ("2026-01-31", "P2M", "2025-11-30"),
        ("2026-05-31", "P1Y3M", "2025-02-28"),
    ],
)
def test_window_and_reminders_are_counted_back_from_the_end(end: str, offset: str, opens: str) -> None:
    """R25, R33a: months first, clamped, then days."""
    assert subtract(day(end), parse_duration(offset)) == day(opens)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("P12M", "P12M"),
        ("P1Y6M", "P1Y6M"),
        ("P1Y", "P1Y"),
        ("P2W", "P2W"),
        ("P60D", "P60D"),
        ("P1Y2M3W4D", "P1Y2M3W4D"),
        ("P0Y12M", "P12M"),
        ("P012M", "P12M"),
        ("P100Y", "P100Y"),
        ("P1200M", "P1200M"),
        ("P36525D", "P36525D"),
    ],
)
def test_durations_are_read_and_written(text: str, written: str) -> None:
    assert format_duration(parse_duration(text)) == written


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "P0D",
        "P0Y0M",
        "12M",
        "p12m",
        "P12",
        "P-1M",
        "-P1M",
        "+P1M",
        "P1.5Y",
        "P1,5Y",
        "P1M1Y",
        "P1D1W",
        "P1Y1Y",
        "PT24H",
        "P1DT1H",
        "P1Y ",
        " P1Y",
        "P1Y\n",
        "P١Y",  # an Arabic-Indic digit one
        "P101Y",
        "P1201M",
        "P100Y1M",
        "P36526D",
        "P5218W",
        "P99999M",
        "P1Y/P1M",
    ],
)
def test_what_is_no_duration_of_ours_is_refused(text: str) -> None:
    """R2, R3: years, months, weeks and days; more than nothing; no more than a hundred years."""
    with pytest.raises(InvalidError):
        parse_duration(text)


@pytest.mark.parametrize(
    ("start", "duration"), [("9999-12-31", "P1D"), ("9999-06-01", "P12M"), ("9950-01-01", "P50Y")]
)
def test_what_leaves_the_calendar_is_refused_in_words(start: str, duration: str) -> None:
    with pytest.raises(InvalidError, match="leave the calendar"):
        add(day(start), parse_duration(duration))


def test_what_goes_back_before_the_calendar_is_refused_in_words() -> None:
    with pytest.raises(InvalidError, match="leave the calendar"):
        subtract(day("0001-06-01"), parse_duration("P12M"))


def test_anchor_beyond_the_calendar_is_refused_in_words() -> None:
    with pytest.raises(InvalidError, match="leave the calendar"):
        expiration_date(anchored(1, 1), day("9999-06-01"))


@pytest.mark.parametrize(
    ("instant", "zone", "civil"),
    [
        # One instant, every corner of the earth: from UTC-11 to UTC+14.
        ("2026-11-20T10:30:00Z", "UTC", "2026-11-20"),
        ("2026-11-20T10:30:00Z", "Pacific/Pago_Pago", "2026-11-19"),  # 23:30 at -11
        ("2026-11-20T11:00:00Z", "Pacific/Pago_Pago", "2026-11-20"),  # midnight at -11
        ("2026-11-20T10:59:59.999Z", "Pacific/Pago_Pago", "2026-11-19"),
        ("2026-11-20T09:59:59Z", "Pacific/Kiritimati", "2026-11-20"),  # 23:59:59 at +14
        ("2026-11-20T10:00:00Z", "Pacific/Kiritimati", "2026-11-21"),  # midnight at +14
        ("2026-11-20T10:14:59Z", "Pacific/Chatham", "2026-11-20"),  # 23:59:59 at +13:45
        ("2026-11-20T10:15:00Z", "Pacific/Chatham", "2026-11-21"),
        ("2026-11-20T10:14:59Z", "Pacific/Honolulu", "2026-11-20"),  # 00:14:59 at -10
        ("2026-11-20T09:59:59Z", "Pacific/Honolulu", "2026-11-19"),
        ("2026-11-20T18:29:59Z", "Asia/Kolkata", "2026-11-20"),  # 23:59:59 at +05:30
        ("2026-11-20T18:30:00Z", "Asia/Kolkata", "2026-11-21"),
        ("2026-11-20T18:14:59Z", "Asia/Kathmandu", "2026-11-20"),  # +05:45
        ("2026-11-20T18:15:00Z", "Asia/Kathmandu", "2026-11-21"),
        # Both sides of a change of clocks. Berlin: 25 October 2026 at 01:00 UTC, 29 March 2026 at 01:00 UTC.
        ("2026-10-24T21:59:59Z", "Europe/Berlin", "2026-10-24"),  # 23:59:59 at +02
        ("2026-10-24T22:00:00Z", "Europe/Berlin", "2026-10-25"),
        ("2026-10-25T22:30:00Z", "Europe/Berlin", "2026-10-25"),  # 23:30 at +01: the day has 25 hours
        ("2026-10-25T23:00:00Z", "Europe/Berlin", "2026-10-26"),
        ("2026-03-28T22:59:59Z", "Europe/Berlin", "2026-03-28"),
        ("2026-03-28T23:00:00Z", "Europe/Berlin", "2026-03-29"),
        ("2026-03-29T21:59:59Z", "Europe/Berlin", "2026-03-29"),  # 23:59:59 at +02: the day has 23 hours
        ("2026-03-29T22:00:00Z", "Europe/Berlin", "2026-03-30"),
        # New York: 8 March and 1 November 2026.
        ("2026-03-08T04:59:59Z", "America/New_York", "2026-03-07"),
        ("2026-03-09T03:59:59Z", "America/New_York", "2026-03-08"),
        ("2026-03-09T04:00:00Z", "America/New_York", "2026-03-09"),
        ("2026-11-02T04:59:59Z", "America/New_York", "2026-11-01"),
        ("2026-11-02T05:00:00Z", "America/New_York", "2026-11-02"),
        # Midnight itself was skipped: Sao Paulo, 4 November 2018, 00:00 became 01:00.
        ("2018-11-04T02:59:59Z", "America/Sao_Paulo", "2018-11-03"),
        ("2018-11-04T03:00:00Z", "America/Sao_Paulo", "2018-11-04"),
        # A whole day was skipped: Apia had no 30 December 2011.
        ("2011-12-30T09:59:59Z", "Pacific/Apia", "2011-12-29"),
        ("2011-12-30T10:00:00Z", "Pacific/Apia", "2011-12-31"),
        # Year end and leap day.
        ("2026-12-31T23:59:59.999Z", "UTC", "2026-12-31"),
        ("2027-01-01T00:00:00Z", "UTC", "2027-01-01"),
        ("2026-12-31T23:30:00Z", "Europe/Berlin", "2027-01-01"),
        ("2028-02-29T23:30:00Z", "America/New_York", "2028-02-29"),
        ("2028-02-29T23:30:00Z", "Asia/Tokyo", "2028-03-01"),
        # An offset is only how the instant is written.
        ("2026-11-20T23:30:00-11:00", "UTC", "2026-11-21"),
        ("2026-11-20T00:30:00+14:00", "UTC", "2026-11-19"),
        ("2026-11-20T00:30:00+14:00", "Pacific/Kiritimati", "2026-11-20"),
    ],
)
def test_civil_date_of_an_instant_is_that_of_the_services_zone(instant: str, zone: str, civil: str) -> None:
    """R1, R5."""
    assert civil_date(parse_instant(instant), ZoneInfo(zone)) == day(civil)


@pytest.mark.parametrize(
    ("civil", "zone", "first_instant"),
    [
        ("2026-11-20", "UTC", "2026-11-20T00:00:00+00:00"),
        ("2026-11-20", "Pacific/Kiritimati", "2026-11-19T10:00:00+00:00"),
        ("2026-11-20", "Pacific/Pago_Pago", "2026-11-20T11:00:00+00:00"),
        ("2026-10-25", "Europe/Berlin", "2026-10-24T22:00:00+00:00"),
        ("2026-10-26", "Europe/Berlin", "2026-10-25T23:00:00+00:00"),
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00+00:00"),  # it begins at 01:00
        ("2018-02-18", "America/Sao_Paulo", "2018-02-18T03:00:00+00:00"),  # the hour before came twice
    ],
)
def test_date_alone_means_that_civil_date(civil: str, zone: str, first_instant: str) -> None:
    """R5: whatever the zone, and whether or not its midnight exists."""
    instant, date_alone = parse_instant_or_date(civil, zone=ZoneInfo(zone))
    assert date_alone
    assert instant == start_of_day(day(civil), ZoneInfo(zone)) == datetime.fromisoformat(first_instant)
    assert civil_date(instant, ZoneInfo(zone)) == day(civil)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-11-20T09:30:00Z", datetime(2026, 11, 20, 9, 30, tzinfo=UTC)),
        ("2026-11-20t09:30:00z", datetime(2026, 11, 20, 9, 30, tzinfo=UTC)),
        ("2026-11-20 09:30:00Z", datetime(2026, 11, 20, 9, 30, tzinfo=UTC)),
        ("2026-11-20T09:30Z", datetime(2026, 11, 20, 9, 30, tzinfo=UTC)),
        ("2026-11-20T10:30:00+01:00", datetime(2026, 11, 20, 9, 30, tzinfo=UTC)),
        ("2026-11-20T10:30:00+0100", datetime(2026, 11, 20, 9, 30, tzinfo=UTC)),
        ("2026-11-20T10:30:00+01", datetime(2026, 11, 20, 9, 30, tzinfo=UTC)),
        ("2026-11-20T04:00:00-05:30", datetime(2026, 11, 20, 9, 30, tzinfo=UTC)),
        ("2026-11-20T09:30:00.123456Z", datetime(2026, 11, 20, 9, 30, 0, 123_000, tzinfo=UTC)),
        ("2026-11-20T09:30:00.9999Z", datetime(2026, 11, 20, 9, 30, 0, 999_000, tzinfo=UTC)),
        ("2026-11-20T09:30:00.5Z", datetime(2026, 11, 20, 9, 30, 0, 500_000, tzinfo=UTC)),
        ("2026-11-20T09:30:00,5Z", datetime(2026, 11, 20, 9, 30, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_instants_are_read_to_the_millisecond(text: str, read: datetime) -> None:
    assert parse_instant(text) == read


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026-11-20T09:30:00", "naive_instant"),
        ("2026-11-20 09:30", "naive_instant"),
        ("2026-11-20", "invalid_instant"),
        ("2026-02-29T09:30:00Z", "invalid_instant"),
        ("2026-13-01T09:30:00Z", "invalid_instant"),
        ("2026-11-20T25:00:00Z", "invalid_instant"),
        ("2026-11-20T09:60:00Z", "invalid_instant"),
        ("2026-11-20T23:59:60Z", "invalid_instant"),
        ("2026-11-20T09:30:00+25:00", "invalid_instant"),
        ("20261120T093000Z", "invalid_instant"),
        ("2026-W47-5T09:30:00Z", "invalid_instant"),
        ("1795167000", "invalid_instant"),
        ("0001-01-01T00:00:00+14:00", "invalid_instant"),
        ("9999-12-31T23:59:59-11:00", "invalid_instant"),
        ("", "invalid_instant"),
    ],
)
def test_what_is_no_instant_is_refused(text: str, code: str) -> None:
    """R5: naive ones by a code of their own."""
    with pytest.raises(InvalidError) as caught:
        parse_instant(text)
    assert caught.value.code == code
