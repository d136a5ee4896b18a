from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from builders import NOW, TODAY, completion, organization, user
from certification.adapters.dynamodb.items.completions import completion_to_item
from certification.adapters.dynamodb.items.directory import organization_to_item, user_to_item
from certification.adapters.dynamodb.table import Put
from certification.domain.connection import PauseReason
from certification.domain.model import CertificationCompletion, Holder, HolderType, Organization, User
from certification.domain.push import Fate, Outgoing, Pushed
from certification.domain.sync import SyncRow, SyncState
from certification.services.crm_outbox import mark_dirty
from fake_crm import CERT, EXPIRES, STATUS, FakeCrm, KilledError, World, failing, soon


def holder(holder_id: str = "u-1") -> Holder:
    return Holder(type=HolderType.USER, id=holder_id)


def store(world: World, *things: User | Organization | CertificationCompletion) -> None:
    """As committed, and as the stream tells it afterwards."""
    for thing in things:
        if isinstance(thing, User):
            world.table.write(Put(user_to_item(thing)))
            mark_dirty(world.app, [holder(thing.user_id)])
        elif isinstance(thing, Organization):
            world.table.write(Put(organization_to_item(thing)))
            mark_dirty(world.app, [Holder(type=HolderType.ORGANIZATION, id=thing.organization_id)])
        else:
            commit(world, thing)
            mark_dirty(world.app, [thing.holder])


def commit(world: World, award: CertificationCompletion) -> None:
    """Committed, and the stream has not told yet."""
    world.table.write(Put(completion_to_item(award)))


def row(world: World, holder_id: str = "u-1", crm: str = "hubspot") -> SyncRow:
    return world.app.outbox.rows([holder(holder_id)], crm)[holder(holder_id)]


@pytest.fixture
def world() -> World:
    """One user with a record in the CRM, and an active award."""
    world = World()
    world.connect()
    world.map()
    world.crm.add("u-1@partner.example")
    store(world, user(), completion())
    return world


ACTIVE = {"status": "active", "expires": "2027-11-20"}
REVOKED = {"status": "revoked", "expires": "2027-11-20"}


def revoke(world: World) -> None:
    store(world, completion(revoked_at=NOW, revision=2))


def test_a_pending_row_is_pushed_and_then_synced(world: World) -> None:
    report = world.drain()

    assert world.crm.by_match("u-1@partner.example") == ACTIVE
    done = row(world)
    assert (done.state, done.record_id, done.correlation_id) == (SyncState.SYNCED, "r-1", "call-1")
    assert done.settled_at == NOW
    assert report.tally.states == {SyncState.SYNCED: 1}


def test_a_second_run_makes_no_call(world: World) -> None:
    world.drain()
    mark_dirty(world.app, [holder()])

    report = world.drain()

    assert len(world.crm.calls) == 1
    assert report.tally.unchanged == 1
    assert row(world).state is SyncState.SYNCED


def test_a_record_once_found_is_preferred_to_the_key(world: World) -> None:
    world.drain()
    store(world, user(email="new@partner.example"))
    revoke(world)

    world.drain()

    assert world.crm.by_match("u-1@partner.example") == REVOKED


def test_only_the_difference_is_sent(world: World) -> None:
    world.drain()
    revoke(world)

    world.drain()

    assert world.crm.calls[1][0].values == {"status": "revoked"}


def test_a_change_and_its_reversal_before_the_push_make_no_call(world: World) -> None:
    world.drain()
    revoke(world)
    store(world, completion(revision=3))

    world.drain()

    assert len(world.crm.calls) == 1


# ---- R39: one bad record never blocks the others


def test_a_refused_record_fails_with_the_words_of_the_crm_and_its_neighbours_go_through(world: World) -> None:
    world.crm.add("u-2@partner.example")
    store(world, user("u-2"), completion(holder_id="u-2"))
    said = Pushed(
        fate=Fate.REFUSED, code="VALIDATION_ERROR", message="status is frozen", correlation_id="c-9"
    )
    world.crm.fate = lambda outgoing: said if outgoing.match_value == "u-1@partner.example" else None

    report = world.drain()

    failed = row(world)
    assert (failed.state, failed.code, failed.message) == (
        SyncState.FAILED,
        "VALIDATION_ERROR",
        "status is frozen",
    )
    assert failed.correlation_id == "c-9"
    assert row(world, "u-2").state is SyncState.SYNCED
    assert report.tally.states == {SyncState.FAILED: 1, SyncState.SYNCED: 1}


