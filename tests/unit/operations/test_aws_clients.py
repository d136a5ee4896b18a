"""How the functions' clients are set, where a default of botocore would cost or break something."""

from __future__ import annotations

from typing import Any

import pytest

from certification.adapters.aws import create_client


def test_a_call_carries_a_user_agent_that_is_not_put_together_anew_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client = create_client.__wrapped__("dynamodb")
    sent: list[Any] = []

    def stop(request: Any, **_: Any) -> None:
        sent.append(request)
        raise ConnectionAbortedError

    client.meta.events.register("before-send.dynamodb", stop)
    with pytest.raises(ConnectionAbortedError):
        client.list_tables()
    name, ours, *others = sent[0].headers["User-Agent"].decode().split()
    assert name.startswith("Botocore/")
    assert ours == "partner-certification"
    assert not [part for part in others if not part.startswith("PT")], "Powertools adds its own, nobody else"
