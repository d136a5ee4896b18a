"""The application on the fake table, connected to a CRM of the sandbox by the real adapter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from local.crm_sandbox.hubspot import TOKEN
from local.crm_sandbox.salesforce_token import CLIENT_ID, CLIENT_SECRET

from builders import NOW, completion, user
from certification.adapters.crm import hubspot, salesforce
from certification.adapters.crm.deadline import Patience
from certification.adapters.dynamodb.items.completions import completion_to_item
from certification.adapters.dynamodb.items.directory import user_to_item
from certification.adapters.dynamodb.table import Put
from certification.domain.connection import StoredMapping
from certification.domain.crm_credentials import Credentials
from certification.domain.crm_gateway import CrmGateway
from certification.domain.mapping_reader import mapping_from_json
from certification.domain.model import CertificationCompletion, Holder, HolderType
from certification.domain.projection import project
from certification.domain.push import Outgoing, Pushed
from certification.domain.push_plan import canonical
from certification.domain.sync import SentValue, SyncRow, SyncState
from certification.services.crm_drain import DrainReport
from certification.services.crm_facts import read_facts
from certification.services.crm_outbox import mark_dirty
from contract.sandbox import CrmSandbox
from fake_crm import CERT, FakeCrm, World
from fakes import InMemoryTable

Values = Mapping[str, SentValue]
PATIENT = Patience()
IMPATIENT = Patience(connect=1, read=0.15, whole=1, least=0.05)
"""Only where silence is tested: a busy machine is slower than that, too."""


@dataclass(frozen=True, kw_only=True)
class Face:
    """One CRM as the tests of the whole use it: how it is connected, and what its fields are called."""

    crm: str
    people: str
    email: str
    status: str
    expires: str
    count: str
    write: str
    """Part of the path of every call that writes; and of those that may make records."""
    write_new: str
    refusals: frozenset[str]
    """The sandbox's faults that look like the refusal of one record."""
    credentials: Credentials
    open_gateway: Callable[..., CrmGateway]
    url: Callable[[CrmSandbox], str]
    required: Mapping[str, str] = field(default_factory=dict)

    def mapping(self) -> dict[str, Any]:
        return {
            "match": {"source": "email", "target": self.email},
            "fields": [
                {"certification_id": CERT, "source": "status", "target": self.status},
                {"certification_id": CERT, "source": "expiration_date", "target": self.expires},
                {"source": "active_certification_count", "target": self.count},
            ],
        }


HUBSPOT = Face(
    crm="hubspot",
    people="contacts",
    email="email",
    status="sales_pro_status",
    expires="sales_pro_expires",
    count="certification_count",
    write="batch/up",
    write_new="batch/upsert",
    refusals=frozenset({"conflict", "refuse"}),
    credentials={"access_token": TOKEN},
    open_gateway=hubspot.open_gateway,
    url=lambda sandbox: sandbox.hubspot_url,
)

