from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from builders import NOW, certification, completion, organization, user
from certification.adapters.dynamodb.items.completions import completion_to_item
from certification.adapters.dynamodb.items.directory import organization_to_item, user_to_item
from certification.adapters.dynamodb.table import Put
from certification.domain.connection import PauseReason
from certification.domain.crm_property import CrmProperty, PropertyKind
from certification.domain.model import PublishStatus
from certification.domain.push import Fate, Pushed
from certification.http.application import respond
from certification.http.router import RouteTable
from certification.http.routes import crm, crm_reports
from described import assert_described
from fake_crm import CERT, EXPIRES, STATUS, World, failing

TABLE = RouteTable([*crm.ROUTES, *crm_reports.ROUTES])
CONNECTION = {"base_url": "https://api.hubapi.com", "credentials": {"access_token": "pat-secret"}}
MAPPING = {"match": {"source": "email", "target": "email"}, "fields": [STATUS, EXPIRES]}
COMPANY = {
    "match": {"source": "organization_id", "target": "partner_id"},
    "fields": [{"certification_id": CERT, "source": "certified_user_count", "target": "count"}],
}
DESCRIBED = (
    CrmProperty(name="email", kind=PropertyKind.TEXT, unique=True),
    CrmProperty(name="partner_id", kind=PropertyKind.TEXT, unique=True),
    CrmProperty(name="status", kind=PropertyKind.TEXT),
    CrmProperty(name="expires", kind=PropertyKind.DATE),
    CrmProperty(name="count", kind=PropertyKind.NUMBER),
)
Call = Callable[..., tuple[int, Any]]


@pytest.fixture
def world() -> World:
    world = World()
    world.crm.described = DESCRIBED
    world.app.definitions.add(certification(CERT))
    world.table.write(Put(user_to_item(user(organization_id="o-1"))))
    world.table.write(Put(organization_to_item(organization())))
    world.table.write(Put(completion_to_item(completion())))
    return world


@pytest.fixture
def call(world: World) -> Call:
    def send(method: str, path: str, body: Any = None, query: str = "", **headers: str) -> tuple[int, Any]:
        event = {
            "rawPath": path,
            "rawQueryString": query,
            "headers": {"host": "api.example", "content-type": "application/json", **headers},
            "requestContext": {"http": {"method": method}, "requestId": "r-1", "stage": "$default"},
            "body": json.dumps(body) if body is not None else None,
            "isBase64Encoded": False,
        }
        answer = respond(world.app, TABLE, event)
        assert_described(event, answer, TABLE)
        return answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None

    return send


@pytest.fixture
def connected(world: World, call: Call) -> World:
    assert call("PUT", "/crm/hubspot/connection", CONNECTION)[0] == 201
    assert call("PUT", "/crm/hubspot/mappings/contact", MAPPING)[0] == 201
    return world


def test_a_connection_is_tested_and_saved_and_its_secret_never_comes_back(world: World, call: Call) -> None:
    status, saved = call("PUT", "/crm/hubspot/connection", CONNECTION)

    assert status == 201
    assert world.gateways.tried == [{"access_token": "pat-secret"}]
    assert saved["account"] == "Partner portal (test)"
    assert (saved["state"], saved["credentials"]) == ("connected", "access_token")
    shown = call("GET", "/crm/hubspot/connection")
    assert shown == (200, saved)
    assert "pat-secret" not in json.dumps(shown)
    assert "pat-secret" not in json.dumps([dict(item) for item in world.table.items.values()], default=str)
    assert json.loads(world.secrets.texts["/crm/hubspot"])["credentials"] == {"access_token": "pat-secret"}


