"""The providers by name. A module is imported when its provider is first used: no cold start pays for all of them."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from certification.domain.errors import NotFoundError
from certification.domain.sources import PROVIDERS
from certification.domain.webhooks import Provider


def get_provider(name: str) -> Provider:
    """The provider of that name; NotFoundError where there is none."""
    if name not in PROVIDERS:
        raise NotFoundError(f"There is no provider {name!r}; there are {', '.join(PROVIDERS)}.")
    return cast("Provider", import_module(f"certification.adapters.lms.{name}"))


def storable_body(name: str, body: bytes) -> bytes:
    """The body as it may be kept: some providers put the secret into it, and their modules take it out again."""
    module = get_provider(name)
    without_secrets = getattr(module, "without_secrets", None)
    return cast("bytes", without_secrets(body)) if without_secrets else body


class ProviderRegistry:
    """Implements the port `Providers`."""

    def get(self, name: str) -> Provider:
        return get_provider(name)

    def storable_body(self, name: str, body: bytes) -> bytes:
        return storable_body(name, body)
