"""What an administrator does, through the routes, with the real adapters and the sandbox behind them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from builders import certification, completion, organization, user
from certification.adapters.completion_ids import CompletionIds
from certification.adapters.crm_gateways import CrmGateways
from certification.adapters.dynamodb.items.completions import completion_to_item
from certification.adapters.dynamodb.items.directory import organization_to_item, user_to_item
from certification.adapters.dynamodb.table import Put
from certification.bootstrap import App
from certification.config import Config
from certification.http.application import respond
from certification.http.router import RouteTable
from certification.http.routes import crm, crm_reports
from certification.services.crm_messages import handle_messages
from contract.crm_world import HUBSPOT, SALESFORCE, Face
from contract.sandbox import CrmSandbox
from described import assert_described
from fake_crm import CERT, Administrator, InMemorySecrets
from fakes import FixedClock, InMemoryQueue, InMemoryTable

TABLE = RouteTable([*crm.ROUTES, *crm_reports.ROUTES])
EMAIL = "u-1@partner.example"
FACES = {face.crm: face for face in (HUBSPOT, SALESFORCE)}
faces = pytest.mark.parametrize("admin", FACES.values(), ids=FACES.keys(), indirect=True)


@dataclass
class Administration:
    """One certified user of one organization, and the API."""

    sandbox: CrmSandbox
    face: Face
    secrets: InMemorySecrets = field(default_factory=InMemorySecrets)
    table: InMemoryTable = field(default_factory=InMemoryTable)
    clock: FixedClock = field(default_factory=FixedClock)
    bells: InMemoryQueue = field(default_factory=InMemoryQueue)

    def __post_init__(self) -> None:
        self.app = App(
            Config(table_name="t", crm=self.face.crm, public_url="https://certs.example"),
            table=self.table,
            clock=self.clock,
            doorbells={"hubspot": self.bells, "salesforce": self.bells},
            crm_secrets=self.secrets,
            completion_ids=CompletionIds(self.secrets),
            authenticator=Administrator(),
            gateways=CrmGateways(self.secrets),
        )
        self.app.definitions.add(certification(CERT))
        for item in (
            user_to_item(user(organization_id="o-1")),
            organization_to_item(organization()),
            completion_to_item(completion()),
        ):
            self.table.write(Put(item))

    def call(self, method: str, path: str, body: Any = None, query: str = "") -> tuple[int, Any]:
        event = {
            "rawPath": f"/crm/{self.face.crm}{path}",
            "rawQueryString": query,
            "headers": {"host": "api.example", "content-type": "application/json"},
            "requestContext": {"http": {"method": method}, "requestId": "r-1", "stage": "$default"},
            "body": json.dumps(body) if body is not None else None,
            "isBase64Encoded": False,
        }
        answer = respond(self.app, TABLE, event)
        assert_described(event, answer, TABLE)
        return answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None

    def connect(self, **changes: Any) -> tuple[int, Any]:
        given = {"base_url": self.face.url(self.sandbox), "credentials": dict(self.face.credentials)}
        return self.call("PUT", "/connection", {**given, **changes})

    def map(self, *fields: dict[str, Any], match: str = "", name: str = "contact") -> tuple[int, Any]:
        shape = self.face.mapping()
        found_by = {"source": shape["match"]["source"], "target": match or self.face.email}
        return self.call(
            "PUT", f"/mappings/{name}", {"match": found_by, "fields": list(fields or shape["fields"])}
        )

    def set_up(self, **changes: Any) -> str:
        """Connected and mapped; and a record that the user is found by: its id."""
        assert self.connect(**changes)[0] == 201
        assert self.map()[0] == 201
        return self.add_record()

    def add_record(self) -> str:
        face = self.face
        return self.sandbox.add(face.crm, face.people, **{**face.required, face.email: EMAIL})

    def ring(self, *more: dict[str, Any]) -> None:
        """Everything that rang so far is heard, and what that rings for."""
        messages = [*self.bells.take(), *more]
        while messages:
            self.clock.advance(seconds=1)
            handle_messages(self.app, self.face.crm, messages, lambda: 60)
            messages = self.bells.take()

    def reconcile(self, **body: Any) -> Any:
        status, started = self.call("POST", "/reconciliations", body)
        assert status == 202
        self.ring()
        return self.call("GET", f"/reconciliations/{started['reconciliation_id']}")[1]

    def rows(self, state: str) -> list[Any]:
        return list(self.call("GET", "/sync", query=f"state={state}")[1]["items"])

    def record(self, record_id: str) -> dict[str, Any]:
        return self.sandbox.record(self.face.crm, self.face.people, record_id)

    def writes(self) -> list[str]:
        calls = self.sandbox.calls(self.face.crm)
        return [each["path"] for each in calls if self.face.write in each["path"] and each["records"]]


@pytest.fixture
def admin(sandbox: CrmSandbox, request: pytest.FixtureRequest) -> Administration:
    return Administration(sandbox, request.param)


# ---- connecting: tested when saved


@faces
def test_a_connection_that_works_says_who_we_are_there(admin: Administration) -> None:
    status, saved = admin.connect()
    assert (status, saved["state"]) == (201, "connected")
    assert saved["account"]
    stored = json.dumps([dict(item) for item in admin.table.items.values()], default=str)
    assert not any(secret in stored for secret in admin.face.credentials.values())


@faces
@pytest.mark.parametrize(
    ("wrong", "pointer", "code"),
    [
        ("credentials", "/credentials", "credentials_refused"),
        ("host", "/base_url", "unreachable"),
        ("version", "/api_version", "not_understood"),
        ("permission", "/credentials", "permission_missing"),
        ("throttled", "/base_url", "throttled"),
        ("down", "/base_url", "unreachable"),
    ],
)
def test_a_connection_that_does_not_work_says_what_is_wrong(
    admin: Administration, wrong: str, pointer: str, code: str
) -> None:
    changes: dict[str, Any] = {}
    face = admin.face
    match wrong:
        case "credentials":
            changes["credentials"] = {key: f"wrong-{text}" for key, text in face.credentials.items()}
        case "host":
            changes["base_url"] = "http://127.0.0.1:9"
        case "version":
            changes["api_version"] = {"hubspot": "v9", "salesforce": "v19.0"}[face.crm]
        case "permission":
            admin.sandbox.misbehave(face.crm, "forbidden")
        case "throttled":
            admin.sandbox.misbehave(face.crm, "throttle")
        case _:
            admin.sandbox.misbehave(face.crm, "error")

    status, problem = admin.connect(**changes)

    assert status == 422
    (error,) = problem["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)
    assert error["message"]
    assert "wrong-" not in json.dumps(problem)
    assert admin.call("GET", "/connection")[0] == 404
    assert admin.secrets.texts == {}


# ---- mapping: checked when saved, against the CRM's own metadata


def field_to(target: str, source: str = "status", **more: Any) -> dict[str, Any]:
    per_holder = {"active_certification_count", "latest_completion_date", "active_certifications"}
    which = {} if source in per_holder else {"certification_id": CERT}
    return {**which, "source": source, "target": target, **more}


MISFITS = [
    ("hubspot", field_to("no_such_property"), "unknown_property"),
    ("hubspot", field_to("former_level"), "archived_property"),
    ("hubspot", field_to("num_associated_deals", "active_certification_count"), "calculated_property"),
    ("hubspot", field_to("createdate", "completion_date"), "read_only_property"),
    ("hubspot", field_to("sales_pro_expires"), "wrong_type"),
    ("hubspot", field_to("certification_count", "expiration_date"), "wrong_type"),
    ("hubspot", field_to("sales_pro_status", values={"active": "Certified"}), "option_missing"),
    ("hubspot", field_to("certifications", "active_certifications"), "option_missing"),
    ("hubspot", {"value": "Vendor", "target": "contact_kind"}, "option_missing"),
    ("salesforce", field_to("No_Such_Field__c"), "unknown_property"),
    ("salesforce", field_to("Level__c"), "calculated_property"),
    ("salesforce", field_to("CreatedDate", "completion_date"), "read_only_property"),
    ("salesforce", field_to("Sales_Pro_Expires__c"), "wrong_type"),
    ("salesforce", field_to("Short__c"), "text_too_short"),
    ("salesforce", field_to("Sales_Pro_Status__c", values={"active": "Certified"}), "option_missing"),
    ("salesforce", {"value": "Vendor", "target": "Contact_Kind__c"}, "option_missing"),
]


@pytest.mark.parametrize(
    ("admin", "wrong", "code"),
    [(FACES[name], wrong, code) for name, wrong, code in MISFITS],
    ids=[f"{name}-{wrong['target']}-{code}" for name, wrong, code in MISFITS],
    indirect=["admin"],
)
def test_a_field_that_does_not_fit_is_told_with_its_place(
    admin: Administration, wrong: dict[str, Any], code: str
) -> None:
    admin.connect()
    good = field_to({"hubspot": "verify_url", "salesforce": "Verify_Url__c"}[admin.face.crm], "verify_url")

    status, problem = admin.map(good, wrong)

    assert status == 422
    (error,) = problem["errors"]
    assert error["code"] == code
    assert error["pointer"].startswith("/fields/1/")
    assert wrong["target"] in error["message"]
    assert admin.call("GET", "/mappings/contact")[0] == 404


@faces
def test_a_match_by_what_is_not_unique_is_refused(admin: Administration) -> None:
    admin.connect()
    target = {"hubspot": "lastname", "salesforce": "LastName"}[admin.face.crm]
    status, problem = admin.map(match=target)
    assert (status, problem["errors"][0]["code"]) == (422, "not_unique")
    assert problem["errors"][0]["pointer"] == "/match/target"


@faces
def test_the_daily_check_says_what_broke_since(admin: Administration) -> None:
    admin.set_up()
    kind = {"hubspot": "enumeration", "salesforce": "picklist"}[admin.face.crm]
    options = {"hubspot": "options", "salesforce": "picklistValues"}[admin.face.crm]
    more = {"restrictedPicklist": True} if admin.face.crm == "salesforce" else {"fieldType": "select"}
    values = {options: ["active"], **more}
    admin.sandbox.define(admin.face.crm, admin.face.people, name=admin.face.status, type=kind, **values)

    admin.ring({"kind": "check_mapping"})

    (problem,) = admin.call("GET", "/mappings/contact")[1]["problems"]
    assert (problem["code"], problem["pointer"]) == ("option_missing", "/fields/0/values")
    assert "expired" in problem["message"]


# ---- looking, and acting


@faces
def test_a_preview_shows_the_record_as_it_is_and_as_it_would_be(admin: Administration) -> None:
    record_id = admin.set_up()
    face = admin.face
    admin.sandbox.change(
        face.crm, face.people, record_id, **{face.status: "expired", face.count: stored(face, 7)}
    )

    status, shown = admin.call("POST", "/preview", {"user_id": "u-1"})

    assert (status, shown["action"], shown["record_id"]) == (200, "update", record_id)
    assert [(each["present"], each["new"]) for each in shown["fields"]] == [
        ("expired", "active"),
        ("", "2027-11-20"),
        ("7", "1"),
    ]
    assert admin.writes() == []


def stored(face: Face, number: int) -> Any:
    """A number as this CRM keeps it."""
    return str(number) if face.crm == "hubspot" else number


@faces
def test_a_preview_says_when_several_records_match_or_none(admin: Administration) -> None:
    admin.set_up()
    admin.add_record()
    shown = admin.call("POST", "/preview", {"user_id": "u-1"})[1]
    assert (shown["action"], shown["record_id"]) == ("unlinked", None)
    assert "2 records match" in shown["explanation"]

    for record_id in admin.sandbox.records(admin.face.crm, admin.face.people):
        admin.sandbox.delete(admin.face.crm, admin.face.people, record_id)
    shown = admin.call("POST", "/preview", {"user_id": "u-1"})[1]
    assert shown["action"] == "unlinked"
    assert "no record matches" in shown["explanation"]


@faces
def test_connecting_and_mapping_brings_everyone_into_the_crm(admin: Administration) -> None:
    record_id = admin.set_up()

    admin.ring()

    (row,) = admin.rows("synced")
    assert row["record_id"] == record_id
    assert row["sent"] == {
        admin.face.status: "active",
        admin.face.expires: "2027-11-20",
        admin.face.count: "1",
    }
    assert admin.record(record_id)[admin.face.status] == "active"
    assert admin.call("POST", "/preview", {"user_id": "u-1"})[1]["action"] == "none"


@faces
def test_the_shadow_mode_shows_everything_and_writes_nothing(admin: Administration) -> None:
    record_id = admin.set_up(shadow=True)
    before = admin.record(record_id)

    admin.ring()

    (row,) = admin.rows("shadow")
    assert row["would_send"][admin.face.status] == "active"
    assert admin.record(record_id) == before
    assert admin.writes() == []


@faces
def test_a_reconciliation_finds_what_others_changed_and_repairs_it_if_told_to(admin: Administration) -> None:
    record_id = admin.set_up()
    admin.ring()
    face = admin.face
    admin.sandbox.change(face.crm, face.people, record_id, **{face.status: "revoked"})

    looked = admin.reconcile(all=True)
    assert (looked["checked"], looked["drifted"], looked["repaired"]) == (1, 1, 0)
    assert (looked["findings"][0]["expected"], looked["findings"][0]["found"]) == (
        {face.status: "active"},
        {face.status: "revoked"},
    )
    assert admin.record(record_id)[face.status] == "revoked"

    assert admin.reconcile(all=True, repair=True)["repaired"] == 1
    assert admin.record(record_id)[face.status] == "active"
    assert admin.reconcile(all=True)["drifted"] == 0


@faces
def test_a_reconciliation_finds_what_was_deleted(admin: Administration) -> None:
    record_id = admin.set_up()
    admin.ring()
    admin.sandbox.delete(admin.face.crm, admin.face.people, record_id)

    assert admin.reconcile(all=True)["gone"] == 1
    assert [row["code"] for row in admin.rows("disconnected")] == ["deleted"]


@faces
def test_a_pause_is_shown_and_ends_by_itself(admin: Administration) -> None:
    record_id = admin.set_up()
    admin.sandbox.misbehave(admin.face.crm, "expired_token" if admin.face.crm == "hubspot" else "forbidden")
    admin.ring()
    shown = admin.call("GET", "/connection")[1]
    assert shown["state"] == "paused"
    assert shown["pauses"][0]["reason"] in {"credentials", "forbidden"}
    assert len(admin.rows("pending")) == 1

    admin.sandbox.behave()
    admin.clock.advance(minutes=16)
    admin.ring({"kind": "bell"})

    assert admin.call("GET", "/connection")[1]["state"] == "connected"
    assert admin.record(record_id)[admin.face.status] == "active"
