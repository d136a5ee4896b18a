"""The shapes of requests and answers (`contract.md`), as pydantic models: they validate, and they are the document.

`schemas.directory.UserBody` imports its module when it is asked for, not before.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from certification.http.schemas import (
        api_keys,
        base,
        certification_completions,
        certifications,
        course_completions,
        crm,
        directory,
        evaluations,
        exports,
        imports,
        meta,
        personal_data,
        sources,
    )

__all__ = [
    "api_keys",
    "base",
    "certification_completions",
    "certifications",
    "course_completions",
    "crm",
    "directory",
    "evaluations",
    "exports",
    "imports",
    "meta",
    "personal_data",
    "sources",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")