@pytest.mark.parametrize(
    ("reason", "pointer", "code"),
    [
        (PauseReason.CREDENTIALS, "/credentials", "credentials_refused"),
        (PauseReason.FORBIDDEN, "/credentials", "permission_missing"),
        (PauseReason.UNAVAILABLE, "/base_url", "unreachable"),
    ],
)
def test_a_connection_that_does_not_work_is_not_saved(
    world: World, call: Call, reason: PauseReason, pointer: str, code: str
) -> None:
    world.crm.before = failing(reason)

    status, problem = call("PUT", "/crm/hubspot/connection", CONNECTION)

    assert status == 422
    assert (problem["errors"][0]["pointer"], problem["errors"][0]["code"]) == (pointer, code)
    assert call("GET", "/crm/hubspot/connection")[0] == 404
    assert world.secrets.texts == {}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"base_url": "http://api.hubapi.com"}, "/base_url"),
        ({"base_url": "https://user:pw@api.hubapi.com"}, "/base_url"),
        ({"base_url": "https://api.hubapi.com/?portal=1"}, "/base_url"),
        ({"base_url": "ftp://x"}, "/base_url"),
        ({"base_url": "https://"}, "/base_url"),
        ({"base_url": "https://h:99999"}, "/base_url"),
        ({"credentials": None}, "/credentials"),
        ({"credentials": {"client_id": "x", "client_secret": "y"}}, "/credentials"),
        ({"credentials": {}}, "/credentials"),
        ({"credentials": {"password": "x"}}, "/credentials/password"),
        ({"base_url": f"https://h/{'p' * 100}", "credentials": {"access_token": "t" * 4000}}, "/credentials"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_a_bad_connection_is_refused_with_the_place(
    call: Call, changes: dict[str, Any], pointer: str
) -> None:
    status, problem = call("PUT", "/crm/hubspot/connection", {**CONNECTION, **changes})

    assert status == 422
    assert problem["errors"][0]["pointer"] == pointer


def test_the_sandbox_may_be_reached_without_tls_on_this_machine(call: Call) -> None:
    assert (
        call("PUT", "/crm/hubspot/connection", {**CONNECTION, "base_url": "http://127.0.0.1:5267"})[0] == 201
    )


def test_kept_credentials_are_only_used_for_the_host_they_were_given_for(world: World, call: Call) -> None:
    call("PUT", "/crm/hubspot/connection", CONNECTION)

    same = call("PUT", "/crm/hubspot/connection", {"base_url": "https://api.hubapi.com", "shadow": True})
    other = call("PUT", "/crm/hubspot/connection", {"base_url": "https://evil.example"})

    assert (same[0], same[1]["shadow"]) == (200, True)
    assert (other[0], other[1]["errors"][0]["pointer"]) == (422, "/credentials")
    assert len(world.gateways.tried) == 2


def test_if_match_guards_a_connection(call: Call) -> None:
    call("PUT", "/crm/hubspot/connection", CONNECTION)

    assert call("PUT", "/crm/hubspot/connection", CONNECTION, **{"if-match": '"7"'})[0] == 412
    assert call("PUT", "/crm/hubspot/connection", CONNECTION, **{"if-match": '"1"'})[0] == 200


def test_deleting_a_connection_forgets_the_credentials(world: World, call: Call, connected: World) -> None:
    assert call("DELETE", "/crm/hubspot/connection")[0] == 204

    assert world.secrets.texts.get("/crm/hubspot") is None
    assert call("GET", "/crm/hubspot/connection")[0] == 404
    assert world.app.connections.plan().uses == {}


@pytest.mark.parametrize(
    "path", ["/crm/pipedrive/connection", "/crm/hubspot/mappings/account", "/crm/x/sync"]
)
def test_what_is_no_crm_or_object_of_ours_is_404(call: Call, path: str) -> None:
    assert call("GET", path)[0] == 404


def test_a_mapping_is_kept_and_brought_to_everyone(world: World, call: Call, connected: World) -> None:
    world.crm.add("u-1@partner.example")

    world.drain()

    assert world.crm.by_match("u-1@partner.example") == {"status": "active", "expires": "2027-11-20"}
    status, shown = call("GET", "/crm/hubspot/mappings/contact")
    assert (status, shown["fields"], shown["problems"]) == (200, MAPPING["fields"], [])
    done = call("GET", f"/crm/hubspot/backfills/{shown['backfill_id']}")[1]
    assert (done["state"], done["marked"]) == ("completed", 1)


def test_a_mapping_saved_again_has_what_failed_tried_again(
    world: World, call: Call, connected: World
) -> None:
    """Whoever saves it may have mended the CRM meanwhile."""
    world.crm.add("u-1@partner.example")
    world.crm.fate = lambda _: Pushed(fate=Fate.REFUSED, message="a rule of ours")
    world.drain()
    assert [row["state"] for row in call("GET", "/crm/hubspot/sync")[1]["items"]] == ["failed"]

    world.crm.fate = None
    assert call("PUT", "/crm/hubspot/mappings/contact", MAPPING)[0] == 200
    world.drain()

    assert [row["state"] for row in call("GET", "/crm/hubspot/sync")[1]["items"]] == ["synced"]


def test_a_mapping_saved_again_makes_nothing_anew_that_was_deleted(world: World, call: Call) -> None:
    """That is for somebody to ask for, by a sync."""
    call("PUT", "/crm/hubspot/connection", {**CONNECTION, "create_missing": True})
    call("PUT", "/crm/hubspot/mappings/contact", MAPPING)
    world.drain()
    world.crm.records.clear()
    world.table.write(Put(completion_to_item(completion(expiration_date=None))))
    call("POST", "/crm/hubspot/sync", {"all": True})
    world.drain()
    (row,) = call("GET", "/crm/hubspot/sync")[1]["items"]
    assert (row["state"], world.crm.records) == ("disconnected", {})

    call("PUT", "/crm/hubspot/mappings/contact", {**MAPPING, "fields": [STATUS]})
    world.drain()

    assert world.crm.records == {}
    call("POST", "/crm/hubspot/sync", {"user_id": "u-1"})
    world.drain()
    assert world.crm.by_match("u-1@partner.example") == {"status": "active"}


def test_a_mapping_that_the_crm_would_refuse_is_not_saved(world: World, call: Call, connected: World) -> None:
    wrong = {**MAPPING, "fields": [{**STATUS, "target": "no_such"}, {**EXPIRES, "target": "count"}]}

    status, problem = call("PUT", "/crm/hubspot/mappings/contact", wrong)

    assert status == 422
    assert {(e["pointer"], e["code"]) for e in problem["errors"]} == {
        ("/fields/0/target", "unknown_property"),
        ("/fields/1/target", "wrong_type"),
    }
    assert call("GET", "/crm/hubspot/mappings/contact")[1]["fields"] == MAPPING["fields"]


def test_a_mapping_of_a_certification_that_does_not_exist_is_refused(call: Call, connected: World) -> None:
    wrong = {**MAPPING, "fields": [{**STATUS, "certification_id": "cert-9"}]}

    status, problem = call("PUT", "/crm/hubspot/mappings/contact", wrong)

    assert (status, problem["errors"][0]["code"]) == (422, "certification_unknown")


def test_a_mapping_needs_a_connection(call: Call) -> None:
    assert call("PUT", "/crm/hubspot/mappings/contact", MAPPING)[0] == 409


def test_a_mapping_cannot_be_checked_while_the_crm_is_down(call: Call, connected: World) -> None:
    connected.crm.before = failing(PauseReason.UNAVAILABLE)

    assert call("PUT", "/crm/hubspot/mappings/contact", MAPPING)[0] == 409


def test_a_missing_option_for_a_published_certification_is_told(call: Call, connected: World) -> None:
    some = CrmProperty(name="certs", kind=PropertyKind.CHOICES, options=(CERT,))
    connected.crm.described = (*DESCRIBED, some)
    field = {"source": "active_certifications", "target": "certs"}
    connected.app.definitions.add(certification("cert-draft", publish_status=PublishStatus.DRAFT))
    assert call("PUT", "/crm/hubspot/mappings/contact", {**MAPPING, "fields": [field]})[0] == 200

    connected.app.definitions.add(certification("cert-2"))
    status, problem = call("PUT", "/crm/hubspot/mappings/contact", {**MAPPING, "fields": [field]})

    assert (status, problem["errors"][0]["code"]) == (422, "option_missing")


def test_a_preview_shows_present_and_new_and_why_and_writes_nothing(call: Call, connected: World) -> None:
    record = connected.crm.add("u-1@partner.example", status="old")

    status, shown = call("POST", "/crm/hubspot/preview", {"user_id": "u-1"})

    assert status == 200
    assert (shown["object"], shown["action"], shown["record_id"]) == ("contact", "update", record)
    first, second = shown["fields"]
    assert (first["present"], first["new"], first["written"]) == ("old", "active", True)
    assert first["from"] == "cycle 1"
    assert connected.app.completion_ids.read(first["certification_completion_id"]) is not None
    assert (second["present"], second["new"]) == ("", "2027-11-20")
    assert connected.crm.records[record] == {"match": "u-1@partner.example", "status": "old"}
    assert connected.crm.calls == []


def test_a_preview_says_why_nothing_would_be_written(call: Call, connected: World) -> None:
    assert call("POST", "/crm/hubspot/preview", {"user_id": "u-1"})[1]["action"] == "unlinked"
    connected.crm.add("u-1@partner.example")
    connected.drain()

    shown = call("POST", "/crm/hubspot/preview", {"user_id": "u-1"})[1]

    assert (shown["action"], shown["fields"][0]["written"]) == ("none", False)
    assert shown["fields"][0]["why"] == "this value was written already"


@pytest.mark.parametrize("body", [{}, {"user_id": "u-1", "organization_id": "o-1"}, {"user": "u-1"}])
def test_a_preview_is_of_one_holder(call: Call, connected: World, body: Any) -> None:
    assert call("POST", "/crm/hubspot/preview", body)[0] == 422


def test_an_unknown_holder_is_404(call: Call, connected: World) -> None:
    assert call("POST", "/crm/hubspot/preview", {"user_id": "u-9"})[0] == 404
    assert call("POST", "/crm/hubspot/sync", {"user_id": "u-9"})[0] == 404
    assert call("POST", "/crm/hubspot/sync", {"organization_id": "o-1"})[0] == 404


def test_what_failed_is_listed_with_the_words_of_the_crm_and_retried_on_request(
    call: Call, connected: World
) -> None:
    connected.crm.add("u-1@partner.example")
    connected.crm.fate = lambda _: Pushed(
        fate=Fate.REFUSED, code="FROZEN", message="not now", correlation_id="c-1"
    )
    connected.drain()

    (listed,) = call("GET", "/crm/hubspot/sync", query="state=failed")[1]["items"]
    assert (listed["holder"], listed["code"], listed["message"]) == (
        {"type": "user", "id": "u-1"},
        "FROZEN",
        "not now",
    )
    assert listed["correlation_id"] == "c-1"

    connected.crm.fate = None
    status, started = call("POST", "/crm/hubspot/sync", {"failed": True})
    assert (status, started["backfill"]["state"]) == (202, "running")
    connected.drain()
    assert connected.crm.by_match("u-1@partner.example")["status"] == "active"
    assert all_rows(call, "state=failed") == []


def all_rows(call: Call, query: str) -> list[Any]:
    rows, cursor = [], ""
    while True:
        status, page = call("GET", "/crm/hubspot/sync", query=f"{query}&limit=1{cursor}")
        assert status == 200
        rows += page["items"]
        if page["next_cursor"] is None:
            return rows
        cursor = f"&cursor={page['next_cursor']}"


def test_one_holder_is_synced_now(call: Call, connected: World) -> None:
    connected.drain()
    connected.crm.add("u-1@partner.example")

    status, asked = call("POST", "/crm/hubspot/sync", {"user_id": "u-1"})

    assert (status, asked["record"]["state"]) == (202, "pending")
    assert [row["holder"]["id"] for row in all_rows(call, "state=pending")] == ["u-1"]
    connected.drain()
    (row,) = all_rows(call, "state=synced")
    assert row["sent"] == {"status": "active", "expires": "2027-11-20"}
    assert row["settled_at"] is not None
    assert len(all_rows(call, "")) == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"failed": False}, {"all": True, "failed": True}, {"all": "yes"}, {"user_id": "u-1", "all": True}],
)
def test_a_sync_request_says_one_thing(call: Call, connected: World, body: Any) -> None:
    assert call("POST", "/crm/hubspot/sync", body)[0] == 422


