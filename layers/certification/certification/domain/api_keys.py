"""API keys: shown once, kept as a hash. Pure."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import date, datetime

PREFIX = "pck"
KEY_ID_BYTES = 9
SECRET_BYTES = 32
LONGEST_KEY_ID = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """`secret_hash` is the SHA-256 of a secret with 256 bits of chance: there is nothing to guess."""

    key_id: str
    name: str
    scopes: frozenset[str]
    secret_hash: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_on: date | None = None

    def is_valid(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def matches(self, secret: str) -> bool:
        """In constant time."""
        return hmac.compare_digest(self.secret_hash, hash_of(secret))


def new_secret() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)


def new_key_id() -> str:
    """Letters and digits only: it is followed by an underscore in the key."""
    return secrets.token_hex(KEY_ID_BYTES)


def hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def full_key(key_id: str, secret: str) -> str:
    return f"{PREFIX}_{key_id}_{secret}"


def split_key(key: str) -> tuple[str, str] | None:
    """Key id and secret; None for what cannot be one of our keys, before anything is looked up by it."""
    prefix, _, rest = key.partition("_")
    key_id, _, secret = rest.partition("_")
    looks_right = prefix == PREFIX and key.isascii() and key_id.isalnum() and len(key_id) <= LONGEST_KEY_ID
    return (key_id, secret) if looks_right and secret else None
