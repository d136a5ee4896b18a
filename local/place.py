"""Where a local service lives: its ports and its folders. Two places do not disturb each other."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
REGION = "us-east-1"
STACK_NAME = "partner-certification"
LAST_PORT = 65_535


class LocalError(Exception):
    """What is wrong and what to do, in one line for whoever typed the command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One local service. `state` holds everything it writes."""

    name: str
    state: Path
    port: int
    crm_port: int
    enforce_permissions: bool = False

    @property
    def run(self) -> Path:
        """What dies with the service: logs, temporary files."""
        return self.state / "run"

    @property
    def build(self) -> Path:
        """What `sam build` leaves; kept, so that the next start is quick."""
        return ROOT / ".local" / "build" / self.name

    @property
    def stack_file(self) -> Path:
        return self.state / "stack.json"

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def crm_url(self) -> str:
        return f"http://127.0.0.1:{self.crm_port}"

    def stack(self) -> dict[str, Any]:
        """What `make up` wrote; `LocalError` where nothing is up."""
        try:
            stack: dict[str, Any] = json.loads(self.stack_file.read_text())
        except FileNotFoundError:
            raise LocalError("Nothing is deployed here: run `make up` first.") from None
        return stack


def default_place(environment: Mapping[str, str] | None = None) -> Place:
    """The place of `make up`: LOCAL_PORT moves the cloud, CRM_PORT the sandbox (default: the next port)."""
    given = os.environ if environment is None else environment
    port = _port(given, "LOCAL_PORT", 4566)
    return Place(name="up", state=ROOT / ".local", port=port, crm_port=_port(given, "CRM_PORT", port + 1))


def e2e_place(environment: Mapping[str, str] | None = None) -> Place:
    """The place of `make e2e`: E2E_PORT, by default 100 above LOCAL_PORT. There the functions' roles are enforced."""
    given = os.environ if environment is None else environment
    port = _port(given, "E2E_PORT", default_place(given).port + 100)
    return Place(
        name="e2e", state=ROOT / ".local" / "e2e", port=port, crm_port=port + 1, enforce_permissions=True
    )


def current_place(environment: Mapping[str, str] | None = None) -> Place:
    """The place that LOCAL_PLACE names: `e2e`, or else the default."""
    given = os.environ if environment is None else environment
    return e2e_place(given) if given.get("LOCAL_PLACE") == "e2e" else default_place(given)


def _port(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(name) or str(default)
    if not text.isdecimal() or not 0 < int(text) <= LAST_PORT:
        raise LocalError(f"{name} must be a port number, not {text!r}.")
    return int(text)
