"""Raw bodies as values: JSON, forms, and the parts of a body that holds one or several events."""

from __future__ import annotations

import json
from typing import NoReturn
from urllib.parse import parse_qsl, urlencode

from certification.domain.webhooks import UnparseableBodyError

MAX_FORM_FIELDS = 1000


def load_json(body: bytes | str) -> object:
    """Read strict JSON in UTF-8; UnparseableBodyError for anything else, too deep nesting included."""
    try:
        text = body if isinstance(body, str) else body.decode("utf-8-sig")
        value: object = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as exc:
        raise UnparseableBodyError("The body is not JSON.") from exc
    return value


def load_form(body: bytes) -> dict[str, str]:
    """Read `name=value&…`; the last of several values wins. UnparseableBodyError where there is no field."""
    try:
        fields = dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS))
    except ValueError as exc:
        raise UnparseableBodyError("The body is not a form.") from exc
    if b"=" not in body:
        raise UnparseableBodyError("The body is neither JSON nor a form.")
    return fields


def load_json_or_form(body: bytes) -> object:
    """Read JSON, whatever the content type claims, or else a form: several LMS can be set to send either."""
    try:
        return load_json(body)
    except UnparseableBodyError:
        return load_form(body)


def as_parts(value: object) -> list[object]:
    """The events of a body that is one object or an array of them; UnparseableBodyError for a bare scalar."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [value]
    raise UnparseableBodyError("The body is neither an object nor an array.")


def drop_fields(body: bytes, names: frozenset[str]) -> bytes:
    """The same body without these fields of its event or events; as it is where none of them is there."""
    try:
        value = load_json_or_form(body)
    except UnparseableBodyError:
        return body
    parts = value if isinstance(value, list) else [value]
    if not any(isinstance(part, dict) and names & part.keys() for part in parts):
        return body
    kept = [_without(part, names) for part in parts]
    if _is_form(body) and isinstance(kept[0], dict):
        return urlencode(kept[0]).encode()
    return dump_json(kept if isinstance(value, list) else kept[0]).encode()


def _without(part: object, names: frozenset[str]) -> object:
    return {name: part[name] for name in part if name not in names} if isinstance(part, dict) else part


def _is_form(body: bytes) -> bool:
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in {b"{", b"["}


def dump_json(value: object) -> str:
    """The same text for the same value, in ASCII; UnparseableBodyError for what is nested too deep to write."""
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"))
    except RecursionError as exc:
        raise UnparseableBodyError("The body is nested too deep.") from exc


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
