"""The sweep records each transition whose day has come, once, whenever it runs: R9, R10, R21, R25, R28."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from builders import TODAY, certification, completion
from certification.adapters.dynamodb.table import Key, ThrottledError
from certification.domain.errors import ConflictError
from certification.domain.hand_awards import Mode
from certification.domain.model import (
    CertificationId,
    Holder,
    HolderType,
    OrganizationId,
    Renewal,
    RenewalBasis,
    Status,
)
from certification.domain.validity import parse_duration
from unit.expiry.service import U1, Sweeping, at_noon

LAST_DAY = date(2027, 11, 20)
DAY_AFTER = date(2027, 11, 21)
MUCH_LATER = date(2028, 3, 1)


def held() -> Sweeping:
    service = Sweeping().hold(completion())
    service.told()
    return service


def test_last_valid_day_is_still_valid_and_nothing_is_due() -> None:
    service = held()
    report = service.sweep(LAST_DAY)
    assert (report.lapsed, report.completed) == (0, 1)
    assert service.status(LAST_DAY) is Status.ACTIVE
    assert service.told() == []


def test_day_after_the_last_valid_day_the_lapse_is_recorded_and_announced() -> None:
    service = held()
    report = service.sweep(DAY_AFTER)
    assert report.lapsed == 1
    assert service.only().lapsed_on == DAY_AFTER
    assert service.told() == ["Expired"]
    detail = service.bus.published[-1].detail
    assert (detail["status"], detail["previous_status"]) == ("expired", "active")
    assert detail["occurred_at"] == "2027-11-21T12:00:00Z"


def test_history_says_what_the_job_did_and_why() -> None:
    service = held()
    service.sweep(DAY_AFTER)
    service.follow()
    entry = service.history(completion())[-1]
    assert (entry.what, entry.by, entry.reason) == ("lapsed", "job:expiry", "the last valid day has passed")
    assert entry.after == {"lapsed_on": "2027-11-21"}
    assert entry.correlation_id == "sweep-2027-11-21"


def test_every_read_is_right_before_any_sweep_and_after() -> None:
    service = held()
    days = [TODAY + timedelta(days=n) for n in range(-10, 400)]
    before = [service.status(day, today=DAY_AFTER) for day in days]
    service.sweep(DAY_AFTER)
    assert [service.status(day, today=DAY_AFTER) for day in days] == before
    assert [before.count(status) for status in Status] == [10, 366, 34, 0, 0]


def test_second_sweep_changes_nothing_and_announces_nothing() -> None:
    service = held()
    service.sweep(DAY_AFTER)
    service.told()
    before, units = dict(service.table.items), service.table.written_units
    assert service.sweep(DAY_AFTER).lapsed == 0
    assert service.table.items == before
    assert service.table.written_units == units
    assert service.told() == []


def test_sweep_of_an_earlier_day_after_a_later_one_changes_nothing() -> None:
    service = held()
    service.sweep(MUCH_LATER)
    before = dict(service.table.items)
    service.sweep(DAY_AFTER)
    assert service.table.items == before


def test_after_weeks_of_downtime_it_ends_in_the_same_state() -> None:
    in_time, late = held(), held()
    in_time.sweep(DAY_AFTER)
    late.sweep(MUCH_LATER)
    assert late.end_state() == in_time.end_state()
    assert late.told() == in_time.told() == ["Expired"]


def test_sweep_for_a_later_day_makes_it_expired_whatever_the_clock_says() -> None:
    service = held()
    service.sweep(date(2028, 1, 1))
    assert service.status(TODAY) is Status.EXPIRED
    assert service.status(TODAY - timedelta(days=1), today=TODAY) is Status.SCHEDULED
    assert service.told() == ["Expired"]


def test_days_before_today_are_told_from_the_dates_also_after_a_sweep_for_a_later_day() -> None:
    service = held()
    service.sweep(date(2028, 1, 1))
    assert service.status(TODAY, today=TODAY + timedelta(days=3)) is Status.ACTIVE
    assert service.status(TODAY + timedelta(days=3), today=TODAY + timedelta(days=3)) is Status.EXPIRED


def test_what_never_expires_is_never_due() -> None:
    service = Sweeping().hold(completion(expiration_date=None))
    assert service.due() == {}
    assert service.sweep(date(9000, 1, 1)).lapsed == 0


@pytest.mark.parametrize("time_zone", ["Pacific/Kiritimati", "UTC", "Pacific/Pago_Pago"])
def test_day_is_the_civil_day_of_the_services_zone(time_zone: str) -> None:
    """20 November is over at +14 while it has hours to go in UTC, and a day to go at -11."""
    service = Sweeping(time_zone=time_zone).hold(completion(expiration_date=date(2026, 11, 20)))
    ends = {"Pacific/Kiritimati": 10, "UTC": 24, "Pacific/Pago_Pago": 35}[time_zone]
    end_of_day = datetime(2026, 11, 20, tzinfo=UTC) + timedelta(hours=ends)
    assert service.sweep(TODAY, now=end_of_day - timedelta(seconds=1)).lapsed == 0
    assert service.sweep(TODAY, now=end_of_day).lapsed == 1


def test_scheduled_completion_starts_by_itself_and_is_announced_once() -> None:
    starts = date(2026, 12, 1)
    service = Sweeping().hold(completion(effective_date=starts, started_on=None))
    service.told()
    assert service.sweep(date(2026, 11, 30)).started == 0
    assert service.sweep(starts).started == 1
    assert service.sweep(starts).started == 0
    assert service.only().started_on == starts
    assert service.told() == ["Changed"]
    detail = service.bus.published[-1].detail
    assert (detail["status"], detail["previous_status"]) == ("active", "scheduled")
    assert service.due() == {"COMPLETION#cert-1#0001": "2027-11-21#lapse"}


def test_what_began_and_lapsed_during_a_downtime_is_told_in_that_order() -> None:
    service = Sweeping().hold(completion(effective_date=date(2026, 12, 1), started_on=None))
    service.told()
    report = service.sweep(MUCH_LATER)
    assert (report.started, report.lapsed) == (1, 1)
    assert service.told() == ["Changed", "Expired"]
    assert service.only().started_on == date(2026, 12, 1)
    assert service.only().lapsed_on == DAY_AFTER


def test_revoked_completion_neither_starts_nor_lapses() -> None:
    service = Sweeping().hold(completion(effective_date=date(2026, 12, 1), started_on=None))
    service.revoke()
    assert service.due() == {}
    assert service.sweep(MUCH_LATER).lapsed == 0
    assert service.only().lapsed_on is None


def test_replaced_completion_does_not_lapse() -> None:
    """R9: it is superseded, and superseded it stays."""
    service = held()
    service.award_by_hand(TODAY, mode=Mode.REPLACE, expiration_date=date(2029, 1, 1), end_given=True)
    service.told()
    service.sweep(MUCH_LATER)
    assert service.status(MUCH_LATER, 1) is Status.SUPERSEDED
    assert service.told() == []


def test_completion_ended_before_another_takes_its_place_lapses_on_its_own_day() -> None:
    """R28: the replacement begins in January, the end was brought forward to November: the gap is told."""
    service = held()
    service.award_by_hand(TODAY, mode=Mode.REPLACE, effective_date=date(2027, 1, 1))
    service.change_end(date(2026, 11, 30))
    service.told()
    assert service.sweep(date(2026, 12, 1)).lapsed == 1
    assert service.told() == ["Expired"]
    assert service.sweep(date(2027, 1, 1)).started == 1
    assert service.status(date(2027, 1, 1), 1) is Status.SUPERSEDED
    assert service.status(date(2027, 1, 1), 2) is Status.ACTIVE


def test_completion_whose_last_day_is_the_eve_of_its_replacement_never_lapses() -> None:
    service = held()
    service.award_by_hand(TODAY, mode=Mode.REPLACE, effective_date=date(2027, 1, 1))
    service.change_end(date(2026, 12, 31))
    assert service.sweep(date(2027, 6, 1)).lapsed == 0


def test_renewed_completions_own_lapse_is_recorded_and_not_announced() -> None:
    """R25."""
    service = Sweeping(renewal=Renewal(opens=parse_duration("P60D"))).hold(completion())
    service.clock.instant = at_noon(date(2027, 11, 1))
    service.award_by_hand(date(2027, 11, 1), mode=Mode.RENEW)
    assert service.told() == ["Awarded", "Renewed"]
    report = service.sweep(DAY_AFTER)
    assert (report.lapsed, report.started) == (1, 1)
    assert service.cycles()[1].lapsed_on == DAY_AFTER
    assert service.told() == ["Changed"]
    assert service.bus.published[-1].detail["cycle"] == 2
    assert service.status(LAST_DAY, 1, today=DAY_AFTER) is Status.ACTIVE
    assert service.status(DAY_AFTER, 1) is Status.EXPIRED
    assert service.status(DAY_AFTER, 2) is Status.ACTIVE


def test_renewal_on_basis_completion_supersedes_and_nothing_lapses_before_the_new_end() -> None:
    renewal = Renewal(opens=parse_duration("P60D"), basis=RenewalBasis.COMPLETION)
    service = Sweeping(renewal=renewal).hold(completion())
    service.clock.instant = at_noon(date(2027, 11, 1))
    service.award_by_hand(date(2027, 11, 1), mode=Mode.RENEW)
    service.told()
    service.sweep(DAY_AFTER)
    assert service.told() == []
    assert service.status(DAY_AFTER, 1) is Status.SUPERSEDED
    service.sweep(date(2028, 11, 2))
    assert service.told() == ["Expired"]


def test_completion_given_back_its_place_lapses_and_is_announced_again() -> None:
    """R29: the renewal was revoked before it began, so the renewed one's lapse is one that nobody continues."""
    service = Sweeping(renewal=Renewal(opens=parse_duration("P60D"))).hold(completion())
    service.clock.instant = at_noon(date(2027, 11, 1))
    service.award_by_hand(date(2027, 11, 1), mode=Mode.RENEW)
    service.revoke(2)
    service.told()
    service.sweep(DAY_AFTER)
    assert service.told() == ["Expired"]


