"""What follows from a write: history, events out, messages; each once, however often the stream comes (R33)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from builders import NOW, TODAY, certification, completion, course, organization, user
from certification.adapters.dynamodb.table import Update
from certification.domain.evaluation_run import new_run
from certification.domain.history import What
from certification.domain.model import (
    CertificationCompletion,
    Duration,
    Evidence,
    Identity,
    Origin,
    PublishStatus,
)
from unit.stream.service import Service

NEXT_DAY = NOW + timedelta(days=1)


@pytest.fixture
def service() -> Service:
    return Service()


def revised(before: CertificationCompletion, **changes: Any) -> CertificationCompletion:
    values = {
        "revision": before.revision + 1,
        "changed_at": NEXT_DAY,
        "changed_by": "key:k-2",
        "reason": "why",
    }
    return replace(before, **{**values, **changes})


def test_award_leaves_an_entry_and_is_announced_with_the_completion_as_the_api_shows_it(
    service: Service,
) -> None:
    service.app.definitions.add(certification("cert-1"))
    service.follow()
    evidence = (Evidence(course_id=course("c-1").course_id, completed_at=NOW),)
    held = service.award(completion(origin=Origin.AUTOMATIC, evidence=evidence))
    service.follow()
    [entry] = service.history(held)
    assert (entry.what, entry.by, entry.at, entry.before) == (What.AWARDED, "key:test", NOW, {})
    assert entry.after["expiration_date"] == "2027-11-20"
    [(kind, event)] = service.announced()
    assert kind == "Awarded"
    assert service.app.completion_ids.read(event.pop("certification_completion_id")) == (
        held.holder,
        "cert-1",
        1,
    )
    assert len(event.pop("event_id")) == 32
    assert event == {
        "holder": {"type": "user", "id": "u-1"},
        "certification_id": "cert-1",
        "certification_version": 1,
        "certification_name": "Sales Pro",
        "cycle": 1,
        "completion_date": "2026-11-20",
        "effective_date": "2026-11-20",
        "expiration_date": "2027-11-20",
        "status": "active",
        "origin": "automatic",
        "evidence": [{"course_id": "c-1", "completed_at": "2026-11-20T12:00:00Z"}],
        "under_review": False,
        "revision": 1,
        "occurred_at": "2026-11-20T12:00:00Z",
        "previous_status": None,
    }


def test_stream_that_comes_twice_leaves_one_entry_and_repeats_the_event_under_its_id(
    service: Service,
) -> None:
    held = service.award(completion())
    service.amend(revised(held, revoked_at=NEXT_DAY))
    first = service.follow()
    again = service.follow_all_again()
    assert first is not None
    assert (first.history_entries, again.history_entries) == (2, 0)
    assert len(service.history(held)) == 2
    ids = [event["event_id"] for _, event in service.announced()]
    assert ids[:2] == ids[2:]
    assert len(set(ids)) == 2


# What changed, what the history calls it, and the events out: type, previous status, status.
CHANGES: list[tuple[dict[str, Any], What, list[tuple[str, str, str]]]] = [
    ({"revoked_at": NEXT_DAY}, What.REVOKED, [("Revoked", "active", "revoked")]),
    ({"expiration_date": date(2028, 1, 1)}, What.DATES_CHANGED, [("Changed", "active", "active")]),
    ({"lapsed_on": date(2027, 11, 21)}, What.LAPSED, [("Expired", "active", "expired")]),
    ({"lapsed_on": date(2027, 11, 21), "renewed_by": 2}, What.LAPSED, []),
    ({"reminded_on": TODAY}, What.REMINDED, [("Expiring", "active", "active")]),
    ({"renewed_by": 2}, What.CONTINUED, []),
    ({"renewed_by": 2, "superseded_on": TODAY}, What.CONTINUED, []),
    ({"superseded_on": TODAY}, What.SUPERSEDED, [("Changed", "active", "superseded")]),
    ({"under_review": True}, What.REVIEW_ASKED, [("Changed", "active", "active")]),
]


@pytest.mark.parametrize(("change", "what", "announced"), CHANGES)
def test_change_is_named_in_the_history_and_announced_by_its_kind(
    service: Service, change: dict[str, Any], what: What, announced: list[tuple[str, str, str]]
) -> None:
    held = service.award(completion())
    service.follow()
    service.bus.published.clear()
    service.amend(revised(held, **change))
    service.follow()
    entry = service.history(held)[-1]
    assert (entry.what, entry.by, entry.reason) == (what, "key:k-2", "why")
    assert set(entry.after) == set(change)
    assert [(kind, e["previous_status"], e["status"]) for kind, e in service.announced()] == announced


def test_reinstated_and_revived_completions_are_announced_as_changed(service: Service) -> None:
    held = service.award(completion(lapsed_on=TODAY, expiration_date=TODAY - timedelta(days=1)))
    extended = service.amend(revised(held, lapsed_on=None, expiration_date=date(2027, 1, 1)))
    revoked = service.amend(revised(extended, revoked_at=NEXT_DAY))
    service.amend(revised(revoked, revoked_at=None))
    service.follow()
    assert [entry.what for entry in service.history(held)] == [
        What.AWARDED,
        What.DATES_CHANGED,
        What.REVOKED,
        What.REINSTATED,
    ]
    assert [(kind, event["previous_status"], event["status"]) for kind, event in service.announced()] == [
        ("Awarded", None, "expired"),
        ("Changed", "expired", "active"),
        ("Revoked", "active", "revoked"),
        ("Changed", "revoked", "active"),
    ]


def test_renewal_is_one_event_only(service: Service) -> None:
    """R25, contract.md: a renewal is only `.Renewed`."""
    first = service.award(completion())
    service.follow()
    service.bus.published.clear()
    second = completion(
        cycle=2, renews=1, started_on=None, effective_date=date(2027, 11, 21), changed_at=NEXT_DAY
    )
    continued = revised(first, renewed_by=2)
    service.app.ledger.add_completion(second, reminders=(), changed=(continued,))
    service.follow()
    assert service.announced_types() == ["Renewed"]
    assert service.history(second)[0].what is What.RENEWED


def test_nobody_is_congratulated_for_what_had_lapsed_already_or_was_imported(service: Service) -> None:
    """R7, R32."""
    service.award(completion("cert-1", announced=False, lapsed_on=TODAY))
    service.award(completion("cert-2", origin=Origin.IMPORTED))
    service.follow()
    assert service.announced() == []
    assert [e.what for e in service.history(completion("cert-2"))] == [What.IMPORTED]


def test_write_without_a_new_revision_is_no_event(service: Service) -> None:
    """The sweep moves a reminder that nobody gets out of the way: no fact changed."""
    held = service.award(completion())
    service.follow()
    service.bus.published.clear()
    key = service.table.changes[-1].key
    service.table.write(Update(key=key, set={"reminded_on": "2026-11-01"}))
    service.follow()
    assert (service.announced(), len(service.history(held))) == ([], 1)


def test_day_of_an_event_is_counted_in_the_services_zone() -> None:
    """R1: five hours before midnight UTC it is the next day in Auckland."""
    service = Service(time_zone="Pacific/Auckland")
    service.award(completion(expiration_date=TODAY, changed_at=NOW.replace(hour=19)))
    service.follow()
    assert [event["status"] for _, event in service.announced()] == ["expired"]


def test_evaluation_runs_start_at_once_after_a_moment_or_after_a_quarter_of_an_hour(
    service: Service,
) -> None:
    for name, dry_run, look in (("e-1", True, 1), ("e-2", False, 1), ("e-3", False, 2)):
        run = new_run(name, "cert-1", dry_run=dry_run, now=NOW, actor="key:test", look=look)
        service.app.evaluations.add(run)
    service.follow()
    started = dict(
        zip([m["evaluation_id"] for m in service.evaluations.sent], service.evaluations.delays, strict=True)
    )
    assert started == {"e-1": 0, "e-2": 3, "e-3": 900}


def test_run_that_only_advances_is_not_started_again(service: Service) -> None:
    run = new_run("e-1", "cert-1", dry_run=True, now=NOW, actor="key:test")
    service.app.evaluations.add(run)
    service.follow()
    service.evaluations.take()
    service.app.evaluations.save(replace(run, revision=2))
    service.follow()
    assert service.evaluations.sent == []


def test_new_user_releases_what_waits_for_its_id_its_address_and_its_identities(service: Service) -> None:
    """R17."""
    identities = frozenset({Identity(source="lms", external_id="77")})
    service.app.directory.save_user(user("u-1", identities=identities), previous=None)
    service.follow()
    assert service.evaluations.sent == [
        {"kind": "release", "user_id": "u-1"},
        {"kind": "release", "email": "u-1@partner.example"},
        {"kind": "release", "identity": {"source": "lms", "external_id": "77"}},
    ]


GAINS = [
    ({"active": False}, {"active": True}, True),
    ({}, {"groups": frozenset({"gold"})}, True),
    ({}, {"attributes": {"country": "DE"}}, True),
    ({}, {"organization_id": "o-1"}, True),
    ({}, {"name": "Another"}, False),
    ({}, {"active": False, "groups": frozenset({"gold"})}, False),
]


@pytest.mark.parametrize(("before", "after", "evaluated"), GAINS)
def test_user_who_may_have_gained_access_is_evaluated(
    service: Service, before: dict[str, Any], after: dict[str, Any], evaluated: bool
) -> None:
    """R19."""
    first = user("u-1", **before)
    service.app.directory.save_user(first, previous=None)
    service.follow()
    service.evaluations.take()
    service.app.directory.save_user(replace(first, **{**after, "revision": 2}), previous=first)
    service.follow()
    expected = [{"kind": "user_changed", "user_id": "u-1"}] if evaluated else []
    assert service.evaluations.sent == expected


def test_new_identity_and_new_address_release_and_nothing_else(service: Service) -> None:
    first = user("u-1", identities=frozenset({Identity(source="lms", external_id="1")}))
    service.app.directory.save_user(first, previous=None)
    service.follow()
    service.evaluations.take()
    more = first.identities | {Identity(source="lms", external_id="2")}
    changed = replace(first, identities=more, email="U-1@partner.example", revision=2)
    service.app.directory.save_user(changed, previous=first)
    service.follow()
    assert service.evaluations.sent == [
        {"kind": "release", "identity": {"source": "lms", "external_id": "2"}}
    ]


def test_identity_and_address_that_name_the_user_no_longer_release_what_was_a_conflict_by_them(
    service: Service,
) -> None:
    """R17: the other name of the conflict's user now says alone whose it is."""
    first = user("u-1", identities=frozenset({Identity(source="lms", external_id="1")}))
    service.app.directory.save_user(first, previous=None)
    service.follow()
    service.evaluations.take()
    changed = replace(first, identities=frozenset(), email="new@partner.example", revision=2)
    service.app.directory.save_user(changed, previous=first)
    service.follow()
    assert service.evaluations.sent == [
        {"kind": "release", "email": "new@partner.example"},
        {"kind": "release", "email": "u-1@partner.example"},
        {"kind": "release", "identity": {"source": "lms", "external_id": "1"}},
    ]


