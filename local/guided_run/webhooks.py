"""Webhooks as the two LMSs of the guided run send them, signed as they sign."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any


def standard_webhook(secret: str, body: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    """Standard Webhooks: HMAC-SHA256 over `id.timestamp.body` with the key behind `whsec_`."""
    raw = json.dumps(body).encode()
    message_id, timestamp = str(body["event_id"]), str(int(time.time()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + raw
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return raw, {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }


def thinkific(secret: str, body: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    """Thinkific: the hex HMAC-SHA256 of the body."""
    raw = json.dumps(body).encode()
    signature = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return raw, {"Content-Type": "application/json", "X-Thinkific-Hmac-Sha256": signature}


def thinkific_completion(event_id: str, course: int, user: int, email: str, at: str) -> dict[str, Any]:
    """An `enrollment.completed` with the fields that Thinkific documents."""
    return {
        "id": event_id,
        "resource": "enrollment",
        "action": "completed",
        "tenant_id": "3",
        "created_at": at,
        "payload": {
            "id": 88_000 + user,
            "completed_at": at,
            "percentage_completed": "1.0",
            "course": {"id": course, "name": "Closing a deal"},
            "user": {"id": user, "email": email, "first_name": "Ada", "last_name": "Partner"},
        },
    }
