"""The table's stream as changes of the domain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items import completions, definitions, directory, evaluations
from certification.adapters.dynamodb.marshalling import unmarshal
from certification.adapters.dynamodb.table import Item
from certification.domain.changes import (
    CertificationChanged,
    Change,
    CompletionChanged,
    CompletionRemoved,
    CourseChanged,
    EvaluationAdded,
    OrganizationChanged,
    UserChanged,
)


def read_change(record: Mapping[str, Any]) -> Change | None:
    """What a stream record (NEW_AND_OLD_IMAGES) says; None for what nothing follows from."""
    images = record["dynamodb"]
    before = unmarshal(images["OldImage"]) if "OldImage" in images else None
    after = unmarshal(images["NewImage"]) if "NewImage" in images else None
    if after is None:
        return _removed(before or {})
    match after["entity"]:
        case completions.CERTIFICATION_COMPLETION:
            read = completions.completion_from_item
            return CompletionChanged(before=read(before) if before else None, after=read(after))
        case evaluations.EVALUATION if before is None:
            return EvaluationAdded(run=evaluations.evaluation_from_item(after))
        case definitions.CERTIFICATION if before is not None:
            return CertificationChanged(
                before=definitions.certification_from_item(before),
                after=definitions.certification_from_item(after),
            )
        case _:
            return _profile(before, after)


def _profile(before: Item | None, after: Item) -> Change | None:
    match after["entity"]:
        case directory.USER:
            old_user = directory.user_from_item(before) if before else None
            return UserChanged(before=old_user, after=directory.user_from_item(after))
        case directory.ORGANIZATION:
            old = directory.organization_from_item(before) if before else None
            return OrganizationChanged(before=old, after=directory.organization_from_item(after))
        case directory.COURSE:
            old_course = directory.course_from_item(before) if before else None
            return CourseChanged(before=old_course, after=directory.course_from_item(after))
        case _:
            return None


def _removed(before: Item) -> Change | None:
    if before.get("entity") == completions.CERTIFICATION_COMPLETION:
        return CompletionRemoved(holder=keys.holder_of(before["pk"]))
    return None
