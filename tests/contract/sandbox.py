"""The CRM sandbox as tests use it: both faces, and what is done to it from outside."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3
from local.crm_sandbox.server import Sandbox

Shape = dict[str, Any]


class CrmSandbox:
    """A running sandbox. `crm` is `hubspot` or `salesforce`; `name` an object: `contacts`, `companies`, `Contact`, …"""

    def __init__(self, url: str) -> None:
        self.url = url
        self._pool = urllib3.PoolManager(retries=False, timeout=30)

    @property
    def hubspot_url(self) -> str:
        return f"{self.url}/hubspot"

    @property
    def salesforce_url(self) -> str:
        return f"{self.url}/salesforce"

    def add(self, crm: str, object_name: str, /, **properties: Any) -> str:
        """A record, as a person would make it, past all rules; its id."""
        record = {"crm": crm, "object": object_name, "properties": properties}
        return str(self._control("POST", "records", record)["id"])

    def change(self, crm: str, object_name: str, record_id: str, /, **properties: Any) -> None:
        """Somebody edits the record by hand."""
        record = {"crm": crm, "object": object_name, "id": record_id, "properties": properties}
        self._control("POST", "records", record)

    def record(self, crm: str, name: str, record_id: str) -> Shape:
        """The properties as they are stored; `KeyError` where there is no such record."""
        return self.records(crm, name)[record_id]

    def records(self, crm: str, name: str) -> dict[str, Shape]:
        """The properties of all living records, by id."""
        query = urlencode({"crm": crm, "object": name})
        found = self._control("GET", f"records?{query}")["records"]
        return {each["id"]: each["properties"] for each in found}

    def delete(self, crm: str, name: str, record_id: str) -> None:
        self._control("DELETE", "records", {"crm": crm, "object": name, "id": record_id})

    def merge(self, crm: str, name: str, record_id: str, into: str) -> None:
        self._control("POST", "merge", {"crm": crm, "object": name, "id": record_id, "into": into})

    def define(self, crm: str, object_name: str, /, **shape: Any) -> None:
        """Create or change a property; `options` or `picklistValues` may be plain values."""
        self._control("POST", "properties", {"crm": crm, "object": object_name, "property": shape})

    def misbehave(self, crm: str, kind: str, **how: Any) -> None:
        """See `local/crm_sandbox/faults.py`; without `count` until `behave`."""
        self._control("POST", "faults", {"crm": crm, "kind": kind, **how})

    def behave(self, crm: str = "") -> None:
        self._control("DELETE", f"faults?{urlencode({'crm': crm})}")

    def calls(self, crm: str) -> list[Shape]:
        """The latest calls (500), oldest first: `method`, `path`, `status` (0: no answer), `records`."""
        return [each for each in self._control("GET", "calls")["latest"] if each["crm"] == crm]

    def call_count(self, crm: str) -> int:
        return int(self._control("GET", "calls").get(crm, {}).get("total", 0))

    def forget_calls(self) -> None:
        self._control("DELETE", "calls")

    def trust(self, public_key: str) -> None:
        """Check JWT signatures with this PEM from now on."""
        self._control("POST", "jwt", {"public_key": public_key})

    def reset(self) -> None:
        """As in the beginning: no records, no faults, no calls."""
        self._control("POST", "reset")

    def request(
        self, method: str, path: str, body: Any = None, *, token: str = "", raw: bytes | None = None
    ) -> tuple[int, Any]:
        """A call as any client could make it: status and JSON, or text."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        content = json.dumps(body).encode() if body is not None else raw
        answer = self._pool.request(method, f"{self.url}{path}", body=content, headers=headers)
        if "json" not in answer.headers.get("Content-Type", ""):
            return answer.status, answer.data.decode()
        return answer.status, json.loads(answer.data) if answer.data else None

    def close(self) -> None:
        self._pool.clear()

    def _control(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = self.request(method, f"/_control/{path}", body)
        assert status == 200, answer
        return answer


@contextmanager
def running_sandbox(folder: Path | None = None) -> Iterator[CrmSandbox]:
    """A sandbox on a port of its own, until the block ends."""
    with Sandbox(0, folder) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        client = CrmSandbox(server.url)
        try:
            yield client
        finally:
            client.close()
            server.shutdown()
            server.close()
            thread.join()
