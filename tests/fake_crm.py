"""A CRM in memory behind the port `Pusher`, which fails on command; and the application's parts around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from builders import NOW
from certification.adapters.completion_ids import CompletionIds
from certification.adapters.dynamodb.connections import DynamoDBConnections
from certification.bootstrap import App
from certification.config import Config
from certification.domain.connection import Connection, PauseReason, StoredMapping
from certification.domain.crm_gateway import CrmRecord
from certification.domain.crm_property import CrmProperty
from certification.domain.mapping_reader import mapping_from_json
from certification.domain.push import Fate, Outgoing, Pushed, PushFailedError
from certification.domain.push_plan import canonical
from certification.services.crm_drain import CrmDrain, DrainReport, Surroundings
from fakes import FixedClock, InMemoryQueue, InMemoryTable

CERT = "cert-1"
STATUS = {"certification_id": CERT, "source": "status", "target": "status"}
EXPIRES = {"certification_id": CERT, "source": "expiration_date", "target": "expires"}


class KilledError(BaseException):
    """The process is gone: nobody catches this."""


@dataclass
class FakeCrm:
    """Records by id; `email` (or another match property) finds them. A `fault` is asked before and after each call."""

    batch_size: int = 100
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[list[Outgoing]] = field(default_factory=list)
    before: Callable[[Sequence[Outgoing]], None] | None = None
    after: Callable[[Sequence[Outgoing]], None] | None = None
    fate: Callable[[Outgoing], Pushed | None] | None = None
    described: Sequence[CrmProperty] = ()

    def add(self, match_value: str, **values: Any) -> str:
        record_id = f"r-{len(self.records) + 1}"
        self.records[record_id] = {"match": match_value, **values}
        return record_id

    def push(self, stored: StoredMapping, batch: Sequence[Outgoing]) -> Sequence[Pushed]:
        assert 0 < len(batch) <= self.batch_size
        assert all(outgoing.values for outgoing in batch), "a call that carries nothing"
        if self.before:
            self.before(batch)
        self.calls.append(list(batch))
        answers = [self._one(outgoing) for outgoing in batch]
        if self.after:
            self.after(batch)
        return answers

    def _one(self, outgoing: Outgoing) -> Pushed:
        given = self.fate(outgoing) if self.fate else None
        if given is not None:
            return given
        found = self._looked(outgoing)
        if found.fate is not Fate.WRITTEN:
            return found
        record_id = found.record_id or self.add(outgoing.match_value)
        self.records[record_id].update({t: canonical(v) for t, v in outgoing.values.items()})
        return Pushed(fate=Fate.WRITTEN, record_id=record_id, correlation_id=f"call-{len(self.calls)}")

    def look(self, stored: StoredMapping, batch: Sequence[Outgoing]) -> Sequence[Pushed]:
        if self.before:
            self.before(batch)
        return [self._looked(outgoing) for outgoing in batch]

    def _looked(self, outgoing: Outgoing) -> Pushed:
        found = self._find(outgoing)
        if len(found) > 1:
            return Pushed(fate=Fate.AMBIGUOUS, message=", ".join(found))
        if not found and not outgoing.create:
            return Pushed(fate=Fate.NOT_FOUND, message="no such record")
        return Pushed(fate=Fate.WRITTEN, record_id=found[0] if found else "")

    def test(self) -> str:
        if self.before:
            self.before([])
        return "Partner portal (test)"

    def properties(self, object_name: str) -> Sequence[CrmProperty]:
        if self.before:
            self.before([])
        return self.described

    def read(self, stored: StoredMapping, record_ids: Sequence[str]) -> Mapping[str, CrmRecord]:
        assert len(record_ids) <= self.batch_size
        if self.before:
            self.before([])
        return {i: self._shown(i) for i in record_ids if i in self.records}

    def find(self, stored: StoredMapping, match_value: str) -> Sequence[CrmRecord]:
        return [self._shown(i) for i, record in self.records.items() if record["match"] == match_value]

    def _shown(self, record_id: str) -> CrmRecord:
        values = {name: value for name, value in self.records[record_id].items() if name != "match"}
        return CrmRecord(record_id=record_id, values=values)

    def _find(self, outgoing: Outgoing) -> list[str]:
        if outgoing.record_id:
            return [outgoing.record_id] if outgoing.record_id in self.records else []
        return [i for i, record in self.records.items() if record["match"] == outgoing.match_value]

    def by_match(self, match_value: str) -> dict[str, Any]:
        (record,) = [r for r in self.records.values() if r["match"] == match_value]
        return {name: value for name, value in record.items() if name != "match"}


def failing(reason: PauseReason, **more: Any) -> Callable[[Sequence[Outgoing]], None]:
    def fail(_: Sequence[Outgoing]) -> None:
        raise PushFailedError(f"failed: {reason}", reason=reason, **more)

    return fail


@dataclass
class FakeGateways:
    """Implements the port `Gateways`; remembers which credentials were tried."""

    crm: FakeCrm
    tried: list[dict[str, str]] = field(default_factory=list)

    def open(self, connection: Connection) -> FakeCrm:
        return self.crm

    def trial(self, connection: Connection, credentials: Mapping[str, str]) -> FakeCrm:
        self.tried.append(dict(credentials))
        return self.crm


@dataclass
class InMemorySecrets:
    """Implements the port `Secrets`."""

    texts: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str | None:
        return self.texts.get(name)

    def put(self, name: str, value: str) -> None:
        self.texts[name] = value

    def get_or_create(self, name: str, value: str) -> str:
        return self.texts.setdefault(name, value)

    def delete(self, name: str) -> None:
        self.texts.pop(name, None)


class Administrator:
    """Lets everyone in as an admin."""

    def authenticate(self, authorization: str) -> tuple[str, frozenset[str]]:
        return "key:admin", frozenset({"admin"})


@dataclass
class World:
    """An application on the fake table, connected to fake CRMs."""

    table: InMemoryTable = field(default_factory=InMemoryTable)
    clock: FixedClock = field(default_factory=FixedClock)
    crm: FakeCrm = field(default_factory=FakeCrm)
    slept: list[float] = field(default_factory=list)
    bells: InMemoryQueue = field(default_factory=InMemoryQueue)
    other_bells: InMemoryQueue = field(default_factory=InMemoryQueue)
    secrets: InMemorySecrets = field(default_factory=InMemorySecrets)

    def __post_init__(self) -> None:
        self.gateways = FakeGateways(self.crm)
        self.app = App(
            Config(table_name="t", crm="hubspot", public_url="https://certs.example"),
            table=self.table,
            clock=self.clock,
            doorbells={"hubspot": self.bells, "salesforce": self.other_bells},
            crm_secrets=self.secrets,
            completion_ids=CompletionIds(self.secrets),
            authenticator=Administrator(),
            gateways=self.gateways,
        )

    @property
    def connections(self) -> DynamoDBConnections:
        return self.app.connections

    def connect(self, crm: str = "hubspot", **changes: Any) -> Connection:
        previous = self.connections.setup(crm).connection
        values: dict[str, Any] = {
            "crm": crm,
            "base_url": "https://crm.example",
            "credentials": "access_token",
            "link": "link-1",
            "revision": previous.revision + 1 if previous else 1,
            "changed_at": NOW,
        }
        connection = Connection(**{**values, **changes})
        self.connections.save_connection(connection, previous=previous, backfill=None)
        return connection

    def map(
        self,
        *fields: dict[str, Any],
        crm: str = "hubspot",
        name: str = "contact",
        match: dict[str, str] | None = None,
    ) -> StoredMapping:
        by = {"contact": "email"}.get(name, "organization_id")
        shape = {"match": match or {"source": by, "target": by}, "fields": list(fields or (STATUS, EXPIRES))}
        previous = self.connections.setup(crm).mappings.get(name)
        stored = StoredMapping(
            mapping=mapping_from_json(crm, name, shape),
            checked_at=NOW,
            changed_at=NOW,
            revision=previous.revision + 1 if previous else 1,
        )
        self.connections.save_mapping(stored, previous=previous, backfill=None)
        return stored

    def drain(self, crm: str = "hubspot", seconds: float = 60, hop: int = 0) -> DrainReport:
        return self.drainer(crm).run(lambda: seconds, hop=hop)

    def drainer(self, crm: str = "hubspot", sleep: Callable[[float], None] | None = None) -> CrmDrain:
        around = Surroundings(
            pusher=lambda _: self.crm,
            public_id=lambda c: f"{c.holder.id}-{c.certification_id}-{c.cycle}",
            public_url="https://certs.example",
            zone=ZoneInfo("UTC"),
            sleep=sleep or self._sleep,
        )
        return CrmDrain(self.app, crm, around)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance(seconds=seconds)


def soon(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)