SALESFORCE = Face(
    crm="salesforce",
    people="Contact",
    email="Email",
    status="Sales_Pro_Status__c",
    expires="Sales_Pro_Expires__c",
    count="Certification_Count__c",
    write="composite/sobjects",
    write_new="composite/sobjects/Contact/Email",
    refusals=frozenset({"refuse"}),
    credentials={"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
    open_gateway=salesforce.open_gateway,
    url=lambda sandbox: sandbox.salesforce_url,
    required={"LastName": "Person"},
)


@dataclass
class Interrupted:
    """The real gateway; something may happen just before a push, or just after it, before its outcome is recorded."""

    gateway: CrmGateway
    batch_size: int
    before: list[Callable[[], None]] = field(default_factory=list)
    after: list[Callable[[], None]] = field(default_factory=list)
    pushes: int = 0

    def look(self, stored: StoredMapping, batch: Sequence[Outgoing]) -> Sequence[Pushed]:
        return self.gateway.look(stored, batch)

    def push(self, stored: StoredMapping, batch: Sequence[Outgoing]) -> Sequence[Pushed]:
        self.pushes += 1
        if self.before:
            self.before.pop()()
        answers = self.gateway.push(stored, batch)
        if self.after:
            self.after.pop()()
        return answers


class ConnectedWorld:
    """Users with awards, a CRM with their records, and the drain between the two."""

    def __init__(
        self,
        sandbox: CrmSandbox,
        face: Face,
        *,
        create_missing: bool = False,
        batch_size: int = 0,
        patience: Patience = PATIENT,
        table: InMemoryTable | None = None,
    ) -> None:
        self.sandbox = sandbox
        self.face = face
        self.world = World(table=table or InMemoryTable())
        self.app = self.world.app
        url = face.url(sandbox)
        self.connection = self.world.connect(face.crm, base_url=url, create_missing=create_missing)
        self.patient = self._gateway(PATIENT)
        gateway = self._gateway(patience)
        self.pusher = Interrupted(gateway, batch_size or gateway.batch_size)
        self.world.crm = cast(FakeCrm, self.pusher)
        self.stored = self._map()
        self.users: list[str] = []

    def add(self, *user_ids: str, known: bool = True) -> None:
        """Users with an active award; and, if `known`, with a record in the CRM."""
        face = self.face
        for user_id in user_ids:
            someone = user(user_id)
            self.world.table.write(Put(user_to_item(someone)))
            self.world.table.write(Put(completion_to_item(completion(CERT, holder_id=user_id))))
            if known:
                self.sandbox.add(face.crm, face.people, **{**face.required, face.email: someone.email})
        self.users += user_ids

    def change(self, user_id: str, **changes: Any) -> None:
        """The award changes, and the stream tells."""
        award = completion(CERT, holder_id=user_id, **changes)
        self.commit(award)
        self.mark(user_id)

    def commit(self, award: CertificationCompletion) -> None:
        self.world.table.write(Put(completion_to_item(award)))

    def mark(self, *user_ids: str) -> None:
        mark_dirty(self.app, [holder(each) for each in user_ids or self.users])

    def drain(self, *, seconds: float = 60) -> DrainReport:
        return self.world.drain(self.face.crm, seconds=seconds)

    def settle(self, *, rounds: int = 60) -> None:
        """Bells ring on, as the schedule rings them, until nothing is pending any more; the CRM behaves now."""
        self.pusher.gateway = self.patient
        for _ in range(rounds):
            self.world.clock.advance(minutes=16)
            report = self.drain(seconds=3600)
            if not report.more and not report.paused and not self.in_state(SyncState.PENDING):
                return
        raise AssertionError(f"still pending: {self.in_state(SyncState.PENDING)}")

    def retry_failed(self) -> list[str]:
        """As an admin does it; whom it concerned."""
        failed = self.in_state(SyncState.FAILED)
        now = self.world.clock.now()
        self.app.outbox.mark([holder(each) for each in failed], self.face.crm, now=now, asked=True)
        return failed

    def in_state(self, state: SyncState) -> list[str]:
        return [row.holder.id for row in self.rows().values() if row.state is state]

    def rows(self) -> dict[str, SyncRow]:
        found = self.app.outbox.rows([holder(each) for each in self.users], self.face.crm)
        return {key.id: row for key, row in found.items()}

    def wanted(self) -> dict[str, Values]:
        """By e-mail address: the projection of each holder as of now, written as the CRM's values are compared."""
        facts = read_facts(
            self.app,
            self.stored.mapping,
            [holder(each) for each in self.users],
            today=self.world.clock.now().date(),
            public_id=lambda award: award.certification_id,
            public_url="",
        )
        return {
            found.profile.email: {
                target: canonical(value)
                for target, value in project(
                    self.stored.mapping, found, self.world.clock.now().date()
                ).items()
            }
            for found in facts.values()
            if hasattr(found.profile, "email")
        }

    def present(self) -> dict[str, Values]:
        """By e-mail address: what the CRM shows. Two records with one address are a failure of its own."""
        raw = self.sandbox.records(self.face.crm, self.face.people)
        emails = {record_id: str(record[self.face.email]).lower() for record_id, record in raw.items()}
        assert len(set(emails.values())) == len(emails), "duplicate records"
        ids, size = list(emails), self.patient.batch_size
        shown: dict[str, Values] = {}
        for start in range(0, len(ids), size):
            found = self.patient.read(self.stored, ids[start : start + size])
            shown |= {emails[key]: record.values for key, record in found.items()}
        return shown

    def _gateway(self, patience: Patience) -> CrmGateway:
        return self.face.open_gateway(self.connection, self.face.credentials, patience=patience)

    def _map(self) -> StoredMapping:
        """Stored as the service stores it: with the kinds that the CRM's own description tells."""
        mapping = mapping_from_json(self.face.crm, "contact", self.face.mapping())
        targets = {one.target for one in mapping.fields}
        described = self.patient.properties("contact")
        kinds = {each.name: each.kind.value for each in described if each.name in targets}
        stored = StoredMapping(mapping=mapping, kinds=kinds, checked_at=NOW, changed_at=NOW)
        self.world.connections.save_mapping(stored, previous=None, backfill=None)
        return stored


def holder(user_id: str) -> Holder:
    return Holder(type=HolderType.USER, id=user_id)
