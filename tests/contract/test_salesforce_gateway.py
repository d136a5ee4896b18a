"""The Salesforce adapter against the sandbox: what is found, written, refused record by record, and read back."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certification.adapters.crm.salesforce_values import decode, encode, property_of
from certification.adapters.crm.soql import LONGEST_QUERY, literal, queries
from certification.domain.connection import StoredMapping
from certification.domain.crm_gateway import CrmGateway
from certification.domain.crm_property import CrmProperty, PropertyKind
from certification.domain.mapping_check import KnownValues, check_mapping
from certification.domain.mapping_reader import mapping_from_json
from certification.domain.push import Fate
from certification.domain.push_plan import canonical
from contract.salesforce import (
    COLLECTIONS,
    COUNT,
    EXPIRES,
    STATUS,
    calls,
    email,
    fates,
    gateway,
    mapped,
    people,
    record,
    statuses,
    to,
)
from contract.sandbox import CrmSandbox

RECORDED = Path(__file__).parents[2] / "local/crm_sandbox/recorded"


@pytest.fixture
def crm(sandbox: CrmSandbox) -> CrmGateway:
    return gateway(sandbox)


@pytest.fixture
def contacts(sandbox: CrmSandbox, crm: CrmGateway) -> StoredMapping:
    """The mapping, and no calls yet; the gateway has its token."""
    stored = mapped(crm)
    sandbox.forget_calls()
    return stored


# ---- what is written, and where


def test_known_ids_are_updated_in_one_call_with_results_in_order(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    ids = people(sandbox, 200)
    assert crm.batch_size == 200

    batch = [to(record_id=each, Certification_Count__c=place) for place, each in enumerate(reversed(ids))]
    pushed = crm.push(contacts, batch)

    assert fates(pushed) == [Fate.WRITTEN] * 200
    assert [each.record_id for each in pushed] == ids[::-1]
    assert [record(sandbox, each)["Certification_Count__c"] for each in reversed(ids)] == list(range(200))
    assert calls(sandbox) == [("PATCH", COLLECTIONS, 200)]


def test_unknown_ones_are_found_by_their_key_and_nothing_is_made_up(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    ann, bob = people(sandbox, 2)
    pushed = crm.push(contacts, [to("nobody@partner.example"), to(" U-1@PARTNER.example"), to(email(0))])

    assert fates(pushed) == [Fate.NOT_FOUND, Fate.WRITTEN, Fate.WRITTEN]
    assert [each.record_id for each in pushed] == ["", bob, ann]
    assert "nobody@partner.example" in pushed[0].message
    assert len(sandbox.records("salesforce", "Contact")) == 2
    assert [(method, count) for method, _, count in calls(sandbox)] == [("GET", 0), ("PATCH", 2)]


def test_two_hundred_are_found_in_one_query(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    ids = people(sandbox, 200)
    pushed = crm.push(contacts, [to(email(number)) for number in range(200)])
    assert [each.record_id for each in pushed] == ids
    assert len(calls(sandbox)) == 2


def test_several_records_for_one_value_are_named_and_none_is_written(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    twins = [sandbox.add("salesforce", "Contact", Email=each, LastName="T") for each in ("T@x.eu", "t@x.eu")]
    (ann,) = people(sandbox, 1)

    for create in (False, True):
        pushed = crm.push(contacts, [to("t@X.eu", create=create), to(email(0), create=create)])
        assert fates(pushed) == [Fate.AMBIGUOUS, Fate.WRITTEN]
        assert all(twin in pushed[0].message for twin in twins)

    assert [record(sandbox, twin).get("Sales_Pro_Status__c") for twin in twins] == [None, None]
    assert record(sandbox, ann)["Sales_Pro_Status__c"] == "active"


def test_a_look_tells_what_a_push_would_find_and_writes_nothing(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    ann, bob = people(sandbox, 2)
    for _ in range(2):
        sandbox.add("salesforce", "Contact", Email="twin@partner.example", LastName="T")
    batch = [
        to("cy@partner.example", create=True),
        to("dee@partner.example"),
        to("twin@partner.example", create=True),
        to(email(1).upper(), create=True),
        to(record_id=ann),
        to(email(0)),
    ]

    found = crm.look(contacts, batch)

    assert [each.record_id for each in found] == ["", "", "", bob, ann, ""]
    assert [each.code for each in found] == ["", "no_record", "several_records", "", "", "same_record"]
    assert {call["method"] for call in sandbox.calls("salesforce") if call["path"].count("data")} == {"GET"}


def test_what_is_missing_is_made_with_the_holders_name_where_that_is_allowed(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    (ann,) = people(sandbox, 1)
    batch = [to("New@partner.example", create=True, name="Ada  King Lovelace"), to(email(0), create=True)]
    pushed = crm.push(contacts, batch)

    assert fates(pushed) == [Fate.WRITTEN] * 2
    assert pushed[1].record_id == ann
    made = record(sandbox, pushed[0].record_id)
    assert (made["FirstName"], made["LastName"]) == ("Ada King", "Lovelace")
    assert made["Sales_Pro_Status__c"] == "active"


def test_the_names_of_records_that_exist_are_never_touched(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    ids = people(sandbox, 3)
    batch = [to(email(number), create=True, name="Somebody Else") for number in range(3)]
    assert fates(crm.push(contacts, batch)) == [Fate.WRITTEN] * 3
    assert [record(sandbox, each)["LastName"] for each in ids] == ["Person 0", "Person 1", "Person 2"]
    assert calls(sandbox) == [("PATCH", f"{COLLECTIONS}/Contact/Email", 3)]


def test_without_a_name_salesforce_says_what_it_needs(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    (pushed,) = crm.push(contacts, [to("new@partner.example", create=True)])
    assert (pushed.fate, pushed.code) == (Fate.REFUSED, "REQUIRED_FIELD_MISSING")
    assert "LastName" in pushed.message
    assert len(calls(sandbox)) == 1, "asking again without a name would be in vain"
    assert sandbox.records("salesforce", "Contact") == {}


def test_accounts_are_found_and_made_by_an_external_id(sandbox: CrmSandbox, crm: CrmGateway) -> None:
    north = sandbox.add("salesforce", "Account", Name="Northwind", Partner_Id__c="o-1")
    stored = mapped(crm, COUNT, name="account", by=("organization_id", "Partner_Id__c"))

    pushed = crm.push(
        stored,
        [
            to("o-1", Certification_Count__c=3),
            to("o-2", Certification_Count__c=1, create=True, name="Contoso & Sons"),
            to("o-3", Certification_Count__c=1),
        ],
    )

    assert fates(pushed) == [Fate.WRITTEN, Fate.WRITTEN, Fate.NOT_FOUND]
    records = sandbox.records("salesforce", "Account")
    assert records.pop(north)["Certification_Count__c"] == 3
    (made,) = records.values()
    assert (made["Name"], made["Partner_Id__c"], made["Certification_Count__c"]) == (
        "Contoso & Sons",
        "o-2",
        1,
    )


def test_an_external_id_may_be_a_number(sandbox: CrmSandbox, crm: CrmGateway) -> None:
    sandbox.define(
        "salesforce", "Contact", name="Partner_No__c", type="double", externalId=True, idLookup=True
    )
    ann = sandbox.add("salesforce", "Contact", LastName="A", Partner_No__c=4711)
    stored = mapped(crm, STATUS, by=("identity:erp", "Partner_No__c"))

    pushed = crm.push(stored, [to("4711"), to("4712"), to("4713", create=True, name="New One")])

    assert fates(pushed) == [Fate.WRITTEN, Fate.NOT_FOUND, Fate.WRITTEN]
    assert pushed[0].record_id == ann
    assert record(sandbox, pushed[2].record_id)["Partner_No__c"] == 4713


def test_the_record_id_may_itself_be_what_matches(sandbox: CrmSandbox, crm: CrmGateway) -> None:
    ann, bob = people(sandbox, 2)
    stored = mapped(crm, STATUS, by=("identity:salesforce", "Id"))

    pushed = crm.push(stored, [to(bob), to("0035g0000000999AAA"), to("nonsense"), to(ann[:15], create=True)])

    assert fates(pushed) == [Fate.WRITTEN, Fate.NOT_FOUND, Fate.REFUSED, Fate.WRITTEN]
    assert statuses(sandbox) == ["active", "active"]
    assert [each.record_id for each in crm.find(stored, bob[:15])] == [bob]
    assert crm.find(stored, "nonsense") == []


def test_contacts_of_one_account_stand_side_by_side(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    """Each locks its account; Salesforce then takes each account's lock once."""
    order: list[str] = []
    gateway_: Any = crm
    write = gateway_._api.write

    def listening(kind: str, records: Any, *args: Any, **more: Any) -> Any:
        order.extend(each["id"] for each in records)
        return write(kind, records, *args, **more)

    gateway_._api.write = listening
    ids = people(sandbox, 6)

    pushed = crm.push(
        contacts, [to(record_id=each, group=f"o-{place % 2}") for place, each in enumerate(ids)]
    )

    assert order == [*ids[::2], *ids[1::2]]
    assert [each.record_id for each in pushed] == ids


