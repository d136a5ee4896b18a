"""How a request proves where it comes from. Every comparison is constant in time, also where a secret is missing."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Sequence

from certification.domain.webhooks import SignatureRefusedError, WebhookRequest


def require_match(presented: bytes | None, expected: Iterable[bytes]) -> None:
    """Accept what equals one of `expected`; compares hashes, so that not even lengths show.

    Raise SignatureRefusedError: `missing` where nothing is presented, `wrong` where nothing matches.
    """
    digest = hashlib.sha256(presented or b"").digest()
    matches = False
    for value in [*expected, b""]:
        same = hmac.compare_digest(digest, hashlib.sha256(value).digest())
        matches = matches | (same and value != b"")
    if not presented:
        raise SignatureRefusedError("missing")
    if not matches:
        raise SignatureRefusedError("wrong")


def encode(secrets: Sequence[str]) -> list[bytes]:
    return [secret.encode("utf-8", "surrogatepass") for secret in secrets]


def require_hex_hmac(request: WebhookRequest, header: str, secrets: Sequence[str]) -> None:
    """Accept a hex HMAC-SHA256 of the raw body in a header."""
    presented = request.headers.get(header, "").strip().lower()
    expected = [hmac.new(key, request.body, hashlib.sha256).hexdigest() for key in encode(secrets) if key]
    require_match(presented.encode("utf-8", "replace"), encode(expected))


def require_basic(request: WebhookRequest, secrets: Sequence[str]) -> None:
    """Accept HTTP Basic with one of the secrets, each `user:password`."""
    scheme, _, credentials = request.headers.get("authorization", "").strip().partition(" ")
    presented: bytes | None = None
    if scheme.lower() == "basic":
        try:
            presented = base64.b64decode(credentials.strip(), validate=True)
        except (binascii.Error, ValueError):
            presented = None
    require_match(presented, encode(secrets))


def require_path_secret(request: WebhookRequest, secrets: Sequence[str]) -> None:
    """Accept the secret in the URL's path, for providers that cannot sign."""
    require_token(request.path_secret, secrets)


def require_token(token: str | None, secrets: Sequence[str]) -> None:
    """Accept a token that is one of the secrets."""
    presented = None if token is None else token.encode("utf-8", "surrogatepass")
    require_match(presented, encode(secrets))