def test_end_in_the_past_expires_it_at_once_and_the_next_sweep_tells() -> None:
    """R28."""
    service = Sweeping().hold(
        completion(
            completion_date=date(2026, 1, 1), effective_date=date(2026, 1, 1), started_on=date(2026, 1, 1)
        )
    )
    service.change_end(date(2026, 11, 1))
    assert service.status(TODAY) is Status.EXPIRED
    assert service.told() == ["Awarded", "Changed"]
    service.sweep(TODAY)
    assert service.only().lapsed_on == date(2026, 11, 2)
    assert service.told() == ["Expired"]


def test_extension_revives_it_and_it_lapses_anew() -> None:
    """R28."""
    service = held()
    service.sweep(DAY_AFTER)
    service.clock.instant = at_noon(DAY_AFTER)
    service.change_end(date(2028, 6, 30))
    assert service.status(DAY_AFTER) is Status.ACTIVE
    assert service.only().lapsed_on is None
    assert service.told() == ["Expired", "Changed"]
    assert service.sweep(date(2028, 6, 30)).lapsed == 0
    assert service.sweep(date(2028, 7, 1)).lapsed == 1
    assert service.told() == ["Expired"]


def test_extension_clears_a_lapse_that_was_recorded_for_a_later_day() -> None:
    service = held()
    service.sweep(date(2028, 1, 1))
    service.change_end(date(2029, 1, 1))
    assert service.status(TODAY) is Status.ACTIVE


