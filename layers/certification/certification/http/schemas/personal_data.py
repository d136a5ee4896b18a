"""What is stored about one person."""

from __future__ import annotations

from pydantic import Field

from certification.domain.sync import SyncState
from certification.http.schemas.base import Answer
from certification.http.schemas.certification_completions import CertificationCompletionAnswer, HistoryAnswer
from certification.http.schemas.course_completions import CourseCompletionAnswer, ParkedAnswer
from certification.http.schemas.directory import UserAnswer


class HeldAnswer(Answer):
    certification_completion: CertificationCompletionAnswer
    history: list[HistoryAnswer]


class CrmRecordAnswer(Answer):
    crm: str = Field(examples=["hubspot"])
    record_id: str | None = Field(description="The person's record there")
    state: SyncState
    sent: dict[str, str | list[str]] = Field(description="What was last written successfully")


class PersonalDataAnswer(Answer):
    user: UserAnswer
    course_completions: list[CourseCompletionAnswer]
    certification_completions: list[HeldAnswer]
    parked: list[ParkedAnswer] = Field(description="Waits under a name of this person, and may be another's")
    crm_records: list[CrmRecordAnswer]
