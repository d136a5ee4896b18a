"""The sandbox misbehaves on command, as CRMs do: what a caller sees, and whether the request took effect."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from local.crm_sandbox.hubspot import TOKEN
from local.crm_sandbox.salesforce_token import CLIENT_ID, CLIENT_SECRET

from contract.sandbox import CrmSandbox

UPSERT = "/hubspot/crm/objects/2026-09/contacts/batch/upsert"
COLLECTION = "/salesforce/services/data/v62.0/composite/sobjects"


def batch(*emails: str, **more: Any) -> dict[str, Any]:
    return {
        "inputs": [
            {"id": email, "idProperty": "email", "properties": {"lastname": "X"}, **more} for email in emails
        ]
    }


def call(sandbox: CrmSandbox, *emails: str, **more: Any) -> tuple[int, Any]:
    return sandbox.request("POST", UPSERT, batch(*(emails or ("ann@partner.example",)), **more), token=TOKEN)


@contextmanager
def raw_call(sandbox: CrmSandbox, timeout: float = 5) -> Iterator[http.client.HTTPResponse]:
    """Without a client that hides what happens on the wire."""
    connection = http.client.HTTPConnection(sandbox.url.removeprefix("http://"), timeout=timeout)
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    with closing(connection):
        connection.request("POST", UPSERT, json.dumps(batch("ann@partner.example")), headers)
        with closing(connection.getresponse()) as answer:
            yield answer


def emails(sandbox: CrmSandbox) -> set[str]:
    return {record["email"] for record in sandbox.records("hubspot", "contacts").values()}


@pytest.fixture
def salesforce_token(sandbox: CrmSandbox) -> str:
    form = f"grant_type=client_credentials&client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}"
    status, answer = sandbox.request("POST", "/salesforce/services/oauth2/token", raw=form.encode())
    assert status == 200
    return str(answer["access_token"])


def update(sandbox: CrmSandbox, token: str, *ids: str) -> tuple[int, Any]:
    records = [{"attributes": {"type": "Contact"}, "id": each, "Title": "X"} for each in ids]
    return sandbox.request("PATCH", COLLECTION, {"records": records}, token=token)


# ---- answers


@pytest.mark.parametrize("retry_after", ["", "7"])
def test_throttled_with_and_without_a_word_when_to_come_back(sandbox: CrmSandbox, retry_after: str) -> None:
    sandbox.misbehave("hubspot", "throttle", count=1, retry_after=retry_after)
    with raw_call(sandbox) as answer:
        content = json.loads(answer.read())

    assert (answer.status, content["errorType"], content["policyName"]) == (429, "RATE_LIMIT", "SECONDLY")
    assert answer.headers.get("Retry-After", "") == retry_after
    assert emails(sandbox) == set()
    assert call(sandbox)[0] == 200


def test_salesforce_throttles_with_403(sandbox: CrmSandbox, salesforce_token: str) -> None:
    sandbox.misbehave("salesforce", "throttle")
    status, answer = update(sandbox, salesforce_token, "0035g0000000001AAA")
    assert (status, answer[0]["errorCode"]) == (403, "REQUEST_LIMIT_EXCEEDED")


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_an_error_of_the_server_changes_nothing(sandbox: CrmSandbox, status: int) -> None:
    sandbox.misbehave("hubspot", "error", status=status)
    assert call(sandbox)[0] == status
    assert emails(sandbox) == set()


def test_an_expired_token_is_refused_until_it_is_behaved(sandbox: CrmSandbox) -> None:
    sandbox.misbehave("hubspot", "expired_token")
    assert [call(sandbox)[0] for _ in range(2)] == [401, 401]
    sandbox.behave("hubspot")
    assert call(sandbox)[0] == 200


def test_a_token_that_salesforce_forgot_stays_forgotten(sandbox: CrmSandbox, salesforce_token: str) -> None:
    contact = sandbox.add("salesforce", "Contact", LastName="A")
    sandbox.misbehave("salesforce", "expired_token", count=1)
    for _ in range(2):
        status, answer = update(sandbox, salesforce_token, contact)
        assert (status, answer[0]["errorCode"]) == (401, "INVALID_SESSION_ID")


def test_missing_permissions(sandbox: CrmSandbox, salesforce_token: str) -> None:
    sandbox.misbehave("hubspot", "forbidden")
    sandbox.misbehave("salesforce", "forbidden")
    status, answer = call(sandbox)
    assert (status, answer["category"]) == (403, "MISSING_SCOPES")
    status, answer = update(sandbox, salesforce_token, "0035g0000000001AAA")
    assert (status, answer[0]["errorCode"]) == (403, "API_DISABLED_FOR_ORG")


@pytest.mark.parametrize(("kind", "status"), [("conflict", 409), ("refuse", 400)])
def test_one_record_spoils_its_batch(sandbox: CrmSandbox, kind: str, status: int) -> None:
    sandbox.misbehave("hubspot", kind, value="bob@partner.example")

    assert call(sandbox, "ann@partner.example", "bob@partner.example")[0] == status
    assert emails(sandbox) == set()
    assert call(sandbox, "ann@partner.example")[0] == 200


def test_one_record_is_refused_and_named_in_a_207(sandbox: CrmSandbox) -> None:
    sandbox.misbehave("hubspot", "partial", value="bob@partner.example")
    inputs = batch("ann@partner.example", "bob@partner.example")["inputs"]
    named = {"inputs": [{**one, "objectWriteTraceId": one["id"][:3]} for one in inputs]}

    status, answer = sandbox.request("POST", UPSERT, named, token=TOKEN)

    assert (status, emails(sandbox)) == (207, {"ann@partner.example"})
    assert [each["objectWriteTraceId"] for each in answer["results"]] == ["ann"]
    assert answer["errors"][0]["context"] == {"objectWriteTraceId": ["bob"]}
    assert answer["errors"][0]["category"] == "VALIDATION_ERROR"
    assert call(sandbox, "bob@partner.example")[0] == 400


def test_a_locked_record(sandbox: CrmSandbox, salesforce_token: str) -> None:
    one, other = (sandbox.add("salesforce", "Contact", LastName=name) for name in ("A", "B"))
    sandbox.misbehave("salesforce", "lock", value=one[:15])
    status, (locked, written) = update(sandbox, salesforce_token, one, other)
    assert (status, written["success"]) == (200, True)
    assert locked["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"

    sandbox.misbehave("hubspot", "lock")
    assert call(sandbox)[0] == 423


def test_an_answer_that_is_not_json(sandbox: CrmSandbox) -> None:
    sandbox.misbehave("hubspot", "garbage")
    status, answer = call(sandbox)
    assert (status, answer[:6]) == (200, "<html>")
    assert emails(sandbox) == set()


# ---- no answers


@pytest.mark.parametrize("applied", [True, False])
def test_silence(sandbox: CrmSandbox, applied: bool) -> None:
    sandbox.misbehave("hubspot", "timeout", seconds=20, count=1, applied=applied)
    with pytest.raises(TimeoutError), raw_call(sandbox, timeout=1):
        pass
    assert sandbox.call_count("hubspot") == 1
    assert emails(sandbox) == ({"ann@partner.example"} if applied else set())


def test_a_connection_closed_in_mid_answer(sandbox: CrmSandbox) -> None:
    sandbox.misbehave("hubspot", "close", count=1)
    with raw_call(sandbox) as answer:
        assert answer.status == 200
        with pytest.raises(http.client.IncompleteRead):
            answer.read()
    assert emails(sandbox) == {"ann@partner.example"}


def test_a_connection_closed_before_the_request_took_effect(sandbox: CrmSandbox) -> None:
    sandbox.misbehave("hubspot", "close", count=1, applied=False)
    with pytest.raises(ConnectionError), raw_call(sandbox):
        pass
    assert emails(sandbox) == set()


def test_a_slow_drip(sandbox: CrmSandbox) -> None:
    sandbox.misbehave("hubspot", "drip", seconds=0.02, count=1)
    with raw_call(sandbox) as answer:
        began = time.monotonic()
        part = answer.read(10)
        assert (len(part), time.monotonic() - began > 0.1) == (10, True)
    assert emails(sandbox) == {"ann@partner.example"}


# ---- which calls are struck


def test_a_fault_strikes_its_crm_its_path_and_as_often_as_told(
    sandbox: CrmSandbox, salesforce_token: str
) -> None:
    sandbox.misbehave("hubspot", "error", path="batch/upsert", count=2)

    assert sandbox.request("GET", "/hubspot/crm/v3/properties/contacts", token=TOKEN)[0] == 200
    assert update(sandbox, salesforce_token, "0035g0000000001AAA")[0] == 200
    assert [call(sandbox)[0] for _ in range(3)] == [500, 500, 200]


def test_faults_strike_one_after_the_other(sandbox: CrmSandbox) -> None:
    sandbox.misbehave("hubspot", "error", count=1)
    sandbox.misbehave("hubspot", "throttle", count=1)
    assert [call(sandbox)[0] for _ in range(3)] == [500, 429, 200]


def test_an_unknown_fault_is_refused(sandbox: CrmSandbox) -> None:
    for shape in ({"crm": "hubspot", "kind": "earthquake"}, {"crm": "hubspot", "kind": "error", "x": 1}):
        assert sandbox.request("POST", "/_control/faults", shape)[0] == 400


def test_calls_are_counted_with_their_status_and_size(sandbox: CrmSandbox) -> None:
    sandbox.misbehave("hubspot", "close", count=1, applied=False)
    with pytest.raises(ConnectionError), raw_call(sandbox):
        pass
    call(sandbox, "ann@partner.example", "bob@partner.example")

    assert [(each["status"], each["records"]) for each in sandbox.calls("hubspot")] == [(0, 1), (200, 2)]
    assert sandbox.call_count("hubspot") == 2
    assert sandbox.call_count("salesforce") == 0
    sandbox.forget_calls()
    assert sandbox.call_count("hubspot") == 0


def test_a_body_beyond_all_measure_is_not_read(sandbox: CrmSandbox) -> None:
    host, port = sandbox.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as plain:
        plain.sendall(f"POST {UPSERT} HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n".encode())
        assert plain.recv(100).startswith(b"HTTP/1.1 413")
