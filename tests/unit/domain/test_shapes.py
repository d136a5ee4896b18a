"""The parts of a definition come back from JSON as they went (contract.md)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import generated
from certification.domain import shapes
from certification.domain.errors import InvalidError
from certification.domain.model import (
    Anchored,
    Audience,
    CourseId,
    Duration,
    Expiration,
    Permissions,
    Renewal,
    RenewalBasis,
    Requirement,
    Requirements,
)


def through_json(shape: Any) -> Any:
    return json.loads(json.dumps(shape))


@given(generated.policies)
def test_expiration_policies(policy: Expiration) -> None:
    assert shapes.expiration_from_json(through_json(shapes.expiration_to_json(policy))) == policy
    assert shapes.rule_in_words(policy).endswith(".")


@given(generated.entities(Renewal))
def test_renewals(renewal: Renewal) -> None:
    assert shapes.renewal_from_json(through_json(shapes.renewal_to_json(renewal))) == renewal


@given(generated.requirements)
def test_requirements(requirements: Requirements) -> None:
    assert (
        shapes.requirements_from_json(through_json(shapes.requirements_to_json(requirements))) == requirements
    )


@given(generated.permissions)
def test_permissions(permissions: Permissions) -> None:
    assert shapes.permissions_from_json(through_json(shapes.permissions_to_json(permissions))) == permissions


@given(st.lists(generated.durations, max_size=4).map(tuple))
def test_reminders(reminders: tuple[Duration, ...]) -> None:
    assert shapes.reminders_from_json(through_json(shapes.reminders_to_json(reminders))) == reminders


@pytest.mark.parametrize(
    ("shape", "read"),
    [
        ({"type": "anchored", "month": 12, "day": 31}, Anchored(month=12, day=31)),
        (
            {"type": "anchored", "month": 12, "day": 31, "minimum": None},
            Anchored(month=12, day=31, minimum=Duration(days=1)),
        ),
        ({"type": "anchored", "month": 2, "day": 29}, Anchored(month=2, day=29)),
    ],
)
def test_anchor_without_a_minimum_leaves_a_day(shape: dict[str, Any], read: Expiration) -> None:
    assert shapes.expiration_from_json(shape) == read


@pytest.mark.parametrize(
    "shape",
    [
        {"type": "anchored", "month": 2, "day": 30},
        {"type": "anchored", "month": 4, "day": 31},
        {"type": "anchored", "month": 13, "day": 1},
        {"type": "anchored", "month": 1, "day": 0},
        {"type": "anchored", "month": 1, "day": 1, "minimum": "P0D"},
        {"type": "duration", "duration": "1 year"},
        {"type": "sometimes"},
    ],
    ids=str,
)
def test_policy_that_makes_no_sense_is_refused(shape: dict[str, Any]) -> None:
    with pytest.raises(InvalidError):
        shapes.expiration_from_json(shape)


def test_what_the_contract_shows_is_read() -> None:
    renewal = shapes.renewal_from_json({"opens": "P60D", "basis": "expiration", "grace": "P30D"})
    assert renewal == Renewal(opens=Duration(days=60), basis=RenewalBasis.EXPIRATION, grace=Duration(days=30))
    permissions = shapes.permissions_from_json(
        {"audience": "rules", "rules": [{"attribute": "organization.region", "in": ["EMEA"]}]}
    )
    assert permissions.audience is Audience.RULES
    assert permissions.rules[0].values == ("EMEA",)


def test_basis_of_a_renewal_is_the_expiration_where_none_is_given() -> None:
    assert shapes.renewal_from_json({"opens": "P60D"}).basis is RenewalBasis.EXPIRATION


def test_what_says_nothing_is_left_out() -> None:
    requirement = Requirement(course_id=CourseId("c-1"))
    assert shapes.requirement_to_json(requirement) == {"course_id": "c-1"}
    assert shapes.permissions_to_json(Permissions(audience=Audience.EVERYONE)) == {"audience": "everyone"}
    assert shapes.requirements_to_json(Requirements()) == {"courses": []}
