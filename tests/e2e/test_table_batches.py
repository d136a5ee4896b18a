"""The batches of `Table.write_each` on the embedded cloud, as `tests/contract/test_table.py` holds the fake to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from certification.adapters.dynamodb.client_table import ClientTable
from certification.adapters.dynamodb.table import Table
from contract.batches import BatchContract


class TestBatchesOnTheEmbeddedCloud(BatchContract):
    @pytest.fixture
    def batching(self, stack: dict[str, Any], aws: Callable[[str], Any]) -> Table:
        return ClientTable(aws("dynamodb"), stack["table_name"])
