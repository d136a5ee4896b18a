"""The HubSpot adapter against the sandbox: what is written, what is refused, and every way to fail."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from local.crm_sandbox.hubspot import TOKEN

from builders import NOW
from certification.adapters.crm.batches import MOST_CALLS
from certification.adapters.crm.deadline import Patience
from certification.adapters.crm.hubspot import open_gateway
from certification.domain.connection import Connection, PauseReason, StoredMapping
from certification.domain.crm_gateway import CrmGateway
from certification.domain.crm_property import PropertyKind
from certification.domain.mapping_reader import mapping_from_json
from certification.domain.push import Fate, Outgoing, Pushed, PushFailedError
from contract.sandbox import CrmSandbox

USUAL = Patience()
SHORT = Patience(connect=1, read=0.7, whole=2, least=0.1)
"""Only where silence is tested: a busy machine is slower than that, too."""
STATUS = {"certification_id": "c", "source": "status", "target": "sales_pro_status"}
EXPIRES = {"certification_id": "c", "source": "expiration_date", "target": "sales_pro_expires"}
COUNT = {"source": "active_certification_count", "target": "certification_count"}
UPDATE, UPSERT, READ = "batch/update", "batch/upsert", "batch/read"


def gateway(sandbox: CrmSandbox, *, patience: Patience = USUAL, **changes: Any) -> CrmGateway:
    token = changes.pop("token", TOKEN)
    values = {"base_url": sandbox.hubspot_url, "credentials": "access_token", "link": "l", "changed_at": NOW}
    connection = Connection(crm="hubspot", **{**values, **changes})
    return open_gateway(connection, {"access_token": token}, patience=patience)


def mapped(
    crm: CrmGateway, *fields: dict[str, Any], name: str = "contact", by: tuple[str, str] = ("email", "email")
) -> StoredMapping:
    """As it is stored: with the kinds of its properties."""
    shape = {
        "match": {"source": by[0], "target": by[1]},
        "fields": list(fields or (STATUS, EXPIRES, COUNT)),
    }
    mapping = mapping_from_json("hubspot", name, shape)
    targets = {one.target for one in mapping.fields}
    kinds = {each.name: each.kind.value for each in crm.properties(name) if each.name in targets}
    return StoredMapping(mapping=mapping, kinds=kinds, checked_at=NOW, changed_at=NOW)


@pytest.fixture
def crm(sandbox: CrmSandbox) -> CrmGateway:
    return gateway(sandbox)


@pytest.fixture
def contacts(sandbox: CrmSandbox, crm: CrmGateway) -> StoredMapping:
    stored = mapped(crm)
    sandbox.forget_calls()
    return stored


def to(
    match_value: str = "", record_id: str = "", create: bool = False, name: str = "", **values: Any
) -> Outgoing:
    given = values or {"sales_pro_status": "active"}
    return Outgoing(record_id=record_id, match_value=match_value, values=given, create=create, name=name)


def people(sandbox: CrmSandbox, count: int) -> list[str]:
    return [sandbox.add("hubspot", "contacts", email=email(number)) for number in range(count)]


def email(number: int) -> str:
    return f"u-{number}@partner.example"


def record(sandbox: CrmSandbox, record_id: str) -> dict[str, Any]:
    return sandbox.record("hubspot", "contacts", record_id)


def statuses(sandbox: CrmSandbox) -> list[str]:
    return [each.get("sales_pro_status", "") for each in sandbox.records("hubspot", "contacts").values()]


def fates(pushed: Sequence[Pushed]) -> list[Fate]:
    return [each.fate for each in pushed]


def paths(sandbox: CrmSandbox) -> list[tuple[str, int]]:
    return [
        (call["path"].split("contacts/")[-1].split("companies/")[-1], call["records"])
        for call in sandbox.calls("hubspot")
    ]


# ---- what is written, and where


def test_known_ids_are_updated_in_one_call(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    ids = people(sandbox, 100)
    pushed = crm.push(
        contacts, [to(record_id=each, certification_count=place) for place, each in enumerate(ids)]
    )

    assert fates(pushed) == [Fate.WRITTEN] * 100
    assert [each.record_id for each in pushed] == ids
    assert all(each.correlation_id for each in pushed)
    assert [record(sandbox, each)["certification_count"] for each in ids] == [str(n) for n in range(100)]
    assert paths(sandbox) == [(UPDATE, 100)]


def test_unknown_ones_are_found_by_their_key_and_nothing_is_made_up(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    (ann, bob) = people(sandbox, 2)
    pushed = crm.push(contacts, [to("nobody@partner.example"), to(" U-1@PARTNER.example"), to(email(0))])

    assert fates(pushed) == [Fate.NOT_FOUND, Fate.WRITTEN, Fate.WRITTEN]
    assert [each.record_id for each in pushed] == ["", bob, ann]
    assert "nobody@partner.example" in pushed[0].message
    assert len(sandbox.records("hubspot", "contacts")) == 2
    assert paths(sandbox) == [(READ, 3), (UPDATE, 2)]


def test_what_is_missing_is_made_where_that_is_allowed(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    (ann,) = people(sandbox, 1)
    pushed = crm.push(
        contacts, [to("New@Partner.example", create=True), to("U-0@partner.example", create=True)]
    )

    assert fates(pushed) == [Fate.WRITTEN] * 2
    assert pushed[1].record_id == ann
    assert record(sandbox, pushed[0].record_id) == {
        "email": "new@partner.example",
        "sales_pro_status": "active",
    }
    assert paths(sandbox) == [(UPSERT, 2)]


def test_known_sought_and_new_ones_go_together(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    ann, bob = people(sandbox, 2)
    pushed = crm.push(
        contacts, [to("cy@partner.example", create=True), to(email(1)), to("ignored", record_id=ann)]
    )

    assert fates(pushed) == [Fate.WRITTEN] * 3
    assert [each.record_id for each in pushed[1:]] == [bob, ann]
    assert statuses(sandbox) == ["active"] * 3
    assert paths(sandbox) == [(READ, 1), (UPDATE, 2), (UPSERT, 1)]


def test_a_look_tells_what_a_push_would_find_and_writes_nothing(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    ann, bob = people(sandbox, 2)
    batch = [
        to("cy@partner.example", create=True),
        to("dee@partner.example"),
        to(email(1).upper(), create=True),
        to("ignored", record_id=ann),
        to(email(0)),
    ]

    found = crm.look(contacts, batch)

    assert [each.record_id for each in found] == ["", "", bob, ann, ""]
    assert [each.code for each in found] == ["", "no_record", "", "", "same_record"]
    assert paths(sandbox) == [(READ, 4)]
    assert statuses(sandbox) == ["", ""]


def test_values_go_out_as_hubspot_wants_them_and_come_back_as_ours(
    sandbox: CrmSandbox, crm: CrmGateway
) -> None:
    choices = {"type": "enumeration", "fieldType": "checkbox", "options": ["c-1", "c-2"]}
    sandbox.define("hubspot", "contacts", name="certifications", **choices)
    stored = mapped(
        crm,
        STATUS,
        EXPIRES,
        COUNT,
        {"source": "active_certifications", "target": "certifications"},
        {"certification_id": "c", "source": "verify_url", "target": "verify_url"},
        {"value": True, "target": "certified"},
        {"value": "Partner", "target": "contact_kind"},
        {"source": "latest_completion_date", "target": "sales_pro_completed"},
    )
    (ann,) = people(sandbox, 1)
    values: dict[str, Any] = {
        "sales_pro_status": "active",
        "sales_pro_expires": date(2027, 11, 20),
        "certification_count": 2,
        "certifications": ("c-2", "c-1"),
        "verify_url": "https://certs.example/verify/x",
        "certified": True,
        "contact_kind": "Partner",
        "sales_pro_completed": date(1969, 12, 31),
    }
    assert fates(crm.push(stored, [to(record_id=ann, **values)])) == [Fate.WRITTEN]

    raw = record(sandbox, ann)
    assert (raw["sales_pro_expires"], raw["sales_pro_completed"]) == ("1826668800000", "-86400000")
    assert (raw["certified"], raw["certifications"]) == ("true", "c-2;c-1")
    assert crm.read(stored, [ann])[ann].values == {
        "sales_pro_status": "active",
        "sales_pro_expires": "2027-11-20",
        "certification_count": "2",
        "certifications": ("c-1", "c-2"),
        "verify_url": "https://certs.example/verify/x",
        "certified": "true",
        "contact_kind": "Partner",
        "sales_pro_completed": "1969-12-31",
    }

    cleared: dict[str, Any] = dict.fromkeys(values)
    assert fates(crm.push(stored, [to(record_id=ann, **cleared)])) == [Fate.WRITTEN]
    assert set(crm.read(stored, [ann])[ann].values.values()) == {""}


def test_a_company_is_found_by_a_unique_property_of_its_own(sandbox: CrmSandbox, crm: CrmGateway) -> None:
    north = sandbox.add("hubspot", "companies", name="Northwind", partner_id="O-1")
    stored = mapped(crm, COUNT, name="company", by=("organization_id", "partner_id"))

    pushed = crm.push(
        stored,
        [
            to("o-1", certification_count=3, create=True, name="Our name of it"),
            to("o-2", certification_count=1, create=True, name="Southwind"),
            to("o-3", certification_count=1),
        ],
    )

    assert fates(pushed) == [Fate.WRITTEN, Fate.WRITTEN, Fate.NOT_FOUND]
    records = sandbox.records("hubspot", "companies")
    assert records.pop(north) == {"name": "Northwind", "partner_id": "O-1", "certification_count": "3"}
    assert list(records.values()) == [{"partner_id": "o-2", "name": "Southwind", "certification_count": "1"}]
    assert paths(sandbox)[-3:] == [(READ, 3), (UPDATE, 1), (UPSERT, 1)]


def test_a_person_made_by_another_key_than_the_address_gets_its_name(
    sandbox: CrmSandbox, crm: CrmGateway
) -> None:
    stored = mapped(crm, STATUS, by=("user_id", "partner_user_id"))
    pushed = crm.push(
        stored, [to("u-1", create=True, name="Ada  King Lovelace"), to("u-2", create=True, name="Plato")]
    )
    assert fates(pushed) == [Fate.WRITTEN] * 2
    names = [(r.get("firstname"), r["lastname"]) for r in sandbox.records("hubspot", "contacts").values()]
    assert names == [("Ada King", "Lovelace"), (None, "Plato")]


def test_the_record_id_may_itself_be_what_matches(sandbox: CrmSandbox, crm: CrmGateway) -> None:
    ann, bob = people(sandbox, 2)
    stored = mapped(crm, STATUS, by=("identity:hubspot", "hs_object_id"))

    pushed = crm.push(stored, [to(bob), to("999"), to("nonsense"), to(ann, create=True)])

    assert fates(pushed) == [Fate.WRITTEN, Fate.NOT_FOUND, Fate.REFUSED, Fate.WRITTEN]
    assert statuses(sandbox) == ["active", "active"]
    assert [each.record_id for each in crm.find(stored, bob)] == [bob]
    assert crm.find(stored, "999") == []


@pytest.mark.parametrize("version", ["v3", "2026-09", ""])
def test_the_api_version_is_a_setting(sandbox: CrmSandbox, version: str) -> None:
    (ann,) = people(sandbox, 1)
    crm = gateway(sandbox, api_version=version)
    crm.push(mapped(crm), [to(record_id=ann)])
    wanted = "/crm/v3/objects/contacts/" if version == "v3" else "/crm/objects/2026-09/contacts/"
    assert sandbox.calls("hubspot")[-1]["path"] == f"{wanted}{UPDATE}"


def test_the_root_of_the_sandbox_is_a_base_url_too(sandbox: CrmSandbox) -> None:
    assert "424242" in gateway(sandbox, base_url=f"{sandbox.url}/").test()


# ---- two inputs for one record; results by what they say


@pytest.mark.parametrize("create", [False, True])
def test_two_holders_with_one_address_do_not_spoil_the_batch(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping, create: bool
) -> None:
    people(sandbox, 2)
    batch = [
        to(email(0), create=create),
        to("U-0@partner.example", create=create),
        to(email(1), create=create),
    ]

    pushed = crm.push(contacts, batch)

    assert fates(pushed) == [Fate.WRITTEN, Fate.REFUSED, Fate.WRITTEN]
    assert pushed[1].code == "same_record"
    assert statuses(sandbox) == ["active", "active"]
    assert len(paths(sandbox)) == (1 if create else 2)


def test_a_known_id_and_an_address_of_the_same_record_do_not_spoil_the_batch(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    ann, _ = people(sandbox, 2)
    pushed = crm.push(contacts, [to(email(0)), to(record_id=ann), to(email(1))])
    assert sorted(fates(pushed)) == [Fate.REFUSED, Fate.WRITTEN, Fate.WRITTEN]
    assert pushed[2].fate is Fate.WRITTEN


def test_two_records_that_were_merged_are_told_apart_one_by_one(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    """HubSpot refuses the batch, for what we cannot know before."""
    kept, lost, other = people(sandbox, 3)
    sandbox.merge("hubspot", "contacts", lost, into=kept)

    pushed = crm.push(contacts, [to(record_id=each) for each in (kept, lost, other)])

    assert fates(pushed) == [Fate.WRITTEN] * 3
    assert [each.record_id for each in pushed] == [kept, kept, other]


def test_a_merged_record_is_written_to_where_it_went(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    kept, lost = people(sandbox, 2)
    sandbox.merge("hubspot", "contacts", lost, into=kept)

    assert [each.record_id for each in crm.push(contacts, [to(record_id=lost)])] == [kept]
    assert [each.record_id for each in crm.push(contacts, [to(email(1))])] == [kept]
    assert [each.record_id for each in crm.push(contacts, [to(email(1), create=True)])] == [kept]
    assert set(crm.read(contacts, [lost])) == {lost, kept}
    assert len(sandbox.records("hubspot", "contacts")) == 1


def test_a_deleted_record_is_not_found_and_its_neighbours_are_written(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    ids = people(sandbox, 5)
    sandbox.delete("hubspot", "contacts", ids[2])

    pushed = crm.push(contacts, [to(record_id=each) for each in ids])

    assert fates(pushed) == [Fate.WRITTEN, Fate.WRITTEN, Fate.NOT_FOUND, Fate.WRITTEN, Fate.WRITTEN]
    assert (pushed[2].code, pushed[2].record_id) == ("OBJECT_NOT_FOUND", "")
    assert "may be deleted" in pushed[2].message
    assert fates(crm.push(contacts, [to(record_id=ids[2])])) == [Fate.NOT_FOUND]


def test_several_records_for_one_value_are_not_guessed_among(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    """Records that were made by import may share a value, which HubSpot's own rules would not let in."""
    twins = [sandbox.add("hubspot", "contacts", email="ann@partner.example") for _ in range(2)]
    (bob,) = people(sandbox, 1)

    pushed = crm.push(contacts, [to("ann@partner.example"), to(email(0))])

    assert fates(pushed) == [Fate.AMBIGUOUS, Fate.WRITTEN]
    assert pushed[0].code == "several_records"
    assert all(twin in pushed[0].message for twin in twins)
    assert record(sandbox, bob)["sales_pro_status"] == "active"
    assert [each.record_id for each in crm.find(contacts, "ann@partner.example")] == twins[::-1]


