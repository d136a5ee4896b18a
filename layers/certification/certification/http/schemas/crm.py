"""Shapes of CRM connections, mappings, previews, sync states and reconciliations."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from certification.domain.sync import SyncState
from certification.http.schemas.base import (
    Answer,
    Body,
    CleanText,
    FieldProblem,
    Id,
    ListQuery,
    Scalar,
    exactly_one,
)

Secret = Annotated[CleanText, StringConstraints(min_length=1, max_length=4000)]
Property = Annotated[CleanText, StringConstraints(min_length=1, max_length=256)]


class CredentialsBody(Body):
    """`{access_token}`, or `{client_id, client_secret}`, or `{client_id, username, private_key}`."""

    access_token: Secret | None = None
    client_id: Secret | None = None
    client_secret: Secret | None = None
    username: Secret | None = None
    private_key: Secret | None = None


class ConnectionBody(Body):
    base_url: Annotated[CleanText, StringConstraints(min_length=1, max_length=2000)] = Field(
        examples=["https://api.hubapi.com"]
    )
    api_version: Annotated[CleanText, StringConstraints(max_length=20)] | None = Field(
        default=None, description="Absent: the one this service was made with", examples=["2026-09"]
    )
    credentials: CredentialsBody | None = Field(
        default=None, description="Absent: those that are stored are kept. They never come back out."
    )
    create_missing: bool = Field(default=False, description="Create records that are not found")
    shadow: bool = Field(default=False, description="Compute and report everything, write nothing")


class PauseAnswer(Answer):
    scope: str = Field(description="Empty: the whole connection; else the object whose mapping is paused")
    reason: str = Field(examples=["unavailable"])
    message: str = Field(description="The CRM's own words")
    correlation_id: str | None
    since: str
    until: str


class ConnectionAnswer(Answer):
    crm: str
    base_url: str
    api_version: str | None
    credentials: str = Field(description="Which kind is stored, never what", examples=["access_token"])
    create_missing: bool
    shadow: bool
    account: str = Field(description="Who we are there, by the CRM's words at the last test")
    tested_at: str | None
    changed_at: str
    state: str = Field(description="`connected` or `paused`")
    pauses: list[PauseAnswer]


class MatchShape(Body):
    source: Annotated[CleanText, StringConstraints(max_length=200)] = Field(
        description="`user_id`, `email`, `identity:<source>`, `organization_id` or `domain`",
        examples=["email"],
    )
    target: Property = Field(examples=["email"])


class FieldShape(Body):
    certification_id: Id | None = None
    source: Annotated[CleanText, StringConstraints(max_length=100)] | None = Field(
        default=None, examples=["status"]
    )
    value: Scalar | None = Field(default=None, description="A fixed value, instead of a source")
    target: Property = Field(examples=["sales_pro_status"])
    write: Annotated[CleanText, StringConstraints(max_length=40)] | None = Field(
        default=None, description="`always` (default) or `first_sync_only` (R36)"
    )
    values: dict[CleanText, CleanText] | None = Field(
        default=None, description="Ours to theirs", examples=[{"active": "Certified"}]
    )


class MappingBody(Body):
    match: MatchShape
    fields: list[FieldShape] = Field(min_length=1, max_length=200)


class MappingAnswer(Answer):
    match: MatchShape
    fields: list[FieldShape]
    problems: list[FieldProblem] = Field(description="What the daily check found; empty: it fits")
    checked_at: str
    changed_at: str
    paused: PauseAnswer | None
    backfill_id: str = Field(description="What brings this mapping to everyone")


class HolderBody(Body):
    model_config = ConfigDict(json_schema_extra=exactly_one("user_id", "organization_id"))

    user_id: Id | None = None
    organization_id: Id | None = None

    @model_validator(mode="after")
    def _one(self) -> HolderBody:
        if (self.user_id is None) == (self.organization_id is None):
            raise ValueError("give a user_id or an organization_id")
        return self


class SyncBody(Body):
    """Exactly one: a user, an organization, what failed, or everyone."""

    model_config = ConfigDict(
        json_schema_extra={**exactly_one("user_id", "organization_id", "failed", "all")}
    )

    user_id: Id | None = None
    organization_id: Id | None = None
    failed: Literal[True] | None = None
    all: Literal[True] | None = None

    @model_validator(mode="after")
    def _one(self) -> SyncBody:
        given = [value for value in (self.user_id, self.organization_id, self.failed, self.all) if value]
        if len(given) != 1:
            raise ValueError("give one of user_id, organization_id, failed: true, all: true")
        return self


class HolderShape(Answer):
    type: str
    id: str


class PreviewFieldAnswer(Answer):
    target: str
    source: str | None
    certification_id: str | None
    present: str | list[str] | None = Field(description="What the record has now; null: there is no record")
    new: str | list[str]
    written: bool
    why: str
    from_: str = Field(alias="from", description="Which completion or fact it comes from")
    certification_completion_id: str | None


class PushPreviewAnswer(Answer):
    object: str
    match_value: str
    record_id: str | None
    action: str = Field(description="`update`, `create`, `none` or `unlinked`")
    explanation: str
    fields: list[PreviewFieldAnswer]


class SyncRowAnswer(Answer):
    holder: HolderShape
    state: SyncState
    record_id: str | None
    code: str | None = Field(description="What went wrong, for a program")
    message: str | None = Field(description="What went wrong, in the CRM's own words")
    correlation_id: str | None
    sent: dict[str, str | list[str]] = Field(description="What was last written successfully")
    would_send: dict[str, str | list[str]] = Field(description="Shadow mode: what would be written")
    in_doubt: list[str] = Field(description="Properties whose last write had no known outcome")
    changed_at: str = Field(description="When it last became pending")
    settled_at: str | None = Field(description="When the CRM last answered for it")


class BackfillAnswer(Answer):
    backfill_id: str
    scope: str
    cause: str
    state: str = Field(description="`running` or `completed`")
    marked: int = Field(
        description="Records marked so far; GET …/sync?state=pending shows what is left to push"
    )
    created_at: str
    finished_at: str | None


class SyncRequestAnswer(Answer):
    """`record` for one holder, `backfill` for many."""

    record: SyncRowAnswer | None
    backfill: BackfillAnswer | None


class SyncQuery(ListQuery):
    state: SyncState | None = Field(default=None, description="Absent: all")


class CrmReconciliationBody(Body):
    all: bool = Field(default=False, description="Every record; else the next sample")
    repair: bool = Field(default=False, description="Write again what differs")


class CrmDriftAnswer(Answer):
    holder: HolderShape
    record_id: str
    gone: bool
    expected: dict[str, str | list[str]]
    found: dict[str, str | list[str]]


class CrmReconciliationAnswer(Answer):
    reconciliation_id: str
    all: bool
    repair: bool
    state: str = Field(description="`running`, `completed` or `stopped`")
    checked: int
    drifted: int
    gone: int
    repaired: int
    problem: str | None
    findings: list[CrmDriftAnswer] = Field(description="The first fifty")
    created_at: str
    finished_at: str | None
