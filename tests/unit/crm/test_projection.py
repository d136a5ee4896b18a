from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from builders import NOW, TODAY, completion, course_completion, organization, user
from certification.domain.certified import certified_count, memberships_of
from certification.domain.mapping import ObjectMapping
from certification.domain.mapping_reader import mapping_from_json
from certification.domain.model import CertificationCompletion, Identity, Status
from certification.domain.projection import (
    HolderFacts,
    Value,
    foremost,
    match_value,
    project,
    projection_day,
)
from certification.domain.status import status_on

DAY = timedelta(days=1)


def mapping(*fields: dict[str, Any], crm: str = "hubspot", name: str = "contact") -> ObjectMapping:
    match = {"source": "email", "target": "email"}
    if name != "contact":
        match = {"source": "organization_id", "target": "partner_id"}
    return mapping_from_json(crm, name, {"match": match, "fields": list(fields)})


def value_of(source: str, facts: HolderFacts, today: date = TODAY, **changes: Any) -> Value:
    one = {"source": source, "target": "t", **changes}
    return project(mapping(one), facts, today)["t"]


def held(*completions: CertificationCompletion, **changes: Any) -> HolderFacts:
    return HolderFacts(profile=user(), completions=completions, **changes)


def of_cert(source: str, facts: HolderFacts, today: date = TODAY, **changes: Any) -> Value:
    return value_of(source, facts, today, certification_id="cert-1", **changes)


def expired(cycle: int, **changes: Any) -> CertificationCompletion:
    return completion(
        cycle=cycle,
        **{
            "completion_date": TODAY - 400 * DAY,
            "effective_date": TODAY - 400 * DAY,
            "expiration_date": TODAY - 35 * DAY,
            **changes,
        },
    )


def test_active_speaks_before_scheduled_expired_superseded_and_revoked() -> None:
    ahead = completion(cycle=5, effective_date=TODAY + DAY, started_on=None)
    superseded = completion(cycle=2, superseded_on=TODAY)
    revoked = completion(cycle=1, revoked_at=NOW)
    ranked = [completion(cycle=4), ahead, expired(3), superseded, revoked]

    for at in range(len(ranked)):
        assert foremost(reversed(ranked[at:]), "cert-1", TODAY) == ranked[at]


def test_among_equals_the_latest_expiration_speaks_and_none_is_the_latest() -> None:
    near, far = completion(cycle=2), completion(cycle=1, expiration_date=TODAY + 900 * DAY)
    never = completion(cycle=3, expiration_date=None)

    assert foremost([near, far], "cert-1", TODAY) == far
    assert foremost([near, far, never], "cert-1", TODAY) == never


def test_among_equals_with_one_expiration_the_latest_completion_speaks() -> None:
    early, late = expired(2, completion_date=TODAY - 500 * DAY), expired(1)

    assert foremost([early, late], "cert-1", TODAY) == late


completions = st.builds(
    lambda cycle, start, length, revoked, superseded, lapsed: completion(
        cycle=cycle,
        completion_date=TODAY + start * DAY,
        effective_date=TODAY + start * DAY,
        expiration_date=None if length is None else TODAY + (start + length) * DAY,
        revoked_at=NOW if revoked else None,
        superseded_on=TODAY if superseded else None,
        lapsed_on=TODAY + (start + length + 1) * DAY if lapsed and length is not None else None,
        started_on=None,
    ),
    st.integers(1, 9),
    st.integers(-500, 200),
    st.none() | st.integers(0, 500),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)


@given(st.lists(completions, min_size=1, max_size=6, unique_by=lambda c: c.cycle), st.randoms())
def test_the_projection_does_not_depend_on_the_order_of_what_is_stored(
    given_completions: list[CertificationCompletion], random: Any
) -> None:
    shuffled = list(given_completions)
    random.shuffle(shuffled)
    whole = mapping(
        {"certification_id": "cert-1", "source": "status", "target": "a"},
        {"certification_id": "cert-1", "source": "expiration_date", "target": "b"},
        {"source": "active_certifications", "target": "c"},
        {"source": "next_expiration_date", "target": "d"},
        {"source": "latest_completion_date", "target": "e"},
    )

    assert project(whole, held(*shuffled), TODAY) == project(whole, held(*given_completions), TODAY)


@given(st.lists(completions, min_size=1, max_size=6, unique_by=lambda c: c.cycle))
def test_nothing_of_better_status_is_passed_over(given_completions: list[CertificationCompletion]) -> None:
    order = [Status.ACTIVE, Status.SCHEDULED, Status.EXPIRED, Status.SUPERSEDED, Status.REVOKED]
    day = projection_day(given_completions, TODAY)
    best = min(order.index(status_on(c, on=day, today=day)) for c in given_completions)

    assert of_cert("status", held(*given_completions)) == order[best].value


def test_the_day_is_the_latest_recorded_transition_where_that_is_later() -> None:
    """R35: the sweep was run as of a later day; what it recorded must not be undone by the clock."""
    lapses = completion(expiration_date=TODAY + 30 * DAY, lapsed_on=TODAY + 31 * DAY)
    other = completion("cert-2", expiration_date=TODAY + 20 * DAY)

    assert projection_day([lapses, other], TODAY) == TODAY + 31 * DAY
    assert of_cert("status", held(lapses, other)) == "expired"
    assert value_of("active_certifications", held(lapses, other)) == ()


