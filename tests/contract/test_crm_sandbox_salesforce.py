"""The sandbox's Salesforce is held to `simple-salesforce`: it can use it, and sees its refusals."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from local.crm_sandbox.salesforce_token import CLIENT_ID, CLIENT_SECRET, USERNAME
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceResourceNotFound,
)

from contract.sandbox import CrmSandbox

CONTACTS = "composite/sobjects/Contact/Partner_User_Id__c"


class ToSandbox(HTTPAdapter):
    """The client speaks only https to `*.salesforce.com` and to the instance; both are the sandbox here."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: requests.PreparedRequest, *given: Any, **more: Any) -> requests.Response:
        assert request.url
        request.url = re.sub(r"^https://[^/]+(/salesforce)?(?=/services)", self._url, request.url)
        return super().send(request, *given, **more)


@pytest.fixture
def session(sandbox: CrmSandbox) -> requests.Session:
    session = requests.Session()
    session.mount("https://", ToSandbox(sandbox.salesforce_url))
    return session


@pytest.fixture
def client(session: requests.Session) -> Any:
    return login(session)


def login(session: requests.Session, **changes: Any) -> Any:
    given = {"consumer_key": CLIENT_ID, "consumer_secret": CLIENT_SECRET, "domain": "partner.my"}
    return Salesforce(**{**given, **changes}, session=session)


def collection(client: Any, path: str, *records: dict[str, Any], **more: Any) -> Any:
    typed = [{"attributes": {"type": "Contact"}, **record} for record in records]
    return client.restful(
        path, method="PATCH", data=json.dumps({"allOrNone": False, "records": typed, **more})
    )


def errors_of(result: dict[str, Any]) -> list[str]:
    assert not result["success"]
    assert "id" not in result
    return [error["statusCode"] for error in result["errors"]]


@pytest.fixture(scope="module")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def public_key_of(private_key: str) -> str:
    key = serialization.load_pem_private_key(private_key.encode(), None).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form).decode()


# ---- tokens


def test_client_credentials_get_a_token(client: Any) -> None:
    assert client.query("SELECT Id FROM Contact")["totalSize"] == 0


@pytest.mark.parametrize("change", [{"consumer_secret": "wrong"}, {"consumer_key": "unknown"}])
def test_wrong_client_credentials_get_none(session: requests.Session, change: dict[str, str]) -> None:
    with pytest.raises(SalesforceAuthenticationFailed, match="invalid_client"):
        login(session, **change)


def test_a_signed_assertion_gets_a_token(
    session: requests.Session, sandbox: CrmSandbox, private_key: str
) -> None:
    sandbox.trust(public_key_of(private_key))
    client = login(session, consumer_secret=None, username=USERNAME, privatekey=private_key)
    assert client.query("SELECT Id FROM Contact")["totalSize"] == 0


def test_an_assertion_signed_by_another_key_gets_none(
    session: requests.Session, sandbox: CrmSandbox, private_key: str
) -> None:
    other = rsa.generate_private_key(public_exponent=65_537, key_size=2048).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    sandbox.trust(other.public_bytes(serialization.Encoding.PEM, form).decode())
    with pytest.raises(SalesforceAuthenticationFailed, match="invalid assertion"):
        login(session, consumer_secret=None, username=USERNAME, privatekey=private_key)


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"iss": "unknown"}, "client identifier invalid"),
        ({"sub": "somebody@else.example"}, "user hasn't approved this consumer"),
        ({"aud": "https://elsewhere.example"}, "audience is invalid"),
        ({"exp": -10}, "expired"),
        ({"exp": 3_000}, "too long-lived"),
    ],
)
def test_an_assertion_that_claims_wrong_gets_none(
    sandbox: CrmSandbox, private_key: str, claims: dict[str, Any], words: str
) -> None:
    usual = {"iss": CLIENT_ID, "sub": USERNAME, "aud": sandbox.salesforce_url, "exp": 180}
    wanted = {**usual, **claims}
    assertion = jwt.encode(
        {**wanted, "exp": int(time.time()) + wanted["exp"]}, private_key, algorithm="RS256"
    )
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    answer = requests.post(f"{sandbox.salesforce_url}/services/oauth2/token", data=form, timeout=5)
    assert answer.status_code == 400
    assert words in answer.json()["error_description"]