def test_changed_organization_has_its_members_evaluated_again_when_the_index_has_caught_up(
    service: Service,
) -> None:
    first = organization("o-1")
    service.app.directory.save_organization(first, previous=None)
    service.app.directory.save_organization(
        replace(first, attributes={"region": "EMEA"}, revision=2), previous=first
    )
    service.follow()
    assert service.evaluations.sent == [{"kind": "organization_changed", "organization_id": "o-1"}] * 2
    assert service.evaluations.delays == [0, 900]
    service.evaluations.take()
    changed = service.app.directory.organization("o-1")
    assert changed is not None
    service.app.directory.save_organization(replace(changed, name="New", revision=3), previous=changed)
    service.follow()
    assert service.evaluations.sent == []


def test_course_that_takes_an_outside_name_releases_what_is_stored_under_it(service: Service) -> None:
    """R17."""
    named = frozenset({Identity(source="lms", external_id="course 9")})
    service.app.directory.save_course(course("c-9", identities=named), previous=None)
    service.follow()
    assert service.evaluations.sent == [
        {"kind": "release_course", "source": "lms", "external_id": "course 9", "course_id": "c-9"}
    ]


def test_other_reminders_have_the_dues_of_the_certification_set_anew(service: Service) -> None:
    """R33a."""
    draft = certification("cert-1", publish_status=PublishStatus.DRAFT)
    service.app.definitions.add(draft)
    service.app.definitions.save(replace(draft, reminders=(Duration(days=30),), revision=2), previous=draft)
    service.follow()
    assert service.evaluations.sent == [{"kind": "reminders_changed", "certification_id": "cert-1"}]
