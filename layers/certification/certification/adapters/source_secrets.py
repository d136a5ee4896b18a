"""The secrets of sources as SecureString parameters `/sources/<source_id>`: both in one, to change together."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Protocol
from urllib.parse import quote

from certification.adapters.secrets import SsmSecrets
from certification.domain.sources import SourceSecrets


class Parameters(Protocol):
    """Encrypted texts by name."""

    def get(self, name: str) -> str | None: ...

    def put(self, name: str, value: str) -> None: ...

    def delete(self, name: str) -> None: ...


class UncachedSecrets(SsmSecrets):
    """Every read asks: a rotation must not start from what was true a minute ago. Webhooks do their own caching."""

    def get(self, name: str) -> str | None:
        return self._fetch(name)


class ParameterSecretKeeper:
    """Implements the port `SecretKeeper`."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters

    def read(self, source_id: str) -> SourceSecrets | None:
        text = self._parameters.get(parameter_name(source_id))
        if text is None:
            return None
        content = json.loads(text)
        until = content.get("previous_until")
        return SourceSecrets(
            current=content["current"],
            previous=content.get("previous"),
            previous_until=datetime.fromisoformat(until) if until else None,
        )

    def write(self, source_id: str, secrets: SourceSecrets) -> None:
        content: dict[str, str] = {"current": secrets.current}
        if secrets.previous is not None and secrets.previous_until is not None:
            content["previous"] = secrets.previous
            content["previous_until"] = secrets.previous_until.isoformat()
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        self._parameters.put(parameter_name(source_id), text)

    def delete(self, source_id: str) -> None:
        self._parameters.delete(parameter_name(source_id))


def parameter_name(source_id: str) -> str:
    """Parameter names know fewer characters than our ids: the others, and `_` itself, become `_` and their code."""
    return f"/sources/{quote(source_id, safe='.-').replace('_', '_5F').replace('%', '_')}"
