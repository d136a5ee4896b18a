"""What goes with every answer: safety, CORS as the deployment sets it, HEAD as GET without a body."""

from __future__ import annotations

import pytest

from certification.config import read_config
from certification.http.router import Route
from populated import populate
from unit.http.api import HttpApi
from unit.http.walk import ROUTES, each, path_of

PAGE = "https://console.partner.example"
READS = [route for route in ROUTES if route.method == "GET"]


@pytest.fixture(scope="module")
def api() -> HttpApi:
    return HttpApi(settings={"cors_origins": (PAGE, "https://other.example")})


@pytest.fixture(scope="module")
def ids(api: HttpApi) -> dict[str, str]:
    return populate(api.made)


@each(ROUTES)
@pytest.mark.parametrize("key", ["good", None])
def test_no_answer_is_guessed_at_framed_or_cached(api: HttpApi, route: Route, key: str | None) -> None:
    api.call(route.method, path_of(route.path), key=None if key is None else api.key("read"))
    headers = api.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "max-age=" in headers["Strict-Transport-Security"]
    if route.scope is not None:
        assert headers["Cache-Control"] == "no-store"


@each(READS)
def test_head_is_get_without_a_body(api: HttpApi, ids: dict[str, str], route: Route) -> None:
    query = {"/certification-completions": "user_id=u-1"}.get(route.path, "")
    read = api.call("GET", path_of(route.path, **ids), query=query)[0], api.headers
    head = api.call("HEAD", path_of(route.path, **ids), query=query)
    assert head == (read[0], "")
    assert api.headers.keys() == read[1].keys()
    assert api.headers["Content-Type"] == read[1]["Content-Type"]


@each(READS)
def test_what_can_be_read_carries_an_etag(api: HttpApi, ids: dict[str, str], route: Route) -> None:
    query = {"/certification-completions": "user_id=u-1"}.get(route.path, "")
    status, _ = api.call("GET", path_of(route.path, **ids), query=query)
    assert ("ETag" in api.headers) is (status == 200)
    if status == 200:
        assert api.headers["ETag"].startswith('"')
        assert api.headers["ETag"].endswith('"')


class TestCors:
    def test_pages_of_a_listed_origin_may_read_every_answer(self, api: HttpApi) -> None:
        for path in ("/status", "/courses", "/nothing"):
            api.call("GET", path, headers={"Origin": PAGE})
            assert api.headers["Access-Control-Allow-Origin"] == PAGE
            assert "ETag" in api.headers["Access-Control-Expose-Headers"]
            assert api.headers["Vary"] == "Origin"
            assert "Access-Control-Allow-Credentials" not in api.headers

    def test_a_preflight_needs_no_key_and_names_what_may_be_sent(self, api: HttpApi) -> None:
        asked = {"origin": PAGE, "access-control-request-method": "PUT"}
        assert api.call("OPTIONS", "/courses/c-1", key=None, headers=asked)[0] == 204
        assert "PUT" in api.headers["Access-Control-Allow-Methods"]
        allowed = api.headers["Access-Control-Allow-Headers"]
        assert all(
            name in allowed for name in ("Authorization", "If-Match", "Idempotency-Key", "Content-Type")
        )

    @pytest.mark.parametrize("origin", ["https://evil.example", PAGE + ".evil.example", PAGE.upper(), "null"])
    def test_no_other_origin_may(self, api: HttpApi, origin: str) -> None:
        api.call("GET", "/status", headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in api.headers
        assert api.headers["Vary"] == "Origin", "a cache must not give this answer to a listed origin"

    def test_without_the_setting_no_page_may(self) -> None:
        closed = HttpApi()
        closed.call("GET", "/status", headers={"Origin": PAGE})
        assert not any(name.startswith("Access-Control") for name in closed.headers)

    def test_a_star_lets_every_page_in(self) -> None:
        anyone = HttpApi(settings={"cors_origins": ("*",)})
        anyone.call("GET", "/status", headers={"Origin": "https://anywhere.example"})
        assert anyone.headers["Access-Control-Allow-Origin"] == "https://anywhere.example"

    def test_the_setting_is_a_list_with_commas(self) -> None:
        config = read_config({"TABLE_NAME": "t", "CORS_ORIGINS": f"{PAGE}, https://other.example,"})
        assert config.cors_origins == (PAGE, "https://other.example")
