"""How the functions' clients are set, where a default of botocore would cost or break something."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import botocore
import pytest

from certification.adapters.aws import MODELS, create_client, new_session


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


def test_attribute_values_are_handed_on_as_they_come() -> None:
    model = new_session().get_service_model("dynamodb")
    assert model.shape_for("AttributeValue").metadata["document"]


def test_our_additions_hide_none_of_botocores_own() -> None:
    """A loader takes the first file of a name that it finds."""
    (ours,) = (path.relative_to(MODELS) for path in MODELS.rglob("*.json"))
    assert not (Path(botocore.__file__).parent / "data" / ours).exists()
