"""What tests and demonstrations do to the sandbox from outside."""

from __future__ import annotations

from pathlib import Path

from contract.sandbox import CrmSandbox, running_sandbox


def test_a_record_is_put_changed_listed_and_deleted(sandbox: CrmSandbox) -> None:
    ann = sandbox.add("hubspot", "contacts", email="ann@partner.example", lastname="A")
    sandbox.change("hubspot", "contacts", ann, lastname="B")
    assert sandbox.records("hubspot", "contacts") == {ann: {"email": "ann@partner.example", "lastname": "B"}}

    sandbox.delete("hubspot", "contacts", ann)
    assert sandbox.records("hubspot", "contacts") == {}


def test_reset_begins_anew(sandbox: CrmSandbox) -> None:
    sandbox.add("salesforce", "Contact", Email="ann@partner.example", LastName="A")
    sandbox.define("hubspot", "contacts", name="level", type="string")
    sandbox.misbehave("hubspot", "error")
    sandbox.request("GET", "/hubspot/account-info/v3/details")
    assert sandbox.call_count("hubspot") == 1

    sandbox.reset()

    assert sandbox.records("salesforce", "Contact") == {}
    assert sandbox.request("GET", "/_control/faults") == (200, {"faults": []})
    assert sandbox.call_count("hubspot") == 0


def test_records_survive_a_restart_where_there_is_a_folder(tmp_path: Path) -> None:
    with running_sandbox(tmp_path) as first:
        ann = first.add("hubspot", "contacts", email="ann@partner.example")
    with running_sandbox(tmp_path) as second:
        assert second.record("hubspot", "contacts", ann) == {"email": "ann@partner.example"}
        assert second.add("hubspot", "contacts", email="bob@partner.example") != ann


def test_a_person_sees_the_records_as_tables(sandbox: CrmSandbox) -> None:
    sandbox.add("hubspot", "contacts", email="ann@partner.example", sales_pro_expires="1795132800000")
    gone = sandbox.add("hubspot", "contacts", email="gone@partner.example")
    sandbox.delete("hubspot", "contacts", gone)
    sandbox.add("salesforce", "Account", Name="<script>alert(1)</script>", Certified_Users__c=3)

    status, page = sandbox.request("GET", "/")

    assert status == 200
    assert "HubSpot: Contacts (1)" in page
    assert "Salesforce: Account (1)" in page
    assert "<th>sales_pro_expires</th>" in page
    assert "<td>2026-11-20</td>" in page
    assert "gone@partner.example" not in page
    assert "<script>" not in page
    assert "<td>3</td>" in page


def test_what_makes_no_sense_is_told(sandbox: CrmSandbox) -> None:
    for method, path, body in (
        ("POST", "records", {"crm": "hubspot", "object": "contacts", "properties": {"nope": "x"}}),
        ("POST", "records", {"crm": "hubspot", "object": "deals", "properties": {}}),
        ("DELETE", "records", {"crm": "hubspot", "object": "contacts", "id": "1"}),
        ("POST", "jwt", {}),
    ):
        assert sandbox.request(method, f"/_control/{path}", body)[0] == 400
    assert sandbox.request("POST", "/_control/nothing", {})[0] == 404
    assert sandbox.request("GET", "/nothing")[0] == 404