@pytest.mark.parametrize(("version", "wanted"), [("", "v62.0"), ("59.0", "v59.0"), ("v60.0", "v60.0")])
def test_the_api_version_is_a_setting(sandbox: CrmSandbox, version: str, wanted: str) -> None:
    (ann,) = people(sandbox, 1)
    crm = gateway(sandbox, api_version=version)
    crm.push(mapped(crm), [to(record_id=ann)])
    assert sandbox.calls("salesforce")[-1]["path"] == f"/services/data/{wanted}/{COLLECTIONS}"


# ---- one record is refused, its neighbours are not


def test_two_holders_with_one_address_do_not_spoil_the_batch(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    people(sandbox, 2)
    for create in (False, True):
        batch = [to(email(0), create=create), to("U-0@partner.example", create=create), to(email(1))]
        pushed = crm.push(contacts, batch)
        assert fates(pushed) == [Fate.WRITTEN, Fate.REFUSED, Fate.WRITTEN]
        assert pushed[1].code == "same_record"


def test_a_deleted_record_is_disconnected_and_one_that_never_was_is_not_found(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    ann, bob = people(sandbox, 2)
    sandbox.delete("salesforce", "Contact", ann)

    pushed = crm.push(contacts, [to(record_id=ann), to(record_id=bob), to(record_id="0035g0000000999AAA")])

    assert fates(pushed) == [Fate.DELETED, Fate.WRITTEN, Fate.NOT_FOUND]
    assert (pushed[0].code, pushed[0].message) == ("ENTITY_IS_DELETED", "entity is deleted")


def test_a_merged_record_is_gone_and_found_again_by_its_key(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    lost, kept = people(sandbox, 2)
    sandbox.merge("salesforce", "Contact", lost, into=kept)
    assert fates(crm.push(contacts, [to(record_id=lost)])) == [Fate.DELETED]
    assert [each.record_id for each in crm.push(contacts, [to(email(1))])] == [kept]


def test_a_locked_record_is_busy_and_nothing_is_wrong_with_it(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    ann, bob = people(sandbox, 2)
    sandbox.misbehave("salesforce", "lock", value=ann[:15], count=1)
    assert fates(crm.push(contacts, [to(record_id=ann), to(record_id=bob)])) == [Fate.BUSY, Fate.WRITTEN]
    assert fates(crm.push(contacts, [to(record_id=ann)])) == [Fate.WRITTEN]


def test_a_validation_rule_fails_its_record_in_salesforces_own_words(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    ids = people(sandbox, 5)
    sandbox.misbehave("salesforce", "refuse", value=ids[2][:15])
    pushed = crm.push(contacts, [to(record_id=each) for each in ids])
    assert [place for place, each in enumerate(pushed) if each.fate is Fate.REFUSED] == [2]
    assert (pushed[2].code, pushed[2].message) == (
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "A validation rule of this org refuses the value",
    )
    assert statuses(sandbox).count("active") == 4


def test_values_that_do_not_fit_fail_only_their_own_record(sandbox: CrmSandbox, crm: CrmGateway) -> None:
    ids = people(sandbox, 3)
    stored = mapped(crm, STATUS, {"certification_id": "c", "source": "name", "target": "Short__c"})
    pushed = crm.push(
        stored,
        [
            to(record_id=ids[0], Short__c="far too long"),
            to(record_id=ids[1], Sales_Pro_Status__c="gold"),
            to(record_id=ids[2], Short__c="fits"),
        ],
    )
    assert [each.code for each in pushed] == [
        "STRING_TOO_LONG",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "",
    ]
    assert record(sandbox, ids[2])["Short__c"] == "fits"


@pytest.mark.parametrize("culprits", [{0}, {199}, {3, 77, 150}])
def test_a_batch_that_cannot_be_read_is_halved_until_the_culprit_stands_alone(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping, culprits: set[int]
) -> None:
    ids = people(sandbox, 200)
    batch = [
        to(record_id=each, Sales_Pro_Expires__c="31.12.2027" if place in culprits else date(2027, 12, 31))
        for place, each in enumerate(ids)
    ]

    pushed = crm.push(contacts, batch)

    assert {place for place, each in enumerate(pushed) if each.fate is Fate.REFUSED} == culprits
    assert all(pushed[place].code == "JSON_PARSER_ERROR" for place in culprits)
    written = [each.get("Sales_Pro_Expires__c") for each in sandbox.records("salesforce", "Contact").values()]
    assert written.count("2027-12-31") == 200 - len(culprits)


# ---- values


def test_values_go_out_as_salesforce_wants_them_and_come_back_as_ours(
    sandbox: CrmSandbox, crm: CrmGateway
) -> None:
    stored = mapped(
        crm,
        STATUS,
        EXPIRES,
        COUNT,
        {"source": "active_certifications", "target": "Certifications__c"},
        {"certification_id": "c", "source": "verify_url", "target": "Verify_Url__c"},
        {"value": True, "target": "Certified__c"},
        {"value": "Partner", "target": "Contact_Kind__c"},
        {"source": "latest_completion_date", "target": "Sales_Pro_Completed__c"},
    )
    (ann,) = people(sandbox, 1)
    values: dict[str, Any] = {
        "Sales_Pro_Status__c": "active",
        "Sales_Pro_Expires__c": date(2027, 11, 20),
        "Certification_Count__c": 2,
        "Certifications__c": ("c-2", "c-1"),
        "Verify_Url__c": "https://certs.example/verify/x",
        "Certified__c": True,
        "Contact_Kind__c": "Partner",
        "Sales_Pro_Completed__c": date(1969, 12, 31),
    }
    assert fates(crm.push(stored, [to(record_id=ann, **values)])) == [Fate.WRITTEN]

    raw = record(sandbox, ann)
    assert (raw["Sales_Pro_Expires__c"], raw["Sales_Pro_Completed__c"]) == ("2027-11-20", "1969-12-31")
    assert (raw["Certified__c"], raw["Certifications__c"]) == (True, "c-2;c-1")
    shown = {target: canonical(value) for target, value in values.items()}
    assert crm.read(stored, [ann])[ann].values == shown
    assert [each.values for each in crm.find(stored, email(0).upper())] == [shown]

    cleared: dict[str, Any] = dict.fromkeys(values)
    assert fates(crm.push(stored, [to(record_id=ann, **cleared)])) == [Fate.WRITTEN]
    assert record(sandbox, ann)["Sales_Pro_Expires__c"] is None
    left = dict(crm.read(stored, [ann])[ann].values)
    assert left.pop("Certified__c") == "false", "a checkbox knows no empty value"
    assert set(left.values()) == {""}


@pytest.mark.parametrize(
    ("kind", "ours", "theirs"),
    [
        (PropertyKind.DATE, date(2027, 2, 28), "2027-02-28"),
        (PropertyKind.DATE, "2027-02-28", "2027-02-28"),
        (PropertyKind.TEXT, date(2027, 2, 28), "2027-02-28"),
        (PropertyKind.DATE_TIME, date(2027, 2, 28), "2027-02-28T00:00:00.000Z"),
        (PropertyKind.NUMBER, 3, 3),
        (PropertyKind.NUMBER, "3.50", 3.5),
        (PropertyKind.NUMBER, "many", "many"),
        (PropertyKind.TEXT, 3, "3"),
        (PropertyKind.TEXT, True, "true"),
        (PropertyKind.BOOLEAN, "true", True),
        (PropertyKind.BOOLEAN, False, False),
        (PropertyKind.BOOLEAN, None, False),
        (PropertyKind.CHOICES, ("b", "a"), "b;a"),
        (PropertyKind.CHOICES, (), None),
        (PropertyKind.CHOICE, "", None),
        (PropertyKind.DATE, None, None),
        (None, 7, 7),
        (None, date(2027, 2, 28), "2027-02-28"),
    ],
)
def test_a_value_has_the_json_type_of_its_field(kind: PropertyKind | None, ours: Any, theirs: Any) -> None:
    sent = encode(kind, ours)
    assert sent == theirs
    assert type(sent) is type(theirs)


def test_a_date_and_time_at_midnight_is_shown_as_its_date() -> None:
    assert decode(PropertyKind.DATE_TIME, "2027-02-28T00:00:00.000+0000") == "2027-02-28"
    assert decode(PropertyKind.DATE_TIME, "2027-02-28T10:00:00.000+0000") == "2027-02-28T10:00:00.000+0000"


CHOICES = st.frozensets(st.text("abc-1", min_size=1)).map(tuple)


@given(
    st.one_of(
        st.tuples(st.just(PropertyKind.DATE), st.dates()),
        st.tuples(st.just(PropertyKind.NUMBER), st.integers(-(10**12), 10**12)),
        st.tuples(st.just(PropertyKind.BOOLEAN), st.booleans()),
        st.tuples(st.just(PropertyKind.TEXT), st.text()),
        st.tuples(st.just(PropertyKind.CHOICE), st.text()),
        st.tuples(st.just(PropertyKind.CHOICES), CHOICES),
    )
)
def test_what_is_sent_is_read_back_as_it_is_remembered(pair: tuple[PropertyKind, Any]) -> None:
    kind, value = pair
    on_the_wire = json.loads(json.dumps(encode(kind, value)))
    assert decode(kind, on_the_wire) == canonical(value)


# ---- reading back


def test_records_are_read_by_id_those_that_exist(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    ann, bob, cy = people(sandbox, 3)
    crm.push(contacts, [to(record_id=ann, Certification_Count__c=1)])
    sandbox.delete("salesforce", "Contact", cy)

    found = crm.read(contacts, [bob, ann, cy, "0035g0000000999AAA", "nonsense", ann])

    assert {key: each.record_id for key, each in found.items()} == {ann: ann, bob: bob}
    assert found[ann].values["Certification_Count__c"] == "1"
    assert found[bob].values["Certification_Count__c"] == ""
    assert crm.read(contacts, []) == {}


def test_long_lists_are_looked_up_in_as_few_queries_as_a_url_can_carry(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    addresses = [f"{number:03}-{'x' * 60}@partner.example" for number in range(200)]
    ids = [sandbox.add("salesforce", "Contact", Email=each, LastName="L") for each in addresses]

    pushed = crm.push(contacts, [to(each) for each in addresses])

    assert [each.record_id for each in pushed] == ids
    assert [method for method, _, _ in calls(sandbox)] == ["GET", "GET", "PATCH"]


NASTY = [
    "o'hara@x.eu",
    "a\\@x.eu",
    "a\\' OR Email != '@x.eu",
    "') OR Id != (' @x.eu",
    "ü+%&=#?@x.eu",
    "a\n@x.eu",
]


def test_no_value_can_end_its_quotation(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    ids = [sandbox.add("salesforce", "Contact", Email=each, LastName="L") for each in NASTY]
    people(sandbox, 3)
    assert [each.record_id for each in crm.push(contacts, [to(value) for value in NASTY])] == ids
    assert [[each.record_id for each in crm.find(contacts, value)] for value in NASTY] == [[i] for i in ids]
    assert statuses(sandbox).count("active") == len(NASTY)


@given(st.text())
def test_a_literal_is_one_quotation_whatever_is_in_it(value: str) -> None:
    inner = literal(value)[1:-1]
    unescaped = inner.replace("\\\\", "").replace("\\'", "")
    assert "'" not in unescaped
    assert not unescaped.endswith("\\")


@given(st.lists(st.text(min_size=1, max_size=300), max_size=60))
def test_queries_carry_everything_once(values: list[str]) -> None:
    literals = [literal(value) for value in values]
    made = list(queries(["Id"], "Contact", "Email", literals))
    assert "".join(text.partition(" IN (")[2][:-1] + ", " for text in made) == "".join(
        f"{e}, " for e in literals
    )
    assert all(len(text.encode()) <= LONGEST_QUERY for text in made)


# ---- metadata, as an org really describes it


def recorded(name: str) -> list[CrmProperty]:
    shape = json.loads((RECORDED / f"describe_{name}.json").read_text())
    return [property_of(field) for field in shape["fields"]]


def codes(name: str, *fields: dict[str, Any], by: tuple[str, str] = ("email", "Email")) -> list[str]:
    object_name = name.lower()
    shape = {"match": {"source": by[0], "target": by[1]}, "fields": list(fields)}
    problems = check_mapping(
        mapping_from_json("salesforce", object_name, shape),
        recorded(name),
        KnownValues(names={"c": "N" * 41}),
    )
    return [problem.code for problem in problems]


def test_a_recorded_description_is_read_whole() -> None:
    contact = {each.name: each for each in recorded("Contact")}
    assert (contact["Email"].unique, contact["Email"].kind, contact["Email"].max_length) == (
        True,
        PropertyKind.TEXT,
        80,
    )
    assert contact["Birthdate"].kind is PropertyKind.DATE
    assert contact["IsEmailBounced"].kind is PropertyKind.BOOLEAN
    assert contact["LeadSource"].kind is PropertyKind.CHOICE
    assert "Web" in contact["LeadSource"].options
    assert not contact["CreatedDate"].writable
    assert contact["AccountId"].kind is PropertyKind.OTHER
    assert {each.name for each in recorded("Account") if each.unique} == {"Id"}


def test_a_mapping_is_held_against_a_recorded_description() -> None:
    assert codes("Contact", {"value": "Partner", "target": "Department"}) == []
    assert codes("Contact", {"value": "2027-01-01", "target": "Birthdate"}) == []
    assert codes("Contact", {"value": "x", "target": "Nonsense__c"}) == ["unknown_property"]
    assert codes("Contact", {"value": "x", "target": "Title"}, by=("email", "Department")) == ["not_unique"]
    assert codes("Account", {"value": "x", "target": "Site"}, by=("domain", "Website")) == ["not_unique"]
    assert codes("Contact", {"value": "2027-01-01", "target": "LastModifiedDate"}) == ["read_only_property"]
    assert codes("Contact", {"value": "x", "target": "Birthdate"}) == ["wrong_type"]
    assert codes("Contact", {**STATUS, "target": "AccountId"}) == ["wrong_type"]
    assert codes("Contact", {"certification_id": "c", "source": "name", "target": "Salutation"}) == [
        "wrong_type"
    ]
    assert codes("Contact", {"certification_id": "c", "source": "name", "target": "AssistantName"}) == [
        "text_too_short"
    ]


def test_a_picklist_that_is_not_restricted_takes_every_value() -> None:
    """LeadSource of the recorded org is open; what is closed needs our values."""
    assert codes("Contact", {**STATUS, "target": "LeadSource"}) == []
    restricted = [
        each.name for each in recorded("Contact") if each.kind is PropertyKind.CHOICE and each.restricted
    ]
    assert restricted
    assert codes("Contact", {**STATUS, "target": restricted[0]}) in (
        ["option_missing"],
        ["read_only_property"],
    )


def test_properties_tell_what_is_calculated_short_and_a_key(crm: CrmGateway) -> None:
    found = {each.name: each for each in crm.properties("contact")}
    assert (found["Level__c"].calculated, found["Level__c"].writable) == (True, False)
    assert found["Short__c"].max_length == 5
    assert found["Partner_User_Id__c"].unique
    assert found["Certifications__c"].kind is PropertyKind.CHOICES


def test_inactive_values_of_a_picklist_do_not_count() -> None:
    values = [{"value": "old", "active": False}, {"value": "new", "active": True}, {"active": True}]
    shape = {"name": "T", "type": "picklist", "picklistValues": values, "restrictedPicklist": True}
    assert property_of(shape).options == ("new",)
