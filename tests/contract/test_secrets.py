"""The parameter store: one value for all who need it first, whoever made it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from certification.adapters.secrets import SsmSecrets
from certification.domain.errors import UnavailableError

NAME = "/completion-id-key"


@pytest.fixture
def ssm() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("ssm", region_name="us-east-1")


class Lagging:
    """The store as it may be for a moment: a parameter that exists is not found yet."""

    def __init__(self, ssm: Any) -> None:
        self._ssm = ssm
        self.behind = True

    def get_parameter(self, **asked: Any) -> Any:
        if self.behind:
            return self._ssm.get_parameter(**{**asked, "Name": "/there/is/none"})
        return self._ssm.get_parameter(**asked)

    def put_parameter(self, **given: Any) -> Any:
        return self._ssm.put_parameter(**given)


def test_who_comes_second_gets_what_the_first_made(ssm: Any) -> None:
    first, second = SsmSecrets(ssm, "/stack"), SsmSecrets(ssm, "/stack")
    assert second.get(NAME) is None
    assert first.get_or_create(NAME, "one") == "one"
    assert second.get_or_create(NAME, "two") == "one"
    assert first.get_or_create(NAME, "three") == "one"


def test_who_cannot_see_yet_what_the_first_made_waits_instead_of_going_on_with_its_own(ssm: Any) -> None:
    """Two keys for public ids: what one environment gave out no other could read, for as long as it lived."""
    SsmSecrets(ssm, "/stack").get_or_create(NAME, "one")
    lagging = Lagging(ssm)
    second = SsmSecrets(lagging, "/stack")
    with pytest.raises(UnavailableError):
        second.get_or_create(NAME, "two")
    lagging.behind = False
    assert second.get_or_create(NAME, "two") == "one"
