"""`Idempotency-Key` on every POST that creates: once, whatever the network does, and the same answer (R26)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from certification.http.router import Route
from populated import populate
from unit.http.api import HttpApi
from unit.http.walk import ROUTES, each, path_of

CREATING = [route for route in ROUTES if route.idempotent]
SHOWN_ONCE = "/api-keys"
REPEATABLE = [route for route in CREATING if route.path != SHOWN_ONCE]
KEY = {"Idempotency-Key": "order-4711"}


@pytest.fixture
def api() -> HttpApi:
    return HttpApi()


@pytest.fixture
def ids(api: HttpApi) -> dict[str, str]:
    return populate(api.made)


def body_of(route: Route, ids: dict[str, str], *, other: bool = False) -> Any:
    """The documented example, about what is there; another one that is valid too."""
    if route.raw_body is not None:
        return route.example + ("\n" if other else "")
    text = json.dumps(route.example).replace("cert-1", ids["certification_id"]).replace("u-1", "u-2")
    body = json.loads(text)
    changed = (
        {"name": "Another"} if "name" in body else {"max_awards": 7} if "dry_run" in body else {"reason": "x"}
    )
    return {**body, **changed} if other else body


@pytest.fixture(autouse=True)
def somebody_who_holds_nothing(api: HttpApi) -> None:
    api.made("PUT", "/users/u-2", {"email": "bo@partner.example", "name": "Bo"})


def test_every_post_to_a_collection_that_makes_something_is_walked() -> None:
    assert {"/certifications", "/certification-completions", "/evaluations", "/api-keys"} <= {
        route.path for route in CREATING
    }


@each(REPEATABLE)
def test_the_same_request_again_gets_the_same_answer_and_does_nothing(
    api: HttpApi, ids: dict[str, str], route: Route
) -> None:
    body, path = body_of(route, ids), path_of(route.path, **ids)
    first = api.call(route.method, path, body, headers=KEY)
    assert 200 <= first[0] < 300, first
    headers, written = api.headers, len(api.table.changes)
    written_otherwise = body if isinstance(body, str) else json.dumps(body, indent=4)
    again = api.call(route.method, path, written_otherwise, headers=KEY)
    assert again == first
    assert len(api.table.changes) == written
    assert api.headers.pop("Idempotent-Replayed") == "true"
    assert api.headers == headers


@each(CREATING)
def test_the_same_key_for_another_body_is_refused(api: HttpApi, ids: dict[str, str], route: Route) -> None:
    path = path_of(route.path, **ids)
    assert api.call(route.method, path, body_of(route, ids), headers=KEY)[0] < 300
    written = len(api.table.changes)
    status, problem = api.call(route.method, path, body_of(route, ids, other=True), headers=KEY)
    assert status in {409, 422}, problem
    assert len(api.table.changes) == written


def test_null_is_other_content_than_nothing(api: HttpApi, ids: dict[str, str]) -> None:
    """An award without `expiration_date` ends by the policy, one with null never does."""
    body = {"user_id": "u-2", "certification_id": ids["certification_id"], "completion_date": "2026-11-20"}
    assert api.call("POST", "/certification-completions", body, headers=KEY)[0] == 201
    for_good = {**body, "expiration_date": None}
    status, problem = api.call("POST", "/certification-completions", for_good, headers=KEY)
    assert (status, problem["type"].rpartition(":")[2]) == (422, "idempotency-key-reused")


@each(CREATING)
def test_two_at_the_same_moment_do_it_once(api: HttpApi, ids: dict[str, str], route: Route) -> None:
    """The second starts after the first has looked for a receipt, and is done before the first writes."""
    body, path = body_of(route, ids), path_of(route.path, **ids)
    winner: list[tuple[int, Any]] = []

    def meanwhile(_: str) -> None:
        api.table.before_effect = None
        winner.append(api.call(route.method, path, body, headers=KEY))

    api.table.before_effect = meanwhile
    loser = api.call(route.method, path, body, headers=KEY)
    assert winner[0][0] in {201, 202}
    assert loser == winner[0] if route.path != SHOWN_ONCE else loser[0] == 409


@each(CREATING)
def test_a_crash_before_anything_is_written_leaves_nothing(
    api: HttpApi, ids: dict[str, str], route: Route
) -> None:
    def crash(_: str) -> None:
        api.table.before_effect = None
        raise OSError("died")

    body, path, before = body_of(route, ids), path_of(route.path, **ids), dict(api.table.items)
    api.table.before_effect = crash
    assert api.call(route.method, path, body, headers=KEY)[0] == 500
    assert api.table.items == before
    assert api.call(route.method, path, body, headers=KEY)[0] in {201, 202}


@each(REPEATABLE)
def test_a_crash_after_it_was_written_is_answered_at_the_next_try(
    api: HttpApi, ids: dict[str, str], route: Route
) -> None:
    def crash(_: str) -> None:
        api.table.after_effect = None
        raise OSError("died")

    body, path = body_of(route, ids), path_of(route.path, **ids)
    api.table.after_effect = crash
    assert api.call(route.method, path, body, headers=KEY)[0] == 500
    written = len(api.table.changes)
    assert api.call(route.method, path, body, headers=KEY)[0] in {201, 202}
    assert len(api.table.changes) == written


@each(REPEATABLE)
def test_the_key_belongs_to_its_caller(api: HttpApi, ids: dict[str, str], route: Route) -> None:
    """Two callers who number their requests from one are not in each other's way, nor see each other's answers."""
    other = api.key("admin")
    body, path = body_of(route, ids), path_of(route.path, **ids)
    api.call(route.method, path, body, headers=KEY)
    api.call(route.method, path, body, headers=KEY, key=other)
    assert "Idempotent-Replayed" not in api.headers


@each(CREATING)
@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there", "line\nbreak"])
def test_a_key_that_cannot_be_one_is_a_422(api: HttpApi, ids: dict[str, str], route: Route, key: str) -> None:
    status, problem = api.call(
        route.method, path_of(route.path, **ids), body_of(route, ids), headers={"Idempotency-Key": key}
    )
    assert status == 422, problem
    assert problem["type"].endswith(":invalid-idempotency-key")


def test_a_refused_request_may_be_mended_under_the_same_key(api: HttpApi, ids: dict[str, str]) -> None:
    award = {"user_id": "u-2", "certification_id": "none", "completion_date": "2026-11-20"}
    assert api.call("POST", "/certification-completions", award, headers=KEY)[0] >= 400
    award["certification_id"] = ids["certification_id"]
    assert api.call("POST", "/certification-completions", award, headers=KEY)[0] == 201


def test_without_a_key_each_request_is_its_own(api: HttpApi, ids: dict[str, str]) -> None:
    first = api.made("POST", "/certifications", {"type": "user", "name": "A"})
    assert api.made("POST", "/certifications", {"type": "user", "name": "A"}) != first


def test_a_receipt_is_kept_for_a_week(api: HttpApi, ids: dict[str, str]) -> None:
    api.made("POST", "/certifications", {"type": "user"}, headers=KEY)
    (receipt,) = [item for item in api.table.items.values() if item["entity"] == "receipt"]
    assert receipt["expires_at"] == int((api.clock.now() + timedelta(days=7)).timestamp())
