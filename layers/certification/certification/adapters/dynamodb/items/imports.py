"""Imports, and the rows of theirs that were rejected."""

from __future__ import annotations

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items.values import instant_in, iso, new_item, required_instant
from certification.adapters.dynamodb.table import Item
from certification.domain.errors import FieldError
from certification.domain.imports import Import, ImportKind, ImportState, RowOutcome, RowResult

IMPORT = "import"
REJECTED_ROW = "rejected_row"
KEPT_SECONDS = 400 * 24 * 3600


def import_to_item(run: Import) -> Item:
    return new_item(
        keys.import_run(run.import_id),
        IMPORT,
        {
            "import_id": run.import_id,
            "kind": run.kind.value,
            "dry_run": run.dry_run,
            "rows": run.rows,
            "done": run.done,
            "state": run.state.value,
            "counts": dict(run.counts),
            "created_at": iso(run.created_at),
            "created_by": run.created_by,
            "finished_at": iso(run.finished_at),
            "correlation_id": run.correlation_id,
            "revision": run.revision,
            "expires_at": _expires_at(run),
        },
    )


def import_from_item(item: Item) -> Import:
    return Import(
        import_id=item["import_id"],
        kind=ImportKind(item["kind"]),
        dry_run=item.get("dry_run", False),
        rows=item["rows"],
        done=item["done"],
        state=ImportState(item["state"]),
        counts=item.get("counts", {}),
        created_at=required_instant(item, "created_at"),
        created_by=item["created_by"],
        finished_at=instant_in(item, "finished_at"),
        correlation_id=item.get("correlation_id", ""),
        revision=item["revision"],
    )


def rejected_to_item(run: Import, result: RowResult) -> Item:
    return new_item(
        keys.rejected_row(run.import_id, result.row),
        REJECTED_ROW,
        {
            "row": result.row,
            "errors": [{"pointer": e.pointer, "code": e.code, "message": e.message} for e in result.errors],
            "expires_at": _expires_at(run),
        },
    )


def rejected_from_item(item: Item) -> RowResult:
    errors = tuple(
        FieldError(pointer=e["pointer"], code=e["code"], message=e["message"]) for e in item.get("errors", ())
    )
    return RowResult(row=item["row"], outcome=RowOutcome.REJECTED, errors=errors)


def _expires_at(run: Import) -> int:
    return int(run.created_at.timestamp()) + KEPT_SECONDS
