"""Who can earn it, and what follows when that changes (R19, R21), with the stream and the workers behind the routes."""

from __future__ import annotations

from typing import Any

import pytest

from programme import COMPLETIONS, Programme

GOLD = {"audience": "groups", "groups": ["gold", "silver"]}


def rules(*named: tuple[str, list[Any]]) -> dict[str, Any]:
    return {"audience": "rules", "rules": [{"attribute": a, "in": values} for a, values in named]}


@pytest.fixture
def api() -> Programme:
    api = Programme()
    api.made(
        "PUT",
        "/organizations/o-1",
        {"name": "Northwind", "groups": ["gold"], "attributes": {"region": "EMEA", "tier": 2}},
    )
    return api


@pytest.mark.parametrize(
    ("permissions", "user", "earns"),
    [
        ({"audience": "everyone"}, {}, True),
        ({"audience": "no_one"}, {"groups": ["gold"]}, False),
        (GOLD, {}, False),
        (GOLD, {"groups": ["bronze"]}, False),
        (GOLD, {"groups": ["bronze", "silver"]}, True),
        (GOLD, {"organization_id": "o-1"}, True),
        (rules(("country", ["DE", "FR"])), {"attributes": {"country": "FR"}}, True),
        (rules(("user.country", ["DE"])), {"attributes": {"country": "DE"}}, True),
        (rules(("country", ["DE"])), {"attributes": {"country": "de"}}, False),
        (rules(("country", ["DE"])), {}, False),
        (rules(("organization.region", ["EMEA"])), {"organization_id": "o-1"}, True),
        (rules(("organization.region", ["EMEA"])), {"attributes": {"region": "EMEA"}}, False),
        (rules(("organization.tier", [1, 2])), {"organization_id": "o-1"}, True),
        (rules(("organization.tier", ["2"])), {"organization_id": "o-1"}, False),
        (rules(("partner", [True])), {"attributes": {"partner": True}}, True),
        (rules(("partner", [True])), {"attributes": {"partner": 1}}, False),
        (
            rules(("organization.region", ["EMEA"]), ("country", ["DE"])),
            {"organization_id": "o-1", "attributes": {"country": "DE"}},
            True,
        ),
        (rules(("organization.region", ["EMEA"]), ("country", ["DE"])), {"organization_id": "o-1"}, False),
        ({"audience": "everyone"}, {"active": False}, False),
    ],
)
def test_r19_who_earns_it(api: Programme, permissions: Any, user: dict[str, Any], *, earns: bool) -> None:
    api.published(permissions=permissions)
    api.user("u-1", **user)
    api.complete("c-1")
    assert bool(api.held()) is earns


@pytest.mark.parametrize(
    ("permissions", "before", "after"),
    [
        (GOLD, {}, {"groups": ["gold"]}),
        (GOLD, {}, {"organization_id": "o-1"}),
        (rules(("country", ["DE"])), {"attributes": {"country": "FR"}}, {"attributes": {"country": "DE"}}),
        ({"audience": "everyone"}, {"active": False}, {"active": True}),
    ],
)
def test_r19_who_gains_access_or_becomes_active_again_is_evaluated_then(
    api: Programme, permissions: Any, before: dict[str, Any], after: dict[str, Any]
) -> None:
    api.published(permissions=permissions)
    api.user("u-1", **before)
    api.complete("c-1", on="2026-11-01")
    assert api.held() == []
    api.user("u-1", **after)
    api.work()
    assert [c["completion_date"] for c in api.held()] == ["2026-11-01"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"groups": []}, {"groups": ["gold"]}),
        ({"groups": ["gold"], "active": False}, {"groups": ["gold"], "active": True}),
    ],
)
def test_r19_a_change_of_the_organization_evaluates_its_members(
    api: Programme, before: dict[str, Any], after: dict[str, Any]
) -> None:
    api.made("PUT", "/organizations/o-2", {"name": "Contoso", **before})
    api.published(permissions=GOLD)
    for number in range(1, 4):
        api.user(f"u-{number}", organization_id="o-2")
        api.complete("c-1", user_id=f"u-{number}")
    api.made("PUT", "/organizations/o-2", {"name": "Contoso", **after})
    api.work()
    assert [len(api.held(f"user_id=u-{number}")) for number in range(1, 4)] == [1, 1, 1]


def test_r19_losing_access_takes_nothing_away(api: Programme) -> None:
    api.published(permissions=GOLD)
    api.user("u-1", groups=["gold"])
    api.complete("c-1")
    held = api.held()
    api.user("u-1", groups=[])
    api.work()
    assert api.held() == held
    assert api.statuses() == ["active"]


def test_r21_the_inactive_keep_their_history_and_can_not_be_deleted(api: Programme) -> None:
    api.published()
    api.user("u-1", organization_id="o-1")
    api.complete("c-1")
    api.user("u-1", organization_id="o-1", active=False)
    api.work()
    assert api.statuses() == ["active"]
    assert api.call("DELETE", "/users/u-1")[0] == 409
    assert api.call("DELETE", "/organizations/o-1")[0] == 409, "it has members, and they have completions"


def test_r21_an_organization_with_completions_can_not_be_deleted(api: Programme) -> None:
    tier = api.published(type="organization", requirements=None, expiration=None)
    assert api.award(tier, "2026-11-20", organization_id="o-1")[0] == 201
    assert api.call("DELETE", "/organizations/o-1")[0] == 409


@pytest.mark.parametrize("whose", ["the user", "its organization"])
def test_r21_no_reminders_for_the_inactive(api: Programme, whose: str) -> None:
    api.published(reminders=["P30D"])
    api.user("u-1", organization_id="o-1")
    api.complete("c-1")
    if whose == "the user":
        api.user("u-1", organization_id="o-1", active=False)
    else:
        api.made("PUT", "/organizations/o-1", {"name": "Northwind", "active": False})
    api.on("2027-10-21").app.expiry_sweep.run(api.clock.now(), lambda: True)
    api.work()
    assert not [event for event in api.bus.published if event.type.endswith(".Expiring")]


def test_r21_completed_while_inactive_is_stored_and_counts_later(api: Programme) -> None:
    api.published()
    api.user("u-1", active=False)
    api.complete("c-1", on="2026-11-01")
    stored = api.made("GET", "/users/u-1/course-completions")["items"]
    assert [one["course_id"] for one in stored] == ["c-1"]
    assert api.made("GET", COMPLETIONS, query="user_id=u-1")["items"] == []
    api.user("u-1", active=True)
    api.work()
    assert len(api.held()) == 1
