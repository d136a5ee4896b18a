"""JSON Web Signatures in compact form (RFC 7515) as whole bodies: HS256 with a shared key, RS256 with a key set."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

from certification.adapters.lms.bodies import load_json
from certification.domain.webhooks import SignatureRefusedError, UnparseableBodyError

LEEWAY_SECONDS = 300
_PARTS = 3


def looks_signed(body: bytes) -> bool:
    """Whether a body is a compact JWS rather than JSON."""
    return body.count(b".") == _PARTS - 1 and body.lstrip()[:1] not in {b"{", b"["}


def claims_of(body: bytes) -> object:
    """The JSON in a compact JWS, unverified; UnparseableBodyError where there is none."""
    return load_json(_decode(body.strip().split(b".")[1]))


def require_signed(body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """Accept a JWS that one of the secrets verifies and that is not expired; SignatureRefusedError otherwise.

    A secret that is a JSON Web Key Set verifies RS256 only, any other text HS256 only: no key serves as the other kind.
    """
    if not looks_signed(body):
        raise SignatureRefusedError("missing")
    try:
        header_part, payload_part, signature_part = body.strip().split(b".")
        header, signature = load_json(_decode(header_part)), _decode(signature_part)
        claims = load_json(_decode(payload_part))
    except UnparseableBodyError as exc:
        raise SignatureRefusedError("malformed") from exc
    signed = header_part + b"." + payload_part
    checks = [_verifies(secret, header, signed, signature) for secret in secrets if secret]
    if not any(checks):
        raise SignatureRefusedError("wrong")
    _require_current(claims, now)


def _verifies(secret: str, header: object, signed: bytes, signature: bytes) -> bool:
    values = header if isinstance(header, Mapping) else {}
    if secret.lstrip().startswith("{"):
        return values.get("alg") == "RS256" and _rs256(secret, values.get("kid"), signed, signature)
    expected = hmac.new(secret.encode("utf-8", "surrogatepass"), signed, hashlib.sha256).digest()
    return hmac.compare_digest(expected, signature) and values.get("alg") == "HS256"


def _rs256(key_set: str, key_id: object, signed: bytes, signature: bytes) -> bool:
    # cryptography is imported only where a source uses a key set: it would cost every cold start
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
    from cryptography.hazmat.primitives.hashes import SHA256

    for modulus, exponent in _rsa_keys(key_set, key_id):
        try:
            key = RSAPublicNumbers(exponent, modulus).public_key()
            key.verify(signature, signed, PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError):
            continue
        return True
    return False


def _rsa_keys(key_set: str, key_id: object) -> list[tuple[int, int]]:
    try:
        document = load_json(key_set)
    except UnparseableBodyError:
        return []
    listed = document.get("keys", [document]) if isinstance(document, Mapping) else []
    keys = [key for key in listed if isinstance(key, Mapping)] if isinstance(listed, list) else []
    return [
        (_integer(key.get("n")), _integer(key.get("e")))
        for key in keys
        if key.get("kty") == "RSA" and key_id in (key.get("kid"), None)
    ]


def _integer(text: object) -> int:
    try:
        return int.from_bytes(_decode(text.encode()), "big") if isinstance(text, str) else 0
    except UnparseableBodyError:
        return 0


def _require_current(claims: object, now: datetime) -> None:
    values = claims if isinstance(claims, Mapping) else {}
    expires = values.get("exp")
    if isinstance(expires, int | float) and expires + LEEWAY_SECONDS < now.timestamp():
        raise SignatureRefusedError("stale")


def _decode(part: bytes) -> bytes:
    try:
        return base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as exc:
        raise UnparseableBodyError("The body is no JSON Web Signature.") from exc
