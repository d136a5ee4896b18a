"""The service in this process, its table in another one: the embedded cloud's DynamoDB, built from `template.yaml`."""

from __future__ import annotations

import json
import logging
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from botocore.config import Config as ClientConfig
from local import processes, services
from local.place import REGION, ROOT, Place, default_place

from bench.meter import AnswerMeter, Meter, TableMeter
from certification.adapters.aws import client_config, new_session
from certification.adapters.completion_ids import CompletionIds
from certification.adapters.dynamodb.client_table import ClientTable
from certification.adapters.dynamodb.marshalling import marshal
from certification.adapters.dynamodb.table import Item, Table
from certification.bootstrap import App
from certification.config import Config
from certification.observability import logger, metrics
from fake_crm import FakeCrm, FakeGateways, InMemorySecrets
from fakes import AtOnce, FixedClock, InMemoryEventBus, InMemoryQueue, InMemoryTable
from large_table import LargeTable
from lms_fakes import InMemoryIntake, InMemorySecretKeeper
from template import create_table_arguments

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TABLE = "bench"
_AT_ONCE = 25


def bench_place() -> Place:
    """200 above the port of `make up`, so that both can be up."""
    port = default_place().port + 200
    return Place(name="bench", state=ROOT / ".local" / "bench", port=port, crm_port=port + 1)


@contextmanager
def table_server() -> Iterator[Place]:
    """The embedded cloud, empty, for as long as it is needed."""
    place = bench_place()
    place.state.mkdir(parents=True, exist_ok=True)
    processes.stop(place)
    services.start_cloud(place)
    services.start_crm_sandbox(place)
    services.wait(place)
    try:
        yield place
    finally:
        processes.stop(place)


def client(place: Place, service: str = "dynamodb") -> Any:
    """As the functions make theirs, but patient: the embedded cloud's queries look at every row of an index.

    Nothing here can reach AWS.
    """
    return new_session().create_client(
        service,
        endpoint_url=place.endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 the embedded cloud takes any
        config=client_config(service).merge(ClientConfig(read_timeout=600)),
    )


class Anyone:
    """Lets every caller in, so that a route's own cost shows."""

    def authenticate(self, _: str) -> tuple[str, frozenset[str]]:
        return "key:bench", frozenset({"admin"})


class Rig(ABC):
    """The service on a table, with everything else in memory; `meter` counts what the table consumes."""

    meter: Meter

    def __init__(self) -> None:
        self.clock = FixedClock(NOW)
        self.fresh()

    def fresh(self) -> None:
        """The service anew, on an empty table."""
        self.crm = FakeCrm()
        secrets = InMemorySecrets()
        self.app = App(
            Config(
                table_name="bench",
                crm="hubspot",
                public_url="https://certs.example",
                evaluation_queue_url="https://sqs.example/EvaluationQueue",
            ),
            table=self.empty_table(),
            clock=self.clock,
            course_completion_queue=InMemoryQueue(),
            evaluation_queue=InMemoryQueue(),
            transition_queue=InMemoryQueue(),
            doorbells={"hubspot": InMemoryQueue(), "salesforce": InMemoryQueue()},
            event_bus=InMemoryEventBus(),
            authenticator=Anyone(),
            crm_secrets=secrets,
            completion_ids=CompletionIds(secrets),
            gateways=FakeGateways(self.crm),
            source_secrets=InMemorySecretKeeper(),
            intake=InMemoryIntake(),
        )
        self.meter.reset()

    @abstractmethod
    def empty_table(self) -> Table: ...

    @abstractmethod
    def load(self, items: Sequence[Item]) -> None:
        """Put rows there, past the service and its meter."""

    @abstractmethod
    def stream_records(self) -> list[dict[str, Any]]:
        """Everything that the table's stream has to tell."""


class ByTheRules(Rig):
    """On the fake table, which charges as DynamoDB's documentation says: by size, consistency and index entry."""

    kind: type[InMemoryTable] = InMemoryTable

    def fresh(self) -> None:
        super().fresh()
        self.app.__dict__["threads"] = AtOnce()  # no two charge at once

    def empty_table(self) -> Table:
        self.table = self.kind()
        self.meter = TableMeter(self.table)
        return self.table

    def load(self, items: Sequence[Item]) -> None:
        self.table.load(items)

    def stream_records(self) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = self.table.stream_event()["Records"]
        return records