def test_a_forged_cursor_is_400(call: Call, connected: World) -> None:
    assert call("GET", "/crm/hubspot/sync", query="cursor=abc")[0] == 400


def test_the_count_of_certified_users_follows_its_members(world: World, call: Call, connected: World) -> None:
    world.crm.add("o-1")

    assert call("PUT", "/crm/hubspot/mappings/company", COMPANY)[0] == 201
    world.drain()
    assert world.crm.by_match("o-1") == {"count": "1"}


def test_a_pause_is_shown_with_its_reason(call: Call, connected: World) -> None:
    connected.crm.add("u-1@partner.example")
    connected.crm.before = failing(PauseReason.CREDENTIALS, correlation_id="c-7")
    connected.drain()

    shown = call("GET", "/crm/hubspot/connection")[1]

    assert (shown["state"], shown["pauses"][0]["reason"]) == ("paused", "credentials")
    assert shown["pauses"][0]["correlation_id"] == "c-7"
    connected.crm.before = None
    assert call("PUT", "/crm/hubspot/connection", CONNECTION)[1]["state"] == "connected"
    connected.drain()
    assert connected.crm.by_match("u-1@partner.example")["status"] == "active"


def test_reconciliation_reports_drift_and_repairs_it_if_told_to(call: Call, connected: World) -> None:
    record = connected.crm.add("u-1@partner.example")
    connected.drain()
    connected.crm.records[record]["status"] = "somebody else's"

    looked = reconcile(call, connected, {"all": True})
    assert (looked["state"], looked["checked"], looked["drifted"], looked["repaired"]) == (
        "completed",
        1,
        1,
        0,
    )
    assert looked["findings"][0]["expected"] == {"status": "active"}
    assert looked["findings"][0]["found"] == {"status": "somebody else's"}
    assert connected.crm.records[record]["status"] == "somebody else's"

    assert reconcile(call, connected, {"all": True, "repair": True})["repaired"] == 1
    connected.drain()
    assert connected.crm.records[record]["status"] == "active"
    assert reconcile(call, connected, {"all": True})["drifted"] == 0
    assert len(call("GET", "/crm/hubspot/reconciliations")[1]["items"]) == 3


