"""Awards by hand: R5–R7, R18, R19, R21, R26, R27, R31, through the routes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from builders import NOW, TODAY, certification, course_completion, message, organization, user
from certification.domain.model import (
    AttributeRule,
    Audience,
    Duration,
    FixedDate,
    HolderType,
    Permissions,
    PublishStatus,
    Renewal,
    RenewalBasis,
)
from unit.awards.api import COMPLETIONS, AwardsApi

PARTNER_TIER: dict[str, Any] = {"type": HolderType.ORGANIZATION, "expiration": None}


@pytest.fixture
def api() -> AwardsApi:
    service = AwardsApi()
    service.defined(user(), organization(), certification())
    service.defined(certification("tier", **PARTNER_TIER))
    return service


def tier(**fields: Any) -> dict[str, Any]:
    return {"organization_id": "o-1", "certification_id": "tier", **fields}


def test_an_award_reads_exactly_as_the_contract_shapes_it(api: AwardsApi) -> None:
    status, body = api.award()
    assert status == 201
    assert body == {
        "certification_completion_id": body["certification_completion_id"],
        "holder": {"type": "user", "id": "u-1"},
        "certification_id": "cert-1",
        "certification_version": 1,
        "certification_name": "Sales Pro",
        "cycle": 1,
        "completion_date": "2026-11-20",
        "effective_date": "2026-11-20",
        "expiration_date": "2027-11-20",
        "status": "active",
        "origin": "manual",
        "evidence": [],
        "under_review": False,
    }
    location = api.headers["Location"]
    assert api.headers["ETag"] == '"1"'
    assert api.call("GET", location) == (200, body)


@pytest.mark.parametrize(
    ("given", "effective", "expires", "status"),
    [
        ({}, "2026-11-20", "2027-11-20", "active"),
        ({"expiration_date": "2026-12-31"}, "2026-11-20", "2026-12-31", "active"),
        ({"expiration_date": None}, "2026-11-20", None, "active"),
        ({"expiration_date": "2026-11-20"}, "2026-11-20", "2026-11-20", "active"),
        ({"effective_date": "2026-12-01"}, "2026-12-01", "2027-11-20", "scheduled"),
        ({"completed_on": "2026-11-21"}, "2026-11-21", "2027-11-21", "scheduled"),
        ({"completed_on": "2025-01-31"}, "2025-01-31", "2026-01-31", "expired"),
        ({"completed_on": "2025-11-20"}, "2025-11-20", "2026-11-20", "active"),
        ({"completed_on": "2025-11-19"}, "2025-11-19", "2026-11-19", "expired"),
    ],
)
def test_dates_are_as_given_or_by_the_policy(
    api: AwardsApi, given: dict[str, Any], effective: str, expires: str | None, status: str
) -> None:
    _, body = api.award(**given)
    assert (body["effective_date"], body["expiration_date"], body["status"]) == (effective, expires, status)


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"expiration_date": "2026-11-19"}, "/expiration_date"),
        ({"effective_date": "2026-12-02", "expiration_date": "2026-12-01"}, "/expiration_date"),
        ({"completed_on": "2026-11-22"}, "/completion_date"),
        ({"completed_on": "2026-11-20T09:00:00Z"}, "/completion_date"),
        ({"completed_on": "20"}, "/completion_date"),
        ({"effective_date": "9999-12-31"}, "/effective_date"),
        ({"organization_id": "o-1", "certification_id": "cert-1"}, "/organization_id"),
        ({"mode": "extend"}, "/mode"),
        ({"reason": ""}, "/reason"),
        ({"colour": "red"}, "/colour"),
        ({"user_id": None}, ""),
    ],
)
def test_what_is_wrong_is_named(api: AwardsApi, given: dict[str, Any], pointer: str) -> None:
    status, body = api.award(**given)
    assert status == 422
    assert [error["pointer"] for error in body["errors"]] == [pointer]
    assert api.held() == ()


@pytest.mark.parametrize(
    "given", [{"user_id": "nobody"}, {"certification_id": "none"}, tier(organization_id="none")]
)
def test_unknown_holder_or_certification_is_not_found(api: AwardsApi, given: dict[str, Any]) -> None:
    assert api.award(**given)[0] == 404


def test_what_has_lapsed_already_is_recorded_and_told_to_nobody(api: AwardsApi) -> None:
    api.awarded("2025-01-31")
    (held,) = api.held()
    assert held.expiration_date is not None
    assert (held.lapsed_on, held.announced) == (held.expiration_date + timedelta(days=1), False)


class TestWhoMay:
    def test_a_draft_cannot_be_awarded(self) -> None:
        draft = certification(publish_status=PublishStatus.DRAFT)
        status, body = AwardsApi().defined(user(), draft).award(reason="please")  # type: ignore[attr-defined]
        assert (status, body["type"].rpartition(":")[2]) == (409, "not-published")

    def test_a_retired_one_only_with_a_reason(self) -> None:
        api = AwardsApi()
        api.defined(user(), certification(publish_status=PublishStatus.RETIRED))
        status, body = api.award()
        assert (status, body["errors"][0]["pointer"]) == (422, "/reason")
        assert api.award(reason="promised before")[0] == 201

    @pytest.mark.parametrize(
        "inactive", [user(active=False), user(organization_id="o-1"), organization("o-2", active=False)]
    )
    def test_the_inactive_get_none(self, api: AwardsApi, inactive: Any) -> None:
        api.app.directory.save_organization(
            organization(active=False, revision=2), previous=api.app.directory.organization("o-1")
        )
        if hasattr(inactive, "user_id"):
            api.defined(replace(inactive, revision=2))
            status, _ = api.award(reason="anyway")
        else:
            api.defined(inactive)
            status, _ = api.award(**tier(organization_id="o-2", reason="anyway"))
        assert status == 409

    @pytest.mark.parametrize(
        ("permissions", "allowed"),
        [
            (Permissions(audience=Audience.NO_ONE), False),
            (Permissions(audience=Audience.GROUPS, groups=frozenset({"sales"})), True),
            (Permissions(audience=Audience.GROUPS, groups=frozenset({"tech"})), False),
            (
                Permissions(
                    audience=Audience.RULES,
                    rules=(AttributeRule(attribute="organization.region", values=("EMEA",)),),
                ),
                True,
            ),
            (
                Permissions(
                    audience=Audience.RULES, rules=(AttributeRule(attribute="region", values=("EMEA",)),)
                ),
                True,
            ),
            (
                Permissions(
                    audience=Audience.RULES, rules=(AttributeRule(attribute="user.region", values=("EMEA",)),)
                ),
                False,
            ),
            (None, False),
        ],
    )
    def test_an_organization_outside_the_permissions_needs_a_reason(
        self, permissions: Permissions | None, allowed: bool
    ) -> None:
        api = AwardsApi()
        api.defined(organization(groups=frozenset({"sales"}), attributes={"region": "EMEA"}))
        api.defined(certification("tier", **PARTNER_TIER, permissions=permissions))
        assert api.award(**tier())[0] == (201 if allowed else 422)
        assert api.award(**tier(reason="exception", mode="replace"))[0] == 201

    def test_a_user_outside_the_permissions_needs_a_reason(self) -> None:
        api = AwardsApi()
        api.defined(user(), certification(permissions=Permissions(audience=Audience.NO_ONE)))
        assert api.award()[0] == 422
        assert api.award(reason="honorary")[0] == 201

    def test_the_scope_award_is_needed(self, api: AwardsApi) -> None:
        api.caller.scopes = frozenset({"write"})
        assert api.award()[0] == 403


class TestHeldAlready:
    def test_conflict_shows_the_present_one(self, api: AwardsApi) -> None:
        first = api.awarded()
        status, body = api.award("2026-11-19")
        assert status == 409
        assert body["present"]["certification_completion_id"] == first
        assert body["present"]["status"] == "active"

    def test_a_scheduled_one_counts_too(self, api: AwardsApi) -> None:
        api.awarded(effective_date="2026-12-01")
        assert api.award()[0] == 409

    def test_an_expired_one_does_not(self, api: AwardsApi) -> None:
        api.awarded("2025-01-31")
        assert api.award()[1]["cycle"] == 2

    def test_a_lapse_that_the_sweep_recorded_ahead_of_the_clock_is_in_nobodys_way(
        self, api: AwardsApi
    ) -> None:
        api.awarded("2026-11-01")
        (held,) = api.held()
        assert held.expiration_date is not None
        lapsed = replace(held, lapsed_on=held.expiration_date + timedelta(days=1), revision=2)
        api.app.ledger.amend_completion(lapsed, reminders=())
        assert api.statuses() == ["expired"]
        assert api.award()[0] == 201
        assert api.statuses() == ["superseded", "active"]

    @pytest.mark.parametrize("mode", ["renew", "replace"])
    def test_mode_is_ignored_where_there_is_none(self, api: AwardsApi, mode: str) -> None:
        _, body = api.award(mode=mode)
        assert (body["cycle"], body["effective_date"]) == (1, "2026-11-20")

    def test_renewed_by_hand_it_goes_on_after_the_old_end(self, api: AwardsApi) -> None:
        api.awarded("2026-01-10")
        _, body = api.award(mode="renew")
        assert (body["effective_date"], body["expiration_date"]) == ("2027-01-11", "2028-01-10")
        old, new = api.held()
        assert (old.renewed_by, new.renews, old.superseded_on) == (2, 1, None)
        assert api.statuses() == ["active", "scheduled"]

    def test_on_the_basis_of_completion_the_old_one_is_superseded(self) -> None:
        renewal = Renewal(opens=Duration(days=60), basis=RenewalBasis.COMPLETION)
        api = AwardsApi()
        api.defined(user(), certification(renewal=renewal))
        api.awarded("2026-01-10")
        _, body = api.award(mode="renew")
        assert (body["effective_date"], body["expiration_date"]) == ("2026-11-20", "2027-11-20")
        assert api.statuses() == ["superseded", "active"]

    def test_within_grace_it_renews_what_has_expired(self) -> None:
        renewal = Renewal(opens=Duration(days=60), grace=Duration(days=30))
        api = AwardsApi()
        api.defined(user(), certification(renewal=renewal))
        api.awarded("2025-11-10")
        _, body = api.award(mode="renew")
        assert (body["effective_date"], body["expiration_date"]) == ("2026-11-11", "2027-11-10")

    def test_replaced_from_the_new_effective_date_on(self, api: AwardsApi) -> None:
        api.awarded("2026-01-10")
        _, body = api.award(mode="replace", effective_date="2026-12-01")
        assert body["status"] == "scheduled"
        assert api.statuses() == ["active", "scheduled"]
        assert api.statuses(as_of=TODAY.replace(month=12, day=1)) == ["superseded", "active"]

    def test_replacing_takes_the_place_of_everything_ahead(self, api: AwardsApi) -> None:
        api.awarded("2026-01-10")
        api.award(mode="renew")
        api.award(mode="replace")
        assert api.statuses() == ["superseded", "superseded", "active"]


class TestOnce:
    BODY: ClassVar = {"user_id": "u-1", "certification_id": "cert-1", "completion_date": "2026-11-20"}

    def test_the_same_key_and_body_get_the_same_answer(self, api: AwardsApi) -> None:
        first = api.call("POST", COMPLETIONS, self.BODY, idempotency_key="k")
        assert first[0] == 201
        assert api.call("POST", COMPLETIONS, self.BODY, idempotency_key="k") == first
        assert len(api.held()) == 1

    def test_the_same_key_for_another_body_is_refused(self, api: AwardsApi) -> None:
        api.call("POST", COMPLETIONS, self.BODY, idempotency_key="k")
        other = {**self.BODY, "mode": "replace"}
        assert api.call("POST", COMPLETIONS, other, idempotency_key="k")[0] == 422

    def test_a_crash_after_the_write_does_not_lose_the_answer(self, api: AwardsApi) -> None:
        def die(_: str) -> None:
            raise KeyboardInterrupt

        api.table.after_effect = die
        with pytest.raises(KeyboardInterrupt):
            api.call("POST", COMPLETIONS, self.BODY, idempotency_key="k")
        api.table.after_effect = None
        status, body = api.call("POST", COMPLETIONS, self.BODY, idempotency_key="k")
        assert (status, body["cycle"]) == (201, 1)
        assert len(api.held()) == 1

    def test_a_refusal_is_not_kept(self, api: AwardsApi) -> None:
        first = api.awarded()
        assert api.call("POST", COMPLETIONS, self.BODY, idempotency_key="k")[0] == 409
        api.revoke(first)
        assert api.call("POST", COMPLETIONS, self.BODY, idempotency_key="k")[0] == 201

    def test_of_two_at_once_one_wins(self, api: AwardsApi) -> None:
        def meanwhile(_: str) -> None:
            api.table.before_effect = None
            assert api.award()[0] == 201

        api.table.before_effect = meanwhile
        assert api.award()[0] == 409
        assert len(api.held()) == 1


class TestEvidence:
    def test_courses_finished_before_are_what_it_rests_on(self, api: AwardsApi) -> None:
        api.app.ledger.add_course_completions([course_completion(completed_at=NOW - timedelta(days=3))])
        _, body = api.award()
        assert body["evidence"] == [{"course_id": "c-1", "completed_at": "2026-11-17T12:00:00Z"}]

    def test_courses_finished_later_add_evidence_and_no_second_award(self, api: AwardsApi) -> None:
        api.awarded()
        api.receive(message())
        (held,) = api.held()
        assert [evidence.course_id for evidence in held.evidence] == ["c-1"]


class TestOrganizations:
    def test_without_an_end_it_is_open(self, api: AwardsApi) -> None:
        status, body = api.award(**tier())
        assert (status, body["expiration_date"], body["status"]) == (201, None, "active")
        assert body["holder"] == {"type": "organization", "id": "o-1"}

    def test_two_that_do_not_overlap_stand_side_by_side(self, api: AwardsApi) -> None:
        api.awarded(**tier(expiration_date="2026-12-31"))
        api.awarded(**tier(effective_date="2027-01-01", expiration_date="2027-12-31"))
        api.awarded("2025-01-01", **tier(expiration_date="2026-11-19"))
        assert api.statuses("organization_id=o-1") == ["active", "scheduled", "expired"]

    @pytest.mark.parametrize(
        ("completed_on", "end"),
        [("2026-11-20", None), ("2025-01-01", "2026-11-20"), ("2026-11-20", "2026-11-20")],
    )
    def test_two_that_overlap_are_refused_unless_one_replaces(
        self, api: AwardsApi, completed_on: str, end: str | None
    ) -> None:
        api.awarded(**tier(expiration_date="2026-12-31"))
        status, body = api.award(completed_on, **tier(expiration_date=end))
        assert (status, body["present"]["cycle"]) == (409, 1)
        assert api.award(completed_on, **tier(expiration_date=end, mode="replace"))[0] == 201

    def test_a_fixed_date_that_is_over_gives_no_award(self) -> None:
        api = AwardsApi()
        api.defined(organization())
        api.defined(
            certification(
                "tier", type=HolderType.ORGANIZATION, expiration=FixedDate(date=TODAY - timedelta(days=1))
            )
        )
        assert api.award(**tier())[0] == 422
        assert api.award("2026-11-19", **tier())[1]["status"] == "expired"
