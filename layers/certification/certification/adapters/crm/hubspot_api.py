"""HubSpot's calls, and what its refusals mean."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from certification.adapters.crm.batches import WholeBatchRefusedError
from certification.adapters.crm.deadline import Deadline, Patience
from certification.adapters.crm.http import Answer, CrmHttp, Request
from certification.domain.connection import PauseReason
from certification.domain.push import Fate, Pushed, PushFailedError

DEFAULT_VERSION = "2026-09"
PATHS = {"contact": "contacts", "company": "companies"}
_CREDENTIALS, _FORBIDDEN, _NOT_THERE = 401, 403, 404
_OF_THE_MAPPING = re.compile(
    r"PROPERTY_DOESNT_EXIST|READ_ONLY_VALUE|Property \S+ does not exist|by non-unique .{0,20}property"
)


class HubSpotApi:
    """One portal. `version` is `v3`, or a date such as `2026-09`: the paths differ."""

    def __init__(self, base_url: str, version: str, token: str, patience: Patience) -> None:
        self.http = CrmHttp("HubSpot", patience, hidden=[token])
        self._base = base_url.rstrip("/")
        self._version = version or DEFAULT_VERSION
        self._token = token

    def account(self, deadline: Deadline) -> str:
        """The portal's id; empty where HubSpot does not tell: it is only shown."""
        try:
            answer = self._get("/account-info/v3/details", deadline)
        except PushFailedError:
            return ""
        content = answer.content if answer.ok and isinstance(answer.content, dict) else {}
        return str(content.get("portalId") or "")

    def properties(self, path: str, deadline: Deadline, *, archived: bool) -> Sequence[Mapping[str, Any]]:
        query = f"?archived={str(archived).lower()}"
        answer = self._get(f"{self._place('properties', path)}{query}", deadline)
        return self._results(answer, "name")

    def may_write(self, path: str, deadline: Deadline) -> bool:
        """Whether the token has the permission; an empty batch writes nothing."""
        answer = self._post(f"{self._place('objects', path)}/batch/update", {"inputs": []}, deadline)
        return answer.status != _FORBIDDEN

    def batch_read(
        self, path: str, ids: Sequence[str], properties: Sequence[str], deadline: Deadline, *, by: str = ""
    ) -> Sequence[Mapping[str, Any]]:
        """The records that exist, in any order; found by the unique property `by`, or by their ids."""
        body: dict[str, Any] = {
            "inputs": [{"id": each} for each in ids],
            "properties": list(properties),
            "propertiesWithHistory": [],
        }
        if by:
            body["idProperty"] = by
        answer = self._post(f"{self._place('objects', path)}/batch/read", body, deadline)
        if answer.status == _NOT_THERE and _category(answer) == "OBJECT_NOT_FOUND":
            return []
        return self._results(answer, "id")

    def batch_write(
        self, path: str, verb: str, inputs: Sequence[Mapping[str, Any]], deadline: Deadline
    ) -> Answer:
        """`update` or `upsert`: 200 or 207; `WholeBatchRefusedError` where one input spoils it for all."""
        url = f"{self._place('objects', path)}/batch/{verb}"
        answer = self._post(url, {"inputs": list(inputs)}, deadline, writes=True)
        if answer.ok:
            self._listed(answer, "id", unknown=True)
            return answer
        if _category(answer) == "OBJECT_NOT_FOUND":
            raise WholeBatchRefusedError(self.refusal(answer.content, answer.correlation_id))
        self._raise_for_all(answer)
        raise WholeBatchRefusedError(self.refusal(answer.content, answer.correlation_id))

    def refusal(self, shape: Any, correlation_id: str = "") -> Pushed:
        """What an error says of the one record that it is about."""
        error = shape if isinstance(shape, dict) else {}
        category = str(error.get("category") or "")
        return Pushed(
            fate={"OBJECT_NOT_FOUND": Fate.NOT_FOUND, "RATE_LIMITS": Fate.BUSY}.get(category, Fate.REFUSED),
            code=category,
            message=self.http.words(error.get("message") or "HubSpot refused it and did not say why."),
            correlation_id=str(error.get("correlationId") or "") or correlation_id,
        )

    def _results(self, answer: Answer, key: str) -> Sequence[Mapping[str, Any]]:
        if answer.ok:
            return self._listed(answer, key)
        self._raise_for_all(answer)
        raise self._failed(PauseReason.MAPPING, answer)

    def _listed(self, answer: Answer, key: str, *, unknown: bool = False) -> Sequence[Mapping[str, Any]]:
        """The results; an answer that tells of errors alone need not have any."""
        content = answer.content if isinstance(answer.content, dict) else {}
        errors = self.http.listed(content.get("errors") or [], unknown=unknown)
        results = content.get("results")
        return self.http.listed([] if errors and results is None else results, key, unknown=unknown)

    def _raise_for_all(self, answer: Answer) -> None:
        """Refusals that no record is to blame for."""
        if answer.status == _CREDENTIALS:
            raise self._failed(PauseReason.CREDENTIALS, answer)
        if answer.status == _FORBIDDEN:
            raise self._failed(PauseReason.FORBIDDEN, answer)
        if answer.status == _NOT_THERE or _OF_THE_MAPPING.search(json.dumps(answer.content)):
            raise self._failed(PauseReason.MAPPING, answer)

    def _failed(self, reason: PauseReason, answer: Answer) -> PushFailedError:
        said = self.refusal(answer.content).message
        return PushFailedError(
            f"HubSpot answers {answer.status}: {said}", reason=reason, correlation_id=answer.correlation_id
        )

    def _place(self, what: str, path: str) -> str:
        """`/crm/v3/objects/contacts`, but `/crm/objects/2026-09/contacts`."""
        if self._version.startswith("v"):
            return f"/crm/{self._version}/{what}/{path}"
        return f"/crm/{what}/{self._version}/{path}"

    def _get(self, path: str, deadline: Deadline) -> Answer:
        request = Request(method="GET", url=self._base + path, headers=self._authorization())
        return self.http.call(request, deadline)

    def _post(self, path: str, body: Any, deadline: Deadline, *, writes: bool = False) -> Answer:
        request = Request(
            method="POST", url=self._base + path, headers=self._authorization(), body=body, writes=writes
        )
        return self.http.call(request, deadline)

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}


def _category(answer: Answer) -> str:
    return str(answer.content.get("category") or "") if isinstance(answer.content, dict) else ""
