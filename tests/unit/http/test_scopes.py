"""Every route × every kind of caller: one table says who may, and nothing but that table decides."""

from __future__ import annotations

from datetime import timedelta

import pytest

from certification.http.router import Route, Scope
from unit.http.api import FIRST_KEY, NOW, HttpApi
from unit.http.walk import ROUTES, each, name, path_of

GUARDED = [route for route in ROUTES if route.scope is not None]
PUBLIC = [route for route in ROUTES if route.scope is None]
# who may besides the scope itself and `admin`: the contract's words, not the code's
IMPLIED = {Scope.READ: {Scope.WRITE, Scope.AWARD, Scope.COMPLETIONS}}


@pytest.fixture(scope="module")
def api() -> HttpApi:
    return HttpApi()


@pytest.fixture(scope="module")
def keys(api: HttpApi) -> dict[Scope, str]:
    return {scope: api.key(scope.value, key_id=f"key{scope.value}") for scope in Scope}


@pytest.fixture(scope="module")
def bad_headers(api: HttpApi) -> dict[str, dict[str, str]]:
    """Everything that is no valid key, each as its Authorization header; the empty dict sends none."""
    good = api.key("admin", key_id="good")
    key_id, secret = good.rsplit("_", 1)
    return {
        "no header": {},
        "empty": {"Authorization": ""},
        "only the scheme": {"Authorization": "Bearer"},
        "another scheme": {"Authorization": f"Basic {good}"},
        "no scheme": {"Authorization": good},
        "two keys": {"Authorization": f"Bearer {good} {good}"},
        "not a key": {"Authorization": "Bearer 123"},
        "not ASCII": {"Authorization": "Bearer schlüssel"},
        "half a surrogate pair": {"Authorization": "Bearer \ud800"},
        "a very long one": {"Authorization": "Bearer " + "k" * 5000},
        "an endless key id": {"Authorization": f"Bearer pck_{'k' * 5000}_x"},
        "a key without its secret": {"Authorization": f"Bearer {key_id}_"},
        "a wrong secret": {"Authorization": f"Bearer {key_id}_{secret}x"},
        "another key's secret": {"Authorization": f"Bearer pck_unknown_{secret}"},
        "a key id with an injection": {"Authorization": "Bearer pck_API_KEY#good_x"},
        "something like a JWT": {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0."},
        "the first key, cut": {"Authorization": f"Bearer {FIRST_KEY[:-1]}"},
        "revoked": {"Authorization": f"Bearer {api.key('admin', key_id='revoked', revoked_at=NOW)}"},
        "expired": {"Authorization": f"Bearer {api.key('admin', key_id='expired', expires_at=NOW)}"},
        "expired long ago": {
            "Authorization": f"Bearer {api.key('admin', key_id='old', expires_at=NOW - timedelta(days=900))}"
        },
    }


def test_every_route_but_these_needs_a_key() -> None:
    assert {name(route) for route in PUBLIC} == {
        "GET /status",
        "GET /openapi.json",
        "GET /docs",
        "GET /verify/{certification_completion_id}",
        "POST /webhooks/{source_id}",
        "POST /webhooks/{source_id}/{secret}",
    }


@each(GUARDED)
def test_whoever_has_no_valid_key_gets_the_same_401(
    route: Route, api: HttpApi, bad_headers: dict[str, dict[str, str]]
) -> None:
    before = dict(api.table.items)
    details = set()
    for kind, headers in bad_headers.items():
        status, problem = api.call(route.method, path_of(route.path), key=None, headers=headers)
        assert (status, kind) == (401, kind)
        assert api.headers["WWW-Authenticate"].startswith("Bearer")
        details.add(problem["detail"])
    assert len(details) == 2, "nothing tells an unknown key from a revoked or an expired one"
    assert api.table.items == before


@each(GUARDED)
@pytest.mark.parametrize("scope", list(Scope))
def test_a_key_is_let_in_where_its_scope_covers_the_route_and_refused_elsewhere(
    route: Route, scope: Scope, api: HttpApi, keys: dict[Scope, str]
) -> None:
    assert route.scope is not None
    covers = scope in {Scope.ADMIN, route.scope} | IMPLIED.get(route.scope, set())
    status, problem = api.call(route.method, path_of(route.path), "{", key=keys[scope])
    assert (status not in {401, 403}) is covers, problem
    if not covers:
        assert status == 403
        assert repr(route.scope.value) in problem["detail"]


@each(PUBLIC)
def test_a_public_route_asks_nobody_for_a_key(route: Route, api: HttpApi) -> None:
    assert api.call(route.method, path_of(route.path), key=None)[0] in {200, 404}


@each(GUARDED)
def test_a_stranger_learns_nothing_from_a_route_but_that_it_needs_a_key(route: Route, api: HttpApi) -> None:
    """Whatever else is wrong with the request: the key comes first."""
    wrong = api.call(
        route.method,
        path_of(route.path).replace("none-1", "%20"),
        "not JSON",
        "nonsense=1&nonsense=2",
        key=None,
    )
    assert wrong[0] == 401


def test_what_cannot_be_a_key_is_refused_without_a_look_into_the_table(
    bad_headers: dict[str, dict[str, str]],
) -> None:
    """DynamoDB refuses keys over 2 KB: that would be a 500 to a stranger, and a bill for every guess."""
    fresh = HttpApi()
    for kind in (
        "not a key",
        "not ASCII",
        "half a surrogate pair",
        "an endless key id",
        "something like a JWT",
    ):
        fresh.call("GET", "/courses", key=None, headers=bad_headers[kind])
    assert fresh.table.calls == {}
