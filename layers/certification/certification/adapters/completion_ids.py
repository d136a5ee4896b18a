"""A certification completion's public id: its key under AES-SIV (RFC 5297), opaque and not to be guessed."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from certification.domain.model import CertificationCompletion, Holder, HolderType
from certification.domain.ports import Secrets

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

SECRET_NAME = "/completion-id-key"  # noqa: S105 the name, not the secret
_KEY_BYTES = 64
_KINDS = {HolderType.USER: "u", HolderType.ORGANIZATION: "o"}


class CompletionIds:
    """Encodes and decodes. The key is made at first use, once for the stack."""

    def __init__(self, store: Secrets) -> None:
        self._store = store
        self._key: bytes | None = None

    def id_of(self, completion: CertificationCompletion) -> str:
        kind = _KINDS[completion.holder.type]
        plain = "\n".join((kind, completion.holder.id, completion.certification_id, str(completion.cycle)))
        return _to_text(self._cipher().encrypt(plain.encode(), None))

    def read(self, public_id: str) -> tuple[Holder, str, int] | None:
        """Holder, certification id and cycle; None for what we never gave out."""
        plain = self._decrypted(public_id)
        if plain is None:
            return None
        kind, holder_id, certification_id, cycle = plain.split("\n")
        holder_type = next(one for one, letter in _KINDS.items() if letter == kind)
        return Holder(type=holder_type, id=holder_id), certification_id, int(cycle)

    def seal(self, text: str, context: str) -> str:
        """Any text, opaque and unforgeable, readable with the same `context` only: cursors."""
        return _to_text(self._cipher().encrypt(text.encode(), [context.encode()]))

    def unseal(self, sealed: str, context: str) -> str | None:
        return self._decrypted(sealed, context)

    def _decrypted(self, text: str, context: str | None = None) -> str | None:
        from cryptography.exceptions import InvalidTag

        try:
            data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            associated = None if context is None else [context.encode()]
            plain: bytes = self._cipher().decrypt(data, associated)
            if _to_text(data) != text:
                return None  # the same bytes in another spelling
            return plain.decode()
        except (InvalidTag, ValueError, binascii.Error):
            return None

    def _cipher(self) -> AESSIV:
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV

        if self._key is None:
            fresh = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
            self._key = base64.b64decode(self._store.get_or_create(SECRET_NAME, fresh))
        return AESSIV(self._key)


def _to_text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


IdOf = Callable[[CertificationCompletion], str]