def test_a_holder_that_cannot_be_read_fails_and_its_neighbours_go_through(world: World) -> None:
    """R39, for rows of our own: a damaged one waits until it is put back, without losing its record."""
    world.drain()
    world.crm.add("u-2@partner.example")
    store(world, user("u-2"), completion(holder_id="u-2"))
    whole = completion_to_item(completion(revision=2, expiration_date=TODAY))
    world.table.write(Put({name: value for name, value in whole.items() if name != "completion_date"}))
    mark_dirty(world.app, [holder()])

    report = world.drain()

    assert world.crm.by_match("u-2@partner.example")["status"] == "active"
    assert (row(world).state, row(world).code) == (SyncState.FAILED, "unreadable")
    assert report.tally.states == {SyncState.SYNCED: 1, SyncState.FAILED: 1}
    assert world.drain().tally.calls == 0

    store(world, completion(revision=3, expiration_date=TODAY))
    world.drain()
    assert row(world).state is SyncState.SYNCED
    assert world.crm.by_match("u-1@partner.example")["expires"] == TODAY.isoformat()


def test_what_was_refused_is_tried_again_only_when_something_changed_or_someone_asks(world: World) -> None:
    world.crm.fate = lambda _: Pushed(fate=Fate.REFUSED, message="no")
    world.drain()
    mark_dirty(world.app, [holder()])
    world.drain()
    assert len(world.crm.calls) == 1
    assert (row(world).state, row(world).message) == (SyncState.FAILED, "no")

    world.app.outbox.mark([holder()], "hubspot", now=NOW, asked=True)
    world.drain()
    assert len(world.crm.calls) == 2

    world.crm.fate = None
    revoke(world)
    world.drain()
    assert world.crm.by_match("u-1@partner.example") == REVOKED


def test_without_a_record_it_is_unlinked_and_nothing_is_made_up(world: World) -> None:
    world.crm.records.clear()

    world.drain()

    assert row(world).state is SyncState.UNLINKED
    assert world.crm.records == {}


def test_a_connection_may_create_what_is_missing(world: World) -> None:
    world.crm.records.clear()
    world.connect(create_missing=True)

    world.drain()

    assert world.crm.by_match("u-1@partner.example") == ACTIVE


def test_several_records_are_not_guessed_among(world: World) -> None:
    world.crm.add("u-1@partner.example")

    world.drain()

    assert (row(world).state, row(world).code, row(world).message) == (
        SyncState.FAILED,
        "ambiguous",
        "r-1, r-2",
    )


def test_a_deleted_record_is_disconnected_and_not_made_anew(world: World) -> None:
    world.connect(create_missing=True)
    world.drain()
    world.crm.records.clear()
    revoke(world)
    world.drain()
    assert row(world).state is SyncState.DISCONNECTED

    store(world, completion(revision=3))
    world.drain()
    assert row(world).state is SyncState.DISCONNECTED
    assert world.crm.records == {}


def test_what_was_deleted_elsewhere_is_only_missing_under_another_connection(world: World) -> None:
    world.drain()
    world.crm.records.clear()
    revoke(world)
    world.drain()
    assert row(world).state is SyncState.DISCONNECTED

    world.connect(link="another")
    store(world, completion(revision=3))
    world.drain()

    assert row(world).state is SyncState.UNLINKED


def test_a_deleted_record_is_made_anew_when_someone_asks(world: World) -> None:
    world.connect(create_missing=True)
    world.drain()
    world.crm.records.clear()
    revoke(world)
    world.drain()

    world.app.outbox.mark([holder()], "hubspot", now=NOW, asked=True)
    world.drain()

    assert world.crm.by_match("u-1@partner.example") == REVOKED


def test_a_record_that_comes_back_is_linked_again_with_everything(world: World) -> None:
    world.drain()
    world.crm.records.clear()
    revoke(world)
    world.drain()
    world.crm.add("u-1@partner.example")

    store(world, completion(revision=3))
    world.drain()

    assert world.crm.by_match("u-1@partner.example") == ACTIVE


