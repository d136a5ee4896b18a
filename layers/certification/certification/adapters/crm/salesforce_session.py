"""Salesforce's access token, by client credentials or JWT bearer: fetched when needed, kept until it is refused."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from certification.adapters.crm.deadline import Deadline
from certification.adapters.crm.http import Answer, CrmHttp, Request
from certification.domain.connection import PauseReason
from certification.domain.crm_credentials import Credentials
from certification.domain.push import PushFailedError

_TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_SECONDS = 180
"""Salesforce takes at most five minutes, by its own clock."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_NOT_THERE, _OTHER_METHOD = 404, 405
_REASONS = {400: PauseReason.CREDENTIALS, 401: PauseReason.CREDENTIALS, 403: PauseReason.FORBIDDEN}
_FOR_A_WHILE = frozenset({"login_rate_exceeded", "slow_down", "temporarily_unavailable", "server_error"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """`instance_url` is where the API is. `org_id` is empty where Salesforce does not say."""

    secret: str
    instance_url: str
    org_id: str = ""


class SalesforceSession:
    """One org, as one client. `credentials` as in a connection (`contract.md`)."""

    def __init__(
        self,
        http: CrmHttp,
        base_url: str,
        credentials: Credentials,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._http = http
        self._base = base_url.rstrip("/")
        self._credentials = credentials
        self._clock = clock
        self._token: Token | None = None

    def token(self, deadline: Deadline) -> Token:
        if self._token is None:
            self._token = self._fetched(deadline)
        return self._token

    def forget(self) -> None:
        """The token was refused: the next use fetches another one."""
        self._token = None

    def _fetched(self, deadline: Deadline) -> Token:
        url = self._base + _TOKEN_PATH
        answer = self._http.call(Request(method="POST", url=url, form=self._form()), deadline)
        shape = answer.content if isinstance(answer.content, dict) else {}
        if not answer.ok or not shape.get("access_token"):
            raise self._refused(answer)
        secret = str(shape["access_token"])
        self._http.hide(secret)
        instance = self._safe(str(shape.get("instance_url") or self._base))
        return Token(secret=secret, instance_url=instance, org_id=_org_id(str(shape.get("id") or "")))

    def _form(self) -> Mapping[str, str]:
        if "private_key" in self._credentials:
            assertion = self._assertion()
            self._http.hide(assertion)
            return {"grant_type": _JWT_BEARER, "assertion": assertion}
        return {
            "grant_type": "client_credentials",
            "client_id": self._credentials["client_id"],
            "client_secret": self._credentials["client_secret"],
        }

    def _assertion(self) -> str:
        claims = {
            "iss": self._credentials["client_id"],
            "sub": self._credentials["username"],
            "aud": self._base,
            "exp": int(self._clock()) + _ASSERTION_SECONDS,
        }
        try:
            return _signed(claims, self._credentials["private_key"])
        except ValueError:
            # The library's own words may show the key.
            message = "the private key is not an unencrypted RSA key in PEM form"
            raise self._http.failed(PauseReason.CREDENTIALS, message) from None

    def _refused(self, answer: Answer) -> PushFailedError:
        code, said = _error(answer.content)
        if answer.ok or answer.status in {_NOT_THERE, _OTHER_METHOD}:
            message = "nobody issues tokens at this base URL: it has to be the org's own My Domain"
            return self._http.failed(PauseReason.UNAVAILABLE, message)
        if code == "REQUEST_LIMIT_EXCEEDED" or code.lower() in _FOR_A_WHILE:
            return self._http.throttled(answer, f"Salesforce asks for a pause: {code}: {said}")
        reason = _REASONS.get(answer.status, PauseReason.UNAVAILABLE)
        return self._http.failed(reason, f"Salesforce gives no token: {code}: {said}")

    def _safe(self, instance_url: str) -> str:
        """Tokens and people's data go to the host of the base URL, or over https."""
        url = urlsplit(instance_url)
        same = url.netloc == urlsplit(self._base).netloc
        if url.scheme == "https" or (url.scheme == "http" and (same or url.hostname in _LOOPBACK)):
            return instance_url.rstrip("/")
        raise self._http.failed(
            PauseReason.UNAVAILABLE, "Salesforce names an instance that is not reached over https"
        )


def _signed(claims: Mapping[str, object], pem: str) -> str:
    """A JWT by RS256 (RFC 7515). `ValueError` where this is no such key."""
    # Imported here: most connections use client credentials, and a cold start should not pay for this.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (TypeError, UnsupportedAlgorithm) as exc:
        raise ValueError("no such key") from exc
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("not an RSA key")  # noqa: TRY004 - one error for whatever is wrong with it
    text = f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part(claims)}"
    return f"{text}.{_base64(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _part(shape: Mapping[str, object]) -> str:
    return _base64(json.dumps(shape, separators=(",", ":")).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _error(content: object) -> tuple[str, str]:
    """The token endpoint speaks OAuth; what stands before it, the API's own list of errors."""
    shape = content[0] if isinstance(content, list) and content else content
    if not isinstance(shape, dict):
        return "", "no reason given"
    code = str(shape.get("error") or shape.get("errorCode") or "")
    return code, str(shape.get("error_description") or shape.get("message") or "no reason given")


def _org_id(identity_url: str) -> str:
    """`https://login.salesforce.com/id/<org>/<user>`."""
    org, _, user = urlsplit(identity_url).path.removeprefix("/id/").partition("/")
    return org if user else ""
