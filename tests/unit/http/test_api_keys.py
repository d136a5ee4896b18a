"""API keys: shown once, kept as a hash, revoked within seconds, expired on time, last used noted; JWTs beside them."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest

from certification.domain.api_keys import hash_of, split_key
from certification.http.router import Scope
from unit.http.api import FIRST_KEY, NOW, HttpApi

BODY = {"name": "CI of the academy", "scopes": ["read", "completions"]}


@pytest.fixture
def api() -> HttpApi:
    return HttpApi()


def stored(api: HttpApi, key_id: str) -> Any:
    found = api.app.api_keys.find(key_id)
    assert found is not None
    return found


class TestAKey:
    def test_is_shown_once_and_only_its_hash_is_kept(self, api: HttpApi) -> None:
        made = api.made("POST", "/api-keys", BODY, headers={"Idempotency-Key": "one"})
        assert made.keys() >= {"key_id", "api_key", "scopes"}
        parts = split_key(made["api_key"])
        assert parts is not None
        key_id, secret = parts
        assert key_id == made["key_id"]
        assert len(secret) >= 43, "256 bits"
        rows = str(list(api.table.items.values()))
        assert secret not in rows, "neither on the key nor on the receipt of the request"
        assert hash_of(secret) in rows
        shown = str(api.made("GET", "/api-keys")) + str(api.headers)
        assert secret not in shown
        assert hash_of(secret) not in shown

    def test_works_at_once_with_its_scopes_and_no_more(self, api: HttpApi) -> None:
        key = api.made("POST", "/api-keys", BODY)["api_key"]
        assert api.call("GET", "/courses", key=key)[0] == 200
        assert api.call("PUT", "/courses/c-1", {"name": "A"}, key=key)[0] == 403
        assert api.call("POST", "/api-keys", BODY, key=key)[0] == 403

    def test_no_two_are_alike(self, api: HttpApi) -> None:
        assert len({api.made("POST", "/api-keys", BODY)["api_key"] for _ in range(20)}) == 20

    def test_a_repeated_idempotency_key_is_a_409_and_makes_no_second(self, api: HttpApi) -> None:
        once = {"Idempotency-Key": "one"}
        api.made("POST", "/api-keys", BODY, headers=once)
        for body in (BODY, BODY | {"name": "another"}):
            status, problem = api.call("POST", "/api-keys", body, headers=once)
            assert status == 409
            assert "once" in problem["detail"]
        assert len(api.made("GET", "/api-keys")["items"]) == 1

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"scopes": []}, "/scopes"),
            ({"scopes": ["root"]}, "/scopes/0"),
            ({"scopes": "read"}, "/scopes"),
            ({"name": ""}, "/name"),
            ({"expires_at": "2027-12-31"}, "/expires_at"),
            ({"expires_at": "2027-12-31T00:00:00"}, "/expires_at"),
            ({"expires_at": 1830211200}, "/expires_at"),
            ({"expires_at": "2026-11-20T12:00:00Z"}, "/expires_at"),
            ({"expires_at": "0001-01-01T00:00:00+14:00"}, "/expires_at"),
            ({"expires_at": "9999-12-31T23:59:59-12:00"}, "/expires_at"),
        ],
    )
    def test_that_makes_no_sense_is_a_422(self, api: HttpApi, change: dict[str, Any], pointer: str) -> None:
        status, problem = api.call("POST", "/api-keys", BODY | change)
        assert status == 422
        assert [error["pointer"] for error in problem["errors"]] == [pointer]

    def test_expires_to_the_second_in_whatever_zone_it_was_written(self, api: HttpApi) -> None:
        made = api.made("POST", "/api-keys", BODY | {"expires_at": "2026-11-20T18:30:00+05:30"})
        assert made["expires_at"] == "2026-11-20T13:00:00Z"
        api.clock.instant = NOW + timedelta(minutes=59, seconds=59)
        assert api.call("GET", "/courses", key=made["api_key"])[0] == 200
        api.clock.advance(seconds=1)
        assert api.call("GET", "/courses", key=made["api_key"])[0] == 401


class TestRevocation:
    def test_takes_effect_within_a_minute_however_often_the_key_is_used(self, api: HttpApi) -> None:
        made = api.made("POST", "/api-keys", BODY)
        api.made("GET", "/courses", key=made["api_key"])
        assert api.call("DELETE", f"/api-keys/{made['key_id']}") == (204, "")
        for _ in range(12):
            api.clock.advance(seconds=5)
            last = api.call("GET", "/courses", key=made["api_key"])[0]
        assert last == 401

    def test_is_in_effect_at_once_where_it_was_made_and_elsewhere_within_seconds(self, api: HttpApi) -> None:
        elsewhere = HttpApi(table=api.table, clock=api.clock)
        made = api.made("POST", "/api-keys", BODY)
        for one in (api, elsewhere):
            for _ in range(2):
                one.made("GET", "/courses", key=made["api_key"])
        api.made("DELETE", f"/api-keys/{made['key_id']}")
        assert api.call("GET", "/courses", key=made["api_key"])[0] == 401
        api.clock.advance(seconds=5)
        assert elsewhere.call("GET", "/courses", key=made["api_key"])[0] == 401

    def test_of_a_key_that_nobody_has_used_here_is_in_effect_at_once(self, api: HttpApi) -> None:
        made = api.made("POST", "/api-keys", BODY)
        api.made("DELETE", f"/api-keys/{made['key_id']}")
        assert api.call("GET", "/courses", key=made["api_key"])[0] == 401

    def test_keeps_the_key_in_the_list_with_the_day_it_ended(self, api: HttpApi) -> None:
        made = api.made("POST", "/api-keys", BODY)
        api.made("DELETE", f"/api-keys/{made['key_id']}")
        (listed,) = api.made("GET", "/api-keys")["items"]
        assert listed["revoked_at"] == "2026-11-20T12:00:00Z"

    def test_again_does_not_move_the_moment(self, api: HttpApi) -> None:
        made = api.made("POST", "/api-keys", BODY)
        for _ in range(2):
            api.made("DELETE", f"/api-keys/{made['key_id']}")
            api.clock.advance(hours=1)
        assert stored(api, made["key_id"]).revoked_at == NOW

    def test_of_an_unknown_key_is_a_404(self, api: HttpApi) -> None:
        assert api.call("DELETE", "/api-keys/none")[0] == 404
        assert api.table.items == {}

    def test_rotation_leaves_no_gap(self, api: HttpApi) -> None:
        old = api.made("POST", "/api-keys", BODY)
        new = api.made("POST", "/api-keys", BODY)
        assert [api.call("GET", "/courses", key=k["api_key"])[0] for k in (old, new)] == [200, 200]
        api.made("DELETE", f"/api-keys/{old['key_id']}")
        api.clock.advance(minutes=1)
        assert [api.call("GET", "/courses", key=k["api_key"])[0] for k in (old, new)] == [401, 200]


class TestUse:
    def test_is_noted_by_the_day_with_one_write(self, api: HttpApi) -> None:
        key = api.key("read", key_id="k1")
        written = len(api.table.changes)
        for _ in range(5):
            api.made("GET", "/courses", key=key)
        assert stored(api, "k1").last_used_on == date(2026, 11, 20)
        assert len(api.table.changes) == written + 1
        api.clock.advance(days=1)
        api.made("GET", "/courses", key=key)
        assert stored(api, "k1").last_used_on == date(2026, 11, 21)

    def test_that_cannot_be_noted_is_no_reason_to_refuse(self, api: HttpApi) -> None:
        def refuse(_: str) -> None:
            raise OSError("no writes today")

        key = api.key("read")
        api.table.before_effect = refuse
        assert api.call("GET", "/courses", key=key)[0] == 200

    def test_costs_no_look_up_for_most_requests(self, api: HttpApi) -> None:
        key = api.key("read")
        for _ in range(3):
            api.made("GET", "/courses", key=key)
        before = api.table.calls["get"]
        for _ in range(100):
            api.made("GET", "/courses", key=key)
        assert api.table.calls["get"] == before

    def test_a_flood_of_invented_keys_does_not_grow_the_memory(self, api: HttpApi) -> None:
        for number in range(2500):
            api.call("GET", "/courses", key=f"pck_{number}_x")
        assert len(api.app.authenticator._known) <= 1000

    def test_a_wrong_secret_does_not_count_as_use(self, api: HttpApi) -> None:
        key = api.key("read", key_id="k1")
        assert api.call("GET", "/courses", key=key + "x")[0] == 401
        assert stored(api, "k1").last_used_on is None


class TestTheFirstKey:
    def test_of_the_stack_may_do_everything(self, api: HttpApi) -> None:
        for scope in Scope:
            api.made("POST", "/api-keys", {"name": "a", "scopes": [scope.value]}, key=FIRST_KEY)

    def test_that_is_empty_lets_nobody_in(self) -> None:
        """The secret cannot be read, or is not there."""
        empty = HttpApi(first_key=lambda: "")
        for key in ("", " ", "x"):
            assert empty.call("GET", "/courses", key=key)[0] == 401

    def test_is_named_in_what_it_makes(self, api: HttpApi) -> None:
        assert api.made("POST", "/api-keys", BODY)["created_by"] == "key:bootstrap"
        other = api.key("admin", key_id="k2")
        assert api.made("POST", "/api-keys", BODY, key=other)["created_by"] == "key:k2"


@pytest.mark.parametrize("key", ["pck_a_b", "pck_0_-_", "pck_" + "a" * 64 + "_x"])
def test_what_looks_like_a_key_is_split_into_id_and_secret(key: str) -> None:
    assert split_key(key) == tuple(re.fullmatch(r"pck_([^_]+)_(.+)", key).groups())  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "key",
    [
        "",
        "pck",
        "pck_",
        "pck__x",
        "pck_a",
        "pck_a_",
        "xyz_a_b",
        "PCK_a_b",
        "pck_a#_b",
        "pck_" + "a" * 65 + "_x",
    ],
)
def test_what_does_not_is_nothing(key: str) -> None:
    assert split_key(key) is None
