"""The restore drill: an award that was destroyed comes back from point-in-time recovery."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scripts import restore

from academy import Academy
from deployed import Api


def test_destroyed_award_comes_back_from_point_in_time_recovery(
    api: Api, unique: str, stack: dict[str, Any], aws: Callable[[str], Any]
) -> None:
    academy = Academy(api=api, name=unique)
    courses = academy.courses(1)
    certification_id = academy.certification(courses)
    user = academy.user()
    academy.deliver([academy.completion(user, courses[0], "2026-11-10T08:00:00Z")])
    award = academy.award(user)
    dynamodb, table = aws("dynamodb"), stack["table_name"]
    copy = restore.restored_copy(dynamodb, table, None)
    dynamodb.delete_item(
        TableName=table, Key={"pk": {"S": f"USER#{user}"}, "sk": {"S": f"COMPLETION#{certification_id}#0001"}}
    )
    assert academy.awards(user) == []
    for lost in restore.differences(dynamodb, table, copy, [f"USER#{user}"]):
        dynamodb.put_item(TableName=table, Item=lost.row)
    dynamodb.delete_table(TableName=copy)
    assert academy.awards(user) == [award]