@pytest.mark.parametrize("assertion", ["", "a.b", "a.b.c", "e30.e30.e30", "W10.W10.e30"])
def test_what_is_no_assertion_gets_no_token(sandbox: CrmSandbox, assertion: str) -> None:
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    answer = requests.post(f"{sandbox.salesforce_url}/services/oauth2/token", data=form, timeout=5)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_wrong_or_expired_token_is_refused(
    client: Any, sandbox: CrmSandbox, session: requests.Session
) -> None:
    stranger = Salesforce(session_id="wrong", instance="partner.my.salesforce.com", session=session)
    with pytest.raises(SalesforceExpiredSession, match="INVALID_SESSION_ID"):
        stranger.query("SELECT Id FROM Contact")

    path = "/salesforce/services/data/v62.0/sobjects/Contact/describe"
    sandbox.misbehave("salesforce", "expired_token", count=1)
    assert sandbox.request("GET", path, token=client.session_id)[0] == 401
    assert sandbox.request("GET", path, token=client.session_id)[0] == 401
    assert client.query("SELECT Id FROM Contact")["done"]


# ---- metadata


def test_the_client_reads_the_recorded_metadata_and_custom_fields(client: Any) -> None:
    shape = client.Contact.describe()
    fields = {field["name"]: field for field in shape["fields"]}

    assert shape["name"] == "Contact"
    assert fields["Email"]["idLookup"]
    assert not fields["CreatedDate"]["updateable"]
    assert fields["Partner_User_Id__c"]["externalId"]
    assert [each["value"] for each in fields["Contact_Kind__c"]["picklistValues"]] == ["Partner", "Customer"]
    assert {field["name"] for field in client.Account.describe()["fields"]} >= {"Name", "Partner_Id__c"}


# ---- records


def test_the_client_creates_reads_updates_and_deletes(client: Any) -> None:
    made = client.Contact.create({"LastName": "Ann", "Email": "ann@partner.example"})
    contact_id = made["id"]
    assert made["success"]
    assert re.fullmatch(r"003\w{15}", contact_id)

    assert client.Contact.update(contact_id, {"Sales_Pro_Expires__c": "2027-11-20"}) == 204
    record = client.Contact.get(contact_id)
    assert (record["Sales_Pro_Expires__c"], record["Certified__c"]) == ("2027-11-20", False)
    assert client.Contact.get(contact_id[:15])["Id"] == contact_id

    client.Contact.delete(contact_id)
    with pytest.raises(SalesforceResourceNotFound, match="deleted"):
        client.Contact.get(contact_id)


def test_the_client_upserts_by_external_id(client: Any, sandbox: CrmSandbox) -> None:
    assert client.Contact.upsert("Partner_User_Id__c/u-1", {"LastName": "Ann"}) == 201
    assert client.Contact.upsert("Partner_User_Id__c/U-1", {"LastName": "Bea"}) == 200
    (record,) = sandbox.records("salesforce", "Contact").values()
    assert record["LastName"] == "Bea"
    assert client.Contact.get_by_custom_id("Partner_User_Id__c", "u-1")["LastName"] == "Bea"


def test_the_key_is_not_repeated_in_the_body_of_a_single_upsert(client: Any) -> None:
    with pytest.raises(SalesforceMalformedRequest, match="should not be specified"):
        client.Contact.upsert("Partner_User_Id__c/u-1", {"LastName": "A", "Partner_User_Id__c": "u-1"})


def test_several_matches_are_answered_with_the_candidates(client: Any, sandbox: CrmSandbox) -> None:
    twins = [
        sandbox.add("salesforce", "Contact", LastName=n, Email="ann@partner.example") for n in ("A", "B")
    ]
    caught: Any
    with pytest.raises(SalesforceMoreThanOneRecord) as caught:
        client.Contact.upsert("Email/ann@partner.example", {"Title": "X"})
    assert [url.rsplit("/", 1)[1] for url in caught.value.content] == twins

    one = {"Email": "Ann@partner.example", "Title": "X"}
    (result,) = collection(client, "composite/sobjects/Contact/Email", one)
    assert errors_of(result) == ["DUPLICATE_EXTERNAL_ID"]
    assert all(twin in result["errors"][0]["message"] for twin in twins)