# ---- one bad record


@pytest.mark.parametrize("kind", ["refuse", "conflict", "partial"])
def test_a_batch_is_split_until_the_culprit_stands_alone(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping, kind: str
) -> None:
    ids = people(sandbox, 100)
    sandbox.misbehave("hubspot", kind, path=UPDATE, value=ids[37])

    pushed = crm.push(contacts, [to(record_id=each) for each in ids])

    assert [place for place, each in enumerate(pushed) if each.fate is not Fate.WRITTEN] == [37]
    assert (pushed[37].fate, pushed[37].code) == (
        Fate.REFUSED,
        "CONFLICT" if kind == "conflict" else "VALIDATION_ERROR",
    )
    assert pushed[37].message
    assert pushed[37].correlation_id
    assert statuses(sandbox).count("active") == 99
    assert len(paths(sandbox)) == {"refuse": 13, "conflict": 14, "partial": 1}[kind]


@pytest.mark.parametrize("create", [False, True])
def test_a_value_that_hubspot_refuses_fails_only_its_own_record(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping, create: bool
) -> None:
    people(sandbox, 8)
    batch = [
        to(email(n), create=create, sales_pro_status="gold" if n in {2, 5} else "active") for n in range(8)
    ]

    pushed = crm.push(contacts, batch)

    assert [place for place, each in enumerate(pushed) if each.fate is Fate.REFUSED] == [2, 5]
    assert "gold was not one of the allowed options" in pushed[2].message
    assert statuses(sandbox).count("active") == 6


