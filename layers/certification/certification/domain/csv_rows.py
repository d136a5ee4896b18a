"""CSV as people have it: whatever their spreadsheet wrote, read row by row with the line it stands on. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from certification.domain.errors import FieldError, InvalidError

Values = Mapping[str, str]
_DELIMITERS = ",;\t"
# A cell that starts so is a formula to a spreadsheet; the apostrophe in front makes it text again.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "'")
TOO_MANY_VALUES = FieldError(
    pointer="", code="too_many_values", message="The row has more values than there are columns."
)


def read_rows(
    text: str, *, columns: Sequence[str], required: Sequence[str], most_rows: int
) -> Iterator[tuple[int, Values | None]]:
    """Line number (the header is 1) and the cells that are not empty, by column; None where there are too many.

    Empty lines do not count. `InvalidError` where the file as a whole cannot be read.
    """
    text = text.removeprefix("\ufeff")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    count = 0
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(header, columns, required)
        for values in reader:
            if not any(value.strip() for value in values):
                continue
            count += 1
            if count > most_rows:
                raise file_error("too_many_rows", f"A file has at most {most_rows} rows: split it.")
            yield reader.line_num, _values(header, values)
    except csv.Error as exc:
        raise file_error("not_csv", f"Line {reader.line_num} is not CSV.") from exc


def file_error(code: str, message: str) -> InvalidError:
    error = FieldError(pointer="", code=code, message=message)
    return InvalidError(f"The file cannot be read. {message}", errors=(error,))


def as_text(value: str) -> str:
    """The cell that no spreadsheet takes for a formula; `from_text` gives the value back."""
    return f"'{value}" if value.startswith(_FORMULA_STARTS) else value


def from_text(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA_STARTS) else cell


def _delimiter(text: str) -> str:
    """What separates the header's names: many spreadsheets write semicolons."""
    header = text.lstrip("\r\n").split("\n", 1)[0]
    return max(_DELIMITERS, key=header.count)


def _check_header(header: Sequence[str], columns: Sequence[str], required: Sequence[str]) -> None:
    unknown = [name for name in header if name not in columns]
    missing = [name for name in required if name not in header]
    if unknown or len(set(header)) < len(header):
        raise file_error("unknown_column", f"The columns are {', '.join(columns)}, each at most once.")
    if missing:
        raise file_error("missing_column", f"These columns are missing: {', '.join(missing)}.")


def _values(header: Sequence[str], values: Sequence[str]) -> Values | None:
    if len(values) > len(header):
        return None
    cells = ((name, from_text(value.strip())) for name, value in zip(header, values, strict=False))
    return {name: value for name, value in cells if value}
