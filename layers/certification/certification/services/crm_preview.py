"""What a push of one holder would write, and why; nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from certification.domain.errors import ConflictError, NotFoundError
from certification.domain.mapping import FieldMapping, WriteRule, object_for
from certification.domain.projection import Projected, explain, match_value
from certification.domain.push import PushFailedError
from certification.domain.push_plan import canonical, to_write
from certification.domain.sync import SentValue, SyncRow, linked_to
from certification.services.crm_connections import require_connection
from certification.services.crm_facts import FactsParts, read_facts
from certification.services.crm_mappings import MappingParts

if TYPE_CHECKING:
    from datetime import date

    from certification.domain.connection import Connection, StoredMapping
    from certification.domain.crm_gateway import CrmRecord
    from certification.domain.model import CertificationCompletion, Holder


class PreviewParts(MappingParts, FactsParts, Protocol):
    """The parts of the application that a preview needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewedField:
    """`present` None: not known, there is no record. `why`: why it would, or would not, be written."""

    field: FieldMapping
    projected: Projected
    present: SentValue | None
    new: SentValue
    written: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """`action`: `update`, `create`, `none` (nothing to write), or `unlinked` (no record, or several)."""

    object_name: str
    match_value: str
    record_id: str
    action: str
    explanation: str
    fields: tuple[PreviewedField, ...]


def preview(
    app: PreviewParts,
    crm: str,
    holder: Holder,
    *,
    today: date,
    public_id: Callable[[CertificationCompletion], str],
    public_url: str,
) -> Preview:
    """`NotFoundError` for an unknown holder, no connection or no mapping; `ConflictError`: the CRM is not there."""
    setup, connection = require_connection(app, crm)
    object_name = object_for(crm, holder.type)
    stored = setup.mappings.get(object_name)
    if stored is None:
        raise NotFoundError(f"nothing is mapped to {crm}/{object_name} yet")
    facts = read_facts(
        app, stored.mapping, [holder], today=today, public_id=public_id, public_url=public_url
    ).get(holder)
    if facts is None:
        raise NotFoundError(f"there is no {holder.type.value} {holder.id}")
    row = _row(app, crm, holder, connection)
    by = match_value(stored.mapping.match, facts.profile)
    records = _records(app, connection, stored, row, by)
    record = records[0] if len(records) == 1 else None
    known = row if record is not None and record.record_id == row.record_id else _fresh(row)
    explained = explain(stored.mapping, facts, today)
    due = to_write(stored.mapping, {target: p.value for target, p in explained.items()}, known)
    fields = tuple(
        _field(one, explained[one.target], record, known, written=one.target in due)
        for one in stored.mapping.fields
    )
    action, explanation = _action(len(records), by, connection, writes=bool(due))
    return Preview(
        object_name=object_name,
        match_value=by,
        record_id=record.record_id if record else "",
        action=action,
        explanation=explanation,
        fields=fields,
    )


def _row(app: PreviewParts, crm: str, holder: Holder, connection: Connection) -> SyncRow:
    row = app.outbox.rows([holder], crm).get(holder)
    if row is None:
        row = SyncRow(holder=holder, crm=crm, revision="", marked_at=app.clock.now())
    return linked_to(row, connection.link)


def _fresh(row: SyncRow) -> SyncRow:
    return SyncRow(
        holder=row.holder, crm=row.crm, revision=row.revision, marked_at=row.marked_at, link=row.link
    )


def _records(
    app: PreviewParts, connection: Connection, stored: StoredMapping, row: SyncRow, by: str
) -> list[CrmRecord]:
    """The remembered record, or what the match value finds."""
    try:
        gateway = app.gateways.open(connection)
        if row.record_id:
            found = gateway.read(stored, [row.record_id])
            if row.record_id in found:
                return [found[row.record_id]]
        return list(gateway.find(stored, by)) if by else []
    except PushFailedError as exc:
        raise ConflictError(f"the CRM cannot be asked now: {exc.message}", code="crm-not-available") from exc


def _field(
    one: FieldMapping, projected: Projected, record: CrmRecord | None, row: SyncRow, *, written: bool
) -> PreviewedField:
    new = canonical(projected.value)
    return PreviewedField(
        field=one,
        projected=projected,
        present=record.values.get(one.target, "") if record else None,
        new=new,
        written=written,
        why=_why(one, new, row, written=written),
    )


def _why(one: FieldMapping, new: SentValue, row: SyncRow, *, written: bool) -> str:
    if written:
        return (
            "in doubt: an earlier write had no known outcome" if one.target in row.in_doubt else "it changed"
        )
    if one.write is WriteRule.FIRST_SYNC_ONLY and row.sent.get(one.target):
        return "written once already; first_sync_only"
    if not new:
        return "empty, and never written by us"
    return "this value was written already"


def _action(records: int, by: str, connection: Connection, *, writes: bool) -> tuple[str, str]:
    if records > 1:
        return "unlinked", f"{records} records match {by}"
    if not records and not by:
        return "unlinked", "this holder has no value to be found by"
    if not records and not connection.create_missing:
        return "unlinked", f"no record matches {by}, and the connection creates none"
    if not writes:
        return "none", "nothing changed"
    shadow = "; the connection only looks (shadow)" if connection.shadow else ""
    return (
        ("update", f"the record would be updated{shadow}")
        if records
        else ("create", f"a record would be created{shadow}")
    )