def test_a_conflict_that_passes_by_itself_leaves_nothing_failed(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    """Somebody made the same record while we did."""
    sandbox.misbehave("hubspot", "conflict", path=UPSERT, count=1)
    assert fates(crm.push(contacts, [to(email(0), create=True)])) == [Fate.WRITTEN]

    sandbox.misbehave("hubspot", "conflict", path=UPSERT, count=1)
    pushed = crm.push(contacts, [to(email(n), create=True) for n in range(9)])
    assert fates(pushed) == [Fate.WRITTEN] * 9
    assert len(sandbox.records("hubspot", "contacts")) == 9


def test_a_hundred_culprits_cost_a_bounded_number_of_calls_and_end_all_the_same(
    sandbox: CrmSandbox, contacts: StoredMapping
) -> None:
    crm = gateway(sandbox)
    ids = people(sandbox, 100)
    sandbox.misbehave("hubspot", "refuse", path=UPDATE)
    left = [to(record_id=each) for each in ids]
    for _ in range(10):
        sandbox.forget_calls()
        pushed = crm.push(contacts, left)
        assert sandbox.call_count("hubspot") <= MOST_CALLS
        assert set(fates(pushed)) <= {Fate.REFUSED, Fate.BUSY}
        left = [one for one, each in zip(left, pushed, strict=True) if each.fate is Fate.BUSY]
        if not left:
            return
    raise AssertionError(f"{len(left)} records were never told what became of them")


def test_a_slow_crm_leaves_the_rest_of_a_split_for_the_next_time(
    sandbox: CrmSandbox, contacts: StoredMapping
) -> None:
    crm = gateway(sandbox, patience=Patience(whole=4, least=2))
    ids = people(sandbox, 64)
    sandbox.misbehave("hubspot", "refuse", path=UPDATE, value=ids[0], delay=0.5)
    pushed = crm.push(contacts, [to(record_id=each) for each in ids])
    assert Fate.BUSY in fates(pushed)
    assert all(each.code == "not_reached" for each in pushed if each.fate is Fate.BUSY)


# ---- when the call as a whole fails


def failed(crm: CrmGateway, stored: StoredMapping, *batch: Outgoing) -> PushFailedError:
    with pytest.raises(PushFailedError) as caught:
        crm.push(stored, batch or [to(email(0))])
    assert TOKEN not in str(caught.value)
    return caught.value


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What HubSpot does, and what it means for the connection."""

    kind: str
    how: dict[str, Any] = field(default_factory=dict)
    reason: PauseReason = PauseReason.UNAVAILABLE
    unknown: bool = True

    @property
    def patience(self) -> Patience:
        return SHORT if self.kind in {"timeout", "drip"} else USUAL

    def __str__(self) -> str:
        return f"{self.kind} {self.how or ''}"


FAILURES = [
    Failure(kind="throttle", reason=PauseReason.THROTTLED, unknown=False),
    Failure(kind="throttle", how={"retry_after": "7"}, reason=PauseReason.THROTTLED, unknown=False),
    *(Failure(kind="error", how={"status": status}) for status in (500, 502, 503, 504, 408, 302)),
    Failure(kind="timeout", how={"seconds": 2}),
    Failure(kind="timeout", how={"seconds": 2, "applied": False}),
    Failure(kind="close"),
    Failure(kind="close", how={"applied": False}),
    Failure(kind="drip", how={"seconds": 0.2}),
    Failure(kind="garbage"),
    Failure(kind="expired_token", reason=PauseReason.CREDENTIALS, unknown=False),
    Failure(kind="forbidden", reason=PauseReason.FORBIDDEN, unknown=False),
    Failure(kind="lock", reason=PauseReason.THROTTLED, unknown=False),
]


@pytest.mark.parametrize("given", FAILURES, ids=str)
def test_every_failure_of_a_call_is_told_apart_and_passes(
    sandbox: CrmSandbox, contacts: StoredMapping, given: Failure
) -> None:
    crm = gateway(sandbox, patience=given.patience)
    (ann,) = people(sandbox, 1)
    sandbox.misbehave("hubspot", given.kind, path=UPDATE, count=1, **given.how)

    failure = failed(crm, contacts, to(record_id=ann))

    assert (failure.reason, failure.unknown) == (given.reason, given.unknown)
    assert "HubSpot" in failure.message
    assert sandbox.call_count("hubspot") == 1, "one layer retries, and it is not this one"
    assert fates(crm.push(contacts, [to(record_id=ann)])) == [Fate.WRITTEN]
    assert statuses(sandbox) == ["active"]


@pytest.mark.parametrize("given", FAILURES, ids=str)
def test_a_failure_before_anything_was_written_leaves_nothing_in_doubt(
    sandbox: CrmSandbox, contacts: StoredMapping, given: Failure
) -> None:
    crm = gateway(sandbox, patience=given.patience)
    people(sandbox, 1)
    sandbox.misbehave("hubspot", given.kind, path=READ, count=1, **given.how)
    failure = failed(crm, contacts)
    assert (failure.reason, failure.unknown) == (given.reason, False)


def test_a_failure_after_a_part_was_written_leaves_all_in_doubt(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    (ann,) = people(sandbox, 1)
    sandbox.misbehave("hubspot", "throttle", path=UPSERT, count=1)

    failure = failed(crm, contacts, to(record_id=ann), to("new@partner.example", create=True))

    assert (failure.reason, failure.unknown) == (PauseReason.THROTTLED, True)
    assert statuses(sandbox) == ["active"]


@pytest.mark.parametrize(
    ("header", "wanted"),
    [("7", timedelta(seconds=7)), ("0.5", timedelta(seconds=0.5)), ("", None), ("soon", None), ("-1", None)],
)
def test_retry_after_is_honoured(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping, header: str, wanted: timedelta | None
) -> None:
    sandbox.misbehave("hubspot", "throttle", retry_after=header)
    failure = failed(crm, contacts)
    assert failure.retry_after == wanted
    assert failure.correlation_id
    assert "secondly limit" in failure.message


def test_retry_after_may_be_a_date(sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping) -> None:
    sandbox.misbehave("hubspot", "throttle", retry_after="Fri, 01 Jan 2100 00:00:00 GMT")
    assert failed(crm, contacts).retry_after == timedelta(days=7)
    sandbox.behave()
    sandbox.misbehave("hubspot", "throttle", retry_after="Fri, 01 Jan 2010 00:00:00 GMT")
    assert failed(crm, contacts).retry_after == timedelta(0)


def test_a_property_that_is_gone_stops_its_mapping_only(sandbox: CrmSandbox, crm: CrmGateway) -> None:
    (ann,) = people(sandbox, 1)
    stored = mapped(crm)
    sandbox.define("hubspot", "contacts", name="sales_pro_status", type="enumeration", archived=True)
    failure = failed(crm, stored, to(record_id=ann))
    assert (failure.reason, failure.unknown) == (PauseReason.MAPPING, False)
    assert "sales_pro_status" in failure.message


@pytest.mark.parametrize("create", [False, True])
def test_a_match_by_what_is_not_unique_stops_its_mapping_only(
    sandbox: CrmSandbox, crm: CrmGateway, create: bool
) -> None:
    stored = mapped(crm, COUNT, name="company", by=("domain", "domain"))
    failure = failed(crm, stored, to("partner.example", create=create, certification_count=1))
    assert failure.reason is PauseReason.MAPPING
    assert "non-unique" in failure.message


def test_another_path_than_hubspots_is_no_fault_of_the_records(sandbox: CrmSandbox) -> None:
    (ann,) = people(sandbox, 1)
    stored = mapped(gateway(sandbox))
    elsewhere = gateway(sandbox, base_url=f"{sandbox.hubspot_url}/elsewhere")
    assert failed(elsewhere, stored, to(record_id=ann)).reason is PauseReason.MAPPING


def test_nobody_at_home(sandbox: CrmSandbox, contacts: StoredMapping) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        failure = failed(gateway(sandbox, base_url=f"http://127.0.0.1:{port}"), contacts)
        assert (failure.reason, failure.unknown) == (PauseReason.UNAVAILABLE, False)
        assert f"127.0.0.1:{port} cannot be reached" in failure.message

        # It never got there, so nothing of it is in doubt.
        failure = failed(gateway(sandbox, base_url=f"http://127.0.0.1:{port}"), contacts, to(record_id="1"))
        assert not failure.unknown


def test_a_host_without_a_name(sandbox: CrmSandbox, contacts: StoredMapping) -> None:
    failure = failed(gateway(sandbox, base_url="http://crm.invalid"), contacts)
    assert (failure.reason, failure.unknown) == (PauseReason.UNAVAILABLE, False)
    assert "crm.invalid" in failure.message


# ---- time


@contextmanager
def listening(answer: bytes, *, every: float) -> Iterator[str]:
    """A server that says one byte after the other, and never comes to an end."""
    stop = threading.Event()

    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(65_536)
            for byte in [*answer, *(b"a" * 10_000)]:
                if stop.wait(every):
                    return
                try:
                    connection.sendall(bytes([byte]))
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        stop.set()
        thread.join()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nX-Endless: ",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n",
    ],
    ids=["headers", "body"],
)
def test_an_answer_that_drips_for_ever_costs_no_more_than_one_deadline(
    sandbox: CrmSandbox, contacts: StoredMapping, answer: bytes
) -> None:
    with listening(answer, every=0.01) as url:
        began = time.monotonic()
        failure = failed(gateway(sandbox, base_url=url, patience=SHORT), contacts, to(record_id="1"))
        taken = time.monotonic() - began
    assert SHORT.whole - 0.2 < taken < SHORT.whole + 20
    assert (failure.reason, failure.unknown) == (PauseReason.UNAVAILABLE, True)


def test_one_use_with_all_its_calls_stays_below_twenty_seconds() -> None:
    """What the drain keeps in reserve for its last call."""
    assert Patience().whole < 20


def test_silence_is_not_waited_for_longer_than_the_patience(
    sandbox: CrmSandbox, contacts: StoredMapping
) -> None:
    sandbox.misbehave("hubspot", "timeout", seconds=60)
    began = time.monotonic()
    failed(gateway(sandbox, patience=SHORT), contacts)
    assert time.monotonic() - began < 30


# ---- secrets


def test_no_secret_is_ever_shown(
    sandbox: CrmSandbox, contacts: StoredMapping, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "pat-very-secret"
    crm = gateway(sandbox, token=secret)
    shown = []
    sandbox.misbehave("hubspot", "close", count=1)
    for _ in range(2):
        failure = failed(crm, contacts)
        error: BaseException | None = failure
        while error is not None:
            shown += [str(error), repr(error), str(error.args)]
            error = error.__cause__ or error.__context__
    shown += [repr(crm), caplog.text]
    assert failure.reason is PauseReason.CREDENTIALS
    assert secret not in "\n".join(shown)


@pytest.mark.parametrize("token", ["pat-secret\n", "pat-sécret", "pat-secret\r\nX: y"])
def test_a_token_that_cannot_be_sent_is_not_shown_either(
    sandbox: CrmSandbox, contacts: StoredMapping, token: str
) -> None:
    failure = failed(gateway(sandbox, token=token), contacts)
    assert failure.reason is PauseReason.CREDENTIALS
    assert "cret" not in f"{failure} {failure.__cause__} {failure.__context__}"


def test_what_hubspot_says_is_shown_without_the_token_in_it(sandbox: CrmSandbox) -> None:
    crm = gateway(sandbox)
    people(sandbox, 1)
    (pushed,) = crm.push(mapped(crm), [to(email(0), sales_pro_status=f"<{TOKEN}>")])
    assert pushed.fate is Fate.REFUSED
    assert "***" in pushed.message
    assert TOKEN not in pushed.message


# ---- looking


def test_the_connection_says_who_we_are_and_what_we_may(sandbox: CrmSandbox, crm: CrmGateway) -> None:
    assert crm.test() == "HubSpot portal 424242; contacts: read and write; companies: read and write"
    assert sandbox.records("hubspot", "contacts") == {}


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("properties/2026-09/contacts", "contacts: no permission"),
        ("companies/batch/update", "companies: may be read but not written"),
    ],
)
def test_a_missing_permission_is_named(sandbox: CrmSandbox, crm: CrmGateway, path: str, told: str) -> None:
    sandbox.misbehave("hubspot", "forbidden", path=path)
    words = crm.test()
    assert told in words
    assert "crm.objects." in words
    assert "read and write" in words


def test_a_token_without_any_permission_is_refused(sandbox: CrmSandbox, crm: CrmGateway) -> None:
    sandbox.misbehave("hubspot", "forbidden")
    with pytest.raises(PushFailedError, match=r"contacts: no permission.*companies: no permission") as caught:
        crm.test()
    assert caught.value.reason is PauseReason.FORBIDDEN


def test_a_connection_that_only_looks_needs_no_permission_to_write(sandbox: CrmSandbox) -> None:
    sandbox.misbehave("hubspot", "forbidden", path="batch/update")
    told = gateway(sandbox, shadow=True).test()
    assert told == "HubSpot portal 424242; contacts: read; companies: read"
    assert not [call for call in sandbox.calls("hubspot") if call["method"] != "GET"]
    with pytest.raises(PushFailedError, match="may be read but not written"):
        gateway(sandbox).test()


def test_the_id_of_the_portal_is_only_shown(sandbox: CrmSandbox, crm: CrmGateway) -> None:
    sandbox.misbehave("hubspot", "error", path="account-info", status=503)
    assert crm.test() == "HubSpot portal (id not shown); contacts: read and write; companies: read and write"


def test_another_api_version_than_hubspots_is_told_as_such(sandbox: CrmSandbox) -> None:
    with pytest.raises(PushFailedError, match="404") as caught:
        gateway(sandbox, api_version="v9").test()
    assert caught.value.reason is PauseReason.MAPPING


def test_wrong_credentials_are_refused(sandbox: CrmSandbox) -> None:
    with pytest.raises(PushFailedError, match="401") as caught:
        gateway(sandbox, token="wrong").test()
    assert caught.value.reason is PauseReason.CREDENTIALS


def test_the_metadata_says_what_fits(sandbox: CrmSandbox, crm: CrmGateway) -> None:
    found = {each.name: each for each in crm.properties("contact")}

    kinds: Mapping[str, PropertyKind] = {name: each.kind for name, each in found.items()}
    assert kinds["sales_pro_expires"] is PropertyKind.DATE
    assert kinds["createdate"] is PropertyKind.DATE_TIME
    assert kinds["certification_count"] is PropertyKind.NUMBER
    assert kinds["certifications"] is PropertyKind.CHOICES
    assert kinds["contact_kind"] is PropertyKind.CHOICE
    assert kinds["certified"] is PropertyKind.BOOLEAN
    assert kinds["phone"] is PropertyKind.TEXT
    assert found["contact_kind"].options == ("Partner", "Customer")
    assert {name for name, each in found.items() if each.unique} == {
        "email",
        "hs_object_id",
        "partner_user_id",
    }
    assert {name for name, each in found.items() if each.archived} == {"former_level"}
    assert found["num_associated_deals"].calculated
    assert not found["createdate"].writable
    assert not found["hubspot_owner_id"].restricted
    assert not {each.name: each for each in crm.properties("company")}["domain"].unique


def test_an_option_without_a_value_is_none(sandbox: CrmSandbox) -> None:
    property_ = {"name": "level", "type": "enumeration", "options": [{"label": "Gold", "value": "gold"}, {}]}
    with multi_status({"results": [property_]}) as url:
        (found, *_) = gateway(sandbox, base_url=url).properties("contact")
    assert found.options == ("gold",)


def test_reading_gives_those_that_exist(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    ann, bob = people(sandbox, 2)
    sandbox.delete("hubspot", "contacts", bob)
    sandbox.change("hubspot", "contacts", ann, sales_pro_status="active", sales_pro_expires="1826668800000")

    found = crm.read(contacts, [ann, bob, ann])

    assert set(found) == {ann}
    assert found[ann].values == {
        "sales_pro_status": "active",
        "sales_pro_expires": "2027-11-20",
        "certification_count": "",
    }
    assert crm.read(contacts, [bob]) == {}


def test_finding_gives_the_record_or_none(
    sandbox: CrmSandbox, crm: CrmGateway, contacts: StoredMapping
) -> None:
    (ann,) = people(sandbox, 1)
    assert [each.record_id for each in crm.find(contacts, "U-0@partner.example")] == [ann]
    assert crm.find(contacts, "nobody@partner.example") == []


def test_an_answer_that_says_nothing_of_a_record_leaves_it_in_doubt(sandbox: CrmSandbox) -> None:
    """A proxy that answers in HubSpot's name."""
    body = b'{"status": "COMPLETE", "results": []}'
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    stored = mapped(gateway(sandbox))
    with answering(head + body) as url:
        pushed = gateway(sandbox, base_url=url).push(stored, [to(record_id="1")])
    assert (fates(pushed), pushed[0].code) == ([Fate.UNKNOWN], "no_answer")


@pytest.mark.parametrize(
    "context",
    [
        {"ids": [email(0)]},
        {"id": email(0).upper()},
        {"email": [email(0)], "objectWriteTraceId": ["7"]},
        {"objectWriteTraceId": ["0"]},
        {"objectWriteTraceId": "0", "ids": ["1"]},
        {},
        None,
        "of some record",
    ],
)
def test_an_error_in_a_multi_status_reaches_its_record_however_it_names_it(
    sandbox: CrmSandbox, context: Any
) -> None:
    """By the only error that there is, where it names nobody: the other input has its result."""
    error = {"category": "VALIDATION_ERROR", "message": "no such option", "correlationId": "c-1"}
    results = [{"id": "9", "properties": {"email": email(1)}}]
    content = {"results": results, "numErrors": 1, "errors": [{**error, "context": context}]}
    stored = mapped(gateway(sandbox))
    with multi_status(content) as url:
        batch = [to(email(0), create=True), to(email(1), create=True)]
        bad, good = gateway(sandbox, base_url=url).push(stored, batch)
    assert (good.fate, good.record_id) == (Fate.WRITTEN, "9")
    assert (bad.fate, bad.code) == (Fate.REFUSED, "VALIDATION_ERROR")
    assert (bad.message, bad.correlation_id) == ("no such option", "c-1")


def test_errors_that_name_nobody_are_shown_to_all_whom_they_may_concern(sandbox: CrmSandbox) -> None:
    errors = [{"category": "OBJECT_NOT_FOUND", "message": words} for words in ("gone", "gone", "closed")]
    stored = mapped(gateway(sandbox))
    with multi_status({"results": [], "errors": errors}) as url:
        pushed = gateway(sandbox, base_url=url).push(stored, [to(record_id="1"), to(record_id="2")])
    assert fates(pushed) == [Fate.UNKNOWN, Fate.UNKNOWN]
    assert {each.message for each in pushed} == {"HubSpot does not say of which record: gone; closed"}


@contextmanager
def multi_status(content: Any) -> Iterator[str]:
    body = json.dumps(content).encode()
    with answering(b"HTTP/1.1 207 Multi-Status\r\nContent-Length: %d\r\n\r\n" % len(body) + body) as url:
        yield url


NOT_HUBSPOT = [
    b"",
    b"[" * 20_000,
    b"[]",
    b"3",
    b"{}",
    b'{"results": null}',
    b'{"results": [null]}',
    b'{"results": [{}]}',
]


@pytest.mark.parametrize("body", NOT_HUBSPOT)
def test_success_without_a_word_leaves_all_in_doubt(sandbox: CrmSandbox, body: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    stored = mapped(gateway(sandbox))
    with answering(head + body) as url:
        failure = failed(gateway(sandbox, base_url=url), stored, to(record_id="1"))
    assert (failure.reason, failure.unknown) == (PauseReason.UNAVAILABLE, True)


@pytest.mark.parametrize("body", NOT_HUBSPOT)
def test_a_look_up_that_lists_nothing_tells_of_no_missing_record(sandbox: CrmSandbox, body: bytes) -> None:
    """Else whoever answers in HubSpot's name would have every record unlinked, or taken for deleted."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    stored = mapped(gateway(sandbox))
    with answering(head + body) as url:
        crm = gateway(sandbox, base_url=url)
        for look in (
            lambda: crm.push(stored, [to(email(0))]),
            lambda: crm.read(stored, ["1"]),
            lambda: crm.find(stored, email(0)),
            lambda: crm.properties("contact"),
            crm.test,
        ):
            with pytest.raises(PushFailedError) as caught:
                look()
            assert (caught.value.reason, caught.value.unknown) == (PauseReason.UNAVAILABLE, False)


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """A server that gives the same answer to everything."""

    def serve(server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection, suppress(ConnectionError):
                    while connection.recv(65_536):
                        connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
