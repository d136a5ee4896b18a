"""JSON Schemas as tables of fields, for the page of the OpenAPI document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from typing import Any

Json = dict[str, Any]
_CODE = re.compile(r"`([^`]+)`")
_NO_NUL = "^[^\\u0000]*$"  # of every text, so it says nothing of any
_LIMITS = (
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "maxProperties",
    "format",
    "pattern",
)


def words(text: str) -> str:
    """Prose with `code` in it."""
    return _CODE.sub(r"<code>\1</code>", escape(text))


def code(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    return f"<pre>{escape(text)}</pre>"


def schema_table(schema: Json) -> str:
    """What an object's fields are; for anything else, what it is."""
    required = set(schema.get("required", ()))
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code>{'' if name in required else ' <i>optional</i>'}</td>"
        f"<td>{kind_of(field)}</td><td>{_about(field)}</td></tr>"
        for name, field in schema.get("properties", {}).items()
    )
    about = words(schema.get("description", ""))
    return f"<p>{about}</p><table>{rows}</table>" if rows else f"<p>{about} {kind_of(schema)}</p>"


def kind_of(schema: Json) -> str:
    """The type in a few words, with links to the schemas that it names."""
    reference = schema.get("$ref")
    if reference:
        name = escape(reference.rpartition("/")[2])
        return f'<a href="#schema-{name}"><code>{name}</code></a>'
    options = schema.get("anyOf") or schema.get("oneOf") or ()
    if options and "properties" not in schema:
        return " or ".join(dict.fromkeys(kind_of(option) for option in options))
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return ", ".join(f"<code>{escape(str(value))}</code>" for value in values)
    return _plain_kind(schema)


def _plain_kind(schema: Json) -> str:
    kind = schema.get("type", schema.get("format", "anything"))
    if kind == "array":
        return f"list of {kind_of(schema.get('items', {}))}"
    values = schema.get("additionalProperties") or next(
        iter(schema.get("patternProperties", {}).values()), None
    )
    if kind == "object" and isinstance(values, dict):
        return f"object of {kind_of(values)}"
    return escape(" or ".join(kind) if isinstance(kind, list) else str(kind))


def _about(schema: Json) -> str:
    return " ".join(filter(None, (words(schema.get("description", "")), " ".join(_details(schema)))))


def _details(schema: Json) -> Iterator[str]:
    limits = [f"{name} {schema[name]}" for name in _LIMITS if schema.get(name, _NO_NUL) != _NO_NUL]
    if limits:
        yield f"<small>{escape(', '.join(limits))}</small>"
    if schema.get("default") is not None:
        yield f"<small>default <code>{escape(json.dumps(schema['default']))}</code></small>"
    if schema.get("examples"):
        yield f"<small>such as <code>{escape(json.dumps(schema['examples'][0], ensure_ascii=False))}</code></small>"
