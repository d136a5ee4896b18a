"""Standard Webhooks (standardwebhooks.com) with our own canonical body: the default for anything home-made.

The HMAC is our own: the `standardwebhooks` package takes no time from outside, decodes the raw body before it signs,
and lets ValueError out for malformed headers. The tests sign with the package.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from certification.adapters.lms.bodies import as_parts, load_json
from certification.adapters.lms.canonical import read_canonical, read_typed
from certification.adapters.lms.fields import Fields
from certification.adapters.lms.reading import Outcome, SourceContext, read_parts
from certification.adapters.lms.signatures import encode, require_match
from certification.domain.webhooks import ParsedWebhook, SignatureRefusedError, WebhookRequest

TOLERANCE_SECONDS = 300
_TIMESTAMP_DIGITS = 15
_PREFIX = "whsec_"


def verify(request: WebhookRequest, secrets: Sequence[str], now: datetime) -> None:
    """`webhook-signature` holds `v1,<base64 HMAC-SHA256 of id.timestamp.body>`, several separated by spaces."""
    message_id = request.headers.get("webhook-id", "")
    timestamp = request.headers.get("webhook-timestamp", "").strip()
    signed = b".".join([*encode([message_id, timestamp]), request.body])
    keys = [key for secret in secrets for key in _keys(secret)]
    expected = [hmac.new(key, signed, hashlib.sha256).digest() for key in keys]
    _require_any(request.headers.get("webhook-signature", "").split(), expected)
    if not message_id or not timestamp:
        raise SignatureRefusedError("missing")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _TIMESTAMP_DIGITS):
        raise SignatureRefusedError("malformed")
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        raise SignatureRefusedError("stale")


def parse(request: WebhookRequest, *, source_id: str, now: datetime, zone: ZoneInfo) -> ParsedWebhook:
    """One canonical completion or an array of them; one without an `event_id` of its own has the `webhook-id`.

    The envelope that Standard Webhooks recommends, `{type, timestamp, data}`, is read too.
    """
    delivery = request.headers.get("webhook-id", "")
    context = SourceContext(source_id=source_id, now=now, zone=zone)

    def read(fields: Fields, context: SourceContext) -> Outcome:
        if fields.word("type") and not fields.has("completed_at"):
            return read_typed(fields, context, event_id=delivery)
        return read_canonical(fields, context, event_id=delivery)

    return read_parts(as_parts(load_json(request.body)), read, context)


def _keys(secret: str) -> list[bytes]:
    """A `whsec_` secret is base64 (the packages read it leniently); a home-made one may be the key as it is."""
    keys = [] if secret.startswith(_PREFIX) else [secret.encode("utf-8", "surrogatepass")]
    with contextlib.suppress(binascii.Error, ValueError):
        keys.append(base64.b64decode(secret.removeprefix(_PREFIX) + "=="))
    return [key for key in keys if key]


def _require_any(signatures: Sequence[str], expected: Sequence[bytes]) -> None:
    encoded = [base64.b64encode(signature) for signature in expected]
    refusal = SignatureRefusedError("missing")
    for signature in signatures:
        version, _, value = signature.partition(",")
        try:
            require_match(value.encode("utf-8", "replace") if version == "v1" else None, encoded)
        except SignatureRefusedError as exc:
            refusal = exc
        else:
            return
    raise refusal
