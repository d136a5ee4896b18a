"""What an evaluation decides: R4, R7, R8, R11, R12, R14, R15, R18, R20–R22, R27, R29, R30."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from builders import NOW, TODAY, course_completion, organization
from certification.domain.eligibility import permits
from certification.domain.evaluation import Award, Nothing, evaluate
from certification.domain.model import (
    Anchored,
    AttributeRule,
    Audience,
    CourseId,
    Duration,
    FixedDate,
    NeverExpires,
    Organization,
    Origin,
    Permissions,
    PublishStatus,
    ReceivedScore,
    Renewal,
    RenewalBasis,
    Requirement,
    Requirements,
    Status,
    User,
)
from certification.domain.retractions import Retraction, retracted
from unit.domain.life import Life, day


def requiring(*courses: Requirement, needed: int | None = None) -> dict[str, Any]:
    return {"requirements": Requirements(courses=courses, required_count=needed)}


def course(course_id: str, minimum: float | None = None, *equivalents: str) -> Requirement:
    return Requirement(
        course_id=CourseId(course_id),
        minimum_score=minimum,
        equivalents=tuple(CourseId(c) for c in equivalents),
    )


def reason(life: Life) -> str:
    decision = evaluate(life.facts(), life.moment())
    assert isinstance(decision, Nothing)
    assert decision.reason.message.endswith(".")
    return decision.reason.code


class TestFirstAward:
    def test_all_courses_make_the_award(self) -> None:
        life = Life("a", "b").learn("a", "b")
        assert life.evaluate() == "requirements_missing"  # of the next cycle
        [made] = life.cycles.values()
        assert (made.cycle, made.certification_version, made.origin) == (1, 1, Origin.AUTOMATIC)
        assert [e.course_id for e in made.evidence] == ["a", "b"]
        assert made.renews is None

    def test_one_course_short_makes_none(self) -> None:
        life = Life("a", "b").learn("a")
        assert life.evaluate() == "requirements_missing"
        assert life.cycles == {}

    def test_completion_date_is_the_day_of_the_latest_counted_course_not_of_the_processing(self) -> None:
        """R4."""
        life = Life("a", "b").learn("b", on=day("2026-05-01")).learn("a", on=day("2026-03-01"))
        life.evaluate()
        made = life.cycles[1]
        assert made.completion_date == made.effective_date == day("2026-05-01")
        assert made.expiration_date == day("2027-05-01")
        assert made.started_on == day("2026-05-01")

    def test_award_that_has_lapsed_already_is_recorded_and_nobody_is_told(self) -> None:
        """R7."""
        life = Life("a").learn("a", on=day("2025-11-19"))
        life.evaluate()
        made = life.cycles[1]
        assert (made.expiration_date, made.lapsed_on) == (day("2026-11-19"), day("2026-11-20"))
        assert not made.announced
        assert life.status() is Status.EXPIRED
        assert life.due() is None

    def test_award_on_its_last_day_is_active(self) -> None:
        life = Life("a").learn("a", on=day("2025-11-20"))
        life.evaluate()
        assert life.status() is Status.ACTIVE
        assert life.cycles[1].announced

    @pytest.mark.parametrize(
        ("completed_on", "made"),
        [("2026-11-18", True), ("2026-11-19", True), ("2026-11-20", False)],
        ids=["before", "on the very day", "after"],
    )
    def test_fixed_date(self, completed_on: str, made: bool) -> None:
        """R8: completed in time and processed late is R7; completed late is nothing."""
        life = Life("a", expiration=FixedDate(date=day("2026-11-19"))).learn("a", on=day(completed_on))
        assert life.evaluate() == ("requirements_missing" if made else "validity_ended")
        assert bool(life.cycles) is made
        if made:
            assert life.cycles[1].expiration_date == day("2026-11-19")
            assert life.status() is Status.EXPIRED

    @pytest.mark.parametrize("status", [PublishStatus.DRAFT, PublishStatus.RETIRED])
    def test_what_is_not_published_awards_nothing(self, status: PublishStatus) -> None:
        """R18."""
        life = Life("a", publish_status=status).learn("a")
        assert life.evaluate() == "not_published"
        assert life.cycles == {}

    def test_published_later_it_awards_what_was_completed_long_before(self) -> None:
        """R13."""
        life = Life("a", publish_status=PublishStatus.DRAFT).learn("a", on=day("2026-06-01"))
        life.evaluate()
        life.certification = replace(life.certification, publish_status=PublishStatus.PUBLISHED)
        life.evaluate()
        assert life.cycles[1].completion_date == day("2026-06-01")

    @pytest.mark.parametrize("order", list(permutations("abcd")), ids="".join)
    def test_any_order_of_arrival_makes_the_same_award(self, order: tuple[str, ...]) -> None:
        """R11."""
        days = {"a": "2026-01-01", "b": "2026-04-01", "c": "2026-02-01", "d": "2026-03-01"}
        life = Life("a", "b", "c", "d")
        for name in order:
            life.learn(name, on=day(days[name]))
            life.learned[-1] = replace(
                life.learned[-1], completed_at=datetime.fromisoformat(f"{days[name]}T09:00:00+00:00")
            )
            life.evaluate()
        [made] = life.cycles.values()
        assert made.completion_date == day("2026-04-01")
        assert [e.course_id for e in made.evidence] == ["a", "c", "d", "b"]

    def test_evaluating_again_changes_nothing(self) -> None:
        life = Life("a").learn("a")
        life.evaluate()
        before = dict(life.cycles)
        life.evaluate()
        assert life.cycles == before

    def test_older_completion_arriving_late_moves_nothing(self) -> None:
        """R20."""
        life = Life("a").learn("a", on=day("2026-09-01"))
        life.evaluate()
        before = dict(life.cycles)
        life.learn("a", on=day("2026-01-01"))
        life.evaluate()
        assert life.cycles == before

    def test_newer_completion_extends_nothing(self) -> None:
        """R20."""
        life = Life("a").learn("a", on=day("2026-09-01"))
        life.evaluate()
        before = dict(life.cycles)
        life.learn("a", on=TODAY)
        life.evaluate()
        assert life.cycles == before

    def test_no_policy_awards_nothing(self) -> None:
        life = Life("a", expiration=None).learn("a")
        assert life.evaluate() == "validity_ended"
        assert life.cycles == {}


class TestRequirements:
    @pytest.mark.parametrize(
        ("score", "made"), [(None, False), (79.9, False), (80, True), (80.0, True), (100, True)]
    )
    def test_minimum_score(self, score: float | None, made: bool) -> None:
        """R14."""
        life = Life(**requiring(course("a", 80))).learn("a", score=score)
        life.evaluate()
        assert bool(life.cycles) is made

    def test_minimum_of_nothing_still_asks_for_a_score(self) -> None:
        life = Life(**requiring(course("a", 0))).learn("a")
        life.evaluate()
        assert life.cycles == {}
        life.learn("a", score=0)
        life.evaluate()
        assert len(life.cycles) == 1

    def test_earliest_that_qualifies_counts_not_the_best(self) -> None:
        """R14."""
        life = Life(**requiring(course("a", 80)))
        life.learn("a", on=day("2026-03-01"), score=70)
        life.learn("a", on=day("2026-05-01"), score=81)
        life.learn("a", on=day("2026-07-01"), score=99)
        life.evaluate()
        assert life.cycles[1].completion_date == day("2026-05-01")
        assert life.cycles[1].evidence[0].score == 81

    def test_equivalent_counts_as_the_required_course_with_the_same_minimum(self) -> None:
        life = Life(**requiring(course("a", 80, "a-classic")))
        life.learn("a-classic", score=70)
        life.evaluate()
        assert life.cycles == {}
        life.learn("a-classic", score=85)
        life.evaluate()
        assert life.cycles[1].evidence[0].course_id == "a-classic"

    def test_earliest_of_course_and_equivalent_counts(self) -> None:
        life = Life(**requiring(course("a", None, "x")))
        life.learn("a", on=day("2026-05-01")).learn("x", on=day("2026-03-01"))
        life.evaluate()
        assert life.cycles[1].completion_date == day("2026-03-01")

    def test_any_two_of_three_are_the_two_that_came_first(self) -> None:
        """R15, R4: it became true with the second."""
        life = Life(**requiring(course("a"), course("b"), course("c"), needed=2))
        life.learn("c", on=day("2026-01-01")).learn("a", on=day("2026-06-01")).learn(
            "b", on=day("2026-03-01")
        )
        life.evaluate()
        made = life.cycles[1]
        assert made.completion_date == day("2026-03-01")
        assert [e.course_id for e in made.evidence] == ["c", "b"]

    def test_any_one_of_three(self) -> None:
        life = Life(**requiring(course("a"), course("b"), course("c"), needed=1)).learn("b")
        life.evaluate()
        assert len(life.cycles) == 1

    def test_no_courses_award_nobody(self) -> None:
        """R15."""
        life = Life(**requiring()).learn("a")
        assert life.evaluate() == "requirements_missing"
        assert life.cycles == {}

    def test_correction_upwards_counts_from_the_completion_itself(self) -> None:
        """R12, R4: the date is that of the course, not of the correction."""
        life = Life(**requiring(course("a", 80))).learn("a", on=day("2026-05-01"), score=70)
        correction = ReceivedScore(score=90, source="lms", event_id="e-2", received_at=NOW)
        life.learned[0] = replace(life.learned[0], received=(correction,))
        life.evaluate()
        assert life.cycles[1].completion_date == day("2026-05-01")
        assert life.cycles[1].evidence[0].score == 90

    def test_what_came_as_a_conflict_corrects_nothing(self) -> None:
        life = Life(**requiring(course("a", 80))).learn("a", score=70)
        conflict = ReceivedScore(score=90, source="lms", event_id="e-1", received_at=NOW, conflict=True)
        life.learned[0] = replace(life.learned[0], received=(conflict,))
        life.evaluate()
        assert life.cycles == {}

    def test_same_event_for_another_course_is_a_conflict_and_the_first_received_wins(self) -> None:
        """R12."""
        life = Life("a", "b").learn("a", "b")
        life.learned[0] = replace(life.learned[0], event_id="e-1", received_at=NOW)
        life.learned[1] = replace(life.learned[1], event_id="e-1", received_at=NOW + timedelta(seconds=1))
        life.evaluate()
        assert life.cycles == {}

    def test_same_event_id_of_another_source_is_no_conflict(self) -> None:
        life = Life("a", "b").learn("a", "b")
        life.learned = [replace(c, event_id="1", source=f"lms-{n}") for n, c in enumerate(life.learned)]
        life.evaluate()
        assert len(life.cycles) == 1


class TestWhoCanEarnIt:
    """R19, R21: checked when the award is made."""

    @staticmethod
    def _life(user: dict[str, Any], org: Organization | None, permissions: Permissions) -> Award | Nothing:
        life = Life("a", permissions=permissions).learn("a")
        facts = replace(life.facts(), user=replace(life.user, **user), organization=org)
        decision = evaluate(facts, life.moment())
        assert isinstance(decision, Award | Nothing)
        return decision

    EVERYONE = Permissions(audience=Audience.EVERYONE)

    def test_inactive_user(self) -> None:
        decision = self._life({"active": False}, None, self.EVERYONE)
        assert isinstance(decision, Nothing)
        assert decision.reason.code == "user_inactive"

    def test_user_of_an_inactive_organization(self) -> None:
        decision = self._life({}, organization(active=False), self.EVERYONE)
        assert isinstance(decision, Nothing)
        assert decision.reason.code == "organization_inactive"

    def test_open_to_no_one(self) -> None:
        decision = self._life({}, None, Permissions(audience=Audience.NO_ONE))
        assert isinstance(decision, Nothing)
        assert decision.reason.code == "not_permitted"

    def test_losing_access_later_takes_nothing_away(self) -> None:
        life = Life("a").learn("a")
        life.evaluate()
        life.certification = replace(life.certification, permissions=Permissions(audience=Audience.NO_ONE))
        before = dict(life.cycles)
        life.evaluate()
        assert life.cycles == before

    @pytest.mark.parametrize(
        ("user_groups", "organization_groups", "permitted"),
        [
            (set(), None, False),
            ({"gold"}, None, True),
            ({"silver"}, None, False),
            (set(), {"gold"}, True),
            ({"silver"}, {"bronze"}, False),
            ({"silver", "gold"}, set(), True),
        ],
    )
    def test_groups_are_the_users_or_its_organizations(
        self,
        user_groups: set[str],
        organization_groups: set[str] | None,
        permitted: bool,
    ) -> None:
        permissions = Permissions(audience=Audience.GROUPS, groups=frozenset({"gold"}))
        org = None if organization_groups is None else organization(groups=frozenset(organization_groups))
        assert (
            isinstance(self._life({"groups": frozenset(user_groups)}, org, permissions), Award) is permitted
        )

    @pytest.mark.parametrize(
        ("attribute", "values", "permitted"),
        [
            ("country", ("DE",), True),
            ("user.country", ("DE", "AT"), True),
            ("country", ("de",), False),
            ("country", (), False),
            ("organization.region", ("EMEA",), True),
            ("organization.country", ("DE",), False),
            ("region", ("EMEA",), False),
            ("level", (3,), True),
            ("level", (3.0,), True),
            ("level", ("3",), False),
            ("level", (True,), False),
            ("trained", (True,), True),
            ("trained", (1,), False),
            ("missing", (None,), False),
        ],
    )
    def test_a_rule_names_an_attribute_and_its_values(
        self,
        attribute: str,
        values: tuple[Any, ...],
        permitted: bool,
    ) -> None:
        holder = User(
            user_id=Life().user.user_id,
            email="u@x.example",
            attributes={"country": "DE", "level": 3, "trained": True},
        )
        org = organization(attributes={"region": "EMEA"})
        values = tuple(value for value in values if value is not None)
        rules = (AttributeRule(attribute=attribute, values=values),)
        assert permits(Permissions(audience=Audience.RULES, rules=rules), holder, org) is permitted

    def test_all_rules_must_hold(self) -> None:
        rules = tuple(AttributeRule(attribute=name, values=(1,)) for name in ("x", "y"))
        permissions = Permissions(audience=Audience.RULES, rules=rules)
        holder = User(user_id=Life().user.user_id, email="", attributes={"x": 1})
        assert not permits(permissions, holder, None)
        assert permits(permissions, replace(holder, attributes={"x": 1, "y": 1}), None)

    def test_without_permissions_or_rules_nobody_is_permitted(self) -> None:
        holder = Life().user
        assert not permits(None, holder, None)
        assert not permits(Permissions(audience=Audience.RULES), holder, None)
        assert not permits(Permissions(audience=Audience.GROUPS), holder, organization())

    def test_rule_about_the_organization_of_who_has_none_does_not_hold(self) -> None:
        rules = (AttributeRule(attribute="organization.region", values=("EMEA",)),)
        assert not permits(Permissions(audience=Audience.RULES, rules=rules), Life().user, None)


class TestByHandBeforeTheCourses:
    """R27."""

    def test_later_satisfaction_adds_evidence_and_no_second_award(self) -> None:
        life = Life("a", "b")
        life.award()
        life.today += timedelta(days=30)
        life.learn("a", "b")
        life.evaluate()
        [held] = life.cycles.values()
        assert [e.course_id for e in held.evidence] == ["a", "b"]
        assert (held.completion_date, held.origin, held.revision) == (TODAY, Origin.MANUAL, 2)

    def test_courses_that_were_finished_before_are_evidence_at_once(self) -> None:
        life = Life("a").learn("a", on=day("2026-11-01"))
        assert [e.course_id for e in life.award().evidence] == ["a"]

    def test_half_of_the_courses_are_no_evidence(self) -> None:
        life = Life("a", "b").learn("a")
        life.award()
        life.evaluate()
        assert life.cycles[1].evidence == ()

    def test_courses_finished_after_it_ended_make_a_second_cycle(self) -> None:
        life = Life("a")
        life.award(day("2025-11-01"), reason="a late one")
        life.learn("a", on=day("2026-11-10"))
        life.evaluate()
        assert life.cycles[1].evidence == ()
        assert life.cycles[2].completion_date == day("2026-11-10")

    def test_award_that_never_expires_gets_its_evidence_too(self) -> None:
        life = Life("a", expiration=NeverExpires())
        life.award()
        life.learn("a", on=day("2026-11-20"))
        assert life.evaluate() == "held_for_good"
        assert len(life.cycles[1].evidence) == 1

    @pytest.mark.parametrize("basis", list(RenewalBasis))
    def test_renewed_by_hand_it_gets_what_is_repeated_in_the_window(self, basis: RenewalBasis) -> None:
        life = Life("a", "b", renewal=Renewal(opens=Duration(days=60), basis=basis)).learn("a", "b")
        life.evaluate()
        life.today = day("2027-10-01")
        life.renew()
        life.learn("a", "b", on=day("2027-10-10"))
        life.today = day("2027-10-10")
        life.evaluate()
        assert list(life.cycles) == [1, 2]
        assert [e.completed_at.date() for e in life.cycles[2].evidence] == [life.today, life.today]

    def test_replaced_by_hand_the_new_one_gets_what_was_begun_before(self) -> None:
        life = Life("a", "b")
        life.award()
        life.learn("a")
        life.today += timedelta(days=30)
        life.replace()
        life.learn("b")
        life.evaluate()
        assert [len(life.cycles[cycle].evidence) for cycle in (1, 2)] == [0, 2]

    def test_what_never_ended_is_renewed_by_courses_from_then_on(self) -> None:
        life = Life("a", expiration=NeverExpires()).learn("a")
        life.evaluate()
        life.today += timedelta(days=30)
        assert not life.renew().evidence
        life.learn("a")
        life.evaluate()
        assert [e.completed_at.date() for e in life.cycles[2].evidence] == [life.today]

    def test_revoked_one_gets_no_evidence(self) -> None:
        life = Life("a")
        life.award()
        life.learn("a")
        life.revoke()
        life.evaluate()
        assert list(life.cycles) == [1]
        assert life.cycles[1].evidence == ()


class TestAfterARevocation:
    """R29."""

    def test_old_completions_make_no_new_award(self) -> None:
        life = Life("a", "b").learn("a", "b")
        life.evaluate()
        life.revoke()
        life.today += timedelta(days=1)
        assert life.evaluate() == "requirements_missing"
        assert list(life.cycles) == [1]

    def test_every_counted_completion_must_be_newer(self) -> None:
        life = Life("a", "b").learn("a", "b")
        life.evaluate()
        life.revoke()
        life.today += timedelta(days=1)
        life.learn("a")
        life.evaluate()
        assert list(life.cycles) == [1]
        life.learn("b")
        life.evaluate()
        assert life.cycles[2].completion_date == life.today
        assert life.cycles[2].renews is None

    def test_completed_on_the_day_of_the_revocation_but_after_it_counts(self) -> None:
        life = Life("a").learn("a")
        life.evaluate()
        life.revoke()
        life.learn("a")
        life.evaluate()
        assert [life.status(cycle=c) for c in (1, 2)] == [Status.REVOKED, Status.ACTIVE]

    def test_reinstated_it_is_as_before(self) -> None:
        life = Life("a").learn("a")
        life.evaluate()
        life.revoke()
        life.reinstate()
        life.evaluate()
        assert list(life.cycles) == [1]
        assert life.status() is Status.ACTIVE

    def test_when_what_replaced_it_is_revoked_new_courses_count_at_once(self) -> None:
        """The replaced one was superseded and stays so: its own end, a year away, bounds nothing."""
        life = Life("a").learn("a", on=day("2026-11-01"))
        life.evaluate()
        life.replace()
        life.today += timedelta(days=10)
        life.revoke(2)
        life.today += timedelta(days=10)
        life.learn("a")
        life.evaluate()
        assert life.cycles[3].completion_date == life.today
        assert life.active(life.today) == [3]


class TestRetractionAndCorrection:
    """R30: flagged once, valid until decided."""

    @staticmethod
    def _awarded(**definition: Any) -> Life:
        life = Life(**(definition or requiring(course("a", 80), course("b"))))
        life.learn("a", "b", score=90)
        life.evaluate()
        return life

    @staticmethod
    def _correct(life: Life, score: float | None) -> None:
        correction = ReceivedScore(score=score, source="lms", event_id="c", received_at=NOW)
        life.learned[0] = replace(life.learned[0], received=(*life.learned[0].received, correction))

    def test_retracted_evidence_is_flagged_and_still_valid(self) -> None:
        life = self._awarded()
        life.learned[0] = replace(life.learned[0], retracted_at=NOW)
        life.evaluate()
        assert life.cycles[1].under_review
        assert life.status() is Status.ACTIVE
        assert life.cycles[1].revision == 2
        life.evaluate()
        assert life.cycles[1].revision == 2

    def test_score_that_falls_below_the_minimum_is_flagged(self) -> None:
        life = self._awarded()
        self._correct(life, 79)
        life.evaluate()
        assert life.cycles[1].under_review

    @pytest.mark.parametrize("score", [80, 85, 100])
    def test_score_that_still_suffices_is_not(self, score: float) -> None:
        life = self._awarded()
        self._correct(life, score)
        life.evaluate()
        assert not life.cycles[1].under_review

    def test_score_that_is_taken_away_is_flagged(self) -> None:
        life = self._awarded()
        self._correct(life, None)
        life.evaluate()
        assert life.cycles[1].under_review

    def test_minimum_raised_later_takes_nothing_away(self) -> None:
        """R22."""
        life = self._awarded()
        life.certification = replace(life.certification, **requiring(course("a", 95), course("b")))
        life.evaluate()
        assert not life.cycles[1].under_review

    def test_score_that_falls_is_looked_at_also_where_the_minimum_was_raised_since(self) -> None:
        """It was earned with 90 at a minimum of 80; the minimum is 95 by now, and the score 50."""
        life = self._awarded()
        life.certification = replace(life.certification, **requiring(course("a", 95), course("b")))
        self._correct(life, 50)
        life.evaluate()
        assert life.cycles[1].under_review

    def test_course_that_is_not_asked_for_any_more_breaks_nothing(self) -> None:
        life = self._awarded()
        life.certification = replace(life.certification, **requiring(course("b")))
        self._correct(life, 10)
        life.evaluate()
        assert not life.cycles[1].under_review

    def test_expired_and_retired_ones_are_flagged_too(self) -> None:
        """Never silently: history rests on it."""
        life = self._awarded()
        life.certification = replace(life.certification, publish_status=PublishStatus.RETIRED)
        life.today += timedelta(days=500)
        life.learned[1] = replace(life.learned[1], retracted_at=NOW)
        life.evaluate()
        assert life.cycles[1].under_review

    def test_what_a_person_let_stand_is_not_flagged_for_the_same_again(self) -> None:
        life = self._awarded()
        life.learned[0] = replace(life.learned[0], retracted_at=NOW)
        life.evaluate()
        held = life.cycles[1]
        life.cycles[1] = replace(held, under_review=False, reviewed=held.evidence[:1])
        life.evaluate()
        assert not life.cycles[1].under_review
        life.learned[1] = replace(life.learned[1], retracted_at=NOW)
        life.evaluate()
        assert life.cycles[1].under_review

    def test_retracted_completion_does_not_count_for_an_award(self) -> None:
        life = Life("a").learn("a")
        life.learned[0] = replace(life.learned[0], retracted_at=NOW)
        assert life.evaluate() == "requirements_missing"

    def test_retraction_covers_what_was_completed_up_to_its_instant_whichever_came_first(self) -> None:
        early, late = (course_completion("a", datetime(2026, month, 1, tzinfo=UTC)) for month in (3, 9))
        at = datetime(2026, 6, 1, tzinfo=UTC)
        retraction = Retraction(user_id=early.user_id, source="lms", at=at, course_id=CourseId("a"))
        marked = retracted([late, early], [retraction])
        assert [c.retracted_at for c in marked] == [None, at]

    def test_retraction_of_an_event_covers_that_event_of_that_source_only(self) -> None:
        one = course_completion("a", event_id="e-1")
        retraction = Retraction(user_id=one.user_id, source="lms", at=NOW, event_id="e-1")
        others = [replace(one, source="other"), replace(one, event_id="e-2")]
        assert [c.retracted_at for c in retracted([one, *others], [retraction])] == [NOW, None, None]


def test_leap_day_clamps_and_the_next_cycle_starts_from_its_own_completion() -> None:
    """R3: never chained."""
    life = Life("a").learn("a", on=day("2024-02-29"))
    life.evaluate()
    assert life.spans() == [("2024-02-29", "2025-02-28")]
    life.learn("a", on=day("2025-03-01"))
    life.evaluate()
    assert life.spans()[1] == ("2025-03-01", "2026-03-01")


def test_anchored_award_gets_the_next_anchor_that_leaves_the_minimum() -> None:
    policy = Anchored(month=12, day=31, minimum=Duration(months=3))
    spans = []
    for completed_on in ("2026-09-30", "2026-10-01"):
        life = Life("a", expiration=policy).learn("a", on=day(completed_on))
        life.evaluate()
        spans += life.spans()
    assert spans == [("2026-09-30", "2026-12-31"), ("2026-10-01", "2027-12-31")]


def test_evaluation_of_nothing_is_nothing() -> None:
    assert reason(Life("a")) == "requirements_missing"
    assert reason(Life("a", publish_status=PublishStatus.DRAFT)) == "not_published"
    assert date(2026, 11, 20) == TODAY