def test_the_same_end_again_clears_a_lapse_that_was_recorded_for_a_later_day() -> None:
    service = held()
    service.sweep(date(2028, 1, 1))
    service.change_end(LAST_DAY)
    assert service.status(TODAY) is Status.ACTIVE
    assert service.sweep(DAY_AFTER).lapsed == 1


def test_imported_or_late_history_that_has_lapsed_is_not_due() -> None:
    """R7: nobody is told, so the sweep has nothing to do with it."""
    lapsed = completion(expiration_date=date(2026, 1, 1), lapsed_on=date(2026, 1, 2), announced=False)
    service = Sweeping().hold(lapsed)
    assert service.due() == {}
    assert service.told() == []


def test_organizations_completions_lapse_like_those_of_users() -> None:
    holder = Holder(type=HolderType.ORGANIZATION, id=OrganizationId("o-1"))
    service = Sweeping().hold(replace(completion(), holder=holder))
    assert service.sweep(DAY_AFTER).lapsed == 1


def test_each_certification_and_cycle_of_a_holder_is_its_own() -> None:
    service = Sweeping()
    for number in range(5):
        service.app.definitions.add(certification(f"x-{number}"))
        end = LAST_DAY + timedelta(days=number)
        service.hold(
            replace(completion(expiration_date=end), certification_id=CertificationId(f"x-{number}"))
        )
    assert [service.sweep(DAY_AFTER + timedelta(days=n)).lapsed for n in range(6)] == [1, 1, 1, 1, 1, 0]


