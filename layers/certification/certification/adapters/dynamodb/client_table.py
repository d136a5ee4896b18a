"""The table in DynamoDB, through botocore's client."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from certification.adapters.dynamodb.expressions import (
    insert_statement,
    key_condition,
    keyed_request,
    put_request,
    update_request,
    update_statement,
)
from certification.adapters.dynamodb.marshalling import marshal, unmarshal
from certification.adapters.dynamodb.table import (
    Check,
    ConditionFailedError,
    Delete,
    EachWrite,
    Item,
    Key,
    Page,
    Put,
    Query,
    RefusedError,
    ThrottledError,
    TransactionFailedError,
    Update,
    Write,
    WriteResult,
)

T = TypeVar("T")
Answer = Mapping[str, Any]
Recorder = Callable[[str, Answer], None]

KEYS_AT_ONCE = 100
STATEMENTS_AT_ONCE = 25
ATTEMPTS = 6
FIRST_WAIT_SECONDS = 0.05
_THROTTLED = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ProvisionedThroughputExceeded",
        "RequestLimitExceeded",
        "ThrottlingException",
        "ThrottlingError",
    }
)
_CONDITION = frozenset({"ConditionalCheckFailedException", "ConditionalCheckFailed", "DuplicateItem"})
_KEY_NAMES = {
    None: ("pk", "sk"),
    "listing": ("listing_pk", "listing_sk"),
    "parent": ("parent_pk", "parent_sk"),
    "due": ("due_pk", "due_sk"),
}


class ClientTable:
    """Implements `Table`. `record` gets each operation's name and answer, with the units it consumed (`make bench`)."""

    def __init__(
        self,
        client: Any,
        name: str,
        *,
        record: Recorder | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._name = name
        self._record = record
        self._sleep = sleep

    def get(self, key: Key, *, consistent: bool = True) -> Item | None:
        answer = self._call(
            "get_item", TableName=self._name, Key=marshal(key._asdict()), ConsistentRead=consistent
        )
        found = answer.get("Item")
        return unmarshal(found) if found else None

    def get_many(self, keys: Iterable[Key], *, consistent: bool = False) -> dict[Key, Item]:
        wanted = [marshal(key._asdict()) for key in dict.fromkeys(keys)]
        found: dict[Key, Item] = {}
        for first in range(0, len(wanted), KEYS_AT_ONCE):
            for item in self._get_batch(wanted[first : first + KEYS_AT_ONCE], consistent):
                found[Key(item["pk"], item["sk"])] = item
        return found

    def _get_batch(self, keys: list[dict[str, Any]], consistent: bool) -> Iterator[Item]:
        for wait in _waits():
            request = {self._name: {"Keys": keys, "ConsistentRead": consistent}}
            answer = self._call("batch_get_item", RequestItems=request)
            yield from (unmarshal(item) for item in answer["Responses"].get(self._name, ()))
            unprocessed = answer.get("UnprocessedKeys") or {}
            if not unprocessed:
                return
            keys = unprocessed[self._name]["Keys"]
            self._sleep(wait)
        raise ThrottledError("the table has no capacity left")

    def query(self, query: Query) -> Page:
        pk_name, sk_name = _KEY_NAMES[query.index]
        request = key_condition(
            pk_name,
            sk_name,
            query.pk,
            prefix=query.sk_prefix,
            between=query.sk_between,
            below=query.sk_less_than,
        )
        answer = self._call("query", TableName=self._name, **request, **_query_options(query))
        last = answer.get("LastEvaluatedKey")
        return Page(
            items=tuple(unmarshal(item) for item in answer["Items"]), next=unmarshal(last) if last else None
        )

    def query_all(self, query: Query) -> Iterator[Item]:
        start = query.start
        while True:
            page = self.query(_from(query, start))
            yield from page.items
            start = page.next
            if start is None:
                return

    def write(self, write: Put | Update | Delete) -> None:
        match write:
            case Put():
                self._call("put_item", TableName=self._name, **_refusal(), **put_request(write))
            case Update():
                self._call("update_item", TableName=self._name, **_refusal(), **update_request(write))
            case Delete(key=key, condition=condition):
                request = keyed_request(key, condition)
                self._call("delete_item", TableName=self._name, **_refusal(), **request)

    def update(self, update: Update) -> Item:
        answer = self._call(
            "update_item",
            TableName=self._name,
            ReturnValues="ALL_NEW",
            **_refusal(),
            **update_request(update),
        )
        return unmarshal(answer["Attributes"])

    def write_together(self, writes: Sequence[Write]) -> None:
        items = [self._transact_item(write) for write in writes]
        for wait in _waits():
            try:
                self._call("transact_write_items", TransactItems=items)
            except TransactionFailedError as exc:
                if not exc.conflict or "ConditionalCheckFailed" in exc.codes:
                    raise
                failed = exc
            else:
                return
            self._sleep(wait)
        raise failed

    def _transact_item(self, write: Write) -> dict[str, Any]:
        match write:
            case Put():
                return {"Put": {"TableName": self._name, **put_request(write)}}
            case Update():
                return {"Update": {"TableName": self._name, **update_request(write)}}
            case Delete(key=key, condition=condition):
                return {"Delete": {"TableName": self._name, **keyed_request(key, condition)}}
            case Check(key=key, condition=check):
                return {"ConditionCheck": {"TableName": self._name, **keyed_request(key, check)}}

    def write_each(self, writes: Sequence[EachWrite]) -> list[WriteResult]:
        if len(writes) == 1:
            return [self._write_one(writes[0])]
        results: list[WriteResult] = []
        for first in range(0, len(writes), STATEMENTS_AT_ONCE):
            results += self._execute(writes[first : first + STATEMENTS_AT_ONCE])
        return results

    def _write_one(self, write: EachWrite) -> WriteResult:
        try:
            self.write(write)
        except ConditionFailedError:
            return WriteResult(ok=False)
        return WriteResult(ok=True)

    def _execute(self, writes: Sequence[EachWrite]) -> list[WriteResult]:
        statements = [
            insert_statement(self._name, write)
            if isinstance(write, Put)
            else update_statement(self._name, write)
            for write in writes
        ]
        results: dict[int, WriteResult] = {}
        waiting = list(range(len(statements)))
        for wait in _waits():
            answer = self._call(
                "batch_execute_statement", Statements=[statements[index] for index in waiting]
            )
            codes = [response.get("Error", {}).get("Code") for response in answer["Responses"]]
            again = []
            for index, code in zip(waiting, codes, strict=True):
                if code in _THROTTLED or code in {"TransactionConflict", "InternalServerError"}:
                    again.append(index)
                elif code is None or code in _CONDITION:
                    results[index] = WriteResult(ok=code is None)
                else:
                    raise RefusedError(f"DynamoDB refused a statement: {code}")
            if not again:
                return [results[index] for index in range(len(statements))]
            waiting = again
            self._sleep(wait)
        raise ThrottledError("the table has no capacity left")

    def _call(self, operation: str, **request: Any) -> Answer:
        if self._record is not None:
            request["ReturnConsumedCapacity"] = "TOTAL"
        try:
            answer: Answer = getattr(self._client, operation)(**request)
        except ClientError as exc:
            raise _translated(exc) from exc
        if self._record is not None:
            self._record(operation, answer)
        return answer


def _translated(exc: ClientError) -> Exception:
    code = exc.response.get("Error", {}).get("Code", "")
    if code in _CONDITION:
        item: Any = exc.response.get("Item")
        return ConditionFailedError(unmarshal(item) if item else None)
    if code == "TransactionCanceledException":
        reasons: Any = exc.response.get("CancellationReasons", ())
        return TransactionFailedError([reason.get("Code") or "None" for reason in reasons])
    if code in _THROTTLED:
        return ThrottledError(code)
    if code == "ValidationException":
        return RefusedError(exc.response.get("Error", {}).get("Message", code))
    return exc


def _refusal() -> dict[str, str]:
    return {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}


def _query_options(query: Query) -> dict[str, Any]:
    options: dict[str, Any] = {"ScanIndexForward": not query.descending}
    if query.index is None:
        options["ConsistentRead"] = query.consistent
    else:
        options["IndexName"] = query.index
    if query.limit is not None:
        options["Limit"] = query.limit
    if query.start is not None:
        options["ExclusiveStartKey"] = marshal(query.start)
    return options


def _from(query: Query, start: Mapping[str, Any] | None) -> Query:

    return replace(query, start=start)


def _waits() -> Iterator[float]:
    """Full jitter, doubling; the last is not waited for in vain by the callers' bounded attempts."""
    for attempt in range(ATTEMPTS):
        yield random.uniform(0, FIRST_WAIT_SECONDS * 2**attempt)  # noqa: S311 jitter needs no secrecy
