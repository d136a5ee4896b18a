"""What proves where a webhook comes from, for every provider: accepted, and each way to be refused."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from certification.adapters.lms.registry import get_provider, storable_body
from certification.domain.sources import PROVIDERS
from certification.domain.webhooks import SignatureRefusedError, WebhookRequest
from lms_senders import KEY, NOW, OTHER_KEY, SENDERS, Sender

VECTOR = Path(__file__).parent / "published" / "standardwebhooks_test_vector.json"
every_provider = pytest.mark.parametrize("sender", SENDERS.values(), ids=SENDERS)


def reason(sender: Sender, request: WebhookRequest, *secrets: str) -> str:
    with pytest.raises(SignatureRefusedError) as refused:
        get_provider(sender.provider).verify(request, secrets or (sender.secret,), NOW)
    return refused.value.reason


def accept(sender: Sender, request: WebhookRequest, *secrets: str) -> None:
    get_provider(sender.provider).verify(request, secrets or (sender.secret,), NOW)


def test_every_registered_provider_has_a_sender_and_a_sample() -> None:
    assert set(SENDERS) == set(PROVIDERS)


@every_provider
def test_a_genuine_request_is_accepted(sender: Sender) -> None:
    accept(sender, sender.request(sender.sample()))


@every_provider
def test_both_secrets_are_accepted_while_one_is_rotated(sender: Sender) -> None:
    accept(sender, sender.request(sender.sample()), sender.other_secret, sender.secret)


@every_provider
def test_another_sources_secret_is_refused(sender: Sender) -> None:
    assert reason(sender, sender.request(sender.sample(), secret=sender.other_secret)) == "wrong"


@every_provider
def test_a_request_without_any_proof_is_refused(sender: Sender) -> None:
    body = json.dumps(sender.sample()).encode()
    if sender.provider == "moodle":
        body = body.replace(b'"token"', b'"not_the_token"')
    assert reason(sender, WebhookRequest(headers={}, body=body)) == "missing"


@every_provider
def test_an_empty_secret_proves_nothing(sender: Sender) -> None:
    request = sender.request(sender.sample())
    emptied = replace(
        request, headers=dict.fromkeys(request.headers, ""), path_secret="" if request.path_secret else None
    )
    for secrets in ((), ("",), ("", sender.other_secret)):
        with pytest.raises(SignatureRefusedError):
            get_provider(sender.provider).verify(request, secrets, NOW)
        with pytest.raises(SignatureRefusedError):
            get_provider(sender.provider).verify(replace(emptied, body=b"{}"), secrets, NOW)


@pytest.mark.parametrize("name", [name for name, sender in SENDERS.items() if sender.signs_body])
def test_a_signature_of_another_body_is_refused(name: str) -> None:
    sender = SENDERS[name]
    request = sender.request(sender.sample())
    body = request.body
    changed = body.replace(body[20:21], b"x" if body[20:21] != b"x" else b"y", 1)
    assert reason(sender, replace(request, body=changed)) in {"wrong", "malformed"}


@pytest.mark.parametrize("name", [name for name, sender in SENDERS.items() if sender.expires])
@pytest.mark.parametrize("seconds", [-301, 301])
def test_an_old_or_early_signature_is_refused(name: str, seconds: int) -> None:
    sender = SENDERS[name]
    at = NOW + timedelta(seconds=seconds)
    assert reason(sender, sender.request(sender.sample(), at=at)) == "stale"
    accept(sender, sender.request(sender.sample(), at=NOW - timedelta(seconds=300)))


@every_provider
@pytest.mark.parametrize(
    "value", ["", " ", "v1,", "v1,é", "é", "v1=", "Basic", "Basic é", "Basic !!!", "\ud800"]
)
def test_malformed_proof_is_refused_and_never_crashes(sender: Sender, value: str) -> None:
    request = sender.request(sender.sample())
    headers = dict.fromkeys(request.headers, value)
    body = json.dumps({"token": value}).encode() if sender.provider == "moodle" else b"a.b.c"
    path = value if request.path_secret else None
    assert reason(sender, WebhookRequest(headers=headers, body=body, path_secret=path)) in {
        "missing",
        "wrong",
        "malformed",
    }


def test_the_published_vector_of_standard_webhooks_is_accepted() -> None:
    vector = json.loads(VECTOR.read_text())
    headers = {name: vector[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
    request = WebhookRequest(headers=headers, body=vector["raw_body"].encode())
    sent_at = datetime.fromtimestamp(int(vector["webhook-timestamp"]), UTC)
    get_provider("standard_webhooks").verify(request, [vector["secret"]], sent_at)


def test_one_of_several_standard_webhooks_signatures_is_enough() -> None:
    sender = SENDERS["standard_webhooks"]
    request = sender.request(sender.sample())
    several = f"v1,AAAA v1a,BBBB {request.headers['webhook-signature']}"
    accept(sender, replace(request, headers={**request.headers, "webhook-signature": several}))


def test_a_home_made_key_that_is_no_base64_signs_too() -> None:
    import hashlib
    import hmac

    stamp = str(int(NOW.timestamp()))
    digest = hmac.new(b"plain key!", f"m.{stamp}.{{}}".encode(), hashlib.sha256).digest()
    headers = {
        "webhook-id": "m",
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
    get_provider("standard_webhooks").verify(WebhookRequest(headers=headers, body=b"{}"), ["plain key!"], NOW)


def test_a_hex_signature_may_be_in_upper_case() -> None:
    sender = SENDERS["thinkific"]
    request = sender.request(sender.sample())
    accept(sender, replace(request, headers={k: v.upper() for k, v in request.headers.items()}))


@pytest.mark.parametrize("name", ["canvas", "teachable", "litmos", "open_edx"])
def test_the_secret_in_the_path_is_enough_where_the_provider_cannot_sign(name: str) -> None:
    body = json.dumps(SENDERS[name].sample()).encode()
    accept(SENDERS[name], WebhookRequest(headers={}, body=body, path_secret=KEY))
    assert reason(SENDERS[name], WebhookRequest(headers={}, body=body, path_secret=OTHER_KEY)) == "wrong"


@pytest.mark.parametrize("name", ["thinkific", "learnupon", "docebo", "standard_webhooks", "xapi"])
def test_the_secret_in_the_path_is_no_way_round_a_signature(name: str) -> None:
    sender = SENDERS[name]
    body = json.dumps(sender.sample()).encode()
    assert reason(sender, WebhookRequest(headers={}, body=body, path_secret=sender.secret)) == "missing"


def test_every_moodle_event_of_a_body_needs_the_token() -> None:
    sender = SENDERS["moodle"]
    events = [sender.sample() | {"token": KEY}, sender.sample() | {"token": "else"}]
    assert reason(sender, WebhookRequest(headers={}, body=json.dumps(events).encode())) == "wrong"
    assert reason(sender, WebhookRequest(headers={}, body=b"[]")) == "missing"


def test_the_credentials_of_a_scorm_cloud_form_are_accepted_and_not_kept() -> None:
    sender = SENDERS["scorm_cloud"]
    body = b"data=%7B%7D&userName=hook&password=password"
    accept(sender, WebhookRequest(headers={}, body=body))
    assert reason(sender, WebhookRequest(headers={}, body=body.replace(b"=password", b"=guess"))) == "wrong"
    assert storable_body("scorm_cloud", body) == b"data=%7B%7D"


def test_the_moodle_token_is_not_kept() -> None:
    sender = SENDERS["moodle"]
    kept = storable_body("moodle", sender.request(sender.sample()).body)
    assert json.loads(kept) == {name: value for name, value in sender.sample().items() if name != "token"}
    assert storable_body("moodle", b"token=" + KEY.encode() + b"&courseid=3") == b"courseid=3"


class TestCanvasWithAPublishedKeySet:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def key_set(self, *key_ids: str) -> str:
        keys = [
            json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.private.public_key())) | {"kid": key_id}
            for key_id in key_ids
        ]
        return json.dumps({"keys": keys})

    def signed(self, key: rsa.RSAPrivateKey, **claims: float) -> WebhookRequest:
        payload = SENDERS["canvas"].sample() | claims
        token = jwt.encode(payload, key, algorithm="RS256", headers={"kid": "now"})
        return WebhookRequest(headers={}, body=token.encode())

    def test_its_signature_is_accepted(self) -> None:
        accept(SENDERS["canvas"], self.signed(self.private), self.key_set("before", "now", "next"))

    def test_another_key_is_refused(self) -> None:
        assert reason(SENDERS["canvas"], self.signed(self.other), self.key_set("now")) == "wrong"

    def test_a_key_that_the_set_does_not_name_is_refused(self) -> None:
        assert reason(SENDERS["canvas"], self.signed(self.private), self.key_set("before")) == "wrong"

    def test_an_expired_token_is_refused(self) -> None:
        expired = self.signed(self.private, exp=NOW.timestamp() - 301)
        assert reason(SENDERS["canvas"], expired, self.key_set("now")) == "stale"

    def test_the_key_set_is_no_shared_key(self) -> None:
        key_set = self.key_set("now")
        token = _hs256(SENDERS["canvas"].sample(), key_set.encode())
        assert reason(SENDERS["canvas"], WebhookRequest(headers={}, body=token), key_set) == "wrong"

    def test_a_token_without_a_signature_is_refused(self) -> None:
        token = jwt.encode(SENDERS["canvas"].sample(), "", algorithm="none").encode()
        for secret in (KEY, self.key_set("now")):
            assert reason(SENDERS["canvas"], WebhookRequest(headers={}, body=token), secret) == "wrong"

    @pytest.mark.parametrize(
        "secret", ["{", '{"keys": 3}', '{"keys": [{"kty": "RSA", "n": "!", "e": 3}]}', "{}"]
    )
    def test_a_broken_key_set_refuses(self, secret: str) -> None:
        assert reason(SENDERS["canvas"], self.signed(self.private), secret) == "wrong"


def _hs256(claims: object, key: bytes) -> bytes:
    """By hand: PyJWT refuses to be misused in this way."""
    import hashlib
    import hmac

    def part(value: bytes) -> bytes:
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    signed = part(b'{"alg":"HS256","typ":"JWT"}') + b"." + part(json.dumps(claims).encode())
    return signed + b"." + part(hmac.new(key, signed, hashlib.sha256).digest())


@every_provider
def test_verifying_a_body_of_one_megabyte_is_quick(sender: Sender) -> None:
    request = (
        sender.request(sender.sample() | {"x": "é" * 500_000}) if isinstance(sender.sample(), dict) else None
    )
    if request is None:
        request = sender.request(sender.sample() * 3000)
    started = time.process_time()
    accept(sender, request)
    assert time.process_time() - started < 2