class TestRaces:
    def test_extension_just_before_the_write_wins(self) -> None:
        service = held()
        service.clock.instant = at_noon(DAY_AFTER)
        with service.just_before_the_next_write(lambda: service.change_end(date(2029, 1, 1))):
            report = service.sweep(DAY_AFTER)
        assert report.lapsed == 0
        assert service.status(DAY_AFTER) is Status.ACTIVE
        assert service.only().lapsed_on is None
        assert service.told() == ["Changed"]
        assert service.due() == {"COMPLETION#cert-1#0001": "2029-01-02#lapse"}

    def test_end_brought_further_forward_just_before_the_write_lapses_for_the_new_date(self) -> None:
        service = held()
        service.clock.instant = at_noon(DAY_AFTER)
        with service.just_before_the_next_write(lambda: service.change_end(date(2027, 5, 5))):
            report = service.sweep(DAY_AFTER)
        assert report.lapsed == 1
        assert service.only().lapsed_on == date(2027, 5, 6)
        assert service.told() == ["Changed", "Expired"]

    def test_revocation_just_before_the_write_wins(self) -> None:
        service = held()
        with service.just_before_the_next_write(service.revoke):
            assert service.sweep(DAY_AFTER).lapsed == 0
        assert service.status(DAY_AFTER) is Status.REVOKED
        assert service.told() == ["Revoked"]

    def test_renewal_just_before_the_write_keeps_the_lapse_quiet(self) -> None:
        service = Sweeping(renewal=Renewal(opens=parse_duration("P60D"), grace=parse_duration("P30D")))
        service.hold(completion())
        service.told()
        service.clock.instant = at_noon(DAY_AFTER)

        def renew() -> None:
            service.award_by_hand(LAST_DAY, mode=Mode.RENEW)

        with service.just_before_the_next_write(renew):
            service.sweep(DAY_AFTER)
        assert service.told() == ["Renewed"]
        assert service.cycles()[1].lapsed_on == DAY_AFTER
        assert service.status(DAY_AFTER, 1) is Status.EXPIRED
        assert service.status(DAY_AFTER, 2) is Status.ACTIVE

    def test_another_sweep_at_the_same_moment_makes_one_lapse(self) -> None:
        service = held()
        with service.just_before_the_next_write(lambda: service.sweep(DAY_AFTER)):
            service.sweep(DAY_AFTER)
        assert service.only().revision == 2
        assert service.told() == ["Expired"]

    def test_another_sweep_at_the_same_moment_makes_one_start(self) -> None:
        service = Sweeping().hold(completion(effective_date=date(2026, 12, 1), started_on=None))
        service.told()
        with service.just_before_the_next_write(lambda: service.sweep(MUCH_LATER)):
            service.sweep(MUCH_LATER)
        assert service.told() == ["Changed", "Expired"]

    def test_revocation_loses_against_no_sweep_but_reads_again(self) -> None:
        """The other way round: the sweep writes between the revocation's read and its write."""
        service = held()
        with service.just_before_the_next_write(lambda: service.sweep(DAY_AFTER)):
            service.revoke()
        assert service.status(DAY_AFTER) is Status.REVOKED
        assert service.told() == ["Expired", "Revoked"]

    def test_index_that_lags_leads_to_no_second_lapse(self) -> None:
        service = held()
        service.sweep(DAY_AFTER)
        service.table.lag = 1
        assert service.sweep(DAY_AFTER).lapsed == 0
        assert service.only().revision == 2

    def test_completion_that_is_gone_meanwhile_is_no_failure(self) -> None:
        service = held()
        key = Key("USER#u-1", "COMPLETION#cert-1#0001")
        with service.just_before_the_next_write(lambda: service.table.items.pop(key)):
            report = service.sweep(DAY_AFTER)
        assert (report.lapsed, report.failed) == (0, 0)