def test_a_user_without_the_value_that_finds_it_is_unlinked_without_a_call(world: World) -> None:
    world.map(match={"source": "identity:lms", "target": "lms_id"})

    world.drain()

    assert (row(world).state, row(world).code) == (SyncState.UNLINKED, "match_value_missing")
    assert world.crm.calls == []


def test_a_record_that_moved_gets_everything_again(world: World) -> None:
    """The CRM merged it into another: the answer names the other one."""
    world.drain()
    world.crm.add("merged")

    def moved(_: Outgoing) -> Pushed:
        world.crm.fate = None
        return Pushed(fate=Fate.WRITTEN, record_id="r-2")

    world.crm.fate = moved
    revoke(world)

    world.drain()

    assert world.crm.by_match("merged")["expires"] == "2027-11-20"
    assert (row(world).state, row(world).record_id) == (SyncState.SYNCED, "r-2")


def test_a_locked_record_is_tried_again_but_not_for_ever(world: World) -> None:
    world.crm.fate = lambda _: Pushed(fate=Fate.BUSY, message="locked")

    world.drain()
    assert len(world.crm.calls) == 3
    assert (row(world).state, row(world).message) == (SyncState.PENDING, "locked")

    world.crm.fate = None
    world.drain()
    assert world.crm.by_match("u-1@partner.example") == ACTIVE


# ---- R36


def test_first_sync_only_is_never_overwritten_until_the_record_is_unlinked(world: World) -> None:
    world.map({**STATUS, "write": "first_sync_only"}, EXPIRES)
    world.drain()
    revoke(world)
    world.drain()
    assert world.crm.by_match("u-1@partner.example")["status"] == "active"

    world.connect(link="another CRM")
    mark_dirty(world.app, [holder()])
    world.drain()
    assert world.crm.by_match("u-1@partner.example")["status"] == "revoked"


def test_what_went_away_is_cleared_and_what_never_was_is_not_touched(world: World) -> None:
    world.crm.records["r-1"]["expires"] = "theirs"
    store(world, completion(expiration_date=None, revision=2))
    world.drain()
    assert world.crm.by_match("u-1@partner.example") == {"status": "active", "expires": "theirs"}

    store(world, completion(revision=3))
    world.drain()
    store(world, completion(expiration_date=None, revision=4))
    world.drain()
    assert world.crm.by_match("u-1@partner.example") == {"status": "active", "expires": ""}


# ---- R38, R40: failures of a whole call


def test_a_short_throttle_is_waited_for(world: World) -> None:
    def once(_: Sequence[Outgoing]) -> None:
        world.crm.before = None
        failing(PauseReason.THROTTLED, retry_after=soon(7))(_)

    world.crm.before = once

    report = world.drain()

    assert world.slept == [7]
    assert world.crm.by_match("u-1@partner.example") == ACTIVE
    assert report.paused == ()


def test_a_throttle_is_shown_while_it_is_waited_for(world: World) -> None:
    shown = []

    def sleep(_: float) -> None:
        world.crm.before = None
        shown.append(world.connections.setup("hubspot").pauses[""].reason)

    world.crm.before = failing(PauseReason.THROTTLED)

    world.drainer(sleep=sleep).run(lambda: 60)

    assert shown == [PauseReason.THROTTLED]
    assert world.connections.setup("hubspot").pauses == {}
    assert world.crm.by_match("u-1@partner.example") == ACTIVE


def test_a_long_throttle_pauses_the_connection_for_as_long_as_the_crm_asks(world: World) -> None:
    world.crm.before = failing(PauseReason.THROTTLED, retry_after=timedelta(hours=1))
    (pause,) = world.drain().paused
    assert pause.until == NOW + timedelta(hours=1)

    world.crm.before = None
    world.clock.advance(minutes=59)
    world.drain()
    assert world.crm.calls == []

    world.clock.advance(minutes=2)
    world.drain()
    assert world.crm.by_match("u-1@partner.example") == ACTIVE
    assert world.connections.setup("hubspot").pauses == {}


