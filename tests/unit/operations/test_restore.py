"""Damaged rows come back from point-in-time recovery, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from scripts import restore as module
from scripts.restore import differences, main, restore

from template import create_table_arguments

TABLE = "table"


def row(pk: str, sk: str, value: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}, "value": {"S": value}}


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The table, damaged after its last restorable time: moto restores what is there, so the copy is made before."""
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(**create_table_arguments(TABLE))
        for each in (
            row("USER#1", "PROFILE", "a"),
            row("USER#1", "COMPLETION#c#0001", "b"),
            row("USER#2", "PROFILE", "c"),
        ):
            client.put_item(TableName=TABLE, Item=each)
        copy = module.restored_copy(client, TABLE, None)
        monkeypatch.setattr(module, "restored_copy", lambda *_: copy)
        client.delete_item(TableName=TABLE, Key={"pk": {"S": "USER#1"}, "sk": {"S": "COMPLETION#c#0001"}})
        client.put_item(TableName=TABLE, Item=row("USER#1", "PROFILE", "damaged"))
        client.put_item(TableName=TABLE, Item=row("USER#1", "SYNC#hubspot", "newer"))
        client.put_item(TableName=TABLE, Item=row("USER#2", "PROFILE", "not asked for"))
        yield client


def contents(client: Any) -> dict[tuple[str, str], str]:
    items = client.scan(TableName=TABLE)["Items"]
    return {(each["pk"]["S"], each["sk"]["S"]): each["value"]["S"] for each in items}


def test_named_partitions_are_made_whole_and_others_left_alone(dynamodb: Any) -> None:
    found = restore(dynamodb, TABLE, ["USER#1"], at=None, write=True)
    assert sorted(map(str, found)) == ["different: USER#1 PROFILE", "missing: USER#1 COMPLETION#c#0001"]
    assert contents(dynamodb) == {
        ("USER#1", "PROFILE"): "a",
        ("USER#1", "COMPLETION#c#0001"): "b",
        ("USER#1", "SYNC#hubspot"): "newer",
        ("USER#2", "PROFILE"): "not asked for",
    }
    assert dynamodb.list_tables()["TableNames"] == [TABLE]


def test_without_write_it_only_tells(dynamodb: Any) -> None:
    before = contents(dynamodb)
    assert len(restore(dynamodb, TABLE, ["USER#1", "USER#2"], at=None, write=False)) == 3
    assert contents(dynamodb) == before


def test_a_whole_table_differs_in_nothing(dynamodb: Any) -> None:
    assert list(differences(dynamodb, TABLE, TABLE, ["USER#1", "USER#2", "USER#3"])) == []


def test_no_partition_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["local", "", "no"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
