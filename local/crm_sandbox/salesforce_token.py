"""Salesforce's tokens: client credentials and JWT bearer. A token is forgotten when it expires, on command."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from local.crm_sandbox.exchange import RefusedError, Request, Response
from local.crm_sandbox.store import Store

CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-secret"  # noqa: S105 - the sandbox's own, known to everyone
USERNAME = "sandbox@partner.example"
ORGANIZATION = "00D5g000000000AEAA"
USER = "0055g000000000AAAA"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LONGEST_ASSERTION = 300


def issue(store: Store, request: Request) -> Response:
    """`POST /services/oauth2/token`."""
    form = {**dict(parse_qsl(request.raw.decode())), **_basic(request)}
    match form.get("grant_type"):
        case "client_credentials":
            _require_client(form)
        case "urn:ietf:params:oauth:grant-type:jwt-bearer":
            _require_assertion(store, request, form.get("assertion", ""))
        case _:
            raise _refused("unsupported_grant_type", "grant type not supported")
    token = f"{ORGANIZATION[:15]}!{secrets.token_urlsafe(48)}"
    store.tokens[token] = USER
    store.changed()
    return Response(
        content={
            "access_token": token,
            "signature": "c2FuZGJveA==",
            "scope": "api",
            "instance_url": f"http://{request.headers['host']}{request.prefix}",
            "id": f"https://login.salesforce.com/id/{ORGANIZATION}/{USER}",
            "token_type": "Bearer",
            "issued_at": str(int(time.time() * 1000)),
            "api_instance_url": "https://api.salesforce.com",
        }
    )


def is_valid(store: Store, request: Request) -> bool:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return scheme in {"Bearer", "OAuth"} and token in store.tokens


def _require_client(form: Mapping[str, str]) -> None:
    if form.get("client_id") != CLIENT_ID:
        raise _refused("invalid_client_id", "client identifier invalid")
    if not hmac.compare_digest(form.get("client_secret", ""), CLIENT_SECRET):
        raise _refused("invalid_client", "invalid client credentials")


def _require_assertion(store: Store, request: Request, assertion: str) -> None:
    try:
        head, claims, signature = assertion.split(".")
        header, content = dict(json.loads(_decoded(head))), dict(json.loads(_decoded(claims)))
        signed = _decoded(signature)
        left = float(content.get("exp", 0)) - time.time()
    except (TypeError, ValueError):
        raise _refused("invalid_grant", "invalid assertion") from None
    audience = str(content.get("aud", "")).rstrip("/")
    own = f"http://{request.headers['host']}{request.prefix}"
    if header.get("alg") != "RS256" or not signed:
        raise _refused("invalid_grant", "invalid assertion")
    if content.get("iss") != CLIENT_ID:
        raise _refused("invalid_client_id", "client identifier invalid")
    if audience != own and not audience.endswith(".salesforce.com"):
        raise _refused("invalid_grant", "audience is invalid")
    if not 0 < left <= _LONGEST_ASSERTION:
        raise _refused("invalid_grant", "expired or too long-lived assertion")
    if content.get("sub") != USERNAME:
        raise _refused("invalid_grant", "user hasn't approved this consumer")
    if store.jwt_public_key:
        _require_signature(store.jwt_public_key, f"{head}.{claims}".encode(), signed)


def _require_signature(pem: str, message: bytes, signature: bytes) -> None:
    key = serialization.load_pem_public_key(pem.encode())
    assert isinstance(key, rsa.RSAPublicKey), "an RSA key is needed"  # noqa: S101 - the control's own mistake
    try:
        key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        raise _refused("invalid_grant", "invalid assertion") from None


def _basic(request: Request) -> dict[str, str]:
    """A client may name itself in the header instead."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme != "Basic":
        return {}
    client_id, _, secret = base64.b64decode(value).decode().partition(":")
    return {"client_id": client_id, "client_secret": secret}


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _refused(error: str, description: str) -> RefusedError:
    content: dict[str, Any] = {"error": error, "error_description": description}
    return RefusedError(Response(status=400, content=content))
