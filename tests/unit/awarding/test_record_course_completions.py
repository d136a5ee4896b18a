"""The award worker on the fake table: R4, R11, R12, R14, R16, R17, R27, R30."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import NOW, certification, completion, message, user
from certification.domain.course_completion_message import CourseCompletionMessage, UserReference
from certification.domain.evaluation import Decision, Facts, Moment, evaluate
from certification.domain.model import CourseId, Identity, Origin, PublishStatus, Requirement, Requirements
from fakes import InMemoryTable
from unit.awarding.service import Service

DAYS = [NOW - timedelta(days=days) for days in (30, 20, 10, 5, 1)]
COURSES = ["c-1", "c-2", "c-3", "c-4", "c-5"]
FIVE = certification("cert-1", *COURSES)


def five_messages() -> list[CourseCompletionMessage]:
    return [message(course, at) for course, at in zip(COURSES, DAYS, strict=True)]


def test_last_required_course_awards_as_of_its_date() -> None:
    service = Service().defined(user(), FIVE)

    service.receive(*five_messages()[:4])
    assert service.held() == ()
    service.receive(five_messages()[4])

    (award,) = service.held()
    assert award.completion_date == DAYS[4].date()
    assert award.expiration_date == date(2027, 11, 19)
    assert award.origin is Origin.AUTOMATIC
    assert [evidence.course_id for evidence in award.evidence] == COURSES


@given(
    order=st.permutations(list(range(5)) * 2),
    cuts=st.sets(st.integers(min_value=1, max_value=9)),
)
@settings(max_examples=60, deadline=None)
def test_any_order_and_duplication_gives_the_same_one_award(order: list[int], cuts: set[int]) -> None:
    """R11: the award is a function of the set."""
    service = Service().defined(user(), FIVE)
    messages = five_messages()
    bounds = [0, *sorted(cuts), 10]
    for first, last in pairwise(bounds):
        service.receive(*[messages[index] for index in order[first:last]])

    (award,) = service.held()
    assert award.completion_date == DAYS[4].date()
    assert award.cycle == 1


class DiedError(Exception):
    pass


@given(order=st.permutations(range(5)), dies_at=st.integers(min_value=0, max_value=12), after=st.booleans())
@settings(max_examples=80, deadline=None)
def test_a_crash_between_any_two_writes_and_a_redelivery_give_the_same_award(
    order: list[int], dies_at: int, after: bool
) -> None:
    effects = []

    def maybe_die(name: str) -> None:
        effects.append(name)
        if len(effects) == dies_at + 1:
            raise DiedError

    table = InMemoryTable()
    service = Service(table).defined(user(), FIVE)
    table.before_effect, table.after_effect = (None, maybe_die) if after else (maybe_die, None)
    for index in order:
        try:
            failed = service.receive(five_messages()[index]).failed
        except DiedError:
            failed = frozenset({0})
        if failed:
            assert not service.receive(five_messages()[index]).failed
    service.work()

    (award,) = service.held()
    assert award.completion_date == DAYS[4].date()


def test_redelivery_under_another_event_id_changes_nothing() -> None:
    service = Service().defined(user(), certification())
    service.receive(message())
    before = list(service.table.changes)

    recorded = service.receive(message(event_id="another"))

    assert recorded.counts["duplicates"] == 1
    assert service.table.changes == before


def test_another_score_is_a_correction_that_can_award() -> None:
    wanted = Requirements(courses=(Requirement(course_id=CourseId("c-1"), minimum_score=80),))
    service = Service().defined(user(), certification(requirements=wanted))

    service.receive(message(score=70, event_id="first"))
    assert service.held() == ()
    service.receive(message(score=85, event_id="corrected"))

    (award,) = service.held()
    assert award.evidence[0].score == 85


def test_a_correction_below_the_minimum_puts_the_award_under_review() -> None:
    wanted = Requirements(courses=(Requirement(course_id=CourseId("c-1"), minimum_score=80),))
    service = Service().defined(user(), certification(requirements=wanted))
    service.receive(message(score=85, event_id="first"))

    service.receive(message(score=60, event_id="corrected"))

    (award,) = service.held()
    assert award.under_review
    assert award.revoked_at is None


def test_a_correction_whose_worker_died_is_looked_at_again_although_nothing_requires_the_course_any_more() -> (
    None
):
    """R30: what it corrects is stored, so the redelivery brings nothing new; the award still rests on it."""
    wanted = Requirements(courses=(Requirement(course_id=CourseId("c-1"), minimum_score=80),))
    service = Service().defined(user(), certification(requirements=wanted))
    service.receive(message(score=85, event_id="first"))
    correction = message(score=60, event_id="corrected")

    def die(name: str) -> None:
        if "COURSE#" in name:
            raise DiedError

    service.table.after_effect = die
    assert service.receive(correction).failed
    service.table.after_effect = None
    published = service.app.definitions.certification("cert-1")
    assert published is not None
    unpublished = replace(published, publish_status=PublishStatus.DRAFT, revision=published.revision + 1)
    service.app.definitions.save(unpublished, previous=published)
    assert not service.receive(correction).failed

    (award,) = service.held()
    assert award.under_review


def test_same_event_id_with_another_score_is_a_conflict_and_the_first_wins() -> None:
    service = Service().defined(user(), certification())
    service.receive(message(score=85, event_id="same"))

    service.receive(message(score=10, event_id="same"))

    (stored,) = service.app.ledger.read_user("u-1").course_completions
    assert stored.score == 85
    assert [received.conflict for received in stored.received] == [True]
    assert not service.held()[0].under_review


@pytest.mark.parametrize("at_once", [True, False])
def test_same_event_id_for_another_day_is_a_conflict_and_the_first_wins(at_once: bool) -> None:
    """R12: also where both lie in one batch, whichever was completed earlier."""
    service = Service().defined(user(), certification())
    first = message(completed_at=NOW, event_id="same")
    second = message(completed_at=NOW - timedelta(days=3), event_id="same")

    for batch in [[first, second]] if at_once else [[first], [second]]:
        service.receive(*batch)

    (award,) = service.held()
    assert award.completion_date == NOW.date()
    assert len(service.app.ledger.read_user("u-1").course_completions) == 2


@pytest.mark.parametrize("retraction_first", [True, False])
def test_a_retraction_counts_whenever_it_arrives(retraction_first: bool) -> None:
    """R30: it may arrive before what it retracts."""
    service = Service().defined(user(), certification())
    retraction = message(completed_at=NOW, event_id="taken-back", retracts=True)
    deliveries = [message(completed_at=NOW - timedelta(hours=1)), retraction]

    for delivery in reversed(deliveries) if retraction_first else deliveries:
        service.receive(delivery)

    if retraction_first:
        assert service.held() == ()
    else:
        assert service.held()[0].under_review
    (stored,) = service.app.ledger.course_completions_of_user("u-1", limit=10).items
    assert stored.retracted_at is not None


@pytest.mark.parametrize("void_first", [True, False])
def test_a_voided_event_is_found_without_knowing_its_user(void_first: bool) -> None:
    service = Service().defined(user(), certification())
    void = message(
        event_id="void-1",
        user=UserReference(),
        course_id=None,
        retracts=True,
        retracts_event_id="statement-1",
    )
    deliveries = [message(event_id="statement-1", voidable=True), void]

    for delivery in reversed(deliveries) if void_first else deliveries:
        service.receive(delivery)

    assert [award.under_review for award in service.held()] == ([] if void_first else [True])


def test_unknown_user_is_parked_and_released_when_it_appears() -> None:
    identity = Identity(source="lms", external_id="77")
    service = Service().defined(certification())

    recorded = service.receive(message(user=UserReference(identity=identity)))

    assert recorded.counts["parked"] == 1
    assert len(service.app.parking.page(limit=10).items) == 1
    service.defined(user(identities=frozenset({identity})))
    (entry,) = service.app.parking.parked_under(UserReference(identity=identity))
    service.receive(entry.message)
    assert len(service.held()) == 1


def test_identity_that_appears_while_parking_is_seen_at_the_second_look() -> None:
    identity = Identity(source="lms", external_id="77")
    table = InMemoryTable()
    service = Service(table).defined(certification())

    def appear(name: str) -> None:
        if "PARKED" in name:
            table.after_effect = None
            service.defined(user(identities=frozenset({identity})))

    table.after_effect = appear
    service.receive(message(user=UserReference(identity=identity)))

    assert len(service.held()) == 1
    assert service.app.parking.page(limit=10).items == ()


def test_user_id_that_nobody_has_yet_is_parked_with_its_completion_stored() -> None:
    service = Service().defined(certification())
    service.receive(message())
    assert len(service.app.parking.page(limit=10).items) == 1

    service.defined(user())
    service.evaluations.send([{"kind": "user_changed", "user_id": "u-1"}])
    service.work()

    assert len(service.held()) == 1


def test_identity_and_email_that_disagree_are_shown_not_guessed() -> None:
    identity = Identity(source="lms", external_id="77")
    service = Service().defined(certification(), user("u-1", identities=frozenset({identity})), user("u-2"))

    service.receive(message(user=UserReference(identity=identity, email="u-2@partner.example")))

    assert service.held("u-1") == service.held("u-2") == ()
    assert service.app.parking.page(limit=10).items[0].reason.value == "user_conflict"


def test_award_by_hand_before_the_courses_gets_their_evidence_and_no_second_award() -> None:
    """R27."""
    service = Service().defined(user(), certification())
    service.app.ledger.add_completion(completion(), reminders=())

    service.receive(message(completed_at=NOW - timedelta(days=1)))

    (award,) = service.held()
    assert award.origin is Origin.MANUAL
    assert [evidence.course_id for evidence in award.evidence] == ["c-1"]


def test_failure_in_one_certification_neither_blocks_nor_repeats_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R16."""
    from certification.services import awarding

    service = Service().defined(user(), certification("cert-1"), certification("cert-2"))

    def fails_for_the_first(facts: Facts, moment: Moment) -> Decision:
        if facts.certification.certification_id == "cert-1":
            raise RuntimeError("a bug")
        return evaluate(facts, moment)

    monkeypatch.setattr(awarding, "evaluate", fails_for_the_first)
    recorded = service.receive(message())

    assert not recorded.failed
    assert [award.certification_id for award in service.held()] == ["cert-2"]
    assert [(m["kind"], m["certification_id"]) for m in service.evaluations.sent] == [("evaluate", "cert-1")]
    monkeypatch.undo()
    service.work()
    assert {award.certification_id for award in service.held()} == {"cert-1", "cert-2"}


