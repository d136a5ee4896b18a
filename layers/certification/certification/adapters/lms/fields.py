"""Reads fields of what others send: tolerant of missing, extra and differently typed ones, strict about meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from certification.domain.instants import InvalidInstantError, from_epoch, parse_instant_or_date
from certification.domain.payload_reader import MAX_EXTERNAL_ID, finite_number, is_text

_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")


class PartRefusedError(Exception):
    """A part of a body means a completion but is not a usable one. `detail` names fields, never their content."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class When(NamedTuple):
    """An instant, and whether it stands for a civil date alone (R5)."""

    at: datetime
    date_only: bool = False


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object of somebody else's. Null, empty and blank values count as absent; numbers do as ids."""

    values: Mapping[str, object]
    path: str = ""

    @classmethod
    def of(cls, value: object) -> Fields:
        """Wrap one part of a body; PartRefusedError where it is no object."""
        if not isinstance(value, Mapping):
            raise PartRefusedError("not_an_object", "an event is an object")
        return cls(value)

    def at(self, name: str) -> Fields:
        """A nested object; an empty one where it is missing or something else."""
        value = self.values.get(name)
        return Fields(value if isinstance(value, Mapping) else {}, f"{self.path}{name}.")

    def has(self, name: str) -> bool:
        return self.values.get(name) is not None

    def text(self, name: str) -> str | None:
        """Text, or a whole number as text; None where it is absent, blank or of another type."""
        value = self.values.get(name)
        if isinstance(value, bool):
            return None
        if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
            number = finite_number(value)
            return None if number is None else str(int(value))
        text = value.strip() if isinstance(value, str) else ""
        if not text:
            return None
        if not is_text(text, limit=MAX_EXTERNAL_ID):
            raise PartRefusedError("invalid_text", self.path + name)
        return text

    def require_text(self, name: str) -> str:
        """`text`, or PartRefusedError."""
        text = self.text(name)
        if text is None:
            raise self.missing(name)
        return text

    def word(self, name: str) -> str:
        """A name of a kind or status as sent, or nothing: for comparisons, so never refused."""
        value = self.values.get(name)
        return value.strip() if isinstance(value, str) else ""

    def number(self, name: str) -> float | None:
        """A finite number, also where it is sent as text; None for anything else."""
        value = self.values.get(name)
        if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
            return float(value)
        return finite_number(value)

    def truth(self, name: str) -> bool | None:
        """True or false, also where it is sent as text or 0 and 1; None for anything else."""
        value = self.values.get(name)
        word = str(value).strip().lower() if isinstance(value, str | bool | int) else ""
        return {"true": True, "1": True, "false": False, "0": False}.get(word)

    def when(self, name: str, *, zone: ZoneInfo, naive_zone: tzinfo | None = None) -> When | None:
        """An ISO 8601 instant or date; None where absent, PartRefusedError where it is no such thing (R5).

        `naive_zone`: the zone that the provider documents for its times without an offset; None refuses them.
        """
        text = self.text(name)
        if text is None:
            return None
        try:
            return When(*parse_instant_or_date(_iso(text), zone=zone, naive_zone=naive_zone))
        except InvalidInstantError as exc:
            raise PartRefusedError(exc.code, self.path + name) from exc

    def epoch(self, name: str) -> When | None:
        """Unix seconds, whole or not; None where absent, PartRefusedError where they are no instant."""
        if not self.has(name):
            return None
        seconds = self.number(name)
        try:
            return When(from_epoch(float("nan") if seconds is None else seconds))
        except InvalidInstantError as exc:
            raise PartRefusedError(exc.code, self.path + name) from exc

    def missing(self, name: str) -> PartRefusedError:
        """The error for a field that a completion cannot do without."""
        return PartRefusedError("missing_field", self.path + name)


def _iso(text: str) -> str:
    """ISO 8601 also where it was printed as Ruby does: `UTC` for the offset, or a space before it."""
    return re.sub(r" (?=[+-][0-9]{2}:?[0-9]{2}$)", "", re.sub(r" ?UTC$", "Z", text))