@pytest.mark.parametrize("reason", [r for r in PauseReason if r is not PauseReason.MAPPING])
@pytest.mark.parametrize("unknown", [False, True])
def test_after_weeks_of_failure_everything_arrives(world: World, reason: PauseReason, unknown: bool) -> None:
    world.crm.before = failing(reason, unknown=unknown)
    for _ in range(20):
        report = world.drain()
        assert [pause.reason for pause in report.paused] == [reason]
        assert not report.hopped
        world.clock.advance(days=1)
    revoke(world)
    world.crm.before = None

    world.drain()

    assert world.crm.by_match("u-1@partner.example") == REVOKED
    assert row(world).state is SyncState.SYNCED


def test_a_pause_grows_while_it_stays_the_same_and_has_an_end(world: World) -> None:
    world.crm.before = failing(PauseReason.UNAVAILABLE)
    lengths = []
    for _ in range(12):
        (pause,) = world.drain().paused
        lengths.append(pause.until - world.clock.now())
        world.clock.instant = pause.until
    assert lengths == sorted(lengths)
    assert lengths[0] == timedelta(seconds=15)
    assert lengths[-1] == timedelta(minutes=15)


def test_a_refused_mapping_pauses_itself_only() -> None:
    world = World()
    world.connect()
    world.map()
    world.map({"source": "active_certification_count", "target": "count"}, name="company")
    world.crm.add("o-1")
    store(world, user(), completion(), organization())

    def contact_refused(batch: Sequence[Outgoing]) -> None:
        if "status" in batch[0].values:
            failing(PauseReason.MAPPING)(batch)

    world.crm.before = contact_refused

    (pause,) = world.drain().paused

    assert (pause.scope, pause.reason) == ("contact", PauseReason.MAPPING)
    assert world.crm.by_match("o-1") == {"count": "0"}


def test_saving_the_connection_ends_the_pauses_of_its_mappings(world: World) -> None:
    """They may have been refused by the wrong portal, or by the wrong version of the API."""
    world.crm.before = failing(PauseReason.MAPPING)
    world.drain()
    world.crm.before = None

    world.connect(api_version="v3")
    world.drain()

    assert world.crm.by_match("u-1@partner.example") == ACTIVE


def test_one_crm_down_leaves_the_other_alone(world: World) -> None:
    other = FakeCrm()
    other.add("u-1@partner.example")
    world.connect("salesforce")
    world.map(crm="salesforce")
    mark_dirty(world.app, [holder()])
    world.crm.before = failing(PauseReason.UNAVAILABLE)
    world.drain("hubspot")

    up, world.crm = world.crm, other
    world.drain("salesforce")

    assert other.by_match("u-1@partner.example") == ACTIVE
    assert row(world, crm="hubspot").state is SyncState.PENDING
    assert up.records["r-1"].keys() == {"match"}


def test_an_unknown_outcome_is_written_again(world: World) -> None:
    world.drain()
    revoke(world)
    world.crm.after = failing(PauseReason.UNAVAILABLE, unknown=True)
    world.drain()
    assert world.crm.by_match("u-1@partner.example") == REVOKED
    world.crm.after = None
    store(world, completion(revision=3))

    world.clock.advance(hours=1)
    world.drain()

    assert world.crm.by_match("u-1@partner.example") == ACTIVE


def test_what_certainly_did_not_happen_is_not_in_doubt(world: World) -> None:
    world.drain()
    revoke(world)
    world.crm.before = failing(PauseReason.CREDENTIALS)
    world.drain()
    store(world, completion(revision=3))
    world.crm.before = None
    world.clock.advance(hours=1)

    world.drain()

    assert len(world.crm.calls) == 1


# ---- killed, and two at once


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("then", ["the same", "changed", "changed back"])
def test_killed_at_a_call_the_next_shift_makes_it_right(world: World, moment: str, then: str) -> None:
    world.drain()
    revoke(world)

    def kill(_: Sequence[Outgoing]) -> None:
        raise KilledError

    setattr(world.crm, moment, kill)
    with pytest.raises(KilledError):
        world.drain()
    setattr(world.crm, moment, None)
    if then != "the same":
        store(
            world,
            completion(
                revision=3, expiration_date=None if then == "changed" else completion().expiration_date
            ),
        )
    world.clock.advance(seconds=61)

    world.drain()

    expected = {"the same": REVOKED, "changed": {**ACTIVE, "expires": ""}, "changed back": ACTIVE}[then]
    assert world.crm.by_match("u-1@partner.example") == expected
    assert row(world).state is SyncState.SYNCED
    assert row(world).in_doubt == frozenset()


