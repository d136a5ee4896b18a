"""From an award to the records of both CRMs, on the deployed stack: connected, mapped, looked at, broken and mended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from local.crm_sandbox.hubspot import TOKEN
from local.crm_sandbox.salesforce_token import CLIENT_ID, CLIENT_SECRET, USERNAME

from academy import MAIL_DOMAIN, Academy
from contract.sandbox import CrmSandbox
from deployed import Answer, Api, eventually
from lms_senders import SENDERS

Properties = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Crm:
    """One CRM on the deployed stack: what it is called here and there, and what its records look like."""

    name: str
    people: str
    company: str
    companies: str
    fields: Mapping[str, str]
    """Ours by theirs."""
    dates: Mapping[str, str]
    """The dates of these tests, as this CRM keeps them."""
    credentials: Mapping[str, str]
    write: str
    required: Mapping[str, str]
    required_of_companies: Mapping[str, str]
    api: Api
    sandbox: CrmSandbox

    def connection(self, **changes: Any) -> dict[str, Any]:
        url = f"{self.sandbox.url}/{self.name}"
        return {"base_url": url, "credentials": dict(self.credentials), **changes}

    def connect(self, **changes: Any) -> Answer:
        return self.api.put(f"/crm/{self.name}/connection", self.connection(**changes))

    def connected(self) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"/crm/{self.name}/connection").json
        return found

    def map_people(self, certification_id: str, **changes: Any) -> Answer:
        return self._map("contact", {"source": "email", "target": self.fields["email"]}, certification_id)

    def map_companies(self, certification_id: str) -> Answer:
        match = {"source": "organization_id", "target": self.fields["partner_id"]}
        return self._map(self.company, match, certification_id)

    def add_person(self, user_id: str) -> str:
        email = {self.fields["email"]: f"{user_id}@{MAIL_DOMAIN}"}
        return self.sandbox.add(self.name, self.people, **{**self.required, **email})

    def add_company(self, organization_id: str) -> str:
        key = {self.fields["partner_id"]: organization_id}
        return self.sandbox.add(self.name, self.companies, **{**self.required_of_companies, **key})

    def person(self, record_id: str) -> tuple[str, str]:
        return self._shown(self.sandbox.record(self.name, self.people, record_id))

    def organization(self, record_id: str) -> tuple[str, str]:
        return self._shown(self.sandbox.record(self.name, self.companies, record_id))

    def active_until(self, day: str) -> tuple[str, str]:
        return "active", self.dates[day]

    def state(self, user_id: str) -> dict[str, Any]:
        """The sync state of this holder, {} if there is none yet."""
        path, cursor = f"/crm/{self.name}/sync?limit=100", ""
        while True:
            page = self.api.get(f"{path}&cursor={cursor}" if cursor else path).json
            found = [row for row in page["items"] if row["holder"]["id"] == user_id]
            cursor = page["next_cursor"]
            if found or not cursor:
                return found[0] if found else {}

    def comes_into(self, state: str, user_id: str) -> dict[str, Any]:
        """The sync state of this holder, as soon as it is that."""
        eventually(lambda: self.state(user_id).get("state") == state, what=f"{state} in {self.name}")
        return self.state(user_id)

    def comes_to_show(self, person: str, wanted: tuple[str, str]) -> None:
        """The record of this person gets this status and end."""
        eventually(lambda: self.person(person) == wanted, what=f"the person in {self.name}")

    def comes_to_show_company(self, record_id: str, wanted: tuple[str, str]) -> None:
        eventually(lambda: self.organization(record_id) == wanted, what=f"the company in {self.name}")

    def sync(self, **what: Any) -> dict[str, Any]:
        answer = self.api.post(f"/crm/{self.name}/sync", what)
        assert answer.status == 202, answer.body
        shown: dict[str, Any] = answer.json
        return shown

    def is_pushed_when_asked(self, user_id: str, record_id: str) -> None:
        def look() -> bool:
            self.sync(user_id=user_id)
            return self.person(record_id)[0] == "active"

        eventually(look, within=120, what=f"the backlog of {self.name}")

    def _map(self, object_name: str, match: dict[str, str], certification_id: str) -> Answer:
        fields = [
            {"certification_id": certification_id, "source": ours, "target": self.fields[ours]}
            for ours in ("status", "expiration_date")
        ]
        return self.api.put(f"/crm/{self.name}/mappings/{object_name}", {"match": match, "fields": fields})

    def _shown(self, record: Properties) -> tuple[str, str]:
        """Status and end, as they are stored."""
        return (
            str(record.get(self.fields["status"]) or ""),
            str(record.get(self.fields["expiration_date"]) or ""),
        )


def hubspot(api: Api, sandbox: CrmSandbox) -> Crm:
    return Crm(
        name="hubspot",
        people="contacts",
        company="company",
        companies="companies",
        fields={
            "email": "email",
            "partner_id": "partner_id",
            "status": "sales_pro_status",
            "expiration_date": "sales_pro_expires",
        },
        dates={"2099-11-20": "4098816000000", "2099-12-31": "4102358400000"},
        credentials={"access_token": TOKEN},
        write="/batch/up",
        required={},
        required_of_companies={"name": "Northwind"},
        api=api,
        sandbox=sandbox,
    )


def salesforce(api: Api, sandbox: CrmSandbox) -> Crm:
    return Crm(
        name="salesforce",
        people="Contact",
        company="account",
        companies="Account",
        fields={
            "email": "Email",
            "partner_id": "Partner_Id__c",
            "status": "Sales_Pro_Status__c",
            "expiration_date": "Sales_Pro_Expires__c",
        },
        dates={"2099-11-20": "2099-11-20", "2099-12-31": "2099-12-31"},
        credentials={"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
        write="/composite/sobjects",
        required={"LastName": "Partner"},
        required_of_companies={"Name": "Northwind"},
        api=api,
        sandbox=sandbox,
    )


@pytest.fixture(scope="module")
def sandbox(stack: dict[str, Any]) -> Iterator[CrmSandbox]:
    client = CrmSandbox(stack["hubspot_url"].removesuffix("/hubspot"))
    yield client
    client.behave()
    client.close()


@pytest.fixture(scope="module")
def academy(api: Api) -> Academy:
    return Academy(api=api, name=f"crm{uuid4().hex[:6]}")


@pytest.fixture(scope="module")
def course(academy: Academy) -> str:
    return academy.course(0)


@pytest.fixture(scope="module")
def certification(academy: Academy, course: str) -> str:
    """Whoever completes the course has it until 20 November 2099."""
    return academy.certification([course], expiration={"type": "fixed_date", "date": "2099-11-20"})


@pytest.fixture(scope="module")
def company_certification(academy: Academy) -> str:
    given = {"type": "organization", "name": f"Partner {academy.name}", "details": "A sound company"}
    given["permissions"] = {"audience": "everyone"}  # type: ignore[assignment]
    made = academy.done(academy.api.post("/certifications", given)).json
    academy.done(academy.api.post(f"/certifications/{made['certification_id']}/publish", {}))
    return str(made["certification_id"])


@pytest.fixture(scope="module")
def crms(
    api: Api, sandbox: CrmSandbox, certification: str, company_certification: str
) -> Iterator[list[Crm]]:
    """Both CRMs, connected and mapped, at rest."""
    both = [hubspot(api, sandbox), salesforce(api, sandbox)]
    sandbox.behave()
    for crm in both:
        assert crm.connect().status in {200, 201}
        for answer in (crm.map_people(certification), crm.map_companies(company_certification)):
            assert answer.status in {200, 201}, answer.body
            at_rest(crm, answer.json["backfill_id"])
    yield both
    for crm in both:
        api.delete(f"/crm/{crm.name}/connection")


@pytest.fixture(params=["hubspot", "salesforce"])
def crm(crms: list[Crm], request: pytest.FixtureRequest) -> Iterator[Crm]:
    chosen = next(each for each in crms if each.name == request.param)
    yield chosen
    chosen.sandbox.behave(chosen.name)


def at_rest(crm: Crm, backfill_id: str) -> None:
    """The backfill marked everyone, and all that it marked was pushed."""
    path = f"/crm/{crm.name}/backfills/{backfill_id}"
    eventually(lambda: crm.api.get(path).json["state"] == "completed", what=f"the backfill of {crm.name}")
    eventually(
        lambda: crm.api.get(f"/crm/{crm.name}/sync?state=pending").json["items"] == [],
        what=f"an empty outbox of {crm.name}",
    )


def learn(academy: Academy, course: str, number: int, crms: list[Crm]) -> tuple[str, list[str]]:
    """A user with a record in each CRM, who has just completed the course."""
    user_id = academy.user(number)
    records = [crm.add_person(user_id) for crm in crms]
    academy.deliver([academy.completion(user_id, course, "2026-11-20T09:30:00Z")])
    return user_id, records


# ---- connecting and mapping


def test_a_connection_that_does_not_work_is_refused_and_says_why(crm: Crm) -> None:
    wrong = dict.fromkeys(crm.credentials, "wrong")
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"credentials": wrong}, "/credentials", "credentials_refused"),
        ({"base_url": "http://127.0.0.1:9"}, "/base_url", "unreachable"),
        ({"credentials": {"client_id": "x"}}, "/credentials", "wrong_credentials"),
    ]
    for changes, pointer, code in cases:
        answer = crm.connect(**changes)
        assert answer.status == 422, answer.body
        assert [(each["pointer"], each["code"]) for each in answer.json["errors"]] == [(pointer, code)]
    assert crm.connected()["state"] == "connected", "the one that works is still there"
    assert CLIENT_SECRET not in str(crm.connected())
    assert TOKEN not in str(crm.connected())


def test_a_mapping_that_does_not_fit_names_the_field_and_the_remedy(crm: Crm, certification: str) -> None:
    wrong = replace(crm, fields={**crm.fields, "status": "nonsense", "expiration_date": crm.fields["status"]})
    answer = wrong.map_people(certification)
    assert answer.status == 422, answer.body
    assert [(each["pointer"], each["code"]) for each in answer.json["errors"]] == [
        ("/fields/0/target", "unknown_property"),
        ("/fields/1/target", "wrong_type"),
    ]
    assert "create it there" in answer.json["errors"][0]["message"]


def test_salesforce_takes_a_signed_assertion_instead_of_a_secret(crms: list[Crm]) -> None:
    crm = crms[1]
    key = rsa.generate_private_key(65537, 2048)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    credentials = {"client_id": CLIENT_ID, "username": USERNAME, "private_key": private.decode()}
    crm.sandbox.trust(public.decode())
    try:
        answer = crm.connect(credentials=credentials)
        assert answer.status == 200, answer.body
        assert answer.json["credentials"] == "client_id+private_key+username"
        assert "PRIVATE" not in answer.body.decode()
    finally:
        crm.sandbox.trust("")
        assert crm.connect().status == 200


# ---- from the award to the records


def test_a_webhook_changes_the_contact_in_both_crms_within_seconds(
    crms: list[Crm], academy: Academy, course: str
) -> None:
    sender = SENDERS["standard_webhooks"]
    source = f"{academy.name}-lms"
    academy.done(
        academy.api.put(f"/sources/{source}", {"provider": sender.provider, "secret": sender.secret})
    )
    user_id = academy.user(10)
    records = [crm.add_person(user_id) for crm in crms]
    body = academy.completion(user_id, course, "2026-11-20T09:30:00Z")

    signed = sender.request(body, at=datetime.now(UTC))
    answer = academy.api.with_key(None).send(
        "POST", f"/webhooks/{source}", raw=signed.body, headers=dict(signed.headers)
    )
    assert answer.status == 202, answer.body
    for crm, record_id in zip(crms, records, strict=True):
        crm.comes_to_show(record_id, crm.active_until("2099-11-20"))
    for crm, record_id in zip(crms, records, strict=True):
        row = crm.state(user_id)
        assert (row["state"], row["record_id"]) == ("synced", record_id)
        assert row["sent"][crm.fields["status"]] == "active"
        assert row["sent"][crm.fields["expiration_date"]] == "2099-11-20"


def test_an_award_by_hand_changes_company_and_account(
    crms: list[Crm], academy: Academy, company_certification: str
) -> None:
    organization_id = f"{academy.name}-o1"
    academy.done(academy.api.put(f"/organizations/{organization_id}", {"name": "Northwind"}))
    records = [crm.add_company(organization_id) for crm in crms]
    award = {
        "organization_id": organization_id,
        "certification_id": company_certification,
        "completion_date": "2026-11-20",
        "expiration_date": "2099-12-31",
    }
    made = academy.done(academy.api.post("/certification-completions", award)).json
    for crm, record_id in zip(crms, records, strict=True):
        crm.comes_to_show_company(record_id, crm.active_until("2099-12-31"))

    revoked = f"/certification-completions/{made['certification_completion_id']}/revoke"
    academy.done(academy.api.post(revoked, {"reason": "The partnership ended"}))
    for crm, record_id in zip(crms, records, strict=True):
        crm.comes_to_show_company(record_id, ("revoked", crm.dates["2099-12-31"]))


def test_an_address_that_the_crm_does_not_know_is_unlinked_and_no_record_is_made_up(
    crms: list[Crm], academy: Academy, course: str
) -> None:
    before = [len(crm.sandbox.records(crm.name, crm.people)) for crm in crms]
    user_id, _ = learn(academy, course, 20, [])
    for crm in crms:
        assert crm.comes_into("unlinked", user_id)["code"] == "no_record"
    assert [len(crm.sandbox.records(crm.name, crm.people)) for crm in crms] == before

    for crm in crms:
        record_id = crm.add_person(user_id)
        crm.sync(user_id=user_id)
        crm.comes_to_show(record_id, crm.active_until("2099-11-20"))


# ---- looking without writing


def test_a_preview_shows_present_and_new_and_writes_nothing(crm: Crm, academy: Academy, course: str) -> None:
    user_id, (record_id,) = learn(academy, course, 30 + (crm.name == "hubspot"), [crm])
    crm.comes_to_show(record_id, crm.active_until("2099-11-20"))
    crm.sandbox.change(crm.name, crm.people, record_id, **{crm.fields["status"]: "expired"})
    crm.sandbox.forget_calls()

    shown = crm.api.post(f"/crm/{crm.name}/preview", {"user_id": user_id}).json

    assert shown["record_id"] == record_id
    status = next(each for each in shown["fields"] if each["source"] == "status")
    assert (status["present"], status["new"]) == ("expired", "active")
    assert status["certification_completion_id"] == academy.awards(user_id)[0]["certification_completion_id"]
    assert crm.person(record_id)[0] == "expired"
    assert crm.sandbox.calls(crm.name)
    assert not [call for call in crm.sandbox.calls(crm.name) if is_write(call)]


def is_write(call: Mapping[str, Any]) -> bool:
    return call["method"] == "PATCH" or "batch/up" in call["path"]


def test_a_shadow_connection_tells_everything_and_writes_nothing_until_it_is_let(
    crm: Crm, academy: Academy, course: str
) -> None:
    assert crm.connect(shadow=True).status == 200
    crm.sandbox.forget_calls()
    user_id, (record_id,) = learn(academy, course, 40 + (crm.name == "hubspot"), [crm])

    row = crm.comes_into("shadow", user_id)

    assert row["would_send"] == {
        crm.fields["status"]: "active",
        crm.fields["expiration_date"]: "2099-11-20",
    }
    assert crm.person(record_id) == ("", "")
    assert not [call for call in crm.sandbox.calls(crm.name) if is_write(call)]

    assert crm.connect(shadow=False).status == 200
    crm.comes_to_show(record_id, crm.active_until("2099-11-20"))


def test_a_backfill_writes_only_what_differs(crm: Crm, academy: Academy, course: str) -> None:
    _, (record_id,) = learn(academy, course, 50 + (crm.name == "hubspot"), [crm])
    crm.comes_to_show(record_id, crm.active_until("2099-11-20"))
    first = crm.sync(all=True)["backfill"]
    at_rest(crm, first["backfill_id"])
    crm.sandbox.forget_calls()

    again = crm.sync(all=True)["backfill"]
    at_rest(crm, again["backfill_id"])

    assert crm.api.get(f"/crm/{crm.name}/backfills/{again['backfill_id']}").json["marked"] > 0
    assert not [call for call in crm.sandbox.calls(crm.name) if is_write(call) and call["status"] == 200]


# ---- bad days


def test_one_crm_is_down_the_other_does_not_notice_and_the_backlog_goes_by_itself(
    crms: list[Crm], crm: Crm, academy: Academy, course: str
) -> None:
    other = next(each for each in crms if each is not crm)
    crm.sandbox.misbehave(crm.name, "error", status=503)
    numbers = range(60, 64) if crm.name == "hubspot" else range(70, 74)

    people = [learn(academy, course, number, [crm, other]) for number in numbers]

    for _, (_, there) in people:
        other.comes_to_show(there, other.active_until("2099-11-20"))
    pause = eventually(lambda: crm.connected()["pauses"], what="the pause")[0]
    assert (crm.connected()["state"], pause["reason"], pause["scope"]) == ("paused", "unavailable", "")
    assert "503" in pause["message"]
    assert {crm.state(user_id)["state"] for user_id, _ in people} == {"pending"}
    assert other.connected()["state"] == "connected"

    crm.sandbox.behave(crm.name)
    for user_id, (here, _) in people:
        # The doorbell rings every minute; an admin who asks need not wait for it.
        crm.is_pushed_when_asked(user_id, here)
    eventually(lambda: crm.connected()["state"] == "connected", what="the end of the pause")


def test_a_refused_record_says_why_and_is_mended_by_retrying_what_failed(
    crm: Crm, academy: Academy, course: str
) -> None:
    user_id = academy.user(80 + (crm.name == "hubspot"))
    record_id = crm.add_person(user_id)
    crm.sandbox.misbehave(crm.name, "refuse", value=record_id, path=crm.write)
    academy.deliver([academy.completion(user_id, course, "2026-11-20T09:30:00Z")])

    row = crm.comes_into("failed", user_id)
    assert "validation rule" in row["message"].lower()
    # A late mark without a change makes the row pending for a moment, and failed again without a call.
    listed = f"/crm/{crm.name}/sync?state=failed"
    eventually(lambda: user_id in str(crm.api.get(listed).json), what="the row among those that failed")
    assert crm.person(record_id) == ("", "")

    crm.sandbox.behave(crm.name)
    crm.sync(failed=True)
    crm.comes_to_show(record_id, crm.active_until("2099-11-20"))
    crm.comes_into("synced", user_id)


def test_credentials_that_are_withdrawn_pause_the_connection_and_new_ones_resume_it(
    crms: list[Crm], academy: Academy, course: str
) -> None:
    crm = crms[1]
    crm.sandbox.misbehave(crm.name, "expired_token", path=crm.write)
    user_id, (record_id,) = learn(academy, course, 90, [crm])
    pause = eventually(lambda: crm.connected()["pauses"], what="the pause")[0]
    assert pause["reason"] == "credentials"
    assert crm.state(user_id)["state"] == "pending"

    crm.sandbox.behave(crm.name)
    assert crm.connect().status == 200
    crm.comes_to_show(record_id, crm.active_until("2099-11-20"))
