"""Anybody may check a certification completion that they have the id of: status and dates, and nobody's name."""

from __future__ import annotations

import re
from typing import Any

import pytest

from certification.http.accept import prefers_html
from programme import DEFINITION, Programme

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.fixture
def api() -> Programme:
    return Programme()


def verify(api: Programme, completion_id: str, accept: str = "*/*") -> tuple[int, Any]:
    return api.call("GET", f"/verify/{completion_id}", key=None, headers={"Accept": accept})


def awarded(api: Programme, completed_on: str = "2026-11-20", **fields: Any) -> str:
    completion_id: str = api.awarded(api.published(), completed_on, **fields)["certification_completion_id"]
    return completion_id


def test_as_json_it_is_status_and_dates(api: Programme) -> None:
    completion_id = awarded(api)
    assert verify(api, completion_id) == (
        200,
        {
            "certification_completion_id": completion_id,
            "certification_name": "Sales Pro",
            "holder_type": "user",
            "status": "active",
            "completion_date": "2026-11-20",
            "effective_date": "2026-11-20",
            "expiration_date": "2027-11-20",
            "as_of": "2026-11-20",
            "summary": "Valid until 20 November 2027",
        },
    )


@pytest.mark.parametrize(
    ("completed_on", "fields", "status", "summary"),
    [
        ("2026-11-20", {"expiration_date": None}, "active", "Valid, without an end"),
        ("2025-11-20", {}, "active", "Valid until 20 November 2026"),
        ("2025-11-19", {}, "expired", "Expired on 19 November 2026"),
        ("2026-11-20", {"effective_date": "2026-12-01"}, "scheduled", "Valid from 1 December 2026 on"),
    ],
)
def test_the_status_is_the_one_of_today(
    api: Programme, completed_on: str, fields: Any, status: str, summary: str
) -> None:
    _, body = verify(api, awarded(api, completed_on, **fields))
    assert (body["status"], body["summary"]) == (status, summary)


def test_a_revocation_shows_at_once_and_keeps_its_reason_to_itself(api: Programme) -> None:
    completion_id = awarded(api)
    api.decide(completion_id, "revoke", "cheated in the exam")
    for accept in ("application/json", CHROME):
        status, body = verify(api, completion_id, accept)
        assert status == 200
        assert "revoked" in str(body)
        assert "cheated" not in str(body)


def test_what_was_replaced_says_so_and_by_what(api: Programme) -> None:
    certification = api.published()
    first = api.awarded(certification, "2026-01-10")["certification_completion_id"]
    second = api.awarded(certification, "2026-11-20", mode="replace")["certification_completion_id"]
    body = verify(api, first)[1]
    assert body["status"] == "superseded"
    assert body["followed_by"]["certification_completion_id"] == second
    assert "followed_by" not in verify(api, second)[1]


def test_an_address_from_before_a_renewal_leads_to_what_holds_now(api: Programme) -> None:
    api.published(renewal={"opens": "P60D"})
    api.complete("c-1")
    api.on("2027-11-01").complete("c-1")
    first, second = (completion["certification_completion_id"] for completion in api.held())
    assert "followed_by" not in verify(api, first)[1], "it is valid itself"
    api.on("2027-11-21")
    body = verify(api, first)[1]
    assert (body["status"], body["summary"]) == ("expired", "Expired on 20 November 2027")
    assert body["followed_by"]["summary"] == "Valid until 20 November 2028"
    page = verify(api, first, CHROME)[1]
    assert f'<a href="{second}">Earned again: valid until 20 November 2028</a>' in page
    api.decide(second, "revoke")
    assert "followed_by" not in verify(api, first)[1]


def test_what_was_revoked_leads_nowhere(api: Programme) -> None:
    completion_id = awarded(api)
    api.decide(completion_id, "revoke")
    api.on("2026-12-01").complete("c-1")
    assert [c["status"] for c in api.held()] == ["revoked", "active"]
    assert "followed_by" not in verify(api, completion_id)[1]


@pytest.mark.parametrize("accept", ["application/json", CHROME])
def test_nobody_is_named(api: Programme, accept: str) -> None:
    api.made("PUT", "/organizations/o-1", {"name": "Northwind", "domain": "northwind.example"})
    api.user("u-1", name="Zebedee Quillfeather", organization_id="o-1")
    _, body = verify(api, awarded(api), accept)
    for secret in ("partner.example", "@", "Zebedee", "Quillfeather", "Northwind", "northwind", "u-1"):
        assert secret not in re.sub(r"@media", "", str(body))


def test_a_browser_gets_a_page(api: Programme) -> None:
    status, page = verify(api, awarded(api), CHROME)
    assert status == 200
    assert api.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Accept" in api.headers["Vary"]
    assert "<h1>Sales Pro</h1>" in page
    assert "Valid until 20 November 2027" in page
    assert '<time datetime="2027-11-20">20 November 2027</time>' in page


def test_a_cache_tells_the_forms_and_the_origins_apart() -> None:
    page = "https://console.partner.example"
    api = Programme(settings={"cors_origins": (page,)})
    verify(api, awarded(api), CHROME)
    assert api.headers["Vary"] == "Accept, Origin"


def test_a_page_runs_nothing_and_loads_nothing(api: Programme) -> None:
    name = '<script>alert("1")</script>'
    completion = api.awarded(api.published(name=name), "2026-11-20")
    _, page = verify(api, completion["certification_completion_id"], CHROME)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    policy = api.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert api.headers["X-Robots-Tag"] == "noindex"
    assert not re.search(r"(src|href)=", page)


@pytest.mark.parametrize("unknown", ["nonsense", "%00", "ä", "a" * 3000, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"])
def test_an_unknown_id_is_not_found_in_both_forms(api: Programme, unknown: str) -> None:
    awarded(api)
    status, problem = verify(api, unknown)
    assert (status, problem["status"]) == (404, 404)
    assert api.headers["Content-Type"] == "application/problem+json"
    status, page = verify(api, unknown, CHROME)
    assert status == 404
    assert "No certification has this id" in page
    assert "default-src 'none'" in api.headers["Content-Security-Policy"]


def test_every_single_changed_character_makes_an_id_unknown(api: Programme) -> None:
    completion_id = awarded(api)
    for index, letter in enumerate(completion_id):
        other = "A" if letter != "A" else "B"
        assert verify(api, completion_id[:index] + other + completion_id[index + 1 :])[0] == 404


def test_a_company_can_be_checked_too(api: Programme) -> None:
    api.made("PUT", "/organizations/o-1", {"name": "Northwind"})
    tier = api.published(**{**DEFINITION, "type": "organization", "requirements": None, "expiration": None})
    completion = api.awarded(tier, "2026-11-20", organization_id="o-1")
    _, body = verify(api, completion["certification_completion_id"])
    assert (body["holder_type"], body["expiration_date"]) == ("organization", None)


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        ("", False),
        ("*/*", False),
        (CHROME, True),
        ("text/html", True),
        ("TEXT/HTML; charset=utf-8", True),
        ("application/json", False),
        ("application/json, text/html", False),
        ("application/json;q=0.5, text/html", True),
        ("text/html;q=0", False),
        ("text/html;q=0.5, application/json;q=0.9", False),
        ("text/html;q=nonsense", False),
        (";,;q=,", False),
    ],
)
def test_who_prefers_a_page(accept: str, html: bool) -> None:
    assert prefers_html(accept) is html
