"""Map our fields to a CRM's: accepted only if the CRM's own metadata says that it fits; checked again daily."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from certification.domain.backfill import Scope
from certification.domain.connection import Connection, StoredMapping
from certification.domain.errors import ChangedMeanwhileError, ConflictError, FieldError, NotFoundError
from certification.domain.mapping import InvalidMappingError, ObjectMapping, Source, holder_type_of
from certification.domain.mapping_check import KnownValues, check_mapping, kinds_of
from certification.domain.mapping_reader import mapping_from_json
from certification.domain.model import PublishStatus
from certification.domain.push import PushFailedError
from certification.services import crm_outbox
from certification.services.crm_backfills import BackfillParts, new_backfill
from certification.services.crm_connections import require_crm

if TYPE_CHECKING:
    from certification.domain.crm_gateway import CrmGateway, Gateways
    from certification.domain.crm_property import CrmProperty
    from certification.domain.model import Certification
    from certification.domain.ports import Definitions

_PAGE = 100


class MappingParts(BackfillParts, Protocol):
    """The parts of the application that mapping needs."""

    @property
    def definitions(self) -> Definitions: ...
    @property
    def gateways(self) -> Gateways: ...


def save_mapping(
    app: MappingParts, crm: str, object_name: str, shape: Any, *, actor: str
) -> tuple[StoredMapping, bool]:
    """Check, then store and start the backfill; the mapping, and whether it is new. `InvalidMappingError`."""
    mapping = mapping_from_json(crm, object_name, shape)
    setup = app.connections.setup(crm)
    if setup.connection is None:
        raise ConflictError(
            f"connect {crm} first: the mapping is checked against its fields", code="not-connected"
        )
    properties = _properties(app, setup.connection, object_name)
    problems = check_mapping(mapping, properties, known_values(app, mapping)) + _unknown_certifications(
        app, mapping
    )
    if problems:
        raise InvalidMappingError("the mapping does not fit the CRM's fields", errors=problems)
    now = app.clock.now()
    previous = setup.mappings.get(object_name)
    stored = StoredMapping(
        mapping=mapping,
        kinds=kinds_of(mapping, properties),
        checked_at=now,
        revision=previous.revision + 1 if previous else 1,
        changed_at=now,
        changed_by=actor,
    )
    backfill = new_backfill(
        crm,
        backfill_id_of(stored),
        Scope.ALL,
        cause=f"the mapping of {object_name} changed",
        now=now,
        actor=actor,
    )
    app.connections.save_mapping(stored, previous=previous, backfill=backfill)
    crm_outbox.ring(app, crm, "backfill", backfill_id=backfill.backfill_id)
    return stored, previous is None


def backfill_id_of(stored: StoredMapping) -> str:
    """The backfill that this revision of the mapping started."""
    return f"mapping-{stored.mapping.object_name}-{stored.revision}"


def get_mapping(app: BackfillParts, crm: str, object_name: str) -> StoredMapping:
    holder_type_of(crm, object_name)
    stored = app.connections.setup(crm).mappings.get(object_name)
    if stored is None:
        raise NotFoundError(f"nothing is mapped to {crm}/{object_name} yet")
    return stored


def check_mappings(app: MappingParts, crm: str) -> list[StoredMapping]:
    """The daily check: what does not fit any more is kept on the mapping, for everyone to see. `PushFailedError`.

    A mapping with problems is still pushed: the CRM refuses what it refuses, record by record, with its own words.
    """
    require_crm(crm)
    setup = app.connections.setup(crm)
    if setup.connection is None:
        return []
    gateway = app.gateways.open(setup.connection)
    return [_checked_again(app, gateway, stored) for _, stored in sorted(setup.mappings.items())]


def _checked_again(app: MappingParts, gateway: CrmGateway, stored: StoredMapping) -> StoredMapping:
    mapping = stored.mapping
    properties = gateway.properties(mapping.object_name)
    checked = replace(
        stored,
        problems=check_mapping(mapping, properties, known_values(app, mapping)),
        kinds={**stored.kinds, **kinds_of(mapping, properties)},
        checked_at=app.clock.now(),
    )
    try:
        app.connections.save_check(checked)
    except ChangedMeanwhileError:
        return stored  # it was saved anew, and checked by that
    return checked


def known_values(app: MappingParts, mapping: ObjectMapping) -> KnownValues:
    """What of ours can come up in this mapping; lists are only read where it shows them."""
    sources = {one.source for one in mapping.fields}
    names = app.definitions.certifications({f.certification_id for f in mapping.fields if f.certification_id})
    active: tuple[str, ...] = ()
    if Source.ACTIVE_CERTIFICATIONS in sources:
        active = tuple(
            sorted(
                each.certification_id
                for each in _all_certifications(app)
                if each.type is mapping.holder_type and each.publish_status is not PublishStatus.DRAFT
            )
        )
    courses = app.holder_lists.course_ids() if Source.COMPLETED_COURSES in sources else ()
    return KnownValues(
        names={str(key): found.name for key, found in names.items()},
        active_certifications=active,
        completed_courses=tuple(courses),
    )


def _all_certifications(app: MappingParts) -> list[Certification]:
    found: list[Certification] = []
    start = None
    while True:
        page = app.definitions.page(limit=_PAGE, start=start)
        found += page.items
        start = page.next
        if start is None:
            return found


def _unknown_certifications(app: MappingParts, mapping: ObjectMapping) -> tuple[FieldError, ...]:
    """Ours have to exist, and be of holders that this object is about (counts: of users)."""
    known = app.definitions.certifications({f.certification_id for f in mapping.fields if f.certification_id})
    problems = []
    for index, one in enumerate(mapping.fields):
        if one.certification_id is None:
            continue
        at = f"/fields/{index}/certification_id"
        if one.certification_id not in known:
            message = f"there is no certification {one.certification_id}"
            problems.append(FieldError(pointer=at, code="certification_unknown", message=message))
    return tuple(problems)


def _properties(app: MappingParts, connection: Connection, object_name: str) -> Sequence[CrmProperty]:
    try:
        return app.gateways.open(connection).properties(object_name)
    except PushFailedError as exc:
        message = f"the CRM's fields cannot be read now, so the mapping cannot be checked: {exc.message}"
        raise ConflictError(message, code="crm-not-available") from exc
