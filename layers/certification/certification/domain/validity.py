"""Civil dates, durations and the end of validity: R1–R8. Pure; every function is total over the dates it documents."""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from certification.domain.errors import FieldError, InvalidError
from certification.domain.model import (
    AfterDuration,
    Anchored,
    Duration,
    Expiration,
    FixedDate,
    NeverExpires,
)

ONE_DAY = timedelta(days=1)
_DURATION = re.compile(r"P(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?", re.ASCII)
_LONGEST_MONTHS = 12 * 100
_LONGEST_DAYS = 36_525


class ValidityEndedError(InvalidError):
    """The policy's fixed date lies before the completion date (R8)."""

    code = "validity_ended"


def parse_duration(text: str) -> Duration:
    """Read `PnYnMnWnD`; `InvalidError` where it is not one, is nothing at all, or is over a hundred years (R2, R3)."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise InvalidError(
            f"{text!r} is not an ISO 8601 duration of years, months, weeks and days, such as P12M"
        )
    years, months, weeks, days = (int(part or 0) for part in match.groups())
    if not (years or months or weeks or days):
        raise InvalidError("a duration must be longer than nothing")
    if years * 12 + months > _LONGEST_MONTHS or weeks * 7 + days > _LONGEST_DAYS:
        raise InvalidError("a duration must not be over a hundred years")
    return Duration(years=years, months=months, weeks=weeks, days=days)


def format_duration(duration: Duration) -> str:
    parts = ((duration.years, "Y"), (duration.months, "M"), (duration.weeks, "W"), (duration.days, "D"))
    return "P" + "".join(f"{number}{unit}" for number, unit in parts if number)


def add(start: date, duration: Duration, *, sign: int = 1) -> date:
    """Years and months first, clamped once to the month's end, then weeks and days (R3). `sign` -1 goes back."""
    month_index = start.year * 12 + start.month - 1 + sign * (duration.years * 12 + duration.months)
    year, month = divmod(month_index, 12)
    try:
        last_day = calendar.monthrange(year, month + 1)[1]
        clamped = date(year, month + 1, min(start.day, last_day))
        return clamped + timedelta(days=sign * (duration.weeks * 7 + duration.days))
    except (ValueError, OverflowError) as exc:
        raise InvalidError(f"{start.isoformat()} and {format_duration(duration)} leave the calendar") from exc


def subtract(end: date, duration: Duration) -> date:
    return add(end, duration, sign=-1)


def civil_date(instant: datetime, zone: ZoneInfo) -> date:
    """The civil date of an aware instant in the service's zone (R1)."""
    return instant.astimezone(zone).date()


def anchor_on_or_after(earliest: date, policy: Anchored) -> date:
    """The first anchor day not before `earliest`; 29 February is the 28th in a common year (R2)."""
    for year in (earliest.year, earliest.year + 1):
        if year > date.max.year:
            raise InvalidError(f"{earliest.isoformat()} and the anchor after it leave the calendar")
        last_day = calendar.monthrange(year, policy.month)[1]
        anchor = date(year, policy.month, min(policy.day, last_day))
        if anchor >= earliest:
            return anchor
    raise AssertionError("one of two consecutive years has the anchor ahead")


def expiration_date(policy: Expiration, completion_date: date) -> date | None:
    """The last valid day of an award with this completion date; None = never. `ValidityEndedError` for R8."""
    match policy:
        case NeverExpires():
            return None
        case FixedDate(date=fixed):
            if completion_date > fixed:
                raise _validity_ended(fixed)
            return fixed
        case AfterDuration(duration=duration):
            return add(completion_date, duration)
        case Anchored():
            return anchor_on_or_after(add(completion_date, policy.minimum), policy)


def _validity_ended(fixed: date) -> ValidityEndedError:
    message = f"the certification's validity ended on {fixed.isoformat()}"
    error = FieldError(pointer="/completion_date", code=ValidityEndedError.code, message=message)
    return ValidityEndedError(message, errors=(error,))


def renewed_expiration_date(
    policy: Expiration, *, old_expiration: date, completion_date: date
) -> date | None:
    """The last valid day of a renewal on basis `expiration`: the old one plus the duration (R25)."""
    match policy:
        case AfterDuration(duration=duration):
            return add(old_expiration, duration)
        case Anchored():
            return anchor_on_or_after(add(old_expiration + ONE_DAY, policy.minimum), policy)
        case _:
            return expiration_date(policy, completion_date)