def test_killed_at_any_write_the_next_shift_makes_it_right() -> None:
    """Every write to the table that a drain makes, before it and after it."""
    survived = 0
    for when in ("before_effect", "after_effect"):
        for at in range(10):
            world = World()
            world.connect()
            world.map()
            world.crm.add("u-1@partner.example")
            store(world, user(), completion())
            count = 0

            def kill(_: str, at: int = at) -> None:
                nonlocal count
                count += 1
                if count > at:
                    raise KilledError

            setattr(world.table, when, kill)
            try:
                world.drain()
                survived += 1
            except KilledError:
                pass
            setattr(world.table, when, None)
            revoke(world)
            world.clock.advance(seconds=61)
            world.drain()
            assert world.crm.by_match("u-1@partner.example") == REVOKED, (when, at)
            assert row(world).state is SyncState.SYNCED
    assert 0 < survived < 20


def test_a_row_that_another_drain_may_be_pushing_is_left_alone_until_that_one_is_past_its_time(
    world: World,
) -> None:
    """Otherwise the slow one could write an older state over a newer one."""
    seen = []

    def other_bell(_: Sequence[Outgoing]) -> None:
        world.crm.before = None
        revoke(world)
        world.drain()
        seen.append(len(world.crm.calls))

    world.crm.before = other_bell

    world.drain()

    assert seen == [0]
    assert world.crm.by_match("u-1@partner.example") == REVOKED
    assert row(world).state is SyncState.SYNCED


def test_two_drains_that_read_the_same_row_push_it_once(world: World) -> None:
    """The second one runs between the first one's reading and its attempt."""

    def other_bell(name: str) -> None:
        if name.startswith("Update SYNC#"):
            world.table.before_effect = None
            world.drain()

    world.table.before_effect = other_bell

    world.drain()

    assert len(world.crm.calls) == 1
    assert world.crm.by_match("u-1@partner.example") == ACTIVE
    assert row(world).state is SyncState.SYNCED


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("back", [False, True])
def test_a_holder_that_changes_while_it_is_pushed_ends_with_its_newest_state(
    world: World, moment: str, back: bool
) -> None:
    world.drain()
    revoke(world)

    def change(_: Sequence[Outgoing]) -> None:
        setattr(world.crm, moment, None)
        store(world, completion(revision=3, expiration_date=None))
        if back:
            store(world, completion(revision=4))

    setattr(world.crm, moment, change)

    world.drain()

    assert world.crm.by_match("u-1@partner.example") == (ACTIVE if back else {**ACTIVE, "expires": ""})
    assert row(world).state is SyncState.SYNCED


def test_a_change_that_the_stream_tells_late_arrives(world: World) -> None:
    """Committed after the state was read, told only after everything was recorded."""

    def change(_: Sequence[Outgoing]) -> None:
        world.crm.before = None
        commit(world, completion(revoked_at=NOW, revision=2))

    world.crm.before = change
    world.drain()
    assert world.crm.by_match("u-1@partner.example") == ACTIVE

    mark_dirty(world.app, [holder()])
    world.drain()
    assert world.crm.by_match("u-1@partner.example") == REVOKED


def test_a_lagging_index_costs_time_and_nothing_else(world: World) -> None:
    world.table.lag = 1
    world.drain()
    world.table.lag = 0
    world.drain()

    assert world.crm.by_match("u-1@partner.example") == ACTIVE
    world.table.lag = 2
    assert world.drain().tally.calls == 0


# ---- time, shadow, costs


def test_without_time_it_pushes_nothing_and_rings_for_itself(world: World) -> None:
    world.bells.take()

    report = world.drain(seconds=10, hop=4)

    assert (report.more, report.hopped) == (True, True)
    (bell,) = world.bells.take()
    assert (bell["kind"], bell["hop"]) == ("bell", 5)
    assert world.crm.calls == []


def test_a_chain_of_bells_has_an_end(world: World) -> None:
    world.bells.take()

    report = world.drain(seconds=10, hop=1_000)

    assert (report.more, report.hopped) == (True, False)
    assert world.bells.take() == []


