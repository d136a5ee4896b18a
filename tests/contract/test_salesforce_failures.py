"""Every way in which Salesforce may fail as a whole: told apart, bounded in time, and without a secret in the words."""

from __future__ import annotations

import base64
import json
import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote_plus

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from local.crm_sandbox.salesforce_token import CLIENT_ID, ORGANIZATION, USERNAME

from builders import NOW
from certification.adapters.crm.batches import MOST_CALLS
from certification.adapters.crm.deadline import Patience
from certification.adapters.crm.salesforce import LEAST_BATCH, open_gateway
from certification.domain.connection import Connection, PauseReason, StoredMapping
from certification.domain.crm_gateway import CrmGateway
from certification.domain.push import Fate, PushFailedError
from contract.salesforce import (
    COLLECTIONS,
    COUNT,
    CREDENTIALS,
    QUERY,
    STATUS,
    TOKEN,
    calls,
    email,
    fates,
    gateway,
    mapped,
    people,
    statuses,
    to,
)
from contract.sandbox import CrmSandbox


class Org:
    """A server of our own making, for answers that the sandbox would never give. It repeats what it was asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.token = "00Dx!" + "s3cret" * 5
        self.instance_url = url
        self.heard: list[str] = []
        self.answers: dict[str, tuple[int, Any]] = {}

    def gateway(self, credentials: dict[str, str] | None = None, **changes: Any) -> CrmGateway:
        values = {"base_url": self.url, "credentials": "", "link": "l", "changed_at": NOW, **changes}
        patience = Patience(connect=2, read=5, whole=10, least=0.1)
        return open_gateway(
            Connection(crm="salesforce", **values), credentials or CREDENTIALS, patience=patience
        )

    def answer(self, path: str, body: str, authorization: str) -> tuple[int, Any]:
        self.heard += [path, body, authorization]
        if path.endswith(TOKEN) and TOKEN not in self.answers:
            return 200, {"access_token": self.token, "instance_url": self.instance_url}
        status, content = next(
            (given for part, given in self.answers.items() if part in path), (200, self._usual(path))
        )
        if content == "echo":
            content = [{"errorCode": "ECHO", "message": f"{path} {body} {authorization}"}]
        return status, content

    def _usual(self, path: str) -> Any:
        if "describe" not in path:
            return []
        field = {"name": "Certification_Count__c", "type": "double", "updateable": True}
        return {"updateable": True, "createable": True, "fields": [field]}


@contextmanager
def serving() -> Iterator[Org]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            status, content = made.answer(self.path, body, self.headers.get("authorization", ""))
            raw = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_POST = do_PATCH = do_GET  # noqa: N815 - names of the base class

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - name of the base class
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Org(f"http://127.0.0.1:{server.server_address[1]}")
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield made
        server.shutdown()


@pytest.fixture
def org() -> Iterator[Org]:
    with serving() as made:
        yield made


@pytest.fixture
def crm(sandbox: CrmSandbox) -> CrmGateway:
    return gateway(sandbox)


@pytest.fixture
def contacts(sandbox: CrmSandbox, crm: CrmGateway) -> StoredMapping:
    stored = mapped(crm)
    sandbox.forget_calls()
    return stored


def failure(work: Any, *args: Any) -> PushFailedError:
    with pytest.raises(PushFailedError) as raised:
        work(*args)
    return raised.value


# ---- tokens


def test_one_token_serves_until_it_expires(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    (ann,) = people(sandbox, 1)
    crm.push(contacts, [to(record_id=ann)])
    sandbox.misbehave("salesforce", "expired_token", count=1)
    assert fates(crm.push(contacts, [to(record_id=ann)])) == [Fate.WRITTEN]
    crm.push(contacts, [to(record_id=ann)])

    asked = [(path.rpartition("/")[2], method) for method, path, _ in calls(sandbox)]
    write = ("sobjects", "PATCH")
    assert asked == [write, write, ("token", "POST"), write, write]


def test_a_token_that_is_refused_at_once_again_is_not_asked_for_a_third_time(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    sandbox.misbehave("salesforce", "expired_token", path="composite")
    failed = failure(crm.push, contacts, [to(email(0), create=True)])
    assert failed.reason is PauseReason.CREDENTIALS
    assert "INVALID_SESSION_ID" in failed.message
    assert not failed.unknown
    assert len(calls(sandbox)) == 3

    sandbox.behave()
    assert fates(crm.push(contacts, [to(email(0))])) == [Fate.NOT_FOUND]


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"client_secret": "wrong-secret"}, "invalid_client"), ({"client_id": "x"}, "invalid_client_id")],
)
def test_wrong_credentials_are_told_in_salesforces_words(
    sandbox: CrmSandbox, changed: dict[str, str], said: str
) -> None:
    failed = failure(gateway(sandbox, {**CREDENTIALS, **changed}).test)
    assert failed.reason is PauseReason.CREDENTIALS
    assert said in failed.message


def pem(key: Any, how: KeySerializationEncryption | None = None) -> str:
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how or NoEncryption()).decode())


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def jwt_bearer(key: str, **changes: str) -> dict[str, str]:
    return {"client_id": CLIENT_ID, "username": USERNAME, "private_key": key, **changes}


@pytest.fixture
def trusting(sandbox: CrmSandbox, rsa_key: rsa.RSAPrivateKey) -> Iterator[CrmSandbox]:
    public = rsa_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    sandbox.trust(public.decode())
    yield sandbox
    sandbox.trust("")


def test_a_signed_assertion_gets_a_token(trusting: CrmSandbox, rsa_key: rsa.RSAPrivateKey) -> None:
    crm = gateway(trusting, jwt_bearer(pem(rsa_key)))
    assert ORGANIZATION in crm.test()
    assert fates(crm.push(mapped(crm), [to(email(0))])) == [Fate.NOT_FOUND]


def test_an_assertion_by_another_key_or_for_another_user_does_not(
    trusting: CrmSandbox, rsa_key: rsa.RSAPrivateKey
) -> None:
    other = pem(rsa.generate_private_key(65537, 2048))
    for credentials in (jwt_bearer(other), jwt_bearer(pem(rsa_key), username="somebody@else.example")):
        failed = failure(gateway(trusting, credentials).test)
        assert failed.reason is PauseReason.CREDENTIALS
        assert "invalid_grant" in failed.message


def test_what_is_no_rsa_key_is_said_without_showing_it(
    sandbox: CrmSandbox, rsa_key: rsa.RSAPrivateKey
) -> None:
    wrong = [
        "not a key at all",
        pem(ec.generate_private_key(ec.SECP256R1())),
        pem(rsa_key, BestAvailableEncryption(b"password")),
        pem(rsa_key)[:300],
    ]
    for key in wrong:
        failed = failure(gateway(sandbox, jwt_bearer(key)).test)
        assert failed.reason is PauseReason.CREDENTIALS
        assert "RSA key in PEM" in failed.message
        assert key not in "".join(traceback.format_exception(failed))


# ---- the test of a connection


def test_a_connection_that_works_says_whose_it_is_and_what_may_be_done(sandbox: CrmSandbox) -> None:
    told = gateway(sandbox).test()
    assert ORGANIZATION in told
    assert "Contact: read and write; Account: read and write" in told


def test_host_version_credentials_and_permission_are_told_apart(sandbox: CrmSandbox) -> None:
    nobody = failure(gateway(sandbox, base_url="http://127.0.0.1:9").test)
    assert (nobody.reason, nobody.unknown) == (PauseReason.UNAVAILABLE, False)
    assert "127.0.0.1:9 cannot be reached" in nobody.message

    other = failure(gateway(sandbox, base_url=f"{sandbox.url}/elsewhere").test)
    assert other.reason is PauseReason.UNAVAILABLE
    assert "My Domain" in other.message

    version = failure(gateway(sandbox, api_version="sixty").test)
    assert version.reason is PauseReason.MAPPING
    assert "vsixty" in version.message

    sandbox.misbehave("salesforce", "forbidden", path="describe")
    forbidden = failure(gateway(sandbox).test)
    assert forbidden.reason is PauseReason.FORBIDDEN
    assert "Contact: no permission" in forbidden.message


def test_one_object_without_permission_does_not_hinder_the_other(sandbox: CrmSandbox) -> None:
    sandbox.misbehave("salesforce", "forbidden", path="Account/describe")
    told = gateway(sandbox).test()
    assert "Contact: read and write" in told
    assert "Account: no permission" in told


def test_an_object_may_be_visible_and_closed(org: Org) -> None:
    org.answers["describe"] = (200, {"updateable": False, "createable": False, "fields": []})
    failed = failure(org.gateway().test)
    assert failed.reason is PauseReason.FORBIDDEN
    assert "Contact: may be read but not written" in failed.message

    assert "Contact: read; Account: read" in org.gateway(shadow=True).test()

    org.answers["describe"] = (200, {"updateable": True, "createable": False, "fields": []})
    assert "Contact: read and write, but not create" in org.gateway(create_missing=True).test()

    org.answers["describe"] = (404, [{"errorCode": "NOT_FOUND", "message": "no such resource"}])
    assert "needs Read and Edit" in failure(org.gateway().test).message
    assert failure(org.gateway().properties, "contact").reason is PauseReason.FORBIDDEN


# ---- throttled, down, slow


def test_the_request_limit_pauses_for_as_long_as_salesforce_asks(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    (ann,) = people(sandbox, 1)
    for header, asked in (("120", timedelta(minutes=2)), ("", None)):
        sandbox.misbehave("salesforce", "throttle", count=1, retry_after=header)
        failed = failure(crm.push, contacts, [to(record_id=ann)])
        assert (failed.reason, failed.retry_after, failed.unknown) == (PauseReason.THROTTLED, asked, False)
        assert "REQUEST_LIMIT_EXCEEDED" in failed.message
    assert fates(crm.push(contacts, [to(record_id=ann)])) == [Fate.WRITTEN]


def test_the_request_limit_at_the_token_is_no_fault_of_the_credentials(sandbox: CrmSandbox) -> None:
    sandbox.misbehave("salesforce", "throttle", path=TOKEN)
    assert failure(gateway(sandbox).test).reason is PauseReason.THROTTLED


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_is_an_outage_and_the_outcome_of_a_write_unknown(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping, status: int
) -> None:
    (ann,) = people(sandbox, 1)
    sandbox.misbehave("salesforce", "error", status=status, count=1)
    failed = failure(crm.push, contacts, [to(record_id=ann)])
    assert (failed.reason, failed.unknown) == (PauseReason.UNAVAILABLE, True)
    assert str(status) in failed.message


@pytest.mark.parametrize("kind", ["timeout", "close", "drip"])
@pytest.mark.parametrize("applied", [True, False])
def test_no_answer_to_a_write_leaves_the_outcome_unknown_and_a_repetition_repairs_it(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping, kind: str, applied: bool
) -> None:
    people(sandbox, 2)
    batch = [to(email(number)) for number in range(2)]
    sandbox.misbehave("salesforce", kind, path=COLLECTIONS, applied=applied, count=1, seconds=2)

    failed = failure(crm.push, contacts, batch)

    assert (failed.reason, failed.unknown) == (PauseReason.UNAVAILABLE, True)
    assert statuses(sandbox) == (["active"] * 2 if applied else [""] * 2)
    assert fates(crm.push(contacts, batch)) == [Fate.WRITTEN] * 2
    assert len(sandbox.records("salesforce", "Contact")) == 2


def test_a_repeated_creation_after_no_answer_makes_nothing_twice(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    batch = [to(email(number), create=True, name="Ada Lovelace") for number in range(3)]
    for kind in ("close", "timeout", "drip"):
        sandbox.misbehave("salesforce", kind, path=COLLECTIONS, count=2, seconds=2)
        failure(crm.push, contacts, batch)
        sandbox.behave()
    assert fates(crm.push(contacts, batch)) == [Fate.WRITTEN] * 3
    assert len(sandbox.records("salesforce", "Contact")) == 3


@pytest.mark.parametrize("kind", ["timeout", "close", "drip", "error"])
def test_no_answer_to_a_look_up_leaves_nothing_in_doubt(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping, kind: str
) -> None:
    people(sandbox, 1)
    sandbox.misbehave("salesforce", kind, path=QUERY, count=1, seconds=2)
    failed = failure(crm.push, contacts, [to(email(0))])
    assert (failed.reason, failed.unknown) == (PauseReason.UNAVAILABLE, False)


def test_what_was_written_before_the_failure_is_in_doubt(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    """The update went through, the upsert was throttled: which records were written is not told."""
    (ann,) = people(sandbox, 1)
    sandbox.misbehave("salesforce", "throttle", path="Contact/Email")
    failed = failure(crm.push, contacts, [to(record_id=ann), to("new@partner.example", create=True)])
    assert (failed.reason, failed.unknown) == (PauseReason.THROTTLED, True)


@pytest.mark.parametrize("path", [TOKEN, QUERY, COLLECTIONS, "describe"])
@pytest.mark.parametrize("kind", ["timeout", "drip"])
def test_one_use_is_over_in_time_however_slow_salesforce_is(
    sandbox: CrmSandbox, path: str, kind: str
) -> None:
    stored = mapped(gateway(sandbox))
    people(sandbox, 3)
    fresh = gateway(sandbox, patience=Patience(connect=0.5, read=0.6, whole=1, least=0.1))
    sandbox.misbehave("salesforce", kind, path=path, seconds=0.3 if kind == "drip" else 30)

    started = time.monotonic()
    if path == "describe":
        failure(fresh.test)
    else:
        failure(fresh.push, stored, [to(email(0)), to(email(1), create=True)])
    assert time.monotonic() - started < 20


def test_after_no_answer_the_batches_are_smaller_for_a_while(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    """An org whose own automation needs too long for 200 records would otherwise never be done."""
    (ann,) = people(sandbox, 1)
    sandbox.misbehave("salesforce", "close", path=COLLECTIONS, count=4)
    sizes = []
    for _ in range(4):
        failure(crm.push, contacts, [to(record_id=ann)])
        sizes.append(crm.batch_size)
    assert sizes == [100, 50, 25, LEAST_BATCH]
    for _ in range(3):
        crm.push(contacts, [to(record_id=ann)])
    assert crm.batch_size == 200


def test_what_is_not_json_is_told_as_such(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    (ann,) = people(sandbox, 1)
    sandbox.misbehave("salesforce", "garbage", count=1)
    failed = failure(crm.push, contacts, [to(record_id=ann)])
    assert (failed.reason, failed.unknown) == (PauseReason.UNAVAILABLE, True)
    assert "not JSON" in failed.message
    sandbox.misbehave("salesforce", "garbage", path=TOKEN)
    assert failure(gateway(sandbox).test).reason is PauseReason.UNAVAILABLE


def test_an_answer_without_a_result_for_each_record_is_not_believed(org: Org) -> None:
    stored = mapped(org.gateway(), STATUS)
    contents: list[Any] = [[], [{"id": "1", "success": True}] * 3, {"id": "1"}, [None], [{}]]
    for content in contents:
        org.answers["composite"] = (200, content)
        failed = failure(org.gateway().push, stored, [to(record_id="0035g0000000001AAA")] * 1)
        assert (failed.reason, failed.unknown) == (PauseReason.UNAVAILABLE, True)


@pytest.mark.parametrize("content", [None, [], {}, {"records": None}, {"records": [None]}, {"records": [{}]}])
def test_a_look_up_that_lists_nothing_tells_of_no_missing_record(org: Org, content: Any) -> None:
    """Else whoever answers in Salesforce's name would have every record unlinked, or taken for deleted."""
    stored = mapped(org.gateway(), STATUS)
    org.answers |= dict.fromkeys(("query", "composite", "describe"), (200, content))
    crm = org.gateway()
    for look in (
        partial(crm.push, stored, [to(email(0))]),
        partial(crm.read, stored, ["0035g0000000001AAA"]),
        partial(crm.find, stored, email(0)),
        partial(crm.properties, "contact"),
    ):
        failed = failure(look)
        assert (failed.reason, failed.unknown) == (PauseReason.UNAVAILABLE, False)


