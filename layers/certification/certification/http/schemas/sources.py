"""Shapes of sources, kept webhooks and replays."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from certification.domain.replay import ReplayState
from certification.domain.sources import MAX_SECRET, PROVIDERS
from certification.http.schemas.base import Answer, Body, CleanText, Id, Instant, ListQuery, Name

Counts = dict[str, int]
ProviderName = Annotated[
    str,
    StringConstraints(max_length=64),
    Field(examples=["thinkific"], json_schema_extra={"enum": list(PROVIDERS)}),
]


class SourceBody(Body):
    provider: ProviderName
    secret: Annotated[CleanText, StringConstraints(min_length=1, max_length=MAX_SECRET)] | None = Field(
        default=None,
        description="What the provider signs or authenticates with; absent: the present one is kept. Never read back.",
        examples=["whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"],
    )
    name: Name = ""
    match_email: bool = Field(
        default=True, description="Whether its users may be told by e-mail where the external id is unknown"
    )


class SourceAnswer(Answer):
    source_id: Id
    provider: str
    name: str
    match_email: bool
    webhook_url: str = Field(
        description="What to paste into the LMS; put the secret in the place of `{secret}`",
        examples=["https://api.example.com/webhooks/academy"],
    )
    secret_set_at: datetime
    previous_secret_valid_until: datetime | None
    created_at: datetime
    changed_at: datetime
    changed_by: str


class SourceDayAnswer(Answer):
    day: date = Field(description="In UTC")
    webhooks: Counts = Field(description="By outcome: accepted, kept, refused:<reason>, failed")
    contents: Counts = Field(description="completions, retractions, ignored, problems")
    ignored: Counts = Field(description="What was no completion, by the provider's kind")


class SourceHealthAnswer(Answer):
    last_received_at: datetime | None
    last_accepted_at: datetime | None
    days: list[SourceDayAnswer] = Field(description="The last days with webhooks, newest first")


class SourceWithHealthAnswer(SourceAnswer):
    health: SourceHealthAnswer


class ReplayBody(Body):
    since: Instant | None = Field(
        default=None, description="Default: all that is kept, 30 days", examples=["2026-11-01T00:00:00Z"]
    )


class ReplayAnswer(Answer):
    replay_id: Id
    source_id: Id
    since: datetime
    state: ReplayState
    counts: Counts
    started_at: datetime
    started_by: str
    finished_at: datetime | None


class IntakeState(StrEnum):
    """`kept`: could not be read, or not wholly. `read`: could."""

    KEPT = "kept"
    READ = "read"


class IntakeQuery(ListQuery):
    source_id: Id | None = None
    state: IntakeState = IntakeState.KEPT


class IntakeEntryAnswer(Answer):
    source_id: Id
    intake_id: str
    state: IntakeState
    received_at: datetime
    size: int = Field(description="Bytes as kept")


class IntakeProblemAnswer(Answer):
    reason: str
    detail: str
    part: str | None = Field(description="The part of the body that it is about, as JSON")


class IntakeWebhookAnswer(IntakeEntryAnswer):
    provider: str
    correlation_id: str
    headers: dict[str, str]
    body: str | None = Field(description="Null where it is no UTF-8")
    body_base64: str | None
    problems: list[IntakeProblemAnswer]


class ReplayedAnswer(Answer):
    completions: int
    retractions: int
    ignored: int
    problems: list[IntakeProblemAnswer]


class WebhookAnswer(Answer):
    accepted: int = Field(description="Course completions and retractions that were queued")
    ignored: int = Field(description="Events that are neither")
    kept: int = Field(description="What could not be read, and waits for an admin")