def test_a_transition_in_the_past_does_not_turn_the_clock_back() -> None:
    assert projection_day([expired(1, lapsed_on=TODAY - 34 * DAY)], TODAY) == TODAY


def test_dates_stay_civil_dates() -> None:
    assert of_cert("expiration_date", held(completion())) == completion().expiration_date
    assert isinstance(of_cert("completion_date", held(completion())), date)


def test_without_a_completion_every_value_of_a_certification_is_empty() -> None:
    for source in ("status", "expiration_date", "name", "verify_url", "certification_completion_id", "cycle"):
        assert of_cert(source, held(names={"cert-1": "Sales Pro"})) is None


def test_our_values_are_translated_to_theirs() -> None:
    theirs = {"active": "Certified", "expired": "Lapsed"}

    assert of_cert("status", held(completion()), values=theirs) == "Certified"
    assert of_cert("status", held(completion(revoked_at=NOW)), values=theirs) == "revoked"


def test_several_values_are_translated_one_by_one_and_what_means_nothing_is_left_out() -> None:
    both = held(completion(), completion("cert-2"), completion("cert-3"))
    theirs = {"cert-1": "Sales", "cert-3": ""}

    assert value_of("active_certifications", both, values=theirs) == ("Sales", "cert-2")


def test_a_fixed_value_is_the_same_for_everyone() -> None:
    fixed = mapping({"value": "Partner", "target": "t"})

    assert project(fixed, held(), TODAY) == {"t": "Partner"}


def test_name_and_verify_url_come_from_the_completion_that_speaks() -> None:
    facts = held(
        completion(),
        names={"cert-1": "Sales Pro"},
        public_id=lambda c: f"id{c.cycle}",
        public_url="https://x",
    )

    assert of_cert("name", facts) == "Sales Pro"
    assert of_cert("verify_url", facts) == "https://x/verify/id1"
    assert of_cert("certification_completion_id", facts) == "id1"
    assert of_cert("cycle", facts) == 1


def test_counts_and_dates_of_the_holder_as_a_whole() -> None:
    facts = held(completion(), completion("cert-2", expiration_date=TODAY + 5 * DAY), expired(7))

    assert value_of("active_certification_count", facts) == 2
    assert value_of("next_expiration_date", facts) == TODAY + 5 * DAY
    assert value_of("latest_completion_date", facts) == TODAY


def test_what_is_renewed_ends_where_its_renewal_does() -> None:
    old = completion(expiration_date=TODAY + 5 * DAY, renewed_by=2)
    new = completion(
        cycle=2, effective_date=TODAY + 6 * DAY, expiration_date=TODAY + 370 * DAY, started_on=None, renews=1
    )

    assert value_of("next_expiration_date", held(old, new)) == TODAY + 370 * DAY


def test_completed_courses_are_without_what_was_retracted() -> None:
    done = (
        course_completion("c-2"),
        course_completion("c-1"),
        course_completion("c-1", NOW - DAY),
        course_completion("c-3", retracted_at=NOW),
    )
    facts = HolderFacts(profile=user(), course_completions=done)

    assert value_of("completed_courses", facts) == ("c-1", "c-2")


def test_records_are_matched_by_the_value_the_mapping_names() -> None:
    someone = user(identities=frozenset({Identity(source="lms-1", external_id="77")}))
    by_identity = {
        "match": {"source": "identity:lms-1", "target": "x"},
        "fields": [{"value": 1, "target": "t"}],
    }
    firm = organization(domain="partner.example")

    assert match_value(mapping_from_json("hubspot", "contact", by_identity).match, someone) == "77"
    assert match_value(mapping_from_json("hubspot", "contact", by_identity).match, user()) == ""
    assert match_value(mapping({"value": 1, "target": "t"}).match, someone) == "u-1@partner.example"
    company = mapping({"value": 1, "target": "t"}, name="company")
    assert match_value(company.match, firm) == "o-1"
    assert match_value(replace(company.match, source="domain"), firm) == "partner.example"


def test_an_organization_counts_its_active_users_who_hold_it_today() -> None:
    counted = frozenset({"cert-1"})
    someone = user(organization_id="o-1")
    active = memberships_of(someone, [completion()], counted)
    ahead = memberships_of(someone, [completion(effective_date=TODAY + DAY, started_on=None)], counted)
    lapsed = memberships_of(someone, [completion(lapsed_on=TODAY + 366 * DAY)], counted)
    inactive = memberships_of(replace(someone, active=False), [completion()], counted)

    assert certified_count([*active, *ahead], TODAY) == 1
    assert certified_count([*active, *ahead], TODAY + DAY) == 2
    assert certified_count(active, TODAY + 366 * DAY) == 0
    assert (lapsed, inactive) == (frozenset(), frozenset())


def test_a_start_recorded_for_a_later_day_counts_from_then_on() -> None:
    begun = completion(effective_date=TODAY + 9 * DAY, started_on=TODAY + 9 * DAY)

    assert (
        certified_count(memberships_of(user(organization_id="o"), [begun], frozenset({"cert-1"})), TODAY) == 1
    )
