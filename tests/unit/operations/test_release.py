"""What `make deploy` lacks is said in one line, before it builds for a minute."""

from __future__ import annotations

from pathlib import Path

import pytest
from local.place import LocalError
from scripts.release import release
from scripts.stacks import Environment


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator who never told this machine about AWS."""
    for name in (
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def target(region: str | None) -> Environment:
    parameters = {"Runtime": "python3.13", "Architecture": "arm64"}
    return Environment(name="dev", stack_name="dev", region=region, parameters=parameters)


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize(
    ("region", "missing"),
    [(None, "region is set: set AWS_DEFAULT_REGION"), ("eu-west-1", "credentials were found")],
)
def test_a_missing_account_is_named_with_what_to_do(region: str | None, missing: str) -> None:
    with pytest.raises(LocalError, match=f"^No AWS {missing}") as refused:
        release(target(region))
    assert "\n" not in str(refused.value)