def test_a_collection_is_answered_in_order_and_one_bad_record_spoils_no_other(
    client: Any, sandbox: CrmSandbox
) -> None:
    known = sandbox.add("salesforce", "Contact", LastName="Ann", Partner_User_Id__c="u-1")
    first, bad, new = collection(
        client,
        CONTACTS,
        {"Partner_User_Id__c": "u-1", "Sales_Pro_Status__c": "active"},
        {"Partner_User_Id__c": "u-2", "LastName": "Bob", "Sales_Pro_Status__c": "Certified"},
        {"Partner_User_Id__c": "u-3", "LastName": "Cy", "Certification_Count__c": 2},
    )
    assert (first["id"], first["success"], first["created"]) == (known, True, False)
    assert errors_of(bad) == ["INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"]
    assert bad["errors"][0]["fields"] == ["Sales_Pro_Status__c"]
    assert new["created"]
    assert sandbox.record("salesforce", "Contact", known)["Sales_Pro_Status__c"] == "active"
    assert len(sandbox.records("salesforce", "Contact")) == 2


def test_all_or_none_means_none(client: Any, sandbox: CrmSandbox) -> None:
    known = sandbox.add("salesforce", "Contact", LastName="Ann", Partner_User_Id__c="u-1")
    results = collection(
        client,
        CONTACTS,
        {"Partner_User_Id__c": "u-1", "LastName": "Bea"},
        {"Partner_User_Id__c": "u-2", "LastName": "Bob"},
        {"Partner_User_Id__c": "u-3"},
        allOrNone=True,
    )
    rolled_back = "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert [errors_of(each) for each in results] == [[rolled_back], [rolled_back], ["REQUIRED_FIELD_MISSING"]]
    assert sandbox.records("salesforce", "Contact") == {
        known: {"LastName": "Ann", "Partner_User_Id__c": "u-1"}
    }
    assert collection(client, CONTACTS, {"Partner_User_Id__c": "u-2", "LastName": "Bob"})[0]["created"]


def test_two_records_with_one_key_are_both_refused(client: Any, sandbox: CrmSandbox) -> None:
    twice = [{"Partner_User_Id__c": key, "LastName": "A"} for key in ("u-1", "U-1")]
    results = collection(client, CONTACTS, *twice, {"Partner_User_Id__c": "u-2", "LastName": "B"})
    assert [errors_of(each) for each in results[:2]] == [["DUPLICATE_VALUE"]] * 2
    assert results[2]["success"]
    assert len(sandbox.records("salesforce", "Contact")) == 1


def test_a_collection_is_updated_by_record_id(client: Any, sandbox: CrmSandbox) -> None:
    kept = sandbox.add("salesforce", "Contact", LastName="A")
    gone = sandbox.add("salesforce", "Contact", LastName="B")
    merged = sandbox.add("salesforce", "Contact", LastName="C")
    sandbox.delete("salesforce", "Contact", gone)
    sandbox.merge("salesforce", "Contact", merged, into=kept)
    ids = [kept, gone, merged, "0035g0000000099AAA", "nonsense"]
    results = collection(client, "composite/sobjects", *({"id": each, "Title": "X"} for each in ids))
    assert results[0] == {"id": kept, "success": True, "errors": [], "created": False}
    assert [errors_of(each)[0] for each in results[1:]] == [
        "ENTITY_IS_DELETED",
        "ENTITY_IS_DELETED",
        "INVALID_CROSS_REFERENCE_KEY",
        "MALFORMED_ID",
    ]


