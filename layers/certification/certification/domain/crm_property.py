"""A property of a CRM's object, as the CRM itself describes it, in words that fit every CRM. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PropertyKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATE_TIME = "date_time"
    CHOICE = "choice"
    CHOICES = "choices"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmProperty:
    """`unique`: a record can be found by it. `options` are all that it takes, where it is `restricted` to them.

    `max_length` None: no limit that concerns us. `writable` False: read-only, for whatever reason.
    """

    name: str
    kind: PropertyKind
    label: str = ""
    options: tuple[str, ...] = ()
    restricted: bool = True
    max_length: int | None = None
    writable: bool = True
    calculated: bool = False
    archived: bool = False
    unique: bool = False
