"""What a change of a completion is called in its history, and whether the world is told (R7, R25, R32, R33)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from builders import NOW, TODAY, certification, completion
from builders import course as a_course
from certification.domain.announcements import announcement_of
from certification.domain.checklist import checklist
from certification.domain.history import What, entry_of
from certification.domain.model import (
    AfterDuration,
    Anchored,
    CertificationCompletion,
    CourseId,
    Duration,
    Evidence,
    Origin,
    Renewal,
    RenewalBasis,
    Status,
)
from certification.domain.validity import parse_duration

UTC_ZONE = ZoneInfo("UTC")
EVIDENCE = Evidence(course_id=CourseId("c-1"), completed_at=NOW)


def revised(**changes: Any) -> CertificationCompletion:
    return replace(completion(), revision=2, reason="why", **changes)


@pytest.mark.parametrize(
    ("before", "after", "what", "told"),
    [
        (None, completion(), What.AWARDED, "Awarded"),
        (None, completion(renews=1, cycle=2), What.RENEWED, "Renewed"),
        (None, completion(origin=Origin.IMPORTED, announced=False), What.IMPORTED, None),
        (None, completion(announced=False, lapsed_on=TODAY), What.AWARDED, None),
        (completion(), revised(lapsed_on=date(2027, 11, 21)), What.LAPSED, "Expired"),
        (completion(renewed_by=2), revised(renewed_by=2, lapsed_on=TODAY), What.LAPSED, None),
        (completion(), revised(renewed_by=2), What.CONTINUED, None),
        (completion(), revised(renewed_by=2, superseded_on=TODAY), What.CONTINUED, None),
        (completion(), revised(superseded_on=TODAY), What.SUPERSEDED, "Changed"),
        (completion(started_on=None), revised(), What.STARTED, "Changed"),
        (completion(), revised(reminded_on=TODAY), What.REMINDED, "Expiring"),
        (completion(), revised(revoked_at=NOW), What.REVOKED, "Revoked"),
        (completion(revoked_at=NOW), revised(), What.REINSTATED, "Changed"),
        (completion(), revised(expiration_date=date(2028, 1, 1)), What.DATES_CHANGED, "Changed"),
        (completion(lapsed_on=TODAY), revised(expiration_date=None), What.DATES_CHANGED, "Changed"),
        (completion(), revised(under_review=True), What.REVIEW_ASKED, "Changed"),
        (completion(under_review=True), revised(reviewed=(EVIDENCE,)), What.REVIEWED, "Changed"),
        (completion(), revised(evidence=(EVIDENCE,)), What.EVIDENCE_ADDED, "Changed"),
        (completion(), revised(), What.CHANGED, "Changed"),
    ],
    ids=lambda value: value.value if isinstance(value, What) else "",
)
def test_each_change_has_its_word_and_its_event(
    before: CertificationCompletion | None, after: CertificationCompletion, what: What, told: str | None
) -> None:
    entry = entry_of(before, after)
    assert entry is not None
    assert entry.what is what
    announcement = announcement_of(before, after, UTC_ZONE)
    assert (announcement.type if announcement else None) == (told and f"CertificationCompletion.{told}")


def test_same_revision_is_neither_history_nor_event() -> None:
    rearmed = replace(completion(), reminded_on=TODAY)
    assert entry_of(completion(), rearmed) is None
    assert announcement_of(completion(), rearmed, UTC_ZONE) is None


def test_entry_holds_what_differs_before_and_after() -> None:
    entry = entry_of(completion(), revised(expiration_date=None, reminded_on=TODAY))
    assert entry is not None
    assert entry.before == {"expiration_date": "2027-11-20"}
    assert entry.after == {"reminded_on": "2026-11-20"}
    assert (entry.revision, entry.by, entry.reason) == (2, "key:test", "why")


def test_same_change_has_the_same_event_id_and_every_other_another() -> None:
    def event_id(after: CertificationCompletion) -> str:
        announcement = announcement_of(None, after, UTC_ZONE)
        assert announcement is not None
        return announcement.event_id

    assert event_id(completion()) == event_id(completion())
    others = [
        completion(),
        completion(revision=2),
        completion(cycle=2),
        completion(holder_id="u-2"),
        completion(certification_id="cert-2"),
    ]
    assert len({event_id(each) for each in others}) == 5


def test_status_of_an_event_is_that_of_its_own_day_in_the_services_zone() -> None:
    """Half past eleven at night in UTC is the next day in Kiritimati, on which it has expired."""
    late = datetime(2027, 11, 20, 23, 30, tzinfo=UTC)
    before, after = completion(), revised(changed_at=late, evidence=(EVIDENCE,))
    for zone, status in (("UTC", Status.ACTIVE), ("Pacific/Kiritimati", Status.EXPIRED)):
        announcement = announcement_of(before, after, ZoneInfo(zone))
        assert announcement is not None
        assert announcement.status is status


@pytest.mark.parametrize(
    ("policy", "renewal", "pointers"),
    [
        (AfterDuration(duration=Duration(months=12)), Renewal(opens=Duration(days=60)), []),
        (
            AfterDuration(duration=Duration(months=12)),
            Renewal(opens=Duration(days=60), grace=parse_duration("P11M")),
            [],
        ),
        (
            AfterDuration(duration=Duration(months=12)),
            Renewal(opens=Duration(days=60), grace=parse_duration("P1Y")),
            ["/renewal/grace"],
        ),
        (
            AfterDuration(duration=Duration(months=12)),
            Renewal(opens=Duration(days=60), grace=parse_duration("P2Y"), basis=RenewalBasis.COMPLETION),
            [],
        ),
        (
            Anchored(month=12, day=31),
            Renewal(opens=Duration(days=60), grace=parse_duration("P30D")),
            [],
        ),
        (AfterDuration(duration=Duration(days=30)), Renewal(opens=Duration(days=60)), ["/renewal/opens"]),
    ],
)
def test_renewal_that_would_end_before_it_is_earned_is_on_the_checklist(
    policy: Any, renewal: Renewal, pointers: list[str]
) -> None:
    definition = certification("cert-1", expiration=policy, renewal=renewal)
    missing = checklist(definition, {"c-1": a_course()}, TODAY)
    assert [item.pointer for item in missing] == pointers
    assert {item.code for item in missing} <= {"renewal_not_possible"}
