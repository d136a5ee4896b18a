"""JWTs of an OIDC issuer as callers' keys, where the deployment names one."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from certification.adapters.oidc import OidcTokens
from certification.config import Config
from unit.http.api import NOW, HttpApi

ISSUER = "https://login.partner.example/realm"
AUDIENCE = "certification"


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def number(value: int) -> str:
    return encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def public_rsa(key_id: str) -> dict[str, str]:
    numbers = rsa_key(key_id).public_key().public_numbers()
    return {"kty": "RSA", "kid": key_id, "use": "sig", "n": number(numbers.n), "e": number(numbers.e)}


def public_ec() -> dict[str, str]:
    numbers = ec_key().public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "kid": "ec", "x": number(numbers.x), "y": number(numbers.y)}


class Issuer:
    """Publishes its keys; `down` makes it unreachable."""

    def __init__(self) -> None:
        self.keys = [public_rsa("one"), public_ec()]
        self.issuer = ISSUER
        self.asked: list[str] = []
        self.down = False

    def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        if self.down:
            raise ConnectionError("unreachable")
        if url == f"{ISSUER}/.well-known/openid-configuration":
            return json.dumps({"issuer": self.issuer, "jwks_uri": f"{ISSUER}/keys"}).encode()
        assert url == f"{ISSUER}/keys"
        return json.dumps({"keys": self.keys}).encode()


def token(*, header: dict[str, Any] | None = None, signer: str = "one", **changes: Any) -> str:
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "robot-7",
        "exp": int((NOW + timedelta(minutes=5)).timestamp()),
        "scope": "openid certification/read",
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    algorithm = "ES256" if signer == "ec" else "RS256"
    head = {"alg": algorithm, "kid": signer, "typ": "at+jwt", **(header or {})}
    signed = ".".join(encoded(json.dumps(part).encode()) for part in (head, claims))
    return f"{signed}.{encoded(signature(signer, signed.encode()))}"


def signature(signer: str, signed: bytes) -> bytes:
    if signer == "ec":
        halves = decode_dss_signature(ec_key().sign(signed, ec.ECDSA(SHA256())))
        return b"".join(half.to_bytes(32, "big") for half in halves)
    return rsa_key(signer).sign(signed, padding.PKCS1v15(), SHA256())


class Api(HttpApi):
    def __init__(self) -> None:
        self.issuer = Issuer()
        self.seconds = 1000.0
        tokens = OidcTokens(ISSUER, AUDIENCE, monotonic=lambda: self.seconds, fetch=self.issuer.fetch)
        super().__init__(token_reader=tokens)

    def get(self, key: str) -> int:
        return self.call("GET", "/courses", key=key)[0]


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.mark.parametrize("signer", ["one", "ec"])
def test_a_token_of_the_issuer_lets_its_subject_in_with_its_scopes(api: Api, signer: str) -> None:
    caller = token(signer=signer, scope="certification/read certification/admin")
    assert api.get(caller) == 200
    assert (
        api.made("POST", "/api-keys", {"name": "a", "scopes": ["read"]}, key=caller)["created_by"]
        == "oidc:robot-7"
    )


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"scope": "read"}, 200),
        ({"scope": "https://api.partner.example/read"}, 200),
        ({"scope": "certification:read"}, 200),
        ({"scope": None, "scp": ["read"]}, 200),
        ({"scope": None, "scp": "read write"}, 200),
        ({"scope": None, "permissions": ["read:x", "x:read"]}, 200),
        ({"scope": "read:all"}, 403),
        ({"scope": "spread"}, 403),
        ({"scope": ""}, 403),
        ({"scope": None}, 403),
        ({"scope": 7, "scp": {"read": 1}}, 403),
    ],
)
def test_scopes_are_read_where_issuers_put_them(api: Api, claims: dict[str, Any], status: int) -> None:
    assert api.get(token(**claims)) == status


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": ISSUER + "/"},
        {"iss": None},
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": None},
        {"aud": None, "client_id": "another"},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"exp": int(NOW.timestamp()) - 61},
        {"nbf": int(NOW.timestamp()) + 61},
        {"nbf": "later"},
    ],
)
def test_a_token_that_is_not_for_us_or_not_for_now_is_a_401(api: Api, claims: dict[str, Any]) -> None:
    assert api.get(token(**claims)) == 401
    assert api.issuer.asked == [], "nobody makes us ask the issuer with a token that cannot be right"


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["another", AUDIENCE]},
        {"aud": None, "client_id": AUDIENCE},
        {"exp": int(NOW.timestamp()) - 59},
        {"nbf": int(NOW.timestamp()) + 59},
    ],
)
def test_what_is_right_within_a_minute_and_among_others_is_right(api: Api, claims: dict[str, Any]) -> None:
    assert api.get(token(**claims)) == 200


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "ES256"},
        {"alg": None},
        {"kid": "unknown"},
        {"kid": "ec"},
        {"crit": ["x"]},
    ],
)
def test_a_token_cannot_choose_how_it_is_verified(api: Api, header: dict[str, Any]) -> None:
    assert api.get(token(header=header)) == 401


@pytest.mark.parametrize(
    "forge", [lambda t: t[:-8] + "AAAAAAAA", lambda t: t.rpartition(".")[0] + ".", lambda t: t + "A"]
)
def test_a_signature_that_does_not_fit_is_a_401(api: Api, forge: Any) -> None:
    assert api.get(forge(token())) == 401


def test_claims_cannot_be_exchanged_under_a_signature(api: Api) -> None:
    header, _, signed = token().split(".")
    _, other, _ = token(scope="admin").split(".")
    assert api.get(f"{header}.{other}.{signed}") == 401


@pytest.mark.parametrize(
    "text",
    [
        *("a.b.c", "..", "e30.e30.", "W10.W10.W10", "é.é.é", "x" * 9000 + ".x.x", "bnVsbA.bnVsbA.x"),
        encoded(b"[" * 6000) + ".e30.x",
    ],
    ids=lambda text: text[:20],
)
def test_what_is_no_token_is_a_401(api: Api, text: str) -> None:
    assert api.get(text) == 401


class TestTheIssuersKeys:
    def test_are_asked_for_once_an_hour(self, api: Api) -> None:
        for _ in range(5):
            api.get(token())
        assert len(api.issuer.asked) == 2
        api.seconds += 3601
        api.get(token())
        assert len(api.issuer.asked) == 4

    def test_may_be_exchanged_at_any_time(self, api: Api) -> None:
        assert api.get(token()) == 200
        api.issuer.keys = [public_rsa("two")]
        api.seconds += 31
        assert api.get(token(signer="two")) == 200
        assert api.get(token()) == 401

    def test_are_not_asked_for_with_every_invented_key(self, api: Api) -> None:
        for name in range(50):
            api.get(token(header={"kid": str(name)}))
        assert len(api.issuer.asked) == 2

    def test_that_cannot_be_read_make_a_503_until_they_can(self, api: Api) -> None:
        api.issuer.down = True
        assert api.get(token()) == 503
        api.issuer.down = False
        assert api.get(token()) == 200

    def test_that_are_known_outlast_the_issuer(self, api: Api) -> None:
        assert api.get(token()) == 200
        api.issuer.down = True
        api.seconds += 3601
        assert api.get(token()) == 200

    def test_of_another_issuer_are_not_taken(self, api: Api) -> None:
        api.issuer.issuer = "https://evil.example"
        assert api.get(token()) == 503

    def test_that_are_for_encryption_are_none(self, api: Api) -> None:
        api.issuer.keys = [public_rsa("one") | {"use": "enc"}]
        assert api.get(token()) == 401


def test_without_an_issuer_a_token_is_no_key() -> None:
    assert HttpApi().call("GET", "/courses", key=token())[0] == 401


def test_an_issuer_without_an_audience_is_no_issuer() -> None:
    """A token made for anybody else would do."""
    assert HttpApi(settings={"oidc_issuer": ISSUER}).app.token_reader is None


def test_an_issuer_is_asked_over_https_only() -> None:
    from certification.adapters.oidc import _get

    with pytest.raises(ValueError, match="HTTPS"):
        _get("http://login.partner.example/keys")
    assert Config(table_name="t").oidc_issuer == ""


def test_api_keys_go_on_working_beside_it(api: Api) -> None:
    api.issuer.down = True
    assert api.get(api.key("read")) == 200
