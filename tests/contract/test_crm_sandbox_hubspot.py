"""The sandbox's HubSpot is held to HubSpot's own client: it can use it, and sees it refuse what HubSpot refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hubspot import HubSpot
from hubspot.crm import companies, contacts, properties
from local.crm_sandbox.hubspot import TOKEN

from contract.sandbox import CrmSandbox

MIDNIGHT = "1795132800000"  # 2026-11-20T00:00:00Z
UPSERT = "/hubspot/crm/objects/2026-09/contacts/batch/upsert"
UPDATE = "/hubspot/crm/objects/2026-09/contacts/batch/update"


@pytest.fixture
def client(sandbox: CrmSandbox) -> HubSpot:
    return HubSpot(access_token=TOKEN, host=sandbox.hubspot_url)


def upserted(client: HubSpot, *inputs: dict[str, Any]) -> Any:
    batch = contacts.BatchInputSimplePublicObjectBatchInputUpsert(inputs=list(inputs))
    return client.crm.contacts.batch_api.upsert(batch)


def by_email(email: str, **values: str) -> dict[str, Any]:
    return {"id": email, "idProperty": "email", "properties": values}


def refused(sandbox: CrmSandbox, path: str, *inputs: Any) -> str:
    """The words of a 400 with which the batch is refused, after which nothing has changed."""
    before = sandbox.records("hubspot", "contacts")
    status, answer = sandbox.request("POST", path, {"inputs": list(inputs)}, token=TOKEN)
    assert (status, answer["status"], answer["category"]) == (400, "error", "VALIDATION_ERROR")
    assert answer["correlationId"]
    assert sandbox.records("hubspot", "contacts") == before
    return str(answer["message"])


# ---- the official client


def test_the_client_reads_the_metadata(client: HubSpot) -> None:
    found = {each.name: each for each in client.crm.properties.core_api.get_all("contacts").results}

    assert (found["email"].type, found["email"].field_type) == ("string", "text")
    assert found["partner_user_id"].has_unique_value
    assert found["num_associated_deals"].calculated
    assert found["hs_object_id"].modification_metadata.read_only_value
    assert [option.value for option in found["contact_kind"].options] == ["Partner", "Customer"]
    assert "former_level" not in found
    archived = client.crm.properties.core_api.get_all("contacts", archived=True).results
    assert [each.name for each in archived] == ["former_level"]


def test_the_client_creates_a_property(client: HubSpot) -> None:
    wanted = properties.PropertyCreate(
        name="level", label="Level", type="string", field_type="text", group_name="certification"
    )
    client.crm.properties.core_api.create("companies", wanted)

    assert client.crm.properties.core_api.get_by_name("companies", "level").label == "Level"


def test_the_client_upserts_and_reads_back(client: HubSpot, sandbox: CrmSandbox) -> None:
    ann = sandbox.add("hubspot", "contacts", email="ann@partner.example")
    answer = upserted(
        client,
        by_email("Ann@Partner.example", sales_pro_status="active", sales_pro_expires=MIDNIGHT),
        by_email("Bob@partner.example", certification_count="2"),
    )

    results = {each.id: each for each in answer.results}
    assert answer.status == "COMPLETE"
    assert [each.new for each in results.values()] == [True, False]
    assert not results[ann].new
    (bob,) = results.keys() - {ann}
    assert results[bob].properties["email"] == "bob@partner.example"
    read = client.crm.contacts.basic_api.get_by_id(ann, properties=["email", "sales_pro_expires", "phone"])
    assert read.properties["sales_pro_expires"] == "2026-11-20"
    assert read.properties["phone"] is None
    assert read.properties["email"] == "ann@partner.example"
    assert sandbox.record("hubspot", "contacts", ann)["sales_pro_expires"] == MIDNIGHT


def test_the_client_updates_by_id_and_clears(client: HubSpot, sandbox: CrmSandbox) -> None:
    one = sandbox.add("hubspot", "companies", name="Northwind", certified_users="3")
    batch = companies.BatchInputSimplePublicObjectBatchInput(
        inputs=[{"id": one, "properties": {"certified_users": "", "name": "South"}}]
    )
    (result,) = client.crm.companies.batch_api.update(batch).results

    assert result.properties["name"] == "South"
    assert sandbox.record("hubspot", "companies", one) == {"name": "South", "certified_users": ""}
    read = client.crm.companies.basic_api.get_by_id(one, properties=["certified_users"])
    assert read.properties["certified_users"] is None


def test_the_client_reads_a_batch_of_which_one_is_missing(client: HubSpot, sandbox: CrmSandbox) -> None:
    ann = sandbox.add("hubspot", "contacts", email="ann@partner.example")
    batch = contacts.BatchReadInputSimplePublicObjectId(
        id_property="email",
        properties=["email"],
        properties_with_history=[],
        inputs=[{"id": "ANN@partner.example"}, {"id": "nobody@partner.example"}],
    )
    answer = client.crm.contacts.batch_api.read(batch)

    assert [each.id for each in answer.results] == [ann]
    assert answer.num_errors == 1
    assert answer.errors[0].context == {"ids": ["nobody@partner.example"]}


def test_the_client_searches(client: HubSpot, sandbox: CrmSandbox) -> None:
    ann = sandbox.add("hubspot", "contacts", email="ann@partner.example")
    sandbox.add("hubspot", "contacts", email="bob@partner.example")
    filters = [{"propertyName": "email", "operator": "EQ", "value": "ann@partner.example"}]
    wanted = contacts.PublicObjectSearchRequest(
        filter_groups=[{"filters": filters}], properties=["email"], limit=5
    )
    answer = client.crm.contacts.search_api.do_search(wanted)

    assert (answer.total, [each.id for each in answer.results]) == (1, [ann])


def test_the_client_creates_and_archives_one_by_one(client: HubSpot, sandbox: CrmSandbox) -> None:
    wanted = contacts.SimplePublicObjectInputForCreate(properties={"email": "ann@partner.example"})
    ann = client.crm.contacts.basic_api.create(wanted).id
    assert list(sandbox.records("hubspot", "contacts")) == [ann]
    with pytest.raises(contacts.ApiException, match="already exists") as caught:
        client.crm.contacts.basic_api.create(wanted)
    assert caught.value.status == 409

    client.crm.contacts.basic_api.archive(ann)

    assert sandbox.records("hubspot", "contacts") == {}
    with pytest.raises(contacts.ApiException, match="resource not found"):
        client.crm.contacts.basic_api.get_by_id(ann)


def test_a_wrong_token_is_refused(sandbox: CrmSandbox) -> None:
    client = HubSpot(access_token="wrong", host=sandbox.hubspot_url)

    with pytest.raises(contacts.ApiException) as caught:
        upserted(client, by_email("ann@partner.example"))

    assert caught.value.status == 401
    assert json.loads(caught.value.body)["category"] == "INVALID_AUTHENTICATION"
    assert sandbox.records("hubspot", "contacts") == {}


# ---- what is refused: nothing of the batch is written


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"certification_count": 3}, "java.lang.String"),
        ({"certified": True}, "java.lang.String"),
        ({"sales_pro_expires": None}, "java.lang.String"),
        ({"sales_pro_expires": "2026-11-20"}, "not midnight UTC"),
        ({"sales_pro_expires": "1795132800001"}, "not midnight UTC"),
        ({"certification_count": "1,000"}, "not a valid number"),
        ({"certified": "yes"}, "not one of true, false"),
        ({"sales_pro_status": "Active"}, "not one of the allowed options"),
        ({"contact_kind": "Partner;Customer"}, "not one of the allowed options"),
        ({"no_such_property": "x"}, "does not exist"),
        ({"former_level": "x"}, "does not exist"),
        ({"hs_object_id": "1"}, "read only"),
        ({"createdate": MIDNIGHT}, "read only"),
        ({"num_associated_deals": "1"}, "read only"),
    ],
)
def test_a_bad_value_refuses_the_batch(sandbox: CrmSandbox, values: dict[str, Any], words: str) -> None:
    ann = sandbox.add("hubspot", "contacts", email="ann@partner.example")

    good = by_email("ann@partner.example", sales_pro_status="active")
    assert words in refused(sandbox, UPSERT, good, by_email("bob@partner.example", **values))
    other = sandbox.add("hubspot", "contacts", email="cy@partner.example")
    good = {"id": ann, "properties": {"sales_pro_status": "active"}}
    assert words in refused(sandbox, UPDATE, good, {"id": other, "properties": values})


def test_several_options_are_joined_by_semicolons(client: HubSpot, sandbox: CrmSandbox) -> None:
    sandbox.define(
        "hubspot",
        "contacts",
        name="certifications",
        type="enumeration",
        fieldType="checkbox",
        options=["c-1", "c-2"],
    )
    upserted(client, by_email("ann@partner.example", certifications="c-1;c-2"))
    assert "c-3" in refused(sandbox, UPSERT, by_email("ann@partner.example", certifications="c-1;c-3"))
    assert [r["certifications"] for r in sandbox.records("hubspot", "contacts").values()] == ["c-1;c-2"]


def test_a_hundred_inputs_are_the_most(client: HubSpot, sandbox: CrmSandbox) -> None:
    inputs = [by_email(f"u-{number}@partner.example", lastname="X") for number in range(101)]

    assert "maximum number of inputs" in refused(sandbox, UPSERT, *inputs)
    assert len(upserted(client, *inputs[:100]).results) == 100


def test_two_inputs_for_one_record_refuse_the_batch(sandbox: CrmSandbox) -> None:
    ann = sandbox.add("hubspot", "contacts", email="ann@partner.example")
    old = sandbox.add("hubspot", "contacts", email="old@partner.example")
    twice = [by_email("ann@partner.example", lastname="X"), by_email("ANN@partner.example", lastname="Y")]
    assert "Duplicate IDs" in refused(sandbox, UPSERT, *twice)
    assert "Duplicate IDs" in refused(
        sandbox, UPDATE, {"id": ann, "properties": {"lastname": "X"}}, {"id": ann, "properties": {}}
    )

    sandbox.merge("hubspot", "contacts", old, into=ann)

    merged = [by_email("ann@partner.example", lastname="X"), by_email("old@partner.example", lastname="Y")]
    assert "Duplicate IDs" in refused(sandbox, UPSERT, *merged)
    by_id = [{"id": ann, "properties": {"lastname": "X"}}, {"id": old, "properties": {"lastname": "Y"}}]
    assert "Duplicate IDs" in refused(sandbox, UPDATE, *by_id)


@pytest.mark.parametrize("by", ["hs_object_id", "lastname", "no_such_property"])
def test_only_a_unique_property_identifies(sandbox: CrmSandbox, by: str) -> None:
    one = {"id": "1", "idProperty": by, "properties": {"lastname": "X"}}
    assert "non-unique" in refused(sandbox, UPSERT, one)


def test_the_domain_of_a_company_does_not_identify(sandbox: CrmSandbox) -> None:
    path = "/hubspot/crm/objects/2026-09/companies/batch/upsert"
    one = {"id": "partner.example", "idProperty": "domain", "properties": {"name": "X"}}
    status, answer = sandbox.request("POST", path, {"inputs": [one]}, token=TOKEN)
    assert (status, "non-unique 0-2 property domain" in answer["message"]) == (400, True)


def test_batches_of_updates_do_not_take_e_mails(sandbox: CrmSandbox) -> None:
    sandbox.add("hubspot", "contacts", email="ann@partner.example")
    assert "non-unique 0-1 property" in refused(
        sandbox, UPDATE, by_email("ann@partner.example", lastname="X")
    )


def test_a_unique_value_of_another_record_refuses_the_batch_with_409(
    client: HubSpot, sandbox: CrmSandbox
) -> None:
    ann = sandbox.add("hubspot", "contacts", email="ann@partner.example", partner_user_id="u-1")
    sandbox.add("hubspot", "contacts", email="bob@partner.example")
    with pytest.raises(contacts.ApiException) as caught:
        upserted(
            client,
            by_email("cy@partner.example", lastname="X"),
            by_email("bob@partner.example", partner_user_id="u-1"),
        )

    assert caught.value.status == 409
    assert json.loads(caught.value.body)["message"] == f"Contact already exists. Existing ID: {ann}"
    assert len(sandbox.records("hubspot", "contacts")) == 2


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"inputs": []}', b'{"inputs": 3}', b'{"inputs": [3]}', b'{"inputs": [{"id": "1"}]}'],
)
def test_what_is_no_batch_is_refused(sandbox: CrmSandbox, body: bytes) -> None:
    for path in (UPSERT, UPDATE):
        status, answer = sandbox.request("POST", path, token=TOKEN, raw=body)
        assert (status, answer["category"]) == (400, "VALIDATION_ERROR")


def test_an_e_mail_address_has_to_be_one(sandbox: CrmSandbox) -> None:
    assert "INVALID_EMAIL" in refused(sandbox, UPSERT, by_email("not an address", lastname="X"))


# ---- merged and deleted records


def test_a_merged_record_is_found_by_its_old_id_and_address(client: HubSpot, sandbox: CrmSandbox) -> None:
    kept = sandbox.add("hubspot", "contacts", email="kept@partner.example")
    lost = sandbox.add("hubspot", "contacts", email="lost@partner.example")
    sandbox.merge("hubspot", "contacts", lost, into=kept)
    batch = contacts.BatchInputSimplePublicObjectBatchInput(
        inputs=[{"id": lost, "properties": {"lastname": "X"}}]
    )
    (result,) = client.crm.contacts.batch_api.update(batch).results
    assert result.id == kept
    read = client.crm.contacts.basic_api.get_by_id(lost, properties=["hs_merged_object_ids", "lastname"])
    assert read.properties["hs_merged_object_ids"] == lost
    assert read.properties["lastname"] == "X"

    (result,) = upserted(client, by_email("lost@partner.example", lastname="Y")).results

    assert (result.id, result.new) == (kept, False)
    assert result.properties["email"] == "kept@partner.example"


def test_a_deleted_record_is_named_in_a_207_and_the_others_are_written(sandbox: CrmSandbox) -> None:
    ann = sandbox.add("hubspot", "contacts", email="ann@partner.example")
    gone = sandbox.add("hubspot", "contacts", email="gone@partner.example")
    sandbox.delete("hubspot", "contacts", gone)
    inputs = [{"id": each, "properties": {"lastname": "X"}} for each in (gone, ann)]

    status, answer = sandbox.request("POST", UPDATE, {"inputs": inputs}, token=TOKEN)

    assert status == 207
    assert [each["id"] for each in answer["results"]] == [ann]
    assert answer["numErrors"] == 1
    error = answer["errors"][0]
    assert (error["category"], error["context"]) == ("OBJECT_NOT_FOUND", {"ids": [gone]})


@pytest.mark.parametrize("version", ["crm/v3/objects", "crm/objects/2026-09"])
def test_both_kinds_of_paths_answer(sandbox: CrmSandbox, version: str) -> None:
    batch = {"inputs": [by_email("ann@partner.example", lastname="X")]}
    for prefix in ("/hubspot", ""):
        path = f"{prefix}/{version}/contacts/batch/upsert"
        assert sandbox.request("POST", path, batch, token=TOKEN)[0] == 200
    assert sandbox.request("POST", "/hubspot/crm/v9/contacts", batch, token=TOKEN)[0] == 404


def test_a_new_record_needs_something_to_be_known_by(sandbox: CrmSandbox) -> None:
    one = {"id": "o-1", "idProperty": "partner_id", "properties": {"certified_users": "1"}}
    path = "/hubspot/crm/objects/2026-09/companies/batch/upsert"
    status, answer = sandbox.request("POST", path, {"inputs": [one]}, token=TOKEN)
    assert (status, "name, domain" in answer["message"]) == (400, True)
    nameless = {"id": "u-1", "idProperty": "partner_user_id", "properties": {"phone": "1"}}
    assert "at least one of" in refused(sandbox, UPSERT, nameless)

    named = {**one, "properties": {"name": "Northwind"}}
    assert sandbox.request("POST", path, {"inputs": [named]}, token=TOKEN)[0] == 200
    assert sandbox.request("POST", path, {"inputs": [one]}, token=TOKEN)[0] == 200
