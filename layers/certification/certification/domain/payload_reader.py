"""Reads the fields of one JSON object by hand and collects everything that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TypeGuard
from zoneinfo import ZoneInfo

from certification.domain.errors import FieldError
from certification.domain.instants import InvalidInstantError, parse_instant_or_date, require_not_ahead
from certification.domain.model import Identity

MAX_EXTERNAL_ID = 512
MAX_EMAIL = 320
LARGEST_NUMBER = 1e100  # NaN is not below it either
_ID = re.compile(r"[A-Za-z0-9._:+@-]{1,128}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_SURROGATE = re.compile("[\ud800-\udfff]")


def is_text(value: object, *, limit: int) -> TypeGuard[str]:
    """Whether a value is text of 1 to `limit` characters that can be encoded: JSON smuggles in lone surrogates."""
    return isinstance(value, str) and 1 <= len(value) <= limit and _SURROGATE.search(value) is None


def is_id(value: object) -> TypeGuard[str]:
    """Whether a value may be one of our own ids."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def normalize_email(value: object) -> str | None:
    """Lower-case an e-mail address for comparison (R17); None where the value is none."""
    if not is_text(value, limit=MAX_EMAIL):
        return None
    email = value.strip().lower()
    return email if _EMAIL.fullmatch(email) is not None else None


def finite_number(value: object) -> float | None:
    """The number that a JSON value is, of a size that a row can keep; None for anything else, true and false too."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if abs(number) <= LARGEST_NUMBER else None


class PayloadReader:
    """Fields of one JSON object. Null counts as absent; a wrong value is noted in `errors` and reads as absent."""

    def __init__(self, values: Mapping[str, object], *, allowed: frozenset[str]) -> None:
        self._values = values
        self.errors: list[FieldError] = []
        for name in values:
            if name not in allowed:
                self.fail(name, "unknown_field", "There is no such field.")

    def fail(self, name: str, code: str, message: str) -> None:
        """Note an error on a field; an empty name means the whole object."""
        pointer = "/" + name.replace("~", "~0").replace("/", "~1") if name else ""
        self.errors.append(FieldError(pointer=pointer, code=code, message=message))

    def has(self, name: str) -> bool:
        return self._values.get(name) is not None

    def require(self, name: str) -> None:
        if not self.has(name):
            self.fail(name, "missing", "This field is required.")

    def text(self, name: str, *, limit: int) -> str | None:
        value = self._values.get(name)
        if value is None or is_text(value, limit=limit):
            return value
        self.fail(name, "invalid_text", f"Must be text of 1 to {limit} characters.")
        return None

    def id(self, name: str) -> str | None:
        value = self._values.get(name)
        if value is None or is_id(value):
            return value
        self.fail(name, "invalid_id", "Must be 1 to 128 of the characters A-Z a-z 0-9 . _ : + @ -")
        return None

    def flag(self, name: str) -> bool:
        value = self._values.get(name)
        if value is not None and not isinstance(value, bool):
            self.fail(name, "invalid_flag", "Must be true or false.")
        return value is True

    def number(self, name: str) -> float | None:
        number = finite_number(self._values.get(name))
        if number is None and self.has(name):
            self.fail(name, "invalid_number", f"Must be a number, at most {LARGEST_NUMBER:g}.")
        return number

    def email(self, name: str) -> str | None:
        email = normalize_email(self._values.get(name))
        if email is None and self.has(name):
            self.fail(name, "invalid_email", "Must be an e-mail address.")
        return email

    def identity(self, name: str) -> Identity | None:
        value = self._values.get(name)
        if value is None:
            return None
        if isinstance(value, Mapping) and set(value) == {"source", "external_id"}:
            source, external_id = value["source"], value["external_id"]
            if is_id(source) and is_text(external_id, limit=MAX_EXTERNAL_ID):
                return Identity(source=source, external_id=external_id)
        self.fail(
            name, "invalid_identity", f"Must be {{source, external_id}}; 1 to {MAX_EXTERNAL_ID} characters."
        )
        return None

    def instant(self, name: str, *, now: datetime, zone: ZoneInfo) -> tuple[datetime, bool]:
        """An instant with an offset, or a date alone (second value true), not ahead of `now` (R5)."""
        value = self._values.get(name)
        if value is None:
            return now, False
        try:
            instant, date_alone = parse_instant_or_date(value if isinstance(value, str) else "", zone=zone)
            require_not_ahead(instant, now=now)
        except InvalidInstantError as exc:
            self.fail(name, exc.code, f"{exc.message[:1].upper()}{exc.message[1:]}.")
            return now, False
        return instant, date_alone