def test_reconciliation_finds_what_was_deleted(call: Call, connected: World) -> None:
    connected.crm.add("u-1@partner.example")
    connected.drain()
    connected.crm.records.clear()

    assert reconcile(call, connected, {})["gone"] == 1

    (row,) = all_rows(call, "state=disconnected")
    assert row["code"] == "deleted"


def test_reconciliation_says_what_stopped_it(call: Call, connected: World) -> None:
    connected.crm.add("u-1@partner.example")
    connected.drain()
    connected.crm.before = failing(PauseReason.UNAVAILABLE)

    stopped = reconcile(call, connected, {})

    assert (stopped["state"], stopped["problem"]) == ("stopped", "failed: unavailable")


def reconcile(call: Call, world: World, body: dict[str, Any]) -> Any:
    from certification.services.crm_messages import handle_messages

    world.clock.advance(seconds=1)
    world.bells.take()
    status, started = call("POST", "/crm/hubspot/reconciliations", body)
    assert status == 202
    handle_messages(world.app, "hubspot", world.bells.take(), lambda: 60)
    return call("GET", f"/crm/hubspot/reconciliations/{started['reconciliation_id']}")[1]


def test_everything_is_for_admins() -> None:
    assert {route.scope for route in TABLE.routes} == {"admin"}
    assert NOW.tzinfo is not None