class InPartitions(ByTheRules):
    """The same with its partitions at hand, for a million rows."""

    kind = LargeTable


class OnTheEmulator(Rig):
    """On the embedded cloud's DynamoDB, in another process."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.dynamodb = client(place)
        super().__init__()

    def empty_table(self) -> Table:
        if TABLE in self.dynamodb.list_tables()["TableNames"]:
            self.dynamodb.delete_table(TableName=TABLE)
        self.dynamodb.create_table(**create_table_arguments(TABLE))
        meter = AnswerMeter()
        self.meter = meter
        return ClientTable(self.dynamodb, TABLE, record=meter.record)

    def load(self, items: Sequence[Item]) -> None:
        for first in range(0, len(items), _AT_ONCE):
            requests = [{"PutRequest": {"Item": marshal(item)}} for item in items[first : first + _AT_ONCE]]
            left = {TABLE: requests}
            while left:
                left = self.dynamodb.batch_write_item(RequestItems=left).get("UnprocessedItems") or {}

    def stream_records(self) -> list[dict[str, Any]]:
        streams = client(self.place, "dynamodbstreams")
        arn = self.dynamodb.describe_table(TableName=TABLE)["Table"]["LatestStreamArn"]
        records: list[dict[str, Any]] = []
        for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            wanted = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
            iterator = streams.get_shard_iterator(**wanted)["ShardIterator"]
            while iterator:
                answer = streams.get_records(ShardIterator=iterator, Limit=1000)
                if not answer["Records"]:
                    break
                records += answer["Records"]
                iterator = answer.get("NextShardIterator")
        return records


class Shared(OnTheEmulator):
    """On a table that another process has made and filled."""

    def empty_table(self) -> Table:
        self.meter = AnswerMeter()
        return ClientTable(self.dynamodb, TABLE)


def table_cpu_seconds(place: Place) -> float:
    """CPU that the embedded cloud has used: one process, so as much as the time that passed means it is the limit."""
    return sum(_cpu_seconds(pid) for pid in processes.find(place, "ministack"))


def _cpu_seconds(pid: int) -> float:
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return float("nan")  # not Linux: not known
    user, system = stat.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def completion_body(
    user_id: str, course_id: str, *, at: datetime | None = None, event_id: str = ""
) -> dict[str, Any]:
    """A canonical course completion as it lies in the queue."""
    instant = at or NOW - timedelta(days=1)
    return {
        "event_id": event_id or f"e-{user_id}-{course_id}-{instant.timestamp():.0f}",
        "user_id": user_id,
        "course_id": course_id,
        "completed_at": instant.isoformat().replace("+00:00", "Z"),
        "score": 91,
        "source": "academy",
    }


def sqs_event(bodies: Sequence[Mapping[str, Any]], queue: str = "CourseCompletionQueue") -> dict[str, Any]:
    """As SQS hands a batch to a function."""
    return {
        "Records": [
            {
                "messageId": str(number),
                "body": json.dumps(body),
                "eventSourceARN": f"arn:aws:sqs:{REGION}:000000000000:{queue}",
                "attributes": {"ApproximateReceiveCount": "1"},
            }
            for number, body in enumerate(bodies)
        ]
    }


def http_event(method: str, path: str, body: Any = None, query: str = "") -> dict[str, Any]:
    """As API Gateway hands a request to a function."""
    return {
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "api.example", "content-type": "application/json", "authorization": "Bearer key"},
        "requestContext": {"http": {"method": method}, "requestId": "r-1", "stage": "$default"},
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def quiet() -> None:
    """Let the functions log and count as ever, into nowhere: what that costs belongs to them."""
    nowhere = Path(os.devnull).open("w")  # noqa: SIM115 open as long as the process
    for handler in logger.handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(nowhere)


def invoke(take: Callable[..., Any], event: dict[str, Any], app: App) -> Any:
    """One invocation: the function's own `take`, and its metrics written out, as its handler does."""
    answer = take(event, None, app)
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        metrics.flush()
    return answer
