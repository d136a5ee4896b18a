"""Who asks: API keys, the stack's first key, and JWTs of an OIDC issuer where the deployment names one."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from certification.domain.api_keys import ApiKey, split_key
from certification.domain.errors import CertificationServiceError
from certification.domain.ports import ApiKeys, Clock

logger = logging.getLogger(__name__)

FRESH = timedelta(seconds=5)
MOST_CACHED = 1000
EVERYTHING = frozenset({"admin"})


class UnauthenticatedError(CertificationServiceError):
    """No key, or none that is valid (401). Says nothing about why: that is for the log."""

    code = "unauthenticated"


class TokenReader(Protocol):
    def read(self, token: str, now: datetime) -> tuple[str, frozenset[str]] | None:
        """Subject and scopes of a valid JWT; None for any other."""


class Authenticator:
    """Tells the caller behind an Authorization header. A revocation takes effect everywhere within `FRESH`."""

    def __init__(
        self,
        *,
        keys: ApiKeys,
        first_key: Callable[[], str],
        clock: Clock,
        tokens: TokenReader | None = None,
    ) -> None:
        self._keys = keys
        self._first_key = first_key
        self._clock = clock
        self._tokens = tokens
        self._known: dict[str, tuple[datetime, ApiKey | None]] = {}

    def authenticate(self, header: str) -> tuple[str, frozenset[str]]:
        """Actor and scopes; `UnauthenticatedError`."""
        scheme, _, credentials = header.partition(" ")
        credentials = credentials.strip()
        if scheme.lower() != "bearer" or not credentials:
            raise UnauthenticatedError("This needs a key: Authorization: Bearer <API key>.")
        found = self._found(credentials) if credentials.isascii() else None
        if found is None:
            raise UnauthenticatedError("The key is not valid.")
        return found

    def forget(self, key_id: str) -> None:
        """Look this key up anew: it was just revoked."""
        self._known.pop(key_id, None)

    def _found(self, credentials: str) -> tuple[str, frozenset[str]] | None:
        return self._by_key(credentials) or self._by_token(credentials) or self._by_first_key(credentials)

    def _by_key(self, credentials: str) -> tuple[str, frozenset[str]] | None:
        parts = split_key(credentials)
        if parts is None:
            return None
        key_id, secret = parts
        now = self._clock.now()
        key = self._key(key_id, now)
        if key is None or not key.matches(secret) or not key.is_valid(now):
            return None
        self._note_use(key, now)
        return f"key:{key.key_id}", key.scopes

    def _key(self, key_id: str, now: datetime) -> ApiKey | None:
        known = self._known.get(key_id)
        if known is not None and now - known[0] < FRESH:
            return known[1]
        if len(self._known) >= MOST_CACHED:
            self._known.clear()
        key = self._keys.find(key_id)
        self._known[key_id] = (now, key)
        return key

    def _note_use(self, key: ApiKey, now: datetime) -> None:
        """Once a day; a failure to note it is no reason to refuse the caller."""
        if key.last_used_on == now.date():
            return
        try:
            self._keys.note_use(key.key_id, now.date())
        except Exception:
            logger.exception("the use of a key could not be noted", extra={"key_id": key.key_id})
        self._known.pop(key.key_id, None)

    def _by_token(self, credentials: str) -> tuple[str, frozenset[str]] | None:
        if self._tokens is None or credentials.count(".") != 2:  # noqa: PLR2004 a JWT has three parts
            return None
        found = self._tokens.read(credentials, self._clock.now())
        return (f"oidc:{found[0]}", found[1]) if found else None

    def _by_first_key(self, credentials: str) -> tuple[str, frozenset[str]] | None:
        expected = self._first_key()
        if expected and hmac.compare_digest(expected.encode(), credentials.encode()):
            return "key:bootstrap", EVERYTHING
        return None
