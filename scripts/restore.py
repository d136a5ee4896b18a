"""`make restore PARTITIONS="USER#u-1 …" [AT=…] [WRITE=yes] [ENV=prod]`: damaged rows, from point-in-time recovery.

Restores a copy of the table beside it, compares the partitions that are named, puts back what is missing or differs
there (with WRITE=yes; otherwise it only tells), and deletes the copy. What exists only now is left alone. The stream
then writes history and brings the CRMs up to date by itself.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local.place import LocalError

from scripts.stacks import client, outputs

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A row of the copy that the table lacks, or has otherwise."""

    row: Row
    missing: bool

    def __str__(self) -> str:
        return f"{'missing' if self.missing else 'different'}: {self.row['pk']['S']} {self.row['sk']['S']}"


def restored_copy(dynamodb: Any, table: str, at: datetime | None) -> str:
    """Restore a copy as of `at` (None: as late as possible), wait for it, answer its name."""
    name = f"{table}-restored-{datetime.now(UTC):%Y%m%d%H%M%S}"
    moment: dict[str, Any] = {"UseLatestRestorableTime": True} if at is None else {"RestoreDateTime": at}
    dynamodb.restore_table_to_point_in_time(SourceTableName=table, TargetTableName=name, **moment)
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 5, "MaxAttempts": 4000})
    return name


def differences(dynamodb: Any, table: str, copy: str, partitions: Sequence[str]) -> Iterator[Difference]:
    """Row by row, what these partitions have in the copy and not in the table."""
    for partition in partitions:
        present = {row["sk"]["S"]: row for row in _rows(dynamodb, table, partition)}
        for row in _rows(dynamodb, copy, partition):
            now = present.get(row["sk"]["S"])
            if now != row:
                yield Difference(row=row, missing=now is None)


def _rows(dynamodb: Any, table: str, partition: str) -> Iterator[Row]:
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": partition}},
        ConsistentRead=True,
    )
    for page in pages:
        yield from page["Items"]


def restore(
    dynamodb: Any, table: str, partitions: Sequence[str], *, at: datetime | None, write: bool
) -> list[Difference]:
    """Answers what differed; with `write` it is put back."""
    copy = restored_copy(dynamodb, table, at)
    try:
        found = list(differences(dynamodb, table, copy, partitions))
        for difference in found if write else ():
            dynamodb.put_item(TableName=table, Item=difference.row)
            time.sleep(0.01)  # a hundred a second: nobody else's capacity
    finally:
        dynamodb.delete_table(TableName=copy)
    return found


def main(arguments: list[str]) -> int:
    """`ENVIRONMENT AT WRITE PARTITION…`; an empty AT is as late as possible."""
    where, at, write, *partitions = arguments
    if not partitions:
        print('Say which partitions: make restore PARTITIONS="USER#u-1 USER#u-2"', file=sys.stderr)
        return 1
    try:
        moment = datetime.fromisoformat(at) if at else None
        table = outputs(where)["TableName"]
        found = restore(client(where, "dynamodb"), table, partitions, at=moment, write=write == "yes")
    except (LocalError, ValueError) as exc:
        print(exc, file=sys.stderr)
        return 1
    print("\n".join(map(str, found)) or "nothing differs")
    if found:
        print("put back" if write == "yes" else "nothing was written; WRITE=yes puts them back")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
