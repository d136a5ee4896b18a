"""Reminders: each once for a completion, its expiration date and the offset; after downtime the nearest only (R33a)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from builders import TODAY, certification, completion, organization, user
from certification.adapters.dynamodb.table import Key
from certification.domain.hand_awards import Mode
from certification.domain.model import (
    Holder,
    HolderType,
    OrganizationId,
    PublishStatus,
    Renewal,
    RenewalBasis,
)
from certification.domain.validity import parse_duration
from certification.services.evaluation_messages import handle
from unit.expiry.service import Sweeping, at_noon

# The completion of the builders ends on 20 November 2027; these are 60, 30 and 7 days before.
SIXTY, THIRTY, SEVEN = date(2027, 9, 21), date(2027, 10, 21), date(2027, 11, 13)
DAY_AFTER = date(2027, 11, 21)
RUN = {"kind": "reminders_changed", "certification_id": "cert-1"}
RENEWAL = Renewal(opens=parse_duration("P60D"))


def reminding(*offsets: str, **definition: Any) -> Sweeping:
    service = Sweeping(*(offsets or ("P60D", "P30D", "P7D")), **definition).hold(completion())
    service.told()
    return service


def days_told(service: Sweeping, first: date, last: date) -> dict[date, list[str]]:
    """What each daily sweep from `first` to `last` tells."""
    told = {}
    day = first
    while day <= last:
        service.sweep(day)
        if events := service.told():
            told[day] = events
        day += timedelta(days=1)
    return told


def test_each_reminder_comes_on_its_day_and_once() -> None:
    told = days_told(reminding(), TODAY, DAY_AFTER)
    assert told == {SIXTY: ["Expiring"], THIRTY: ["Expiring"], SEVEN: ["Expiring"], DAY_AFTER: ["Expired"]}


def test_reminder_is_told_of_a_completion_that_is_active_still() -> None:
    service = reminding()
    service.sweep(SIXTY)
    service.told()
    detail = service.bus.published[-1].detail
    assert (detail["status"], detail["previous_status"]) == ("active", "active")
    assert detail["expiration_date"] == "2027-11-20"


def test_sweeping_the_same_day_again_reminds_nobody_twice() -> None:
    service = reminding()
    for _ in range(3):
        service.sweep(THIRTY)
    assert service.told() == ["Expiring"]


@pytest.mark.parametrize(
    ("back_again", "events"),
    [(THIRTY, ["Expiring"]), (date(2027, 11, 20), ["Expiring"]), (DAY_AFTER, ["Expired"])],
    ids=["two reminders late", "on the last day", "after the end"],
)
def test_after_a_downtime_only_the_nearest_is_sent_and_none_once_it_has_expired(
    back_again: date, events: list[str]
) -> None:
    service = reminding()
    service.sweep(back_again)
    assert service.told() == events
    service.sweep(back_again)
    assert service.told() == []


def test_after_a_downtime_the_reminders_that_lie_ahead_still_come() -> None:
    service = reminding()
    service.sweep(THIRTY + timedelta(days=2))
    assert service.told() == ["Expiring"]
    assert days_told(service, THIRTY + timedelta(days=3), DAY_AFTER) == {
        SEVEN: ["Expiring"],
        DAY_AFTER: ["Expired"],
    }


def test_offset_longer_than_the_validity_reminds_nobody() -> None:
    assert days_told(reminding("P2Y"), TODAY, DAY_AFTER) == {DAY_AFTER: ["Expired"]}


def test_months_before_the_end_are_counted_on_the_calendar() -> None:
    service = Sweeping("P1M").hold(completion(expiration_date=date(2027, 3, 31)))
    service.told()
    assert days_told(service, TODAY, date(2027, 3, 31)) == {date(2027, 2, 28): ["Expiring"]}


def test_changed_end_arms_the_reminders_anew() -> None:
    """R28."""
    service = reminding("P30D")
    service.sweep(THIRTY)
    service.clock.instant = at_noon(THIRTY)
    service.change_end(date(2028, 3, 31))
    assert service.told() == ["Expiring", "Changed"]
    assert days_told(service, THIRTY, date(2028, 4, 1)) == {
        date(2028, 3, 1): ["Expiring"],
        date(2028, 4, 1): ["Expired"],
    }


def test_end_changed_to_and_fro_does_not_remind_twice_of_the_same_date() -> None:
    service = reminding("P30D")
    service.sweep(THIRTY)
    service.clock.instant = at_noon(THIRTY)
    service.change_end(date(2028, 3, 31))
    service.change_end(date(2027, 11, 20))
    service.told()
    assert days_told(service, THIRTY, DAY_AFTER) == {DAY_AFTER: ["Expired"]}


def test_expired_and_revived_it_reminds_of_the_new_end() -> None:
    service = reminding("P30D")
    service.sweep(DAY_AFTER)
    service.clock.instant = at_noon(DAY_AFTER)
    service.change_end(date(2028, 3, 31))
    service.told()
    assert days_told(service, DAY_AFTER, date(2028, 3, 1)) == {date(2028, 3, 1): ["Expiring"]}


def test_end_moved_so_close_that_reminders_lie_behind_sends_the_nearest() -> None:
    service = reminding()
    service.change_end(date(2026, 12, 10))
    service.told()
    assert days_told(service, TODAY, date(2026, 12, 11)) == {
        date(2026, 12, 3): ["Expiring"],
        date(2026, 12, 11): ["Expired"],
    }


def test_renewed_completion_reminds_nobody_and_the_renewal_reminds_anew() -> None:
    service = reminding("P30D", renewal=RENEWAL)
    service.clock.instant = at_noon(date(2027, 10, 1))
    service.award_by_hand(date(2027, 10, 1), mode=Mode.RENEW)
    assert service.told() == ["Renewed"]
    assert days_told(service, date(2027, 10, 1), date(2028, 11, 21)) == {
        DAY_AFTER: ["Changed"],  # the second cycle starts
        date(2028, 10, 21): ["Expiring"],
        date(2028, 11, 21): ["Expired"],
    }


def test_superseded_completion_reminds_nobody() -> None:
    renewal = replace(RENEWAL, basis=RenewalBasis.COMPLETION)
    service = reminding("P30D", renewal=renewal)
    service.clock.instant = at_noon(date(2027, 10, 1))
    service.award_by_hand(date(2027, 10, 1), mode=Mode.RENEW)
    service.told()
    assert days_told(service, date(2027, 10, 1), date(2028, 8, 1)) == {}


def test_renewal_just_before_the_reminder_is_written_wins() -> None:
    service = reminding("P30D", renewal=RENEWAL)
    service.clock.instant = at_noon(THIRTY)

    def renew() -> None:
        service.award_by_hand(THIRTY, mode=Mode.RENEW)

    with service.just_before_the_next_write(renew):
        service.sweep(THIRTY)
    assert service.told() == ["Renewed"]


def test_renewal_revoked_before_it_began_leaves_the_reminders_that_lie_ahead() -> None:
    service = reminding("P60D", "P30D", renewal=RENEWAL)
    service.sweep(SIXTY)
    service.clock.instant = at_noon(date(2027, 10, 1))
    service.award_by_hand(date(2027, 10, 1), mode=Mode.RENEW)
    service.revoke(2)
    service.told()
    assert days_told(service, date(2027, 10, 1), DAY_AFTER) == {
        THIRTY: ["Expiring"],
        DAY_AFTER: ["Expired"],
    }


def test_renewal_reinstated_before_it_began_takes_the_end_and_its_reminders_along_again() -> None:
    """R25: what is renewed lapses in silence, also where the renewal was revoked for a while."""
    service = reminding("P30D", renewal=RENEWAL)
    service.clock.instant = at_noon(date(2027, 10, 1))
    service.award_by_hand(date(2027, 10, 1), mode=Mode.RENEW)
    service.revoke(2)
    service.reinstate(2)
    assert service.told() == ["Renewed", "Revoked", "Changed"]
    assert service.cycles()[1].reason == "cycle 2, which renews it, was reinstated"
    assert days_told(service, date(2027, 10, 1), DAY_AFTER) == {DAY_AFTER: ["Changed"]}


def test_revoked_completion_reminds_nobody() -> None:
    service = reminding()
    service.revoke()
    service.told()
    assert days_told(service, SIXTY, DAY_AFTER) == {}


def test_scheduled_completion_is_not_reminded_of_before_it_begins() -> None:
    """An offset that would fall before its first day is longer than its validity."""
    scheduled = completion(effective_date=date(2027, 11, 1), started_on=None)
    service = Sweeping("P60D", "P7D").hold(scheduled)
    service.told()
    assert days_told(service, date(2027, 9, 1), DAY_AFTER) == {
        date(2027, 11, 1): ["Changed"],
        SEVEN: ["Expiring"],
        DAY_AFTER: ["Expired"],
    }


class TestWhoGetsNone:
    """R21: the inactive; their reminder counts as dealt with."""

    def test_inactive_user(self) -> None:
        service = reminding("P30D")
        service.app.directory.save_user(user(active=False, revision=2), previous=user())
        report = service.sweep(THIRTY)
        assert (report.reminded, report.skipped) == (0, 1)
        assert service.told() == []
        assert len(service.history(completion())) == 1

    def test_user_of_an_inactive_organization(self) -> None:
        service = reminding("P30D")
        service.app.directory.save_user(
            user(organization_id=OrganizationId("o-1"), revision=2), previous=user()
        )
        service.app.directory.save_organization(organization(active=False), previous=None)
        service.sweep(THIRTY)
        assert service.told() == []

    def test_inactive_organization(self) -> None:
        service = Sweeping("P30D")
        service.app.directory.save_organization(organization(active=False), previous=None)
        service.hold(replace(completion(), holder=Holder(type=HolderType.ORGANIZATION, id="o-1")))
        service.told()
        assert service.sweep(THIRTY).skipped == 1
        assert service.told() == []

    def test_user_who_was_erased(self) -> None:
        service = reminding("P30D")
        service.app.directory.delete_user(user())
        service.sweep(THIRTY)
        assert service.told() == []

    def test_the_inactive_still_lapse(self) -> None:
        service = reminding("P30D")
        service.app.directory.save_user(user(active=False, revision=2), previous=user())
        service.sweep(THIRTY)
        assert service.sweep(DAY_AFTER).lapsed == 1
        assert service.told() == ["Expired"]

    def test_who_becomes_active_again_gets_those_that_lie_ahead_only(self) -> None:
        service = reminding("P30D", "P7D")
        service.app.directory.save_user(user(active=False, revision=2), previous=user())
        service.sweep(THIRTY)
        service.app.directory.save_user(user(revision=3), previous=user(active=False, revision=2))
        assert days_told(service, THIRTY, DAY_AFTER) == {SEVEN: ["Expiring"], DAY_AFTER: ["Expired"]}


def test_active_organization_and_members_of_one_are_reminded() -> None:
    service = Sweeping("P30D")
    service.app.directory.save_organization(organization(), previous=None)
    service.app.directory.save_user(user(organization_id=OrganizationId("o-1"), revision=2), previous=user())
    service.hold(completion())
    service.hold(replace(completion(), holder=Holder(type=HolderType.ORGANIZATION, id="o-1")))
    service.told()
    service.sweep(THIRTY)
    assert service.told() == ["Expiring", "Expiring"]


def test_retired_certifications_completions_are_reminded_of_still() -> None:
    """R18: held completions run out, and their holders should know."""
    service = Sweeping("P30D", publish_status=PublishStatus.RETIRED).hold(completion())
    service.told()
    service.sweep(THIRTY)
    assert service.told() == ["Expiring"]


def test_certification_that_reminds_no_more_is_asked_when_the_day_has_come() -> None:
    service = reminding("P30D")
    defined = certification(reminders=(parse_duration("P30D"),))
    service.app.definitions.save(replace(defined, reminders=(), revision=2), previous=defined)
    assert service.sweep(THIRTY).rearmed == 1
    assert service.told() == []
    assert service.due() == {"COMPLETION#cert-1#0001": "2027-11-21#lapse"}


def test_reminder_rides_on_the_index_as_the_next_day_only() -> None:
    service = reminding()
    assert service.due() == {"COMPLETION#cert-1#0001": "2027-09-21#reminder"}
    service.sweep(SIXTY)
    assert service.due() == {"COMPLETION#cert-1#0001": "2027-10-21#reminder"}


class TestChangedReminders:
    """ADR 5: a job puts the completions of the certification under their next day again."""

    @staticmethod
    def _change(service: Sweeping, *offsets: str) -> None:
        before = service.app.definitions.certification("cert-1")
        assert before is not None
        wanted = tuple(parse_duration(offset) for offset in offsets)
        after = replace(before, reminders=wanted, revision=before.revision + 1)
        service.app.definitions.save(after, previous=before)

    @staticmethod
    def _work(service: Sweeping, *, looks: int = 2) -> list[int]:
        """Follow the stream and do what it put on the queue; the delays of what that put there again."""
        service.follow()
        delays = []
        for _ in range(looks):
            for body in service.evaluations.take():
                if body["kind"] == "reminders_changed":
                    handle(body, service.app.evaluation_handlers, lambda: False)
            delays += service.evaluations.delays
        return delays

    def test_added_reminder_comes_on_its_day(self) -> None:
        service = Sweeping().hold(completion())
        self._change(service, "P30D")
        self._work(service)
        service.told()
        assert days_told(service, SIXTY, DAY_AFTER) == {THIRTY: ["Expiring"], DAY_AFTER: ["Expired"]}

    def test_removed_reminder_comes_no_more(self) -> None:
        service = reminding("P60D", "P30D")
        self._change(service, "P30D")
        self._work(service)
        assert service.due() == {"COMPLETION#cert-1#0001": "2027-10-21#reminder"}

    def test_reminder_added_for_a_day_gone_by_counts_as_sent_with_the_nearest(self) -> None:
        service = reminding("P30D")
        service.sweep(THIRTY)
        self._change(service, "P60D", "P30D", "P7D")
        self._work(service)
        service.told()
        assert days_told(service, THIRTY, DAY_AFTER) == {SEVEN: ["Expiring"], DAY_AFTER: ["Expired"]}

    def test_it_looks_a_second_time_for_what_was_awarded_meanwhile_and_then_no_more(self) -> None:
        service = Sweeping().hold(completion())
        self._change(service, "P30D")
        assert self._work(service, looks=1) == [900]
        service.award(completion(holder_id="u-2"))  # by somebody who still had the old definition
        assert self._work(service, looks=2) == []
        assert set(service.due().values()) == {"2027-10-21#reminder"}

    def test_no_new_revision_and_no_event_comes_of_it(self) -> None:
        service = Sweeping().hold(completion())
        service.told()
        self._change(service, "P30D")
        self._work(service)
        assert service.told() == []
        assert service.only() == completion()

    def test_it_costs_three_units_where_the_day_changes_and_none_where_it_stays(self) -> None:
        service = Sweeping("P30D").hold(*(completion(holder_id=f"u-{n}") for n in range(50)))
        self._change(service, "P30D", "P7D")
        service.table.written_units = 0
        assert service.app.reminder_rearming.rearm(RUN, lambda: True) == 0
        assert service.table.written_units == 0
        self._change(service, "P7D")
        service.table.written_units = 0
        assert service.app.reminder_rearming.rearm(RUN, lambda: True) == 50
        assert service.table.written_units / 50 == 3

    def test_many_go_on_through_the_queue_when_time_is_up(self) -> None:
        service = Sweeping().hold(*(completion(holder_id=f"u-{n}") for n in range(250)))
        self._change(service, "P30D")
        service.app.reminder_rearming.rearm(RUN, lambda: False)
        while service.evaluations.sent:
            for body in service.evaluations.take():
                service.app.reminder_rearming.rearm(body, lambda: False)
        assert set(service.due().values()) == {"2027-10-21#reminder"}

    def test_lapsed_revoked_and_damaged_ones_are_left_alone(self) -> None:
        service = Sweeping().hold(completion(), completion(holder_id="u-2"), completion(holder_id="u-3"))
        service.sweep(DAY_AFTER)
        service.revoke()
        broken = service.table.items[Key("USER#u-3", "COMPLETION#cert-1#0001")]
        del broken["completion_date"]
        self._change(service, "P30D")
        before = dict(service.table.items)
        assert service.app.reminder_rearming.rearm(RUN, lambda: True) == 0
        assert service.table.items == before

    def test_extension_at_the_same_moment_wins(self) -> None:
        service = Sweeping().hold(completion())
        self._change(service, "P30D")
        with service.just_before_the_next_write(lambda: service.change_end(date(2028, 3, 31))):
            service.app.reminder_rearming.rearm(RUN, lambda: True)
        assert service.due() == {"COMPLETION#cert-1#0001": "2028-03-01#reminder"}

    def test_certification_that_is_gone_is_no_failure(self) -> None:
        gone = {"kind": "reminders_changed", "certification_id": "gone"}
        assert Sweeping().app.reminder_rearming.rearm(gone, lambda: True) == 0