def test_shadow_mode_computes_and_writes_nothing(world: World) -> None:
    world.connect(shadow=True)

    world.drain()

    assert world.crm.calls == []
    assert row(world).state is SyncState.SHADOW
    assert row(world).would_send == ACTIVE
    assert row(world).sent == {}
    assert (row(world).record_id, row(world).message) == ("r-1", "")

    world.connect(shadow=False)
    mark_dirty(world.app, [holder()])
    world.drain()
    assert world.crm.by_match("u-1@partner.example") == ACTIVE


def test_shadow_mode_says_why_a_record_would_not_be_written(world: World) -> None:
    world.crm.records.clear()
    world.connect(shadow=True)

    world.drain()

    assert (row(world).state, row(world).message) == (SyncState.SHADOW, "no such record")
    assert row(world).would_send == ACTIVE


def test_shadow_mode_pauses_as_any_other_where_the_crm_is_down(world: World) -> None:
    world.connect(shadow=True)
    world.crm.before = failing(PauseReason.UNAVAILABLE)

    (pause,) = world.drain().paused

    assert (pause.reason, row(world).state) == (PauseReason.UNAVAILABLE, SyncState.PENDING)


def test_an_award_costs_at_most_five_write_units(world: World) -> None:
    world.drain()
    commit(world, completion(revoked_at=NOW, revision=2))
    before = world.table.written_units

    mark_dirty(world.app, [holder()])
    assert world.table.written_units - before == 2
    world.drain()

    assert row(world).state is SyncState.SYNCED
    assert world.table.written_units - before <= 5


def test_the_first_award_costs_at_most_five_write_units_too() -> None:
    world = World()
    world.connect()
    world.map()
    world.crm.add("u-1@partner.example")
    world.table.write(Put(user_to_item(user())))
    commit(world, completion())
    before = world.table.written_units

    mark_dirty(world.app, [holder()])
    world.drain()

    assert row(world).state is SyncState.SYNCED
    assert world.table.written_units - before <= 5


def test_without_a_connection_nothing_is_marked() -> None:
    world = World()
    world.map()

    store(world, user(), completion())

    assert world.bells.sent == []
    assert not [key for key in world.table.items if key.sk.startswith("SYNC#")]


def test_an_object_without_a_mapping_is_not_marked(world: World) -> None:
    world.bells.take()
    store(world, organization())

    assert world.bells.sent == []


def test_nothing_is_pushed_after_the_time_of_the_shift(world: World) -> None:
    """A drain that was held up must not write what it read long ago."""
    world.crm.batch_size = 1
    store(world, user("u-2"), completion(holder_id="u-2"))
    world.crm.after = lambda _: world.clock.advance(seconds=45)
    ends = NOW + soon(60)

    def remaining() -> float:
        return (ends - world.clock.now()).total_seconds()

    report = world.drainer().run(remaining)

    assert (report.more, report.hopped) == (True, True)
    assert len(world.crm.calls) == 1


def test_the_projection_follows_what_the_sweep_recorded_for_a_later_day(world: World) -> None:
    """R35: the sweep ran as of a day in 2027, while the clock says 2026."""
    lapsed = completion(lapsed_on=replace(completion()).expiration_date, revision=2)
    store(world, replace(lapsed, lapsed_on=TODAY + timedelta(days=366)))

    world.drain()

    assert world.crm.by_match("u-1@partner.example")["status"] == "expired"


def test_names_are_read_when_they_are_pushed(world: World) -> None:
    from builders import certification

    world.app.definitions.add(certification(CERT, name="Old name", revision=1))
    world.map({"certification_id": CERT, "source": "name", "target": "label"})
    world.app.definitions.save(
        certification(CERT, name="New name", revision=2),
        previous=certification(CERT, name="Old name", revision=1),
    )

    world.drain()

    assert world.crm.by_match("u-1@partner.example") == {"label": "New name"}


def test_the_public_id_is_only_computed_where_it_is_mapped(world: World) -> None:
    world.map({"certification_id": CERT, "source": "verify_url", "target": "url"})

    world.drain()

    expected: dict[str, Any] = {"url": "https://certs.example/verify/u-1-cert-1-1"}
    assert world.crm.by_match("u-1@partner.example") == expected