class TestOneDamagedRow:
    """It holds up nobody, it is counted, and it stays due."""

    @staticmethod
    def _many(count: int = 60) -> Sweeping:
        service = Sweeping()
        for number in range(count):
            service.hold(completion(holder_id=f"u-{number}"))
        return service

    @pytest.mark.parametrize(
        "damage",
        [
            {"due_sk": "2027-11-21#sunset"},
            {"due_sk": "2027-02-30#lapse"},
            {"due_sk": "2027"},
            {"revision": "two"},
            {"due_sk": "2027-11-21#start", "certification_id": None},
            {"due_sk": "2027-11-21#reminder", "expiration_date": "soon"},
            {"due_sk": "2027-11-21#reminder", "changes": [{"on": "x"}]},
        ],
        ids=lambda damage: " ".join(f"{name}={value}" for name, value in damage.items()),
    )
    def test_all_others_lapse(self, damage: dict[str, object]) -> None:
        service = self._many()
        row = service.table.items[Key("USER#u-7", "COMPLETION#cert-1#0001")]
        row.update(damage)
        for name in [name for name, value in damage.items() if value is None]:
            del row[name]
        report = service.sweep(DAY_AFTER)
        assert (report.failed, report.completed) == (1, 1)
        lapsed = [item["pk"] for _, item in service.completion_items() if "lapsed_on" in item]
        assert len(lapsed) == 59
        assert "USER#u-7" not in lapsed
        assert "due_sk" in row

    def test_entry_under_a_key_that_is_none_of_ours_is_counted(self) -> None:
        service = self._many()
        item = service.table.items.pop(Key("USER#u-7", "COMPLETION#cert-1#0001"))
        service.table.items[Key("NOBODY#u-7", "x")] = {**item, "pk": "NOBODY#u-7", "sk": "x"}
        report = service.sweep(DAY_AFTER)
        assert report.failed == 1
        assert len([1 for _, item in service.completion_items() if "lapsed_on" in item]) == 59

    def test_damaged_certification_holds_up_its_own_starts_only(self) -> None:
        service = self._many(10)
        service.app.definitions.add(certification("broken"))
        del service.table.items[Key("CERTIFICATION#broken", "CERTIFICATION")]["type"]
        for number in range(10):
            scheduled = completion(holder_id=f"v-{number}", effective_date=DAY_AFTER, started_on=None)
            name = "broken" if number < 3 else "cert-1"
            service.hold(replace(scheduled, certification_id=CertificationId(name)))
        report = service.sweep(DAY_AFTER)
        assert (report.failed, report.started) == (3, 7)

    def test_when_it_is_mended_the_next_sweep_takes_it(self) -> None:
        service = self._many()
        row = service.table.items[Key("USER#u-7", "COMPLETION#cert-1#0001")]
        row["due_sk"] = "2027-11-21#sunset"
        service.sweep(DAY_AFTER)
        row["due_sk"] = "2027-11-21#lapse"
        assert service.sweep(MUCH_LATER).lapsed == 1
        assert service.table.items[Key("USER#u-7", "COMPLETION#cert-1#0001")]["lapsed_on"] == "2027-11-21"


def test_table_without_capacity_stops_the_sweep_and_loses_nothing() -> None:
    service = held()
    service.table.throttled = True
    with pytest.raises(ThrottledError):
        service.sweep(DAY_AFTER)
    service.table.throttled = False
    assert service.sweep(DAY_AFTER).lapsed == 1


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_dying_around_any_write_ends_in_the_same_state_and_tells_everything_once(*, after: bool) -> None:
    def everything_due() -> Sweeping:
        service = Sweeping("P60D", "P30D", renewal=Renewal(opens=parse_duration("P60D")))
        service.hold(completion())
        service.hold(
            replace(
                completion(cycle=2, effective_date=DAY_AFTER, expiration_date=date(2028, 11, 20)),
                started_on=None,
            )
        )
        for number in range(6):
            service.hold(completion(holder_id=f"w-{number}"))
        service.told()
        return service

    day = date(2028, 10, 25)
    undisturbed = everything_due()
    undisturbed.sweep(day)
    state, told = undisturbed.end_state(), sorted(undisturbed.told())
    for effect in range(40):
        service = everything_due()
        with service.dying_at(effect, after=after) as died:
            service.sweep(day)
        service.sweep(day)
        assert service.end_state() == state
        assert sorted(service.told()) == told
        if not died:
            break
    assert not died
    assert effect >= 9


def test_decision_by_hand_that_no_longer_fits_is_refused_after_the_sweep() -> None:
    service = held()
    service.revoke()
    with pytest.raises(ConflictError):
        service.change_end(date(2030, 1, 1))
    assert service.sweep(date(2031, 1, 1)).lapsed == 0
    assert service.app.ledger.completions_of(U1)[0].lapsed_on is None
