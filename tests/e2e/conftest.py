"""The deployed stack, as the end-to-end tests see it: over HTTP and over AWS's own APIs. `make e2e` starts it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any
from uuid import uuid4

import pytest
import urllib3
from local.deploy import client
from local.place import LocalError, Place, current_place

from deployed import Api

# These run last, in this order: the logs when the others have written theirs, the drills since they disturb everybody.
LAST = ("test_logs.py", "test_drills.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs the deployed stack, and may wait for it."""
    for item in items:
        if "tests/e2e" in item.nodeid:
            item.add_marker(pytest.mark.e2e)
    items.sort(key=lambda item: LAST.index(item.path.name) if item.path.name in LAST else -1)


@pytest.fixture(scope="session")
def place() -> Place:
    return current_place()


@pytest.fixture(scope="session")
def stack(place: Place) -> dict[str, Any]:
    """What `stack.json` says."""
    try:
        return place.stack()
    except LocalError as exc:
        pytest.exit(f"{exc} (`make e2e` does all of it.)", returncode=1)


@pytest.fixture(scope="session")
def api(stack: dict[str, Any]) -> Api:
    """The API with the bootstrap key, which may do everything."""
    return Api(stack["api_url"], stack["admin_api_key"])


@pytest.fixture(scope="session")
def aws(place: Place) -> Callable[[str], Any]:
    """`aws("sqs")`: a client of the embedded cloud."""
    return cache(lambda service: client(place, service))


@pytest.fixture
def unique() -> str:
    """A short name that no other test has: all of them share one stack."""
    return uuid4().hex[:8]


@pytest.fixture(scope="session")
def crm(stack: dict[str, Any]) -> Iterator[urllib3.PoolManager]:
    """HTTP for looking into the CRM sandbox, at `stack["hubspot_url"]` and `stack["salesforce_url"]`."""
    with urllib3.PoolManager(timeout=10, retries=False) as pool:
        yield pool
