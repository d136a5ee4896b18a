"""What `Table` promises, held by the fake that all other tests run on and by DynamoDB's client on moto.

moto knows no parametrised PartiQL: batches of two and more run on the fake here, and on the embedded cloud in
`tests/e2e/test_table_batches.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from certification.adapters.aws import new_session
from certification.adapters.dynamodb.client_table import ClientTable
from certification.adapters.dynamodb.table import (
    Absent,
    All,
    AnyOf,
    AttributeAbsent,
    Check,
    Condition,
    ConditionFailedError,
    Delete,
    Equals,
    Exists,
    Key,
    NotEquals,
    Put,
    Query,
    Table,
    TransactionFailedError,
    Update,
    WriteResult,
)
from contract.batches import BatchContract
from fakes import InMemoryTable
from large_table import LargeTable
from template import create_table_arguments

KEY = Key("USER#u-1", "PROFILE")
ITEM: dict[str, Any] = {"pk": "USER#u-1", "sk": "PROFILE", "name": "Ada", "revision": 3, "score": 87.5}


@pytest.fixture(params=["fake", "large fake", "moto"])
def table(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    if "fake" in request.param:
        yield InMemoryTable() if request.param == "fake" else LargeTable()
        return
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client: Any = new_session().create_client("dynamodb", region_name="us-east-1")
        client.create_table(**create_table_arguments("table"))
        yield ClientTable(client, "table", sleep=lambda _: None)


def row(number: int, **attributes: Any) -> dict[str, Any]:
    return {"pk": "P", "sk": f"S#{number:03}", "n": number, **attributes}


def fill(table: Table, count: int, **attributes: Any) -> None:
    for number in range(count):
        table.write(Put(row(number, **attributes)))


class TestValues:
    @pytest.mark.parametrize(
        "value",
        [
            "text",
            "",
            "ä \U0001f600 \n",
            0,
            -7,
            10**15,
            0.5,
            87.25,
            True,
            False,
            None,
            [],
            {},
            [1, "two", [3.5, None], {"four": True}],
            {"a": {"b": [1, {"c": "d"}]}},
        ],
        ids=repr,
    )
    def test_come_back_as_they_went(self, table: Table, value: Any) -> None:
        table.write(Put({**ITEM, "value": value}))
        found = table.get(KEY)
        assert found is not None
        assert found["value"] == value
        assert type(found["value"]) is type(value)

    def test_what_is_given_out_is_the_callers_own(self, table: Table) -> None:
        table.write(Put({**ITEM, "list": [1]}))
        found = table.get(KEY)
        assert found is not None
        found["list"].append(2)
        assert table.get(KEY) == {**ITEM, "list": [1]}


class TestConditions:
    @pytest.mark.parametrize(
        ("condition", "on_item", "on_nothing"),
        [
            (Absent(), False, True),
            (Exists(), True, False),
            (Equals("revision", 3), True, False),
            (Equals("revision", 3.0), True, False),
            (Equals("revision", 4), False, False),
            (Equals("revision", "3"), False, False),
            (Equals("missing", 3), False, False),
            (NotEquals("revision", 4), True, True),
            (NotEquals("revision", 3), False, True),
            (NotEquals("missing", 3), True, True),
            (AttributeAbsent("missing"), True, True),
            (AttributeAbsent("name"), False, True),
            (All((Exists(), Equals("name", "Ada"))), True, False),
            (All((Exists(), Equals("name", "Eve"))), False, False),
            (AnyOf((Absent(), Equals("name", "Ada"))), True, True),
            (AnyOf((Absent(), Equals("name", "Eve"))), False, True),
            (All((AnyOf((Absent(), Equals("name", "Ada"))), NotEquals("score", 1))), True, True),
        ],
        ids=str,
    )
    def test_hold_or_not_for_every_kind_of_write(
        self, table: Table, condition: Condition, on_item: bool, on_nothing: bool
    ) -> None:
        writes: list[Put | Update | Delete] = [
            Put({**ITEM, "name": "new"}, condition),
            Delete(KEY, condition),
        ]
        writes += [Update(key=KEY, set={"name": "new"}, condition=condition)]
        for present, holds in ((ITEM, on_item), (None, on_nothing)):
            for write in writes:
                table.write(Put(present) if present else Delete(KEY))
                if holds:
                    table.write(write)
                    assert table.get(KEY) != ITEM
                else:
                    with pytest.raises(ConditionFailedError) as caught:
                        table.write(write)
                    assert caught.value.item == present
                    assert table.get(KEY) == present

    def test_names_that_are_reserved_words_are_no_trouble(self, table: Table) -> None:
        table.write(Put({**ITEM, "name": 1, "status": "x", "size": 2, "a-b.c": 3}))
        condition = All((Equals("status", "x"), Equals("size", 2), Equals("a-b.c", 3)))
        table.write(Update(key=KEY, set={"status": "y"}, remove=("size",), condition=condition))
        found = table.get(KEY)
        assert found is not None
        assert (found["status"], "size" in found) == ("y", False)


class TestUpdate:
    def test_changes_what_it_names_and_leaves_the_rest(self, table: Table) -> None:
        table.write(Put({**ITEM, "gone": 1, "list": ["a"]}))
        update = Update(
            key=KEY, set={"name": "Eve"}, add={"revision": 1}, append={"list": ["b"]}, remove=("gone",)
        )
        after = {**ITEM, "name": "Eve", "revision": 4, "list": ["a", "b"]}
        assert table.update(update) == after
        assert table.get(KEY) == after

    def test_makes_what_is_missing_counting_from_nothing(self, table: Table) -> None:
        made = table.update(Update(key=KEY, add={"count": 2, "half": 0.5}, append={"list": [1]}))
        assert made == {"pk": KEY.pk, "sk": KEY.sk, "count": 2, "half": 0.5, "list": [1]}

    def test_removing_what_is_not_there_is_harmless(self, table: Table) -> None:
        table.write(Put(ITEM))
        assert table.update(Update(key=KEY, remove=("missing",))) == ITEM


class TestTransactions:
    def test_all_are_written(self, table: Table) -> None:
        table.write(Put(row(1)))
        table.write(Put(row(2)))
        table.write_together(
            [
                Put(row(3), Absent()),
                Update(key=Key("P", "S#001"), add={"n": 10}, condition=Equals("n", 1)),
                Delete(Key("P", "S#002"), Exists()),
                Check(Key("P", "S#004"), Absent()),
            ]
        )
        assert [item["n"] for item in table.query(Query(pk="P")).items] == [11, 3]

    def test_or_none_and_it_says_which_did_not_hold(self, table: Table) -> None:
        table.write(Put(row(1)))
        with pytest.raises(TransactionFailedError) as caught:
            table.write_together(
                [
                    Put(row(2), Absent()),
                    Put(row(1), Absent()),
                    Check(Key("P", "S#009"), Exists()),
                    Update(key=Key("P", "S#003"), set={"n": 3}),
                ]
            )
        assert [caught.value.condition_failed(index) for index in range(4)] == [False, True, True, False]
        assert not caught.value.conflict
        assert table.query(Query(pk="P")).items == (row(1),)

    def test_check_writes_nothing(self, table: Table) -> None:
        table.write(Put(row(1)))
        table.write_together([Check(Key("P", "S#001"), Equals("n", 1)), Put(row(2))])
        assert table.get(Key("P", "S#001")) == row(1)


class TestReads:
    def test_nothing_is_there(self, table: Table) -> None:
        assert table.get(KEY) is None
        assert table.get_many([KEY]) == {}
        assert table.get_many([]) == {}
        assert table.query(Query(pk="nobody")).items == ()
        assert table.query(Query(pk="nobody")).next is None

    def test_many_at_once_duplicates_and_more_than_a_hundred(self, table: Table) -> None:
        fill(table, 120)
        wanted = [Key("P", f"S#{n:03}") for n in (*range(130), 5, 5)]
        found = table.get_many(wanted, consistent=True)
        assert found == {Key("P", f"S#{n:03}"): row(n) for n in range(120)}

    def test_partition_comes_in_the_order_of_its_sort_keys(self, table: Table) -> None:
        for number in (3, 1, 2):
            table.write(Put(row(number)))
        table.write(Put({**row(0), "pk": "other"}))
        assert [i["n"] for i in table.query(Query(pk="P")).items] == [1, 2, 3]
        assert [i["n"] for i in table.query(Query(pk="P", descending=True)).items] == [3, 2, 1]

    @pytest.mark.parametrize(
        ("condition", "found"),
        [
            ({"sk_prefix": "S#00"}, list(range(10))),
            ({"sk_prefix": "T"}, []),
            ({"sk_between": ("S#003", "S#005")}, [3, 4, 5]),
            ({"sk_less_than": "S#003"}, [0, 1, 2]),
            ({}, list(range(12))),
        ],
        ids=str,
    )
    def test_sort_key_conditions(self, table: Table, condition: dict[str, Any], found: list[int]) -> None:
        fill(table, 12)
        assert [i["n"] for i in table.query(Query(pk="P", **condition)).items] == found

    @pytest.mark.parametrize("descending", [False, True])
    def test_pages_follow_each_other_without_gap_or_repetition(self, table: Table, descending: bool) -> None:
        fill(table, 7)
        seen: list[int] = []
        start = None
        while True:
            page = table.query(Query(pk="P", limit=3, start=start, descending=descending))
            seen += [item["n"] for item in page.items]
            assert len(page.items) <= 3
            start = page.next
            if start is None:
                break
        assert seen == sorted(range(7), reverse=descending)

    def test_all_pages_come_lazily_one_after_the_other(self, table: Table) -> None:
        fill(table, 7)
        assert [item["n"] for item in table.query_all(Query(pk="P", limit=2))] == list(range(7))
        assert next(iter(table.query_all(Query(pk="P", limit=2))))["n"] == 0

    def test_page_goes_on_behind_its_place_also_when_that_is_gone_meanwhile(self, table: Table) -> None:
        fill(table, 6)
        first = table.query(Query(pk="P", limit=2))
        table.write(Delete(Key("P", "S#001")))
        assert [i["n"] for i in table.query(Query(pk="P", start=first.next)).items] == [2, 3, 4, 5]


class TestIndexes:
    @pytest.mark.parametrize("index", ["listing", "parent", "due"])
    def test_are_sparse_and_in_the_order_of_their_own_keys(self, table: Table, index: str) -> None:
        for number in range(6):
            table.write(Put(row(number, **{f"{index}_pk": "I", f"{index}_sk": f"{9 - number}"})))
        table.write(Put(row(7)))
        table.write(Put(row(8, **{f"{index}_pk": "I"})))
        found = table.query(Query(pk="I", index=index)).items
        assert [item["sk"] for item in found] == [f"S#{n:03}" for n in (5, 4, 3, 2, 1, 0)]

    @pytest.mark.parametrize(("index", "whole"), [("listing", True), ("parent", False), ("due", False)])
    def test_project_what_the_template_says(self, table: Table, index: str, whole: bool) -> None:
        keys = {f"{index}_pk": "I", f"{index}_sk": "1"}
        table.write(Put(row(1, extra="x", **keys)))
        [found] = table.query(Query(pk="I", index=index)).items
        assert found == ({**row(1, extra="x"), **keys} if whole else {"pk": "P", "sk": "S#001", **keys})

    def test_follow_the_item(self, table: Table) -> None:
        table.write(Put(row(1, due_pk="I", due_sk="1")))
        table.write(Update(key=Key("P", "S#001"), set={"due_sk": "2"}))
        assert [item["due_sk"] for item in table.query(Query(pk="I", index="due")).items] == ["2"]
        table.write(Update(key=Key("P", "S#001"), remove=("due_pk", "due_sk")))
        assert table.query(Query(pk="I", index="due")).items == ()

    def test_page_by_page_also_where_many_have_the_same_sort_key(self, table: Table) -> None:
        for number in range(7):
            table.write(Put({**row(number), "pk": f"P#{number}", "due_pk": "I", "due_sk": "same"}))
        found = [item["pk"] for item in table.query_all(Query(pk="I", index="due", limit=2))]
        assert sorted(found) == [f"P#{number}" for number in range(7)]

    def test_less_than_finds_everything_before(self, table: Table) -> None:
        for number, due in enumerate(("2026-11-19#lapse", "2026-11-20#start", "2026-11-21#lapse")):
            table.write(Put(row(number, due_pk="DUE#1", due_sk=due)))
        found = table.query(Query(pk="DUE#1", index="due", sk_less_than="2026-11-21")).items
        assert [item["due_sk"] for item in found] == ["2026-11-19#lapse", "2026-11-20#start"]


class TestEach:
    def test_one_write_alone(self, table: Table) -> None:
        assert table.write_each([Put(row(1), Absent())]) == [WriteResult(ok=True)]
        assert table.write_each([Put(row(1, x=1), Absent())]) == [WriteResult(ok=False)]
        update = Update(key=Key("P", "S#001"), set={"x": 2}, add={"n": 1}, condition=Equals("n", 1))
        assert table.write_each([update]) == [WriteResult(ok=True)]
        assert table.write_each([update]) == [WriteResult(ok=False)]
        assert table.get(Key("P", "S#001")) == row(2, x=2) | {"sk": "S#001"}

    def test_update_of_what_is_missing_makes_nothing(self, table: Table) -> None:
        update = Update(key=KEY, set={"x": 1}, condition=Exists())
        assert table.write_each([update]) == [WriteResult(ok=False)]
        assert table.get(KEY) is None

    def test_nothing_is_nothing(self, table: Table) -> None:
        assert table.write_each([]) == []


class TestBatchesOnTheFake(BatchContract):
    @pytest.fixture
    def batching(self) -> Table:
        return InMemoryTable()
