from __future__ import annotations

from collections.abc import Iterator

import pytest

from contract.sandbox import CrmSandbox, running_sandbox


@pytest.fixture(scope="session")
def _sandbox() -> Iterator[CrmSandbox]:
    with running_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_sandbox: CrmSandbox) -> CrmSandbox:
    """The CRM sandbox, as in the beginning."""
    _sandbox.reset()
    return _sandbox
