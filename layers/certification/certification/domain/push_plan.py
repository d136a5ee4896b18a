"""What of a projection has to be written to the record: the difference with what was sent (R36, R37, R38). Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date

from certification.domain.mapping import FieldMapping, ObjectMapping, WriteRule
from certification.domain.projection import Value
from certification.domain.sync import SentValue, SyncRow

CLEARED = ""


def canonical(value: Value) -> SentValue:
    """The value as it is remembered: text, or texts in order; the empty value is the empty text."""
    match value:
        case None:
            return CLEARED
        case bool():
            return "true" if value else "false"
        case date():
            return value.isoformat()
        case tuple():
            return tuple(sorted(value)) or CLEARED
        case _:
            return str(value)


def to_write(mapping: ObjectMapping, values: Mapping[str, Value], row: SyncRow) -> dict[str, Value]:
    """The properties that a write must carry now; nothing changed and nothing in doubt: none at all.

    An empty value clears, and is only sent where a value was sent before, or may have been.
    """
    return {
        one.target: values[one.target]
        for one in mapping.fields
        if _is_due(one, canonical(values[one.target]), row)
    }


def _is_due(one: FieldMapping, value: SentValue, row: SyncRow) -> bool:
    last = row.sent.get(one.target, CLEARED)
    in_doubt = one.target in row.in_doubt
    if one.write is WriteRule.FIRST_SYNC_ONLY:
        return last == CLEARED and value != CLEARED
    if value == CLEARED and one.target not in row.sent:
        return in_doubt
    return in_doubt or one.target not in row.sent or last != value


def digest(
    mapping: ObjectMapping, match_value: str, values: Mapping[str, Value], row: SyncRow, *, revision: int = 1
) -> str:
    """Of a whole attempt: the same digest again would be the same call again, under the same mapping's `revision`."""
    content = {
        "mapping": revision,
        "match": [mapping.match.target, match_value],
        "record": row.record_id,
        "values": {target: canonical(value) for target, value in values.items()},
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:24]
