"""Connections, their pauses, the plan of what is mapped, and who counts for which organization."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items.values import instant_in, iso, new_item, required_instant
from certification.adapters.dynamodb.table import Item
from certification.domain.certified import Contribution, Membership
from certification.domain.connection import Connection, Pause, PauseReason, Plan
from certification.domain.mapping import MappingUses
from certification.domain.model import Holder, HolderType

CONNECTION = "crm_connection"
PAUSE = "crm_pause"
PLAN = "crm_plan"
CERTIFIED = "certified"
CERTIFIED_MEMBER = "certified_member"
CONNECTED = "connected"
_USES_PREFIX = "uses_"


def connection_to_item(connection: Connection) -> Item:
    return new_item(
        keys.connection(connection.crm),
        CONNECTION,
        {
            "crm": connection.crm,
            "base_url": connection.base_url,
            "api_version": connection.api_version,
            "credentials": connection.credentials,
            "create_missing": connection.create_missing,
            "shadow": connection.shadow,
            "link": connection.link,
            "tested_at": iso(connection.tested_at),
            "account": connection.account,
            "revision": connection.revision,
            "changed_at": iso(connection.changed_at),
            "changed_by": connection.changed_by,
        },
    )


def connection_from_item(item: Item) -> Connection:
    return Connection(
        crm=item["crm"],
        base_url=item["base_url"],
        api_version=item.get("api_version", ""),
        credentials=item["credentials"],
        create_missing=item.get("create_missing", False),
        shadow=item.get("shadow", False),
        link=item["link"],
        tested_at=instant_in(item, "tested_at"),
        account=item.get("account", ""),
        revision=item["revision"],
        changed_at=required_instant(item, "changed_at"),
        changed_by=item.get("changed_by", ""),
    )


def pause_to_item(pause: Pause) -> Item:
    return new_item(
        keys.crm_pause(pause.crm, pause.scope),
        PAUSE,
        {
            "crm": pause.crm,
            "scope": pause.scope,
            "reason": pause.reason.value,
            "message": pause.message,
            "correlation_id": pause.correlation_id,
            "since": iso(pause.since),
            "until": iso(pause.until),
            "times": pause.times,
        },
    )


def pause_from_item(item: Item) -> Pause:
    return Pause(
        crm=item["crm"],
        scope=item.get("scope", ""),
        reason=PauseReason(item["reason"]),
        message=item.get("message", ""),
        correlation_id=item.get("correlation_id", ""),
        since=required_instant(item, "since"),
        until=required_instant(item, "until"),
        times=item["times"],
    )


def plan_connected(crm: str) -> str:
    """The attribute of the plan that says that this CRM is connected."""
    return f"{CONNECTED}_{crm}"


def plan_uses(crm: str, object_name: str) -> str:
    """The attribute of the plan for one object's mapping."""
    return f"{_USES_PREFIX}{crm}_{object_name}"


def uses_to_item(uses: MappingUses) -> Item:
    return {
        "object": uses.object_name,
        "holder_type": uses.holder_type.value,
        "completed_courses": uses.completed_courses,
        "counted": sorted(uses.counted),
        "named": sorted(uses.named),
    }


def plan_from_item(item: Item | None, crms: tuple[str, ...]) -> Plan:
    """Only what is both connected and mapped."""
    given = item or {}
    uses = {crm: _uses_of(given, crm) for crm in crms if plan_connected(crm) in given}
    return Plan(uses={crm: found for crm, found in uses.items() if found})


def _uses_of(item: Item, crm: str) -> tuple[MappingUses, ...]:
    prefix = plan_uses(crm, "")
    return tuple(_uses_from_item(item[name]) for name in sorted(item) if name.startswith(prefix))


def _uses_from_item(item: Mapping[str, Any]) -> MappingUses:
    return MappingUses(
        object_name=item["object"],
        holder_type=HolderType(item["holder_type"]),
        completed_courses=item["completed_courses"],
        counted=frozenset(item["counted"]),
        named=frozenset(item["named"]),
    )


def contribution_to_item(contribution: Contribution) -> Item:
    return new_item(
        keys.certified(Holder(type=HolderType.USER, id=contribution.user_id)),
        CERTIFIED,
        {
            "memberships": [_membership_values(m) for m in sorted(contribution.memberships, key=_order)],
            "unmarked": sorted(contribution.unmarked),
            "revision": contribution.revision,
        },
    )


def contribution_from_item(user_id: str, item: Item | None) -> Contribution:
    if item is None:
        return Contribution(user_id=user_id)
    return Contribution(
        user_id=user_id,
        memberships=frozenset(_membership_from(values) for values in item.get("memberships", ())),
        unmarked=frozenset(item.get("unmarked", ())),
        revision=item["revision"],
    )


def member_to_item(user_id: str, membership: Membership) -> Item:
    key = keys.certified_member(membership.organization_id, membership.certification_id, user_id)
    return new_item(key, CERTIFIED_MEMBER, _membership_values(membership))


def member_from_item(item: Item) -> Membership:
    return _membership_from(item)


def _membership_values(membership: Membership) -> Item:
    values: Item = {
        "organization_id": membership.organization_id,
        "certification_id": membership.certification_id,
        "spans": [[first.isoformat(), last.isoformat()] for first, last in membership.spans],
    }
    if membership.recorded_on is not None:
        values["recorded_on"] = membership.recorded_on.isoformat()
    return values


def _membership_from(values: Mapping[str, Any]) -> Membership:
    recorded_on = values.get("recorded_on")
    return Membership(
        organization_id=values["organization_id"],
        certification_id=values["certification_id"],
        spans=tuple((date.fromisoformat(a), date.fromisoformat(b)) for a, b in values.get("spans", ())),
        recorded_on=date.fromisoformat(recorded_on) if recorded_on else None,
    )


def _order(membership: Membership) -> tuple[str, str]:
    return membership.organization_id, membership.certification_id
