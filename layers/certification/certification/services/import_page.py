"""The rows of an import: whom they name, in which order they are worked off, what a page refers to (R32)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from certification.domain.csv_rows import TOO_MANY_VALUES, Values
from certification.domain.errors import FieldError
from certification.domain.imported_awards import ImportedAward
from certification.domain.imported_row import is_id, named_holder, read_award
from certification.domain.imports import Group, Row
from certification.domain.model import Holder, HolderType
from certification.domain.ports import Definitions, Directory


def grouped(rows: Sequence[Row]) -> list[Group]:
    """By holder, always in the same order."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in _named_alike(rows):
        groups.setdefault(_group_key(row), []).append(row)
    return [groups[key] for key in sorted(groups)]


def _named_alike(rows: Sequence[Row]) -> Sequence[Row]:
    """A file that names anybody by `user_id` names everybody so: there an e-mail address is only for the reader."""
    if not any(row.values and "user_id" in row.values for row in rows):
        return rows
    return [replace(row, values=_without_email(row.values)) for row in rows]


def _without_email(values: Values | None) -> Values | None:
    return None if values is None else {name: value for name, value in values.items() if name != "email"}


def _group_key(row: Row) -> tuple[str, str]:
    """Rows that name nobody stand alone."""
    named = named_holder(row.values or {})
    if isinstance(named, FieldError):
        return ("", f"{row.number:09}")
    column, value = named
    return (column, value.casefold() if column == "email" else value)


class Page:
    """What the rows of one page name, looked up at once."""

    def __init__(self, groups: Sequence[Group], definitions: Definitions, directory: Directory) -> None:
        said = [row.values for group in groups for row in group if row.values is not None]
        named = {values["certification_id"] for values in said if is_id(values.get("certification_id", ""))}
        emails = {values["email"].casefold() for values in said if "email" in values}
        self.certifications = definitions.certifications(named) if named else {}
        self._users = directory.user_ids((), emails)[1] if emails else {}

    def read(self, row: Row) -> tuple[ImportedAward | None, list[FieldError]]:
        if row.values is None:
            return None, [TOO_MANY_VALUES]
        holder = self._holder(row)
        errors = [holder] if isinstance(holder, FieldError) else []
        award, more = read_award(row.number, row.values, None if isinstance(holder, FieldError) else holder)
        return award, [*errors, *more]

    def _holder(self, row: Row) -> Holder | FieldError:
        named = named_holder(row.values or {})
        if isinstance(named, FieldError):
            return named
        column, value = named
        if column == "email":
            found = self._users.get(value.casefold())
            if found is None:
                return column_error("email", "unknown_user", "There is no user with this e-mail address.")
            value = found
        kind = HolderType.ORGANIZATION if column == "organization_id" else HolderType.USER
        return Holder(type=kind, id=value)

    def unknown_holder(self, wanted: ImportedAward) -> FieldError:
        if wanted.holder.type is HolderType.ORGANIZATION:
            return column_error("organization_id", "unknown_organization", "There is no such organization.")
        return column_error("user_id", "unknown_user", "There is no such user.")


def column_error(column: str, code: str, message: str) -> FieldError:
    return FieldError(pointer=f"/{column}" if column else "", code=code, message=message)
