"""Secrets are compared in constant time: no module that verifies compares with `==`, and all end in one function."""

from __future__ import annotations

import ast
import hmac
from pathlib import Path

import pytest

from certification.adapters.lms import signatures
from certification.domain.sources import PROVIDERS
from certification.domain.webhooks import SignatureRefusedError
from lms_senders import NOW, SENDERS
from template import ROOT

LMS = ROOT / "layers" / "certification" / "certification" / "adapters" / "lms"
SECRETIVE = {
    "secret",
    "secrets",
    "signature",
    "presented",
    "expected",
    "digest",
    "token",
    "password",
    "credentials",
}


@pytest.mark.parametrize("path", sorted(LMS.glob("*.py")), ids=lambda path: path.stem)
def test_nothing_secret_is_compared_with_an_operator(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq | ast.In | ast.NotIn):
            names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
            names |= {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}
            assert not names & SECRETIVE, f"{path.name}:{node.lineno} {ast.unparse(node)}"


@pytest.mark.parametrize("provider", [name for name in PROVIDERS if name in SENDERS])
def test_every_provider_compares_by_compare_digest(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from certification.adapters.lms.registry import get_provider

    compared: list[int] = []
    compare = hmac.compare_digest

    def watched(one: bytes, other: bytes) -> bool:
        compared.append(len(one))
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    sender = SENDERS[provider]
    request = sender.request(sender.sample())
    get_provider(provider).verify(request, [sender.secret], NOW)
    assert compared


@pytest.mark.parametrize("presented", [None, b"", b"x", b"y" * 10_000])
def test_a_comparison_sees_hashes_of_one_length_whatever_is_presented(
    presented: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths: set[int] = set()

    def watched(one: bytes, other: bytes) -> bool:
        lengths.update((len(one), len(other)))
        return False

    monkeypatch.setattr(hmac, "compare_digest", watched)
    with pytest.raises(SignatureRefusedError):
        signatures.require_match(presented, [b"one", b"another, longer"])
    assert lengths == {32}


def test_the_same_work_is_done_without_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source without a secret takes nothing, and does not answer faster than one that has one."""
    times: list[int] = []

    def watched(*_: bytes) -> bool:
        times.append(1)
        return False

    monkeypatch.setattr(hmac, "compare_digest", watched)
    for secrets in ([], ["a"]):
        with pytest.raises(SignatureRefusedError):
            signatures.require_token("guess", secrets)
    assert len(times) == 3
