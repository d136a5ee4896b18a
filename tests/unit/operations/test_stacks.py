"""Scripts reach the stack that this checkout deployed."""

from __future__ import annotations

from pathlib import Path

import pytest
from local.place import LocalError, Place
from scripts import stacks


def test_the_local_stack_is_reached_where_it_was_deployed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the port that LOCAL_PORT names now, another checkout's cloud may answer."""
    place = Place(name="test", state=tmp_path, port=4566, crm_port=4567)
    monkeypatch.setattr(stacks, "current_place", lambda: place)
    with pytest.raises(LocalError, match="Nothing is deployed here: run `make up` first"):
        stacks.outputs("local")
    place.stack_file.write_text('{"aws_endpoint_url": "http://127.0.0.1:5066"}')
    assert stacks.client("local", "sqs").meta.endpoint_url == "http://127.0.0.1:5066"
