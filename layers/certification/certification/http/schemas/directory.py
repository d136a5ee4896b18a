"""Shapes of courses, organizations and users."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from certification.http.schemas.base import (
    Answer,
    Body,
    CleanText,
    Group,
    Id,
    IdentityShape,
    ListQuery,
    Name,
    Scalar,
    Text,
)

MOST_GROUPS = 100
MOST_ATTRIBUTES = 50


def _email(text: str) -> str:
    local, _, domain = text.rpartition("@")
    if not local or not domain or any(character.isspace() for character in text):
        raise ValueError("not an e-mail address")
    return text


Email = Annotated[
    CleanText,
    StringConstraints(min_length=3, max_length=320),
    AfterValidator(_email),
    Field(examples=["ada@partner.example"], json_schema_extra={"format": "email"}),
]
RequiredName = Annotated[Name, StringConstraints(min_length=1)]
AttributeName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Attributes = Annotated[
    dict[AttributeName, Scalar],
    Field(max_length=MOST_ATTRIBUTES, json_schema_extra={"additionalProperties": False}),
]
Groups = Annotated[list[Group], Field(max_length=MOST_GROUPS, examples=[["resellers"]])]


class CourseBody(Body):
    name: RequiredName = Field(examples=["Know the products"])
    description: Text | None = None
    identities: list[IdentityShape] = Field(
        default_factory=list, max_length=40, description="What LMSs call this course"
    )
    active: bool = True


class CourseAnswer(Answer):
    course_id: Id
    name: str
    description: str
    identities: list[IdentityShape]
    active: bool


class OrganizationBody(Body):
    name: RequiredName = Field(examples=["Northwind"])
    domain: Annotated[CleanText, StringConstraints(min_length=1, max_length=253)] | None = Field(
        default=None, examples=["northwind.example"]
    )
    groups: Groups = Field(default_factory=list)
    attributes: Attributes = Field(default_factory=dict, examples=[{"region": "EMEA"}])
    active: bool = True


class OrganizationAnswer(Answer):
    organization_id: Id
    name: str
    domain: str | None
    groups: list[str]
    attributes: dict[str, Scalar]
    active: bool


class UserBody(Body):
    email: Email
    name: Name = Field(default="", examples=["Ada"])
    organization_id: Id | None = None
    groups: Groups = Field(default_factory=list)
    attributes: Attributes = Field(default_factory=dict, examples=[{"country": "SE"}])
    identities: list[IdentityShape] = Field(
        default_factory=list, max_length=40, description="What LMSs call this user"
    )
    active: bool = True


class UserAnswer(Answer):
    user_id: Id
    email: str
    name: str
    organization_id: Id | None
    groups: list[str]
    attributes: dict[str, Scalar]
    identities: list[IdentityShape]
    active: bool


class DirectoryQuery(ListQuery):
    active: bool | None = Field(default=None, description="Only those that are, or are not, active")


class UsersQuery(DirectoryQuery):
    organization_id: Id | None = Field(default=None, description="Only members of this organization")
    email: str | None = Field(default=None, max_length=320, description="Only the user with this address")
