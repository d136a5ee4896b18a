"""Certifications of organizations are by hand only: R2, R21, R28, R29, R31, beside what its people hold."""

from __future__ import annotations

from typing import Any

import pytest

from programme import Programme

ID = "certification_completion_id"
WHOSE = "organization_id=o-1"


@pytest.fixture
def api() -> Programme:
    api = Programme()
    api.made("PUT", "/organizations/o-1", {"name": "Northwind"})
    api.user("u-1", organization_id="o-1")
    return api


@pytest.fixture
def tier(api: Programme) -> str:
    return api.published(type="organization", requirements=None, expiration=None)


def award(api: Programme, tier: str, start: str, end: str | None, **fields: Any) -> tuple[int, Any]:
    given: dict[str, Any] = {"organization_id": "o-1", "effective_date": start, "expiration_date": end}
    return api.award(tier, "2026-11-01", **{**given, **fields})


def awarded(api: Programme, tier: str, start: str, end: str | None, **fields: Any) -> str:
    status, body = award(api, tier, start, end, **fields)
    assert status == 201, body
    api.work()
    completion_id: str = body[ID]
    return completion_id


def statuses(api: Programme, **query: str) -> list[str]:
    return [c["status"] for c in api.held(WHOSE, **query)]


def test_start_and_end_are_valid_days(api: Programme, tier: str) -> None:
    awarded(api, tier, "2026-12-01", "2026-12-31")
    read = {
        day: statuses(api, as_of=day)[0] for day in ("2026-11-30", "2026-12-01", "2026-12-31", "2027-01-01")
    }
    assert list(read.values()) == ["scheduled", "active", "active", "expired"]


@pytest.mark.parametrize(
    ("start", "end", "status"),
    [
        ("2026-10-01", "2026-11-30", 201),
        ("2026-10-01", "2026-12-01", 409),
        ("2026-12-31", None, 409),
        ("2027-01-01", None, 201),
        ("2026-12-10", "2026-12-20", 409),
        ("2026-01-01", None, 409),
    ],
)
def test_r31_two_that_overlap_are_refused(
    api: Programme, tier: str, start: str, end: str | None, status: int
) -> None:
    first = awarded(api, tier, "2026-12-01", "2026-12-31")
    got, body = award(api, tier, start, end, completion_date="2026-01-01")
    assert got == status
    if status == 409:
        assert body["present"][ID] == first


def test_r31_an_open_end_leaves_no_room(api: Programme, tier: str) -> None:
    awarded(api, tier, "2026-12-01", None)
    assert award(api, tier, "2030-01-01", None)[0] == 409
    awarded(api, tier, "2030-01-01", None, mode="replace")
    assert statuses(api, as_of="2029-12-31") == ["active", "scheduled"]
    assert statuses(api, as_of="2030-01-01") == ["superseded", "active"]


def test_r28_an_end_is_not_moved_into_the_next_one(api: Programme, tier: str) -> None:
    first = awarded(api, tier, "2026-11-01", "2026-11-30")
    second = awarded(api, tier, "2026-12-01", "2026-12-31")
    status, body = api.change_end(first, "2026-12-01")
    assert (status, body["present"][ID]) == (409, second)
    assert api.change_end(second, None)[0] == 200
    assert statuses(api) == ["active", "scheduled"]


def test_r29_a_revoked_one_is_not_reinstated_into_another(api: Programme, tier: str) -> None:
    first = awarded(api, tier, "2026-11-01", None)
    api.decide(first, "revoke")
    awarded(api, tier, "2026-11-21", None)
    assert api.decide(first, "reinstate")[0] == 409
    assert statuses(api) == ["revoked", "scheduled"]


def test_courses_of_its_people_award_an_organization_nothing(api: Programme, tier: str) -> None:
    api.published()
    api.complete("c-1")
    assert len(api.held()) == 1
    assert api.held(WHOSE) == []
    assert api.call("POST", "/evaluations", {"certification_id": tier, "dry_run": False})[0] == 422


def test_a_policy_gives_an_end_where_none_is_given(api: Programme) -> None:
    tier = api.published(
        type="organization", requirements=None, expiration={"type": "duration", "duration": "P1Y"}
    )
    body = api.awarded(tier, "2026-11-20", organization_id="o-1")
    assert body["expiration_date"] == "2027-11-20"


def test_its_history_and_events_name_the_organization(api: Programme, tier: str) -> None:
    completion_id = awarded(api, tier, "2026-11-01", None, reason="partner of the year")
    api.decide(completion_id, "revoke", "contract ended")
    api.work()
    entries = api.history(completion_id)
    assert [(e["what"], e["reason"]) for e in entries] == [
        ("awarded", "partner of the year"),
        ("revoked", "contract ended"),
    ]
    assert {event.detail["holder"]["type"] for event in api.bus.published} == {"organization"}