def test_two_last_completions_at_the_same_moment_give_one_award() -> None:
    """The second worker runs whole between any two effects of the first."""
    for moment_of_meeting in range(4):
        table = InMemoryTable()
        service = Service(table).defined(user(), certification("cert-1", "c-1", "c-2"))
        seen: list[str] = []

        def meet(
            name: str,
            service: Service = service,
            table: InMemoryTable = table,
            seen: list[str] = seen,
            at: int = moment_of_meeting,
        ) -> None:
            seen.append(name)
            if len(seen) == at + 1:
                table.before_effect = None
                service.receive(message("c-2", NOW - timedelta(hours=1)))

        table.before_effect = meet
        service.receive(message("c-1", NOW - timedelta(hours=2)))
        if table.before_effect is not None:
            service.receive(message("c-2", NOW - timedelta(hours=1)))

        (award,) = service.held()
        assert len(award.evidence) == 2


def test_costs_of_the_hot_path() -> None:
    """A completion that awards nothing: one put and its index entry, one query, the hint (design.md)."""
    service = Service().defined(user(), FIVE)
    service.table.written_units = service.table.read_units = 0

    service.receive(message("c-1"))
    assert service.table.written_units == 2
    assert service.table.read_units == 1.5


def test_an_award_costs_three_more() -> None:
    service = Service().defined(user(), certification())
    service.table.written_units = 0

    service.receive(message("c-1"))

    assert len(service.held()) == 1
    assert service.table.written_units == 5


def test_inactive_user_gets_nothing_until_active_again() -> None:
    service = Service().defined(certification(), user(active=False))
    service.receive(message())
    assert service.held() == ()

    service.defined(replace(user(), revision=2))
    service.evaluations.send([{"kind": "user_changed", "user_id": "u-1"}])
    service.work()

    assert len(service.held()) == 1
