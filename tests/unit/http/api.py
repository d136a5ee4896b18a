"""The whole HTTP API over fakes, with the real check of keys, as an integrator calls it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from certification.adapters.completion_ids import CompletionIds
from certification.bootstrap import App
from certification.config import Config
from certification.domain.api_keys import ApiKey, full_key, hash_of
from certification.http.application import respond
from certification.http.routes import route_table
from certification.observability import logger
from described import assert_described
from fake_crm import FakeCrm, FakeGateways, InMemorySecrets
from fakes import FixedClock, InMemoryQueue, InMemoryTable
from lms_fakes import (
    InMemoryExportFiles,
    InMemoryImportFiles,
    InMemoryIntake,
    InMemoryParameters,
    InMemorySecretKeeper,
)

logger.setLevel("CRITICAL")
FIRST_KEY = "the-first-key-of-the-stack"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Parameters(InMemoryParameters):
    def get_or_create(self, name: str, value: str) -> str:
        return self.values.setdefault(name, value)


class HttpApi:
    """`call` sends a request and gives status and body; every answer is held to the OpenAPI document.

    `headers` has those of the last answer. `settings` are those of the deployment, `parts` replace those of the
    application.
    """

    def __init__(self, *, settings: dict[str, Any] | None = None, **parts: Any) -> None:
        self.table = InMemoryTable()
        self.clock = FixedClock(NOW)
        self.evaluations = InMemoryQueue()
        self.course_completions = InMemoryQueue()
        self.bell = InMemoryQueue()
        self.app = App(
            Config(table_name="t", **(settings or {})),
            **{
                "table": self.table,
                "clock": self.clock,
                "evaluation_queue": self.evaluations,
                "course_completion_queue": self.course_completions,
                "doorbells": {"hubspot": self.bell, "salesforce": self.bell},
                "source_secrets": InMemorySecretKeeper(),
                "intake": InMemoryIntake(),
                "import_files": InMemoryImportFiles(),
                "export_files": InMemoryExportFiles(),
                "crm_secrets": InMemorySecrets(),
                "gateways": FakeGateways(FakeCrm()),
                "completion_ids": CompletionIds(Parameters()),
                "first_key": lambda: FIRST_KEY,
                **parts,
            },
        )
        self.headers: dict[str, str] = {}

    def key(self, *scopes: str, key_id: str = "", **changes: Any) -> str:
        """A stored key with these scopes, as its owner has it."""
        key_id = key_id or f"{len(self.table.items):018x}"
        values: dict[str, Any] = {
            "key_id": key_id,
            "name": "of a test",
            "scopes": frozenset(scopes),
            "secret_hash": hash_of("s3cret_" + key_id),
            "created_at": NOW,
            "created_by": "key:bootstrap",
        }
        self.app.api_keys.add(ApiKey(**(values | changes)))
        return full_key(key_id, "s3cret_" + key_id)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: str = "",
        *,
        key: str | None = FIRST_KEY,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        """`body`: text goes as it is, anything else as JSON. `key` None: no Authorization."""
        sent = {"Host": "api.example", "Content-Type": "application/json", **(headers or {})}
        if key is not None:
            sent.setdefault("Authorization", f"Bearer {key}")
        text = body if isinstance(body, str) else json.dumps(body) if body is not None else None
        return self.send(event(method, path, text, query, sent))

    def send(self, sent: dict[str, Any]) -> tuple[int, Any]:
        answer = respond(self.app, route_table(), sent)
        assert_described(sent, answer)
        self.headers = answer["headers"]
        is_json = "json" in self.headers.get("Content-Type", "")
        text = answer["body"]
        return answer["statusCode"], json.loads(text) if text and is_json else text

    def made(self, method: str, path: str, body: Any = None, **given: Any) -> Any:
        """The body of what must succeed."""
        status, answer = self.call(method, path, body, **given)
        assert 200 <= status < 300, (method, path, status, answer)
        return answer


def event(
    method: str, path: str, body: str | None = None, query: str = "", headers: dict[str, str] | None = None
) -> dict[str, Any]:
    """As the HTTP API sends it (payload 2.0), where it matters."""
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers or {},
        "requestContext": {"http": {"method": method}, "requestId": "request-1", "stage": "$default"},
        "body": body,
        "isBase64Encoded": False,
    }
