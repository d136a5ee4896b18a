"""Shapes of what the service says about itself."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from certification.http.schemas.base import Answer


class StatusAnswer(Answer):
    name: str = Field(examples=["partner-certification"])
    version: str = Field(examples=["0.1.0"])
    time_zone: str = Field(description="IANA zone of all civil dates (R1)", examples=["UTC"])


class OpenApiAnswer(BaseModel):
    """An OpenAPI 3.1 document."""

    model_config = ConfigDict(extra="allow")

    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]
