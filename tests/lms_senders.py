"""Each provider as it sends: signs a body with a secret the way its documentation says, independent of our code."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
from standardwebhooks import Webhook

from certification.domain.webhooks import WebhookRequest

SAMPLES = Path(__file__).parent.parent / "events" / "lms"
NOW = datetime(2026, 11, 20, 9, 31, tzinfo=UTC)
WHSEC = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
WHSEC_OTHER = "whsec_" + base64.b64encode(b"another-secret-of-24-byt").decode()
Send = Callable[[bytes, str, datetime], WebhookRequest]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """`signs_body`: the proof depends on the body; `expires`: it depends on the time too."""

    provider: str
    secret: str
    other_secret: str
    send: Send
    signs_body: bool = False
    expires: bool = False

    def sample(self) -> Any:
        return json.loads((SAMPLES / f"{self.provider}.json").read_text())

    def request(self, body: object, *, secret: str | None = None, at: datetime = NOW) -> WebhookRequest:
        raw = body if isinstance(body, bytes) else as_bytes(body)
        return self.send(raw, secret or self.secret, at)


def as_bytes(body: object) -> bytes:
    """JSON with its letters as they are, or escaped where they cannot be encoded."""
    try:
        return json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(body).encode()


def standard_webhooks(body: bytes, secret: str, at: datetime) -> WebhookRequest:
    signature = Webhook(secret).sign("msg_1", at, body.decode())
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }
    return WebhookRequest(headers=headers, body=body)


def hex_hmac(header: str, extra: Mapping[str, str] = {}) -> Send:
    def send(body: bytes, secret: str, at: datetime) -> WebhookRequest:
        digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return WebhookRequest(headers={header: digest, **extra}, body=body)

    return send


def basic(body: bytes, secret: str, at: datetime) -> WebhookRequest:
    credentials = base64.b64encode(secret.encode()).decode()
    return WebhookRequest(headers={"authorization": f"Basic {credentials}"}, body=body)


def in_path(body: bytes, secret: str, at: datetime) -> WebhookRequest:
    return WebhookRequest(headers={}, body=body, path_secret=secret)


def learnworlds(body: bytes, secret: str, at: datetime) -> WebhookRequest:
    return WebhookRequest(headers={"learnworlds-webhook-signature": f"v1={secret}"}, body=body)


def canvas(body: bytes, secret: str, at: datetime) -> WebhookRequest:
    return WebhookRequest(headers={}, body=jwt.encode(json.loads(body), secret, algorithm="HS256").encode())


def moodle(body: bytes, secret: str, at: datetime) -> WebhookRequest:
    events = json.loads(body)
    for event in events if isinstance(events, list) else [events]:
        event["token"] = secret
    return WebhookRequest(headers={}, body=as_bytes(events))


KEY, OTHER_KEY = "a-shared-key-of-at-least-32-bytes!", "another-shared-key-of-32-bytes!!!!"
LEARNUPON = {"x-webhook-type": "course_completion"}
SENDERS = {
    sender.provider: sender
    for sender in (
        Sender(
            provider="standard_webhooks",
            secret=WHSEC,
            other_secret=WHSEC_OTHER,
            send=standard_webhooks,
            signs_body=True,
            expires=True,
        ),
        Sender(
            provider="cloudevents",
            secret=WHSEC,
            other_secret=WHSEC_OTHER,
            send=standard_webhooks,
            signs_body=True,
            expires=True,
        ),
        Sender(
            provider="thinkific",
            secret=KEY,
            other_secret=OTHER_KEY,
            send=hex_hmac("x-thinkific-hmac-sha256"),
            signs_body=True,
        ),
        Sender(
            provider="learnupon",
            secret=KEY,
            other_secret=OTHER_KEY,
            send=hex_hmac("x-webhook-signature", LEARNUPON),
            signs_body=True,
        ),
        Sender(provider="docebo", secret="hook:pässword", other_secret="hook:other", send=basic),
        Sender(provider="learnworlds", secret=KEY, other_secret=OTHER_KEY, send=learnworlds),
        Sender(provider="teachable", secret=KEY, other_secret=OTHER_KEY, send=in_path),
        Sender(provider="litmos", secret=KEY, other_secret=OTHER_KEY, send=in_path),
        Sender(provider="scorm_cloud", secret="hook:password", other_secret="hook:other", send=basic),
        Sender(provider="canvas", secret=KEY, other_secret=OTHER_KEY, send=canvas, signs_body=True),
        Sender(provider="moodle", secret=KEY, other_secret=OTHER_KEY, send=moodle),
        Sender(provider="open_edx", secret=KEY, other_secret=OTHER_KEY, send=in_path),
        Sender(provider="xapi", secret="lrs:password", other_secret="lrs:other", send=basic),
    )
}
