"""Shapes of imports."""

from __future__ import annotations

from pydantic import Field

from certification.domain.imports import ImportState
from certification.http.schemas.base import Answer, Id, Query


class ImportQuery(Query):
    dry_run: bool = Field(
        default=False, description="Check every row, tell what it would do, and change nothing"
    )


class RowErrorAnswer(Answer):
    row: int = Field(description="The line in the file; the header is 1")
    column: str | None = Field(description="null where it is the row as a whole")
    code: str = Field(examples=["invalid_date"])
    message: str


class ImportAnswer(Answer):
    """Progress, and in the end the result; in a dry run what the result would be."""

    import_id: Id
    state: ImportState
    dry_run: bool
    rows: int = Field(description="How many rows the file has")
    done: int = Field(description="How many of them are worked off")
    rejected: int
    errors: list[RowErrorAnswer] = Field(
        description="Of the first hundred rejected rows; `…/errors` lists all"
    )
    created_at: str
    created_by: str
    finished_at: str | None


class CertificationCompletionImportAnswer(ImportAnswer):
    created: int
    unchanged: int = Field(description="Rows that said what is stored already")


class CourseCompletionImportAnswer(ImportAnswer):
    accepted: int = Field(description="Handed on; matching, parking and awarding come after")
