"""R17: a completion whose user is unknown waits, is seen, is released exactly when somebody can be told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from builders import message, user
from certification.adapters.dynamodb.parked import DynamoDBParking
from certification.domain.course_completion_message import CourseCompletionMessage, UserReference
from certification.domain.errors import ChangedMeanwhileError, ConflictError, InvalidError, NotFoundError
from certification.domain.model import Identity, User
from certification.domain.parking import KEPT_FOR, ParkedCompletion, ParkingReason, parked
from certification.services.parked import assign, discard, release
from fakes import InMemoryQueue, InMemoryTable

NOW = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
ANA = Identity(source="lms", external_id="ana/94 ü")
BOTH = UserReference(identity=ANA, email="ana@example.com")
BY_IDENTITY, BY_EMAIL = UserReference(identity=ANA), UserReference(email="ana@example.com")


class Users:
    """Of a directory only what an assignment asks."""

    def user(self, user_id: str) -> User | None:
        return user(user_id) if user_id == "u-1" else None


@pytest.fixture
def table() -> InMemoryTable:
    return InMemoryTable()


@pytest.fixture
def parking(table: InMemoryTable) -> DynamoDBParking:
    return DynamoDBParking(table)


def of(who: UserReference, **changes: object) -> CourseCompletionMessage:
    return replace(message(completed_at=NOW.replace(microsecond=0)), user=who, **changes)  # type: ignore[arg-type]


def park(
    parking: DynamoDBParking, *messages: CourseCompletionMessage, now: datetime = NOW
) -> list[ParkedCompletion]:
    entries = [parked(m, ParkingReason.USER_UNKNOWN, now=now) for m in messages]
    parking.park(entries)
    return entries


@pytest.mark.parametrize("who", [BY_IDENTITY, BY_EMAIL, UserReference(user_id="u-9")])
def test_what_is_parked_is_found_under_what_names_its_user(
    parking: DynamoDBParking, who: UserReference
) -> None:
    entries = park(parking, of(who, score=87.5, correlation_id="c"))
    assert list(parking.parked_under(who)) == entries
    assert parking.find(entries[0].parked_id) == entries[0]
    assert parking.page(limit=10).items == tuple(entries)


@pytest.mark.parametrize("appearing", [BY_IDENTITY, BY_EMAIL])
def test_either_name_of_the_user_releases_it_and_it_is_listed_once(
    parking: DynamoDBParking, table: InMemoryTable, appearing: UserReference
) -> None:
    entries = park(parking, of(BOTH))
    assert len(parking.page(limit=10).items) == 1
    queue = InMemoryQueue()
    assert release(appearing, parking=parking, queue=queue) == 1
    assert queue.sent == [entries[0].message.to_payload()]
    assert not table.items


def test_parking_again_changes_nothing_but_the_time(parking: DynamoDBParking) -> None:
    park(parking, of(BOTH))
    park(parking, of(BOTH, correlation_id="another delivery"), now=LATER)
    (entry,) = parking.page(limit=10).items
    assert entry.parked_at == LATER
    assert entry.expires_at == LATER + KEPT_FOR


def test_another_score_under_the_same_event_is_parked_beside_it(parking: DynamoDBParking) -> None:
    park(parking, of(BOTH, score=50.0), of(BOTH, score=80.0))
    assert sorted(e.message.score or 0 for e in parking.parked_under(BY_EMAIL)) == [50.0, 80.0]


def test_a_batch_may_hold_the_same_completion_twice(parking: DynamoDBParking) -> None:
    park(parking, of(BOTH), of(BOTH))
    assert len(parking.parked_under(BOTH)) == 1


def test_a_release_whose_sending_fails_keeps_everything(parking: DynamoDBParking) -> None:
    park(parking, of(BOTH), of(BOTH, course_id="c-2"))
    with pytest.raises(ConnectionError):
        release(BY_EMAIL, parking=parking, queue=InMemoryQueue(refuses=True))
    assert len(parking.parked_under(BOTH)) == 2


def test_a_release_that_died_before_it_removed_sends_again(
    parking: DynamoDBParking, table: InMemoryTable
) -> None:
    park(parking, of(BOTH))
    queue = InMemoryQueue()

    def die(_: str) -> None:
        raise TimeoutError

    table.before_effect = die
    with pytest.raises(TimeoutError):
        release(BY_IDENTITY, parking=parking, queue=queue)
    table.before_effect = None
    release(BY_IDENTITY, parking=parking, queue=queue)
    assert len(queue.sent) == 2
    assert not table.items


def test_what_was_parked_anew_while_it_was_released_is_not_removed(parking: DynamoDBParking) -> None:
    """The identity appeared, the release sent it on, the identity went again, and the worker parked it again."""
    (entry,) = park(parking, of(BOTH))

    class Worker(InMemoryQueue):
        def send(self, bodies: object, *, delay_seconds: int = 0) -> None:
            park(parking, of(BOTH), now=LATER)

    release(BY_IDENTITY, parking=parking, queue=Worker())
    assert [e.parked_at for e in parking.parked_under(BY_EMAIL)] == [LATER]
    assert parking.find(entry.parked_id) is not None


def test_a_parking_that_died_half_way_is_completed_by_the_redelivery(
    parking: DynamoDBParking, table: InMemoryTable
) -> None:
    park(parking, of(BY_IDENTITY))
    park(parking, of(BOTH), now=LATER)
    assert len(parking.parked_under(BY_EMAIL)) == 1
    rows = {key: item for key, item in table.items.items() if "email" not in key.pk}
    table.items = rows
    park(parking, of(BOTH), now=LATER + timedelta(seconds=1))
    assert len(parking.parked_under(BY_EMAIL)) == 1


def test_assigning_sends_it_on_as_that_users(parking: DynamoDBParking, table: InMemoryTable) -> None:
    (entry,) = park(parking, of(BOTH))
    queue = InMemoryQueue()
    assign(entry.parked_id, "u-1", parking=parking, directory=Users(), queue=queue)  # type: ignore[arg-type]
    (sent,) = queue.sent
    assert sent["user_id"] == "u-1"
    assert not {"identity", "email"} & sent.keys()
    assert not any("message" in item or "listing_pk" in item for item in table.items.values())


def test_what_was_assigned_does_not_wait_again_when_it_is_delivered_again(
    parking: DynamoDBParking,
) -> None:
    """A replay brings all of the last 30 days; the user has no identity still, but a person has decided."""
    (entry,) = park(parking, of(BOTH))
    assign(entry.parked_id, "u-1", parking=parking, directory=Users(), queue=InMemoryQueue())  # type: ignore[arg-type]
    park(parking, of(BOTH, correlation_id="a replay"), now=LATER)
    assert parking.page(limit=10).items == ()
    assert parking.parked_under(BOTH) == ()
    assert parking.find(entry.parked_id) is None
    park(parking, of(BOTH, score=80.0), now=LATER)
    assert len(parking.page(limit=10).items) == 1, "other content is decided anew"


def test_a_list_that_lags_does_not_find_what_was_assigned(
    parking: DynamoDBParking, table: InMemoryTable
) -> None:
    (entry,) = park(parking, of(BOTH))
    assign(entry.parked_id, "u-1", parking=parking, directory=Users(), queue=InMemoryQueue())  # type: ignore[arg-type]
    table.lag = 2
    assert len(parking.page(limit=10).items) == 1
    with pytest.raises(NotFoundError):
        assign(entry.parked_id, "u-1", parking=parking, directory=Users(), queue=InMemoryQueue())  # type: ignore[arg-type]


def test_assigning_to_an_unknown_user_is_refused_and_changes_nothing(parking: DynamoDBParking) -> None:
    (entry,) = park(parking, of(BOTH))
    with pytest.raises(InvalidError) as refused:
        assign(entry.parked_id, "u-2", parking=parking, directory=Users(), queue=InMemoryQueue())  # type: ignore[arg-type]
    assert refused.value.errors[0].pointer == "/user_id"
    assert parking.find(entry.parked_id) == entry


def test_what_is_discarded_is_neither_released_nor_revived_and_stays_visible(
    parking: DynamoDBParking,
) -> None:
    (entry,) = park(parking, of(BOTH))
    discard(entry.parked_id, "a test account", parking=parking, actor="key:admin", now=LATER)
    park(parking, of(BOTH), now=LATER)
    assert parking.parked_under(BOTH) == ()
    assert parking.page(limit=10).items == ()
    (seen,) = parking.page(limit=10, discarded=True).items
    assert (seen.discard_reason, seen.discarded_by, seen.discarded_at) == (
        "a test account",
        "key:admin",
        LATER,
    )
    assert release(BY_EMAIL, parking=parking, queue=InMemoryQueue()) == 0
    with pytest.raises(ConflictError):
        assign(entry.parked_id, "u-1", parking=parking, directory=Users(), queue=InMemoryQueue())  # type: ignore[arg-type]


def test_discarding_what_was_delivered_again_meanwhile_is_refused(parking: DynamoDBParking) -> None:
    (entry,) = park(parking, of(BOTH))
    park(parking, of(BOTH), now=LATER)
    with pytest.raises(ChangedMeanwhileError):
        parking.discard(entry, reason="r", actor="a", now=LATER)


def test_an_unknown_parked_id_is_not_found(parking: DynamoDBParking) -> None:
    with pytest.raises(NotFoundError):
        discard("0" * 32, "r", parking=parking, actor="a", now=NOW)


def test_a_page_of_parked_completions_goes_on_where_it_ended(parking: DynamoDBParking) -> None:
    entries = park(parking, *(of(BY_EMAIL, course_id=f"c-{n}") for n in range(5)))
    first = parking.page(limit=3)
    second = parking.page(limit=3, start=first.next)
    assert {e.parked_id for e in (*first.items, *second.items)} == {e.parked_id for e in entries}
    assert second.next is None


def test_a_parked_completion_costs_three_units_by_two_names(
    parking: DynamoDBParking, table: InMemoryTable
) -> None:
    park(parking, of(BOTH))
    assert table.written_units == 3  # two rows, one index entry