def test_records_are_retrieved_in_the_order_of_their_ids(client: Any, sandbox: CrmSandbox) -> None:
    ids = [sandbox.add("salesforce", "Contact", LastName=name) for name in ("A", "B")]
    sandbox.delete("salesforce", "Contact", ids[0])
    body = json.dumps({"ids": ids, "fields": ["LastName"]})
    found = client.restful("composite/sobjects/Contact", method="POST", data=body)
    assert found[0] is None
    assert (found[1]["Id"], found[1]["LastName"]) == (ids[1], "B")


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"Short__c": "toolong"}, "STRING_TOO_LONG"),
        ({"Contact_Kind__c": "Vendor"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"Level__c": "x"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"CreatedDate": "2026-11-20T00:00:00.000Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"Email": "not an address"}, "INVALID_EMAIL_ADDRESS"),
        ({"LastName": ""}, "REQUIRED_FIELD_MISSING"),
        ({"Certified__c": None}, "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        ({"Partner_User_Id__c": "taken"}, "DUPLICATE_VALUE"),
    ],
)
def test_a_bad_value_refuses_its_record(
    client: Any, sandbox: CrmSandbox, values: dict[str, Any], code: str
) -> None:
    sandbox.add("salesforce", "Contact", LastName="Z", Partner_User_Id__c="taken")
    one = sandbox.add("salesforce", "Contact", LastName="A")
    other = sandbox.add("salesforce", "Contact", LastName="B")
    bad, good = collection(
        client, "composite/sobjects", {"id": one, **values}, {"id": other, "LastName": "C"}
    )
    assert errors_of(bad) == [code]
    assert good["success"]
    assert sandbox.record("salesforce", "Contact", one) == {"LastName": "A"}


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"Sales_Pro_Expires__c": "20.11.2026"}, "JSON_PARSER_ERROR"),
        ({"Sales_Pro_Expires__c": "2026-02-30"}, "JSON_PARSER_ERROR"),
        ({"Sales_Pro_Expires__c": "2026-11-20T00:00:00Z"}, "JSON_PARSER_ERROR"),
        ({"Certification_Count__c": "2"}, "JSON_PARSER_ERROR"),
        ({"Certified__c": "true"}, "JSON_PARSER_ERROR"),
        ({"LastName": 3}, "JSON_PARSER_ERROR"),
        ({"No_Such_Field__c": "x"}, "INVALID_FIELD"),
    ],
)
def test_what_cannot_be_read_refuses_the_whole_request(
    client: Any, sandbox: CrmSandbox, values: dict[str, Any], code: str
) -> None:
    one = sandbox.add("salesforce", "Contact", LastName="A")
    other = sandbox.add("salesforce", "Contact", LastName="B")
    with pytest.raises(SalesforceMalformedRequest, match=code):
        collection(client, "composite/sobjects", {"id": other, "LastName": "C"}, {"id": one, **values})
    assert sandbox.record("salesforce", "Contact", other) == {"LastName": "B"}


def test_two_hundred_records_are_the_most(client: Any) -> None:
    records = [{"Partner_User_Id__c": f"u-{number}", "LastName": "A"} for number in range(201)]
    with pytest.raises(SalesforceMalformedRequest, match="EXCEEDED_MAX_SIZE_REQUEST"):
        collection(client, CONTACTS, *records)
    assert all(each["created"] for each in collection(client, CONTACTS, *records[:200]))


def test_only_a_lookup_field_identifies(client: Any) -> None:
    with pytest.raises(SalesforceMalformedRequest, match="does not match an External ID"):
        collection(client, "composite/sobjects/Contact/Title", {"Title": "X", "LastName": "A"})


def test_an_empty_key_is_refused(client: Any) -> None:
    (result,) = collection(client, CONTACTS, {"Partner_User_Id__c": "", "LastName": "A"})
    assert errors_of(result) == ["MISSING_ARGUMENT"]


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"records": []}', b'{"records": [3]}'])
def test_what_is_no_collection_is_refused(client: Any, sandbox: CrmSandbox, body: bytes) -> None:
    path = f"/salesforce/services/data/v62.0/{CONTACTS}"
    status, answer = sandbox.request("PATCH", path, raw=body, token=client.session_id)
    assert (status, answer[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


# ---- queries


def test_records_are_queried_without_case_and_in_pages(client: Any, sandbox: CrmSandbox) -> None:
    for number in range(450):
        sandbox.add("salesforce", "Contact", LastName=f"N{number}", Title="Partner", Email=f"u{number}@p.ex")
    page = client.query("SELECT Id FROM Contact", headers={"Sforce-Query-Options": "batchSize=200"})
    assert (page["totalSize"], page["done"], len(page["records"])) == (450, False, 200)
    following = client.query_more(page["nextRecordsUrl"].rsplit("/", 1)[1])
    assert not {each["Id"] for each in page["records"]} & {each["Id"] for each in following["records"]}

    where = "Email IN ('U1@P.EX', 'u2@p.ex', 'it\\'s@p.ex') AND Title = 'partner'"
    found = client.query_all(f"SELECT Id, Email FROM Contact WHERE {where} LIMIT 5")
    assert [each["Email"] for each in found["records"]] == ["u1@p.ex", "u2@p.ex"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT Nope FROM Contact", "INVALID_FIELD"),
        ("SELECT Id FROM Nope", "INVALID_TYPE"),
        ("SELECT Id FROM Contact WHERE Email = 'it's'", "MALFORMED_QUERY"),
        ("DELETE FROM Contact", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE Certification_Count__c = '2'", "INVALID_FIELD"),
    ],
)
def test_a_wrong_query_is_refused(client: Any, query: str, code: str) -> None:
    with pytest.raises(SalesforceMalformedRequest, match=code):
        client.query(query)
