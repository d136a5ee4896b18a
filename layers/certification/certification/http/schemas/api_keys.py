"""Shapes of API keys."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from certification.http.router import Scope
from certification.http.schemas.base import Answer, Body, CleanText, Instant


class ApiKeyBody(Body):
    name: Annotated[CleanText, StringConstraints(min_length=1, max_length=256)] = Field(
        examples=["CI of the academy"]
    )
    scopes: list[Scope] = Field(min_length=1, max_length=5, examples=[["read", "completions"]])
    expires_at: Instant | None = Field(
        default=None,
        description="In the future; absent: it does not expire",
        examples=["2027-12-31T00:00:00Z"],
    )


class ApiKeyAnswer(Answer):
    key_id: str
    name: str
    scopes: list[Scope]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_on: str | None


class NewApiKeyAnswer(ApiKeyAnswer):
    """The key itself is shown this once; only its hash is kept."""

    api_key: str
