"""Sources: configured, their secrets rotated with an overlap and never readable, their health exact."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from certification.adapters.dynamodb.items.sources import source_from_item, source_to_item
from certification.adapters.dynamodb.sources import DynamoDBSources
from certification.adapters.source_secrets import ParameterSecretKeeper, parameter_name
from certification.domain.errors import ChangedMeanwhileError, InvalidError
from certification.domain.lms_ports import Received
from certification.domain.sources import Source, SourceSecrets
from certification.services.sources import SourceInput, SourceSetup
from fakes import FixedClock, InMemoryTable
from lms_fakes import InMemoryParameters, InMemorySecretKeeper

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAY = timedelta(hours=24)


class Setting:
    def __init__(self) -> None:
        self.clock = FixedClock()
        self.table = InMemoryTable()
        self.sources = DynamoDBSources(self.table)
        self.keeper = InMemorySecretKeeper()
        self.setup = SourceSetup(sources=self.sources, keeper=self.keeper, clock=self.clock)

    def put(self, **given: Any) -> Source:
        values = {"provider": "thinkific", "secret": "one"} | given
        present = self.sources.source("lms-1")
        return self.setup.put("lms-1", SourceInput(**values), present=present, actor="key:admin")

    def valid(self) -> tuple[str, ...]:
        return self.keeper.secrets["lms-1"].valid_at(self.clock.now())


@pytest.fixture
def setting() -> Setting:
    return Setting()


def test_a_new_source_is_stored_without_its_secret(setting: Setting) -> None:
    source = setting.put(secret="very-secret-indeed")
    assert setting.sources.source("lms-1") == source
    assert "very-secret-indeed" not in repr(setting.table.items)
    assert setting.valid() == ("very-secret-indeed",)


def test_a_new_secret_leaves_the_old_one_valid_for_24_hours(setting: Setting) -> None:
    setting.put()
    source = setting.put(secret="two")
    assert source.previous_secret_until == setting.clock.now() + DAY
    assert setting.valid() == ("two", "one")
    setting.clock.advance(hours=23, minutes=59, seconds=59)
    assert setting.valid() == ("two", "one")
    setting.clock.advance(seconds=1)
    assert setting.valid() == ("two",)


def test_without_a_secret_it_is_kept(setting: Setting) -> None:
    first = setting.put()
    second = setting.put(secret=None, name="Academy", match_email=False)
    assert setting.valid() == ("one",)
    assert (second.name, second.match_email, second.revision) == ("Academy", False, 2)
    assert second.secret_set_at == first.secret_set_at


def test_the_same_secret_again_rotates_nothing(setting: Setting) -> None:
    setting.put()
    first = setting.put(secret="two")
    setting.clock.advance(hours=1)
    again = setting.put(secret="two")
    assert setting.valid() == ("two", "one")
    assert again.secret_set_at == first.secret_set_at
    assert again.previous_secret_until == setting.clock.now() + timedelta(hours=23)


def test_a_third_secret_ends_the_first_at_once(setting: Setting) -> None:
    for secret in ("one", "two", "three"):
        setting.put(secret=secret)
    assert setting.valid() == ("three", "two")


@pytest.mark.parametrize(
    ("given", "pointers"),
    [
        ({"secret": None}, ["/secret"]),
        ({"secret": " "}, ["/secret"]),
        ({"secret": "x" * 1801}, ["/secret"]),
        ({"provider": "blackboard"}, ["/provider"]),
        ({"provider": "blackboard", "secret": None}, ["/provider", "/secret"]),
        ({"provider": "docebo", "secret": "no colon"}, ["/secret"]),
        ({"provider": "teachable", "secret": "a/b"}, ["/secret"]),
        ({"provider": "litmos", "secret": "a\nb"}, ["/secret"]),
    ],
)
def test_what_cannot_work_is_refused(setting: Setting, given: dict[str, Any], pointers: list[str]) -> None:
    with pytest.raises(InvalidError) as refused:
        setting.put(**given)
    assert [error.pointer for error in refused.value.errors] == pointers
    assert not setting.table.items
    assert not setting.keeper.secrets


def test_another_provider_needs_a_secret_of_its_own(setting: Setting) -> None:
    setting.put()
    with pytest.raises(InvalidError):
        setting.put(provider="docebo", secret=None)


def test_a_deleted_source_leaves_no_secret_and_nothing_for_its_successor(setting: Setting) -> None:
    setting.setup.delete(setting.put())
    assert setting.sources.source("lms-1") is None
    assert not setting.keeper.secrets
    setting.keeper.write("lms-1", SourceSecrets(current="left behind"))
    setting.put(secret="new")
    assert setting.valid() == ("new",)


def test_two_admins_at_once_do_not_overwrite_each_other(setting: Setting) -> None:
    present = setting.put()
    setting.sources.save(replace(present, revision=2))
    with pytest.raises(ChangedMeanwhileError):
        setting.sources.save(replace(present, revision=2))
    with pytest.raises(ChangedMeanwhileError):
        setting.sources.delete(present)


def test_a_source_survives_the_table(setting: Setting) -> None:
    source = setting.put(match_email=False, name="Äcademy")
    assert source_from_item(source_to_item(source)) == source
    full = replace(source, previous_secret_until=NOW, match_email=True)
    assert source_from_item(source_to_item(full)) == full


def test_sources_are_listed(setting: Setting) -> None:
    setting.put()
    assert [source.source_id for source in setting.sources.page(limit=10).items] == ["lms-1"]


def test_health_counts_each_webhook_of_each_day(setting: Setting) -> None:
    setting.put()
    yesterday = Received(at=NOW - DAY, outcome="accepted", contents={"completions": 3}, ignored={})
    for received in (
        yesterday,
        yesterday,
        Received(at=NOW, outcome="kept", contents={"problems": 1}, ignored={"enrollment.created": 2}),
        Received(at=NOW + timedelta(seconds=5), outcome="refused:wrong"),
    ):
        setting.sources.count("lms-1", received)
    found = setting.sources.with_health("lms-1")
    assert found is not None
    today, before = found[1].days
    assert dict(today.webhooks) == {"kept": 1, "refused:wrong": 1}
    assert dict(today.ignored) == {"enrollment.created": 2}
    assert dict(before.webhooks) == {"accepted": 2}
    assert dict(before.contents) == {"completions": 6}
    assert found[1].last_received_at == NOW + timedelta(seconds=5)
    assert found[1].last_accepted_at == NOW


def test_a_webhook_costs_one_unit_to_count(setting: Setting) -> None:
    setting.sources.count("lms-1", Received(at=NOW, outcome="accepted", contents={"completions": 1}))
    assert setting.table.written_units == 1


def test_many_kinds_of_ignored_events_cannot_swell_the_days_row(setting: Setting) -> None:
    setting.put()
    kinds = {f"kind-{n:03}": 1 for n in range(200)}
    setting.sources.count("lms-1", Received(at=NOW, outcome="accepted", ignored=kinds))
    found = setting.sources.with_health("lms-1")
    assert found is not None
    assert len(found[1].days[0].ignored) == 11
    assert sum(found[1].days[0].ignored.values()) == 200


def test_secrets_survive_the_parameter_store() -> None:
    parameters = InMemoryParameters()
    keeper = ParameterSecretKeeper(parameters)
    secrets = SourceSecrets(current="ö:1", previous="two", previous_until=NOW)
    keeper.write("lms-1", secrets)
    assert keeper.read("lms-1") == secrets
    keeper.write("lms-1", SourceSecrets(current="x"))
    assert keeper.read("lms-1") == SourceSecrets(current="x")
    keeper.delete("lms-1")
    assert keeper.read("lms-1") is None


def test_different_sources_have_different_parameters_of_allowed_characters() -> None:
    ids = ["a:b", "a_b", "a_3Ab", "a@b", "a+b", "a.b", "a-b", "ab", "a_5Fb"]
    names = [parameter_name(source_id) for source_id in ids]
    assert len(set(names)) == len(ids)
    assert all(set(name) <= set("/_.-") | set(map(chr, range(48, 123))) for name in names)
    assert not any(set(name) & set(":@+%;<=>?[]^`\\") for name in names)
