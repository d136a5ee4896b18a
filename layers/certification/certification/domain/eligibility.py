"""Who can earn a certification when the award is made: R19, R21. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from certification.domain.model import (
    AttributeRule,
    Audience,
    Certification,
    Organization,
    Permissions,
    User,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why something is so: a stable code and words for a person."""

    code: str
    message: str


def ineligibility(
    certification: Certification, user: User, organization: Organization | None
) -> tuple[Reason, ...]:
    """Everything that keeps this user from earning it now; empty where nothing does."""
    reasons = list(inactivity(user, organization))
    if not permits(certification.permissions, user, organization):
        reasons.append(Reason(code="not_permitted", message=_refusal(certification.permissions)))
    return tuple(reasons)


def inactivity(user: User, organization: Organization | None) -> tuple[Reason, ...]:
    """R21: no awards for the inactive."""
    reasons = []
    if not user.active:
        reasons.append(Reason(code="user_inactive", message="The user is inactive."))
    if organization is not None and not organization.active:
        reasons.append(Reason(code="organization_inactive", message="The user's organization is inactive."))
    return tuple(reasons)


def permits(permissions: Permissions | None, user: User, organization: Organization | None) -> bool:
    """Whether the permissions let this user earn it (R19). Groups are the user's or its organization's."""
    if permissions is None:
        return False
    match permissions.audience:
        case Audience.EVERYONE:
            return True
        case Audience.NO_ONE:
            return False
        case Audience.GROUPS:
            theirs = user.groups | (organization.groups if organization else frozenset())
            return not permissions.groups.isdisjoint(theirs)
        case Audience.RULES:
            return bool(permissions.rules) and all(
                _holds(rule, _attribute(rule, user, organization)) for rule in permissions.rules
            )


def _holds(rule: AttributeRule, value: object) -> bool:
    """True is not 1 here, as it is not in JSON."""
    return any(
        value == wanted and isinstance(value, bool) is isinstance(wanted, bool) for wanted in rule.values
    )


def _attribute(rule: AttributeRule, user: User, organization: Organization | None) -> object:
    scope, dot, name = rule.attribute.partition(".")
    if scope == "organization" and dot:
        return organization.attributes.get(name) if organization else None
    if scope == "user" and dot:
        return user.attributes.get(name)
    return user.attributes.get(rule.attribute)


def _refusal(permissions: Permissions | None) -> str:
    match permissions and permissions.audience:
        case None:
            return "The certification has no permissions yet, so nobody can earn it."
        case Audience.NO_ONE:
            return "The certification is open to no one."
        case Audience.GROUPS:
            return "The user is in none of the groups that can earn it."
        case _:
            return "The attributes of the user or its organization do not fit the certification's rules."
