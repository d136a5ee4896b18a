"""Files as bodies: what people's tools send."""

from __future__ import annotations

import base64
import gzip
from typing import Any

import pytest

from certification.http import uploads
from unit.http.api import FIRST_KEY, HttpApi, event

PATH = "/course-completions/import"
TEXT = (
    "email,course_id,completed_at\nana@partner.example,c-ü,2026-11-19\nana@partner.example,c-1,2026-11-19\n"
)


@pytest.fixture
def api() -> HttpApi:
    return HttpApi()


def send(api: HttpApi, raw: bytes, media_type: str = "text/csv") -> tuple[int, Any]:
    headers = {"Content-Type": media_type, "Authorization": f"Bearer {FIRST_KEY}"}
    sent = event("POST", PATH, base64.b64encode(raw).decode(), "dry_run=true", headers)
    return api.send(sent | {"isBase64Encoded": True})


@pytest.mark.parametrize(
    "raw",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        gzip.compress(TEXT.encode(), mtime=0),
        gzip.compress(TEXT.encode("utf-16"), mtime=0),
    ],
)
@pytest.mark.parametrize("media_type", ["text/csv", "application/gzip", "application/x-www-form-urlencoded"])
def test_a_file_is_read_however_it_is_sent(api: HttpApi, raw: bytes, media_type: str) -> None:
    status, body = send(api, raw, media_type)
    assert (status, body["accepted"], body["rejected"]) == (200, 1, 1)


@pytest.mark.parametrize(
    ("raw", "media_type", "status", "code"),
    [
        (TEXT.encode("latin-1"), "text/csv", 400, "not-text"),
        (b"\x1f\x8bnonsense", "application/gzip", 400, "not-gzip"),
        (gzip.compress(TEXT.encode(), mtime=0)[:-9], "application/gzip", 400, "not-gzip"),
        (b"\xff\xfea", "text/csv", 400, "not-text"),
        (TEXT.encode(), "multipart/form-data; boundary=x", 415, "unsupported-media-type"),
    ],
)
def test_what_is_no_file_is_refused(
    api: HttpApi, raw: bytes, media_type: str, status: int, code: str
) -> None:
    answered, problem = send(api, raw, media_type)
    assert (answered, problem["type"].rpartition(":")[2]) == (status, code)


def test_a_file_that_unpacks_to_too_much_is_refused_unread(
    api: HttpApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_BYTES", 1000)
    status, problem = send(api, gzip.compress(TEXT.encode() * 1000))
    assert (status, problem["type"].rpartition(":")[2]) == (413, "body-too-large")


def test_what_is_too_large_says_what_to_do() -> None:
    api = HttpApi(settings={"max_body_bytes": 100})
    status, problem = send(api, TEXT.encode() * 10)
    assert status == 413
    assert problem["detail"] == "The body is over the limit of 100 bytes. Send the file gzipped, or in parts."
    assert api.call("POST", "/certifications", "x" * 101)[1]["detail"].endswith("100 bytes.")
