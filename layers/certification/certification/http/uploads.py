"""A file that is sent as a request's body: plain or gzipped, as text."""

from __future__ import annotations

import zlib

from certification.http.problems import RefusedError
from certification.http.request import Request

MOST_BYTES = 50_000_000
_GZIP = b"\x1f\x8b"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_WITH_HEADER = 16 + zlib.MAX_WBITS


def text_of(request: Request) -> str:
    """The body as text; 400 where it is none, 413 where it unpacks to more than we take, 415 for a web form."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        raise RefusedError(
            415, "unsupported-media-type", "Send the file itself as the body (text/csv), not a form."
        )
    raw = request.raw_body
    if raw.startswith(_GZIP):
        raw = _unpacked(raw)
    try:
        return raw.decode("utf-16" if raw.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError as exc:
        raise RefusedError(400, "not-text", "The file must be UTF-8.") from exc


def _unpacked(raw: bytes) -> bytes:
    unpacker = zlib.decompressobj(_WITH_HEADER)
    try:
        content = unpacker.decompress(raw, MOST_BYTES)
    except zlib.error as exc:
        raise RefusedError(400, "not-gzip", "The body begins as gzip and is not.") from exc
    if unpacker.unconsumed_tail:
        raise RefusedError(413, "body-too-large", f"The file unpacks to over {MOST_BYTES} bytes: split it.")
    if not unpacker.eof:
        raise RefusedError(400, "not-gzip", "The gzipped body breaks off.")
    return content
