"""The routes of awards by hand over the application on fakes, as callers use them."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from certification.adapters.completion_ids import CompletionIds
from certification.http.application import respond
from certification.http.router import Route, RouteTable
from certification.http.routes import certification_completions
from certification.observability import logger
from described import assert_described
from fakes import InMemoryTable
from lms_fakes import InMemoryParameters
from unit.awarding.service import Service

logger.setLevel("CRITICAL")
COMPLETIONS = "/certification-completions"


class Parameters(InMemoryParameters):
    def get_or_create(self, name: str, value: str) -> str:
        return self.values.setdefault(name, value)


class Caller:
    """Lets whoever asks in, with these scopes."""

    def __init__(self) -> None:
        self.scopes = frozenset({"admin"})

    def authenticate(self, _: str) -> tuple[str, frozenset[str]]:
        return "key:k-1", self.scopes


class AwardsApi(Service):
    """`call` sends a request and gives status and body; `headers` has those of the last answer."""

    routes: tuple[Route, ...] = certification_completions.ROUTES

    def __init__(self, table: InMemoryTable | None = None, **parts: Any) -> None:
        self.caller = Caller()
        super().__init__(
            table, completion_ids=CompletionIds(Parameters()), authenticator=self.caller, **parts
        )
        self.route_table = RouteTable(self.routes)
        self.headers: dict[str, str] = {}

    def call(
        self, method: str, path: str, body: Any = None, query: str = "", **headers: str
    ) -> tuple[int, Any]:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        event = {
            "rawPath": path,
            "rawQueryString": query,
            "headers": {"host": "api.example", "content-type": "application/json", **given},
            "requestContext": {"http": {"method": method}, "requestId": "r-1", "stage": "$default"},
            "body": body if isinstance(body, str) else json.dumps(body) if body is not None else None,
            "isBase64Encoded": False,
        }
        answer = respond(self.app, self.route_table, event)
        assert_described(event, answer, self.route_table)
        self.headers = answer["headers"]
        text = answer["body"]
        is_json = "json" in self.headers.get("Content-Type", "")
        return answer["statusCode"], json.loads(text) if text and is_json else text

    def award(self, completed_on: str = "2026-11-20", **fields: Any) -> tuple[int, Any]:
        whom = {} if "organization_id" in fields else {"user_id": "u-1"}
        body = {"certification_id": "cert-1", "completion_date": completed_on, **whom, **fields}
        return self.call("POST", COMPLETIONS, body)

    def awarded(self, completed_on: str = "2026-11-20", **fields: Any) -> str:
        """The id of an award that must succeed."""
        status, body = self.award(completed_on, **fields)
        assert status == 201, body
        completion_id: str = body["certification_completion_id"]
        return completion_id

    def change_end(self, completion_id: str, end: str | None, reason: str = "because") -> tuple[int, Any]:
        return self.call(
            "PATCH", f"{COMPLETIONS}/{completion_id}", {"expiration_date": end, "reason": reason}
        )

    def revoke(self, completion_id: str) -> tuple[int, Any]:
        return self.call("POST", f"{COMPLETIONS}/{completion_id}/revoke", {"reason": "a mistake"})

    def reinstate(self, completion_id: str) -> tuple[int, Any]:
        return self.call("POST", f"{COMPLETIONS}/{completion_id}/reinstate", {"reason": "after all"})

    def statuses(self, query: str = "user_id=u-1", *, as_of: date | None = None) -> list[str]:
        """In the order of the cycles."""
        day = f"&as_of={as_of.isoformat()}" if as_of else ""
        status, body = self.call("GET", COMPLETIONS, query=query + day)
        assert status == 200, body
        return [item["status"] for item in body["items"]]
