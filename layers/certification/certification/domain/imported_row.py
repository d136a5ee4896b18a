"""A row of imported history as its columns say it, and everything that is wrong with it (R32). Pure."""

from __future__ import annotations

import re
from datetime import date

from certification.domain.csv_rows import Values
from certification.domain.errors import FieldError
from certification.domain.imported_awards import NEVER, ImportedAward
from certification.domain.model import Holder, Status

LONGEST_REASON = 1000
REQUIRED_COLUMNS = ("certification_id", "completion_date")
HOLDER_COLUMNS = ("user_id", "email", "organization_id")
DATE_COLUMNS = ("completion_date", "effective_date", "expiration_date", "revoked_on", "superseded_on")
COLUMNS = (*HOLDER_COLUMNS, "certification_id", *DATE_COLUMNS, "reason", "status")
# What an export says beside these; a file may have it, and nothing is made of it.
UNREAD_COLUMNS = (
    "certification_completion_id",
    "certification_name",
    "certification_version",
    "cycle",
    "origin",
)

_ID = re.compile(r"[A-Za-z0-9._:+@-]{1,128}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(9998, 12, 31)


def read_award(
    row: int, values: Values, holder: Holder | None
) -> tuple[ImportedAward | None, list[FieldError]]:
    """What the row says, or everything that is wrong with it. `holder` None: that is told elsewhere."""
    dates: dict[str, date | None] = {}
    errors: list[FieldError] = []
    for name in DATE_COLUMNS:
        dates[name] = None if _is_never(name, values) else _date(name, values, errors)
    certification_id = values.get("certification_id", "")
    if not is_id(certification_id):
        errors.append(_missing_or_invalid("certification_id", certification_id, "an id"))
    status = _status(values, errors)
    errors += _inconsistencies(values, dates, status)
    completion_date = dates["completion_date"]
    if errors or completion_date is None or holder is None:
        return None, errors
    return ImportedAward(
        row=row,
        holder=holder,
        certification_id=certification_id,
        completion_date=completion_date,
        effective_date=dates["effective_date"],
        expiration_date=dates["expiration_date"],
        end_given="expiration_date" in values,
        revoked_on=dates["revoked_on"],
        superseded_on=dates["superseded_on"],
        reason=values.get("reason", ""),
        status=status,
    ), []


def named_holder(values: Values) -> tuple[str, str] | FieldError:
    """Column and value that name the holder: exactly one of `user_id` or `email`, and `organization_id`."""
    user_column = "email" if "email" in values else "user_id"
    given = [(name, values[name]) for name in (user_column, "organization_id") if name in values]
    if len(given) != 1:
        message = "Exactly one of user_id (or email) and organization_id says whose it is."
        code = "holder_ambiguous" if given else "holder_missing"
        return FieldError(pointer=f"/{user_column}", code=code, message=message)
    name, value = given[0]
    if name != "email" and not is_id(value):
        return _missing_or_invalid(name, value, "an id")
    return name, value


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def _date(name: str, values: Values, errors: list[FieldError]) -> date | None:
    text = values.get(name)
    if text is None:
        if name == "completion_date":
            errors.append(_missing_or_invalid(name, "", "a date"))
        return None
    try:
        found = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None or not _FIRST_DAY <= found <= _LAST_DAY:
        message = "A date is written YYYY-MM-DD, from 1900 to 9998."
        errors.append(FieldError(pointer=f"/{name}", code="invalid_date", message=message))
        return None
    return found


def _is_never(name: str, values: Values) -> bool:
    return name == "expiration_date" and values.get(name, "").casefold() == NEVER


def _status(values: Values, errors: list[FieldError]) -> Status | None:
    text = values.get("status")
    if text is None:
        return None
    try:
        return Status(text.casefold())
    except ValueError:
        message = f"A status is one of {', '.join(Status)}; it follows from the dates."
        errors.append(FieldError(pointer="/status", code="invalid_status", message=message))
        return None


def _inconsistencies(
    values: Values, dates: dict[str, date | None], status: Status | None
) -> list[FieldError]:
    errors = []
    if status is Status.REVOKED and "revoked_on" not in values:
        message = "What was revoked needs the day of it."
        errors.append(FieldError(pointer="/revoked_on", code="missing", message=message))
    reason = values.get("reason", "")
    if len(reason) > LONGEST_REASON or "\x00" in reason:
        message = f"A reason has at most {LONGEST_REASON} characters, and no NUL."
        errors.append(FieldError(pointer="/reason", code="invalid_reason", message=message))
    completed = dates["completion_date"]
    for name in ("revoked_on", "superseded_on"):
        day = dates[name]
        if day is not None and completed is not None and day < completed:
            message = "It lies before the completion date."
            errors.append(FieldError(pointer=f"/{name}", code="before_completion", message=message))
    return errors


def _missing_or_invalid(name: str, value: str, what: str) -> FieldError:
    if not value:
        return FieldError(pointer=f"/{name}", code="missing", message=f"The row needs {what} here.")
    message = "Ids match [A-Za-z0-9._:+@-] and have 1 to 128 characters."
    return FieldError(pointer=f"/{name}", code="invalid_id", message=message)
