"""Access tokens of an OIDC issuer (RFC 9068, RFC 7519): signed by one of its keys, for us, not over.

A scope counts by its last part, since issuers put their own name for us before it: `certification/read` is `read`.
"""

from __future__ import annotations

import json
import logging
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeGuard

from certification.domain.errors import UnavailableError

logger = logging.getLogger(__name__)

Fetch = Callable[[str], bytes]
Json = Mapping[str, Any]
SCOPES = frozenset({"read", "write", "award", "completions", "admin"})
LEEWAY_SECONDS = 60
KEYS_KEPT_SECONDS = 3600
LEAST_SECONDS_BETWEEN_FETCHES = 30
_DISCOVERY = "/.well-known/openid-configuration"
_LONGEST_TOKEN = 8192


class OidcTokens:
    """Implements `TokenReader` of `services/authentication.py`."""

    def __init__(
        self, issuer: str, audience: str, *, monotonic: Callable[[], float], fetch: Fetch | None = None
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._fetch = fetch or _get
        self._monotonic = monotonic
        self._keys: dict[str, Json] = {}
        self._fetched_at: float | None = None

    def read(self, token: str, now: datetime) -> tuple[str, frozenset[str]] | None:
        """Subject and scopes; None for a token that is not valid. `UnavailableError`: the issuer cannot be asked."""
        try:
            header, claims, signed, signature = _parts(token)
        except (ValueError, TypeError, AttributeError, RecursionError):
            return None
        if not self._is_for_us(claims, now.timestamp()):
            return None  # before its key is looked for: not every stranger makes us ask the issuer
        key = self._key(str(header.get("kid", "")))
        if key is None or not _verifies(key, header.get("alg"), signed, signature):
            return None
        return str(claims["sub"]), _scopes(claims)

    def _is_for_us(self, claims: Json, now: float) -> bool:
        audiences = claims.get("aud", claims.get("client_id"))  # Cognito's access tokens have no `aud`
        expires: Any = claims.get("exp")
        starts: Any = claims.get("nbf", 0)
        return (
            claims.get("iss") == self._issuer
            and self._audience in (audiences if isinstance(audiences, list) else [audiences])
            and _is_number(expires)
            and _is_number(starts)
            and starts - LEEWAY_SECONDS <= now < expires + LEEWAY_SECONDS
            and isinstance(claims.get("sub"), str)
            and bool(claims["sub"])
        )

    def _key(self, key_id: str) -> Json | None:
        """An unknown key may be a new one: the issuer is asked again, but not for every token."""
        age = None if self._fetched_at is None else self._monotonic() - self._fetched_at
        known = key_id in self._keys
        if age is None or age > KEYS_KEPT_SECONDS or (not known and age > LEAST_SECONDS_BETWEEN_FETCHES):
            self._refresh()
        return self._keys.get(key_id)

    def _refresh(self) -> None:
        try:
            self._keys = self._published_keys()
        except Exception as exc:
            logger.exception("the issuer's keys could not be read")
            if not self._keys:
                raise UnavailableError("the issuer of the token cannot be asked") from exc
        self._fetched_at = self._monotonic()

    def _published_keys(self) -> dict[str, Json]:
        discovered = json.loads(self._fetch(self._issuer.rstrip("/") + _DISCOVERY))
        if discovered["issuer"] != self._issuer:
            raise ValueError("the document is another issuer's")
        listed = json.loads(self._fetch(discovered["jwks_uri"]))["keys"]
        return {str(key.get("kid", "")): key for key in listed if key.get("use", "sig") == "sig"}


def _parts(token: str) -> tuple[Json, Json, bytes, bytes]:
    if len(token) > _LONGEST_TOKEN:
        raise ValueError("too long")
    header, payload, signature = token.split(".")
    read = json.loads(_decoded(header)), json.loads(_decoded(payload))
    if not all(isinstance(part, dict) for part in read) or "crit" in read[0]:
        raise ValueError("no token of ours")
    return *read, f"{header}.{payload}".encode(), _decoded(signature)


def _verifies(key: Json, algorithm: object, signed: bytes, signature: bytes) -> bool:
    """The key says what it is for; a token cannot choose another algorithm for it, nor none."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        if (key.get("kty"), algorithm) == ("RSA", "RS256"):
            public = rsa.RSAPublicNumbers(_integer(key["e"]), _integer(key["n"])).public_key()
            public.verify(signature, signed, padding.PKCS1v15(), SHA256())
            return True
        if (key.get("kty"), key.get("crv"), algorithm, len(signature)) == ("EC", "P-256", "ES256", 64):
            point = ec.EllipticCurvePublicNumbers(_integer(key["x"]), _integer(key["y"]), ec.SECP256R1())
            halves = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
            point.public_key().verify(encode_dss_signature(*halves), signed, ec.ECDSA(SHA256()))
            return True
    except (InvalidSignature, ValueError, KeyError):
        return False
    return False


def _scopes(claims: Json) -> frozenset[str]:
    """From `scope` (a text, RFC 9068), `scp` or `permissions` (a list, or a text); others' scopes mean nothing here."""
    found: list[str] = []
    for name in ("scope", "scp", "permissions"):
        value = claims.get(name, ())
        found += (
            value.split()
            if isinstance(value, str)
            else [one for one in _listed(value) if isinstance(one, str)]
        )
    return frozenset(one.rpartition("/")[2].rpartition(":")[2] for one in found) & SCOPES


def _listed(value: object) -> Iterable[object]:
    return value if isinstance(value, list) else ()


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _integer(text: str) -> int:
    return int.from_bytes(_decoded(text), "big")


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _get(url: str) -> bytes:
    import urllib3

    if not url.startswith("https://"):
        raise ValueError("an issuer is asked over HTTPS only")
    answer = urllib3.request("GET", url, timeout=3.0, retries=1, redirect=False)
    if answer.status != 200:  # noqa: PLR2004
        raise OSError(f"the issuer answered {answer.status}")
    return answer.data
