"""What `Table.write_each` promises of two writes and more: on the fake, and on whatever speaks PartiQL."""

from __future__ import annotations

from uuid import uuid4

import pytest

from certification.adapters.dynamodb.table import (
    Absent,
    All,
    Condition,
    Equals,
    Exists,
    Item,
    Key,
    Put,
    Query,
    Table,
    Update,
)


class BatchContract:
    """Subclasses give the fixture `batching`; each test has a partition of its own there."""

    @pytest.fixture
    def pk(self) -> str:
        return f"BATCH#{uuid4().hex}"

    @staticmethod
    def _row(pk: str, number: int) -> Item:
        return {"pk": pk, "sk": f"S#{number:03}", "n": number, "revision": 1}

    def test_each_on_its_own_with_results_in_order(self, batching: Table, pk: str) -> None:
        batching.write(Put(self._row(pk, 1)))
        puts = [Put({**self._row(pk, number), "new": True}, Absent()) for number in range(3)]
        assert [result.ok for result in batching.write_each(puts)] == [True, False, True]
        assert ["new" in item for item in batching.query(Query(pk=pk)).items] == [True, False, True]

    def test_more_than_one_call_takes(self, batching: Table, pk: str) -> None:
        puts = [Put(self._row(pk, number), Absent()) for number in range(60)]
        assert all(result.ok for result in batching.write_each(puts))
        assert not any(result.ok for result in batching.write_each(puts))
        assert len(list(batching.query_all(Query(pk=pk, limit=25)))) == 60

    def test_values_of_every_kind(self, batching: Table, pk: str) -> None:
        values = {
            "t": 'it\'s "x" ?',
            "f": 87.25,
            "b": True,
            "none": None,
            "l": [1, "a", {"m": []}],
            "m": {"k": 0},
        }
        items = [{**self._row(pk, number), **values} for number in range(2)]
        batching.write_each([Put(item, Absent()) for item in items])
        assert list(batching.query(Query(pk=pk)).items) == items

    def test_updates_hold_where_every_equality_does(self, batching: Table, pk: str) -> None:
        for number in range(4):
            batching.write(Put({**self._row(pk, number), "gone": "x"}))
        conditions: list[Condition] = [
            Equals("revision", 1),
            Equals("revision", 2),
            All((Exists(), Equals("n", 2), Equals("revision", 1))),
            All((Equals("n", 3), Equals("missing", 1))),
        ]
        updates = [
            Update(
                key=Key(pk, f"S#{number:03}"),
                set={"name": "new", "size": number},
                add={"revision": 1},
                remove=("gone",),
                condition=condition,
            )
            for number, condition in enumerate(conditions)
        ]
        assert [result.ok for result in batching.write_each(updates)] == [True, False, True, False]
        assert list(batching.query(Query(pk=pk)).items) == [
            {**self._row(pk, 0), "revision": 2, "name": "new", "size": 0},
            {**self._row(pk, 1), "gone": "x"},
            {**self._row(pk, 2), "revision": 2, "name": "new", "size": 2},
            {**self._row(pk, 3), "gone": "x"},
        ]

    def test_update_of_what_is_missing_makes_nothing(self, batching: Table, pk: str) -> None:
        updates = [
            Update(key=Key(pk, f"S#{number:03}"), set={"x": 1}, condition=Exists()) for number in range(2)
        ]
        assert [result.ok for result in batching.write_each(updates)] == [False, False]
        assert batching.query(Query(pk=pk)).items == ()

    def test_put_and_update_together(self, batching: Table, pk: str) -> None:
        batching.write(Put(self._row(pk, 1)))
        update = Update(key=Key(pk, "S#001"), set={"n": 7}, condition=Equals("revision", 1))
        assert all(result.ok for result in batching.write_each([Put(self._row(pk, 2), Absent()), update]))
        assert [item["n"] for item in batching.query(Query(pk=pk)).items] == [7, 2]

    def test_entries_of_the_indexes_come_and_go(self, batching: Table, pk: str) -> None:
        keys = {"due_pk": pk, "due_sk": "2026-11-20#lapse"}
        batching.write_each([Put({**self._row(pk, number), **keys}, Absent()) for number in range(2)])
        assert len(batching.query(Query(pk=pk, index="due")).items) == 2
        updates = [
            Update(
                key=Key(pk, f"S#{number:03}"),
                remove=("due_pk", "due_sk"),
                condition=Equals("due_sk", "2026-11-20#lapse"),
            )
            for number in range(2)
        ]
        assert all(result.ok for result in batching.write_each(updates))
        assert batching.query(Query(pk=pk, index="due")).items == ()