def test_a_refusal_without_a_readable_reason_is_still_that_records_own(org: Org) -> None:
    stored = mapped(org.gateway(), STATUS)
    org.answers["composite"] = (200, [{"success": False, "errors": ["no"]}])
    (pushed,) = org.gateway().push(stored, [to(record_id="0035g0000000001AAA")])
    assert (pushed.fate, pushed.message) == (
        Fate.REFUSED,
        "Salesforce refused it and did not say why.",
    )


def test_a_description_without_a_word_of_rights_has_the_usual_ones(org: Org) -> None:
    org.answers["describe"] = (200, {"fields": []})
    assert "Contact: read and write; Account: read and write" in org.gateway(create_missing=True).test()


def test_the_root_of_the_api_is_asked_for_only_where_no_object_is_there(org: Org) -> None:
    missing = (404, [{"errorCode": "NOT_FOUND", "message": "no such resource"}])
    org.answers["Account/describe"] = missing
    org.gateway().test()
    assert "/services/data/v62.0" not in org.heard

    org.answers["describe"] = missing
    failure(org.gateway().test)
    assert "/services/data/v62.0" in org.heard


# ---- refused for all


def test_a_missing_permission_pauses_the_connection(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    sandbox.misbehave("salesforce", "forbidden")
    failed = failure(crm.push, contacts, [to(email(0))])
    assert (failed.reason, failed.unknown) == (PauseReason.FORBIDDEN, False)
    assert "API_DISABLED_FOR_ORG" in failed.message


def test_a_conflict_of_the_whole_batch_is_halved_and_passes(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    ids = people(sandbox, 8)
    sandbox.misbehave("salesforce", "conflict", path=COLLECTIONS, count=1)
    assert fates(crm.push(contacts, [to(record_id=each) for each in ids])) == [Fate.WRITTEN] * 8
    assert [count for _, _, count in calls(sandbox)] == [8, 4, 4]


def test_two_hundred_culprits_cost_a_bounded_number_of_calls(
    sandbox: CrmSandbox, contacts: StoredMapping
) -> None:
    crm = gateway(sandbox, patience=Patience())
    ids = people(sandbox, 200)
    crm.test()
    sandbox.forget_calls()
    sandbox.misbehave("salesforce", "conflict", path=COLLECTIONS)

    pushed = crm.push(contacts, [to(record_id=each) for each in ids])

    assert set(fates(pushed)) == {Fate.REFUSED, Fate.BUSY}
    assert len(calls(sandbox)) == MOST_CALLS


def test_a_field_that_is_gone_pauses_its_mapping(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    (ann,) = people(sandbox, 1)
    batch = [to(record_id=ann, Former__c="x")]
    failed = failure(crm.push, contacts, batch)
    assert failed.reason is PauseReason.MAPPING
    assert "Former__c" in failed.message


def test_a_field_that_nobody_may_write_any_more_pauses_its_mapping(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    ids = people(sandbox, 2)
    sandbox.define("salesforce", "Contact", name="Certification_Count__c", type="double", updateable=False)
    try:
        failed = failure(
            crm.push, contacts, [to(record_id=ids[0], Certification_Count__c=1), to(record_id=ids[1])]
        )
    finally:
        sandbox.define("salesforce", "Contact", name="Certification_Count__c", type="double")
    assert (failed.reason, failed.unknown) == (PauseReason.MAPPING, True)
    assert "Certification_Count__c" in failed.message


def test_a_field_that_one_record_has_closed_fails_only_that_record(org: Org) -> None:
    """A person account has no Name that can be written; every other account has."""
    crm = org.gateway()
    stored = mapped(crm, COUNT)
    error = {"statusCode": "INVALID_FIELD_FOR_INSERT_UPDATE", "message": "closed here", "fields": ["X"]}
    org.answers["composite"] = (200, [{"success": False, "errors": [error]}, {"success": True, "id": "2"}])
    pushed = crm.push(stored, [to(record_id="1", Certification_Count__c=1), to(record_id="2")])
    assert fates(pushed) == [Fate.REFUSED, Fate.WRITTEN]
    assert pushed[0].message == "closed here"


def test_matching_by_what_is_no_key_any_more_pauses_the_mapping(sandbox: CrmSandbox, crm: CrmGateway) -> None:
    stored = mapped(crm, STATUS, by=("email", "Department"))
    failed = failure(crm.push, stored, [to("x", create=True)])
    assert failed.reason is PauseReason.MAPPING


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (400, "REQUEST_RUNNING_TOO_LONG", PauseReason.UNAVAILABLE),
        (403, "TXN_SECURITY_METERING_ERROR", PauseReason.THROTTLED),
        (403, "INSUFFICIENT_ACCESS", PauseReason.FORBIDDEN),
        (404, "NOT_FOUND", PauseReason.MAPPING),
        (410, "UNSUPPORTED_API_VERSION", PauseReason.MAPPING),
        (405, "METHOD_NOT_ALLOWED", PauseReason.UNAVAILABLE),
        (421, "", PauseReason.UNAVAILABLE),
        (429, "", PauseReason.THROTTLED),
        (302, "", PauseReason.UNAVAILABLE),
    ],
)
def test_other_refusals_of_a_whole_call(org: Org, status: int, code: str, reason: PauseReason) -> None:
    crm = org.gateway()
    stored = mapped(crm, STATUS)
    org.answers["composite"] = (status, [{"errorCode": code, "message": "says so"}])
    failed = failure(crm.push, stored, [to(record_id="1")])
    assert (failed.reason, failed.unknown) == (reason, reason is PauseReason.UNAVAILABLE)


def test_an_answer_of_several_pages_is_read_to_its_end(org: Org) -> None:
    stored = mapped(org.gateway(), STATUS)
    first, second = ({"Id": f"0035g000000000{n}AAA", "Email": "x@y.eu"} for n in (1, 2))
    following = "/services/data/v62.0/query/01gD0000002HU6KIAW-2000"
    org.answers["query/01g"] = (200, {"done": True, "records": [second]})
    org.answers["query"] = (200, {"done": False, "records": [first], "nextRecordsUrl": following})
    assert [each.record_id for each in org.gateway().find(stored, "x@y.eu")] == [first["Id"], second["Id"]]
    (pushed,) = org.gateway().push(stored, [to("x@y.eu")])
    assert pushed.fate is Fate.AMBIGUOUS
    assert second["Id"] in pushed.message


# ---- secrets


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 429, 500])
def test_no_secret_is_in_any_words_even_where_salesforce_repeats_it(
    org: Org, rsa_key: rsa.RSAPrivateKey, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key = pem(rsa_key)
    secret = "s3cret+with/signs=="
    for credentials in ({**CREDENTIALS, "client_secret": secret}, jwt_bearer(key)):
        org.answers = {}
        crm = org.gateway(credentials)
        stored = mapped(crm, STATUS)
        told = []
        for part in (TOKEN, "composite", "query", "describe"):
            org.answers = {part: (status, "echo")}
            works: list[Callable[[], object]] = [
                crm.test,
                partial(crm.push, stored, [to(record_id="1")]),
                partial(crm.push, stored, [to("x@y.eu")]),
                org.gateway(credentials).test,
            ]
            for work in works:
                try:
                    told.append(repr(work()))
                except PushFailedError as exc:
                    told += [exc.message, repr(exc), "".join(traceback.format_exception(exc))]
        shown = " ".join(told) + caplog.text
        assert "ECHO" in shown or status in {429, 500}
        for hidden in (secret, quote_plus(secret), org.token, key, key.splitlines()[3]):
            assert hidden not in shown
        sent = [text.partition("assertion=")[2] for text in org.heard if "assertion=" in text]
        assert not any(each[:200] in shown for each in sent)


def test_an_assertion_says_who_for_whom_where_and_for_how_long(org: Org, rsa_key: rsa.RSAPrivateKey) -> None:
    org.gateway(jwt_bearer(pem(rsa_key))).test()
    assertion = next(text for text in org.heard if "assertion=" in text).partition("assertion=")[2]
    claims = json.loads(base64.urlsafe_b64decode(assertion.split(".")[1] + "=="))
    assert (claims["iss"], claims["sub"], claims["aud"]) == (CLIENT_ID, USERNAME, org.url)
    assert 0 < claims["exp"] - time.time() <= 180


def test_the_api_is_where_the_token_says_unless_that_is_not_safe(org: Org) -> None:
    with serving() as other:
        org.instance_url = other.url
        org.gateway().test()
        assert any("describe" in path for path in other.heard)
        assert not any("describe" in path for path in org.heard)

    org.instance_url = "http://instance.example"
    failed = failure(org.gateway().test)
    assert failed.reason is PauseReason.UNAVAILABLE
    assert "not reached over https" in failed.message
