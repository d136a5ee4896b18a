"""Secrets as SSM SecureString parameters under the stack's own prefix; read at most once a minute."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from certification.domain.errors import UnavailableError

FRESH_SECONDS = 60


class SsmSecrets:
    """Implements the port `Secrets`. Values are never logged and never part of an error."""

    def __init__(self, client: Any, prefix: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._prefix = prefix
        self._monotonic = monotonic
        self._read: dict[str, tuple[float, str | None]] = {}

    def get(self, name: str) -> str | None:
        known = self._read.get(name)
        if known is not None and self._monotonic() - known[0] < FRESH_SECONDS:
            return known[1]
        value = self._fetch(name)
        self._read[name] = (self._monotonic(), value)
        return value

    def _fetch(self, name: str) -> str | None:
        try:
            answer = self._client.get_parameter(Name=self._prefix + name, WithDecryption=True)
        except ClientError as exc:
            if exc.response["Error"]["Code"] == "ParameterNotFound":
                return None
            raise
        value: str = answer["Parameter"]["Value"]
        return value

    def put(self, name: str, value: str) -> None:
        self._put(name, value, overwrite=True)
        self._read.pop(name, None)

    def get_or_create(self, name: str, value: str) -> str:
        present = self.get(name)
        if present is not None:
            return present
        self._read.pop(name, None)
        try:
            self._put(name, value, overwrite=False)
        except ClientError as exc:
            if exc.response["Error"]["Code"] != "ParameterAlreadyExists":
                raise
            return self._made_elsewhere(name)
        return value

    def _made_elsewhere(self, name: str) -> str:
        """Reads lag behind writes: until it shows, nobody may go on with a value of its own."""
        value = self._fetch(name)
        if value is None:
            raise UnavailableError(f"the parameter {name} is made at this moment")
        return value

    def _put(self, name: str, value: str, *, overwrite: bool) -> None:
        self._client.put_parameter(
            Name=self._prefix + name, Value=value, Type="SecureString", Overwrite=overwrite
        )

    def delete(self, name: str) -> None:
        try:
            self._client.delete_parameter(Name=self._prefix + name)
        except ClientError as exc:
            if exc.response["Error"]["Code"] != "ParameterNotFound":
                raise
        self._read.pop(name, None)
