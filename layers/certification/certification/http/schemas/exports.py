"""Shapes of exports."""

from __future__ import annotations

from typing import Self

from pydantic import ConfigDict, Field, model_validator

from certification.domain.exports import ExportState
from certification.domain.model import Status
from certification.http.schemas.base import Answer, Body, CivilDate, Id

_EITHER = ("certification_id", "organization_id")


class ExportBody(Body):
    """Of a certification, of an organization and its members, or (neither) of everyone."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"properties": {name: {"type": "null"}}} for name in _EITHER]}
    )

    certification_id: Id | None = None
    organization_id: Id | None = None
    status: Status | None = Field(
        default=None, strict=False, description="Only those that are this, on the day asked about"
    )
    as_of: CivilDate | None = Field(default=None, description="The day asked about; today where absent (R9)")

    @model_validator(mode="after")
    def _one_at_most(self) -> Self:
        if self.certification_id is not None and self.organization_id is not None:
            raise ValueError("at most one of certification_id and organization_id")
        return self


class ExportAnswer(Answer):
    export_id: Id
    state: ExportState
    rows: int = Field(description="How many are written by now")
    url: str | None = Field(
        description="Where the file is, for a quarter of an hour; ask again for a new one"
    )
    created_at: str
    created_by: str
    finished_at: str | None
