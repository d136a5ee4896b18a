"""Receiving a webhook: what is acknowledged is safe, what is not proven leaves nothing behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from certification.adapters.dynamodb.sources import DynamoDBSources
from certification.adapters.lms.registry import ProviderRegistry
from certification.domain.course_completion_message import parse_course_completion
from certification.domain.errors import NotFoundError
from certification.domain.lms_ports import Received
from certification.domain.sources import Source, SourceHealth, SourceSecrets
from certification.domain.webhooks import (
    ParsedWebhook,
    Provider,
    SignatureRefusedError,
    WebhookRequest,
)
from certification.services.source_load import RefusalTally, SourceThrottle, SourceThrottledError
from certification.services.source_settings import MOST_LOOKS, SourceSettings
from certification.services.sources import SourceInput, SourceSetup
from certification.services.webhooks import IntakeUnavailableError, Receipt, WebhookReceiver
from fakes import FixedClock, InMemoryQueue, InMemoryTable
from lms_fakes import InMemoryIntake, InMemorySecretKeeper
from lms_senders import KEY, NOW, SENDERS

UTC_ZONE = ZoneInfo("UTC")


class Registry(ProviderRegistry):
    """The real providers, one of which can be broken."""

    broken: Provider | None = None

    def get(self, name: str) -> Provider:
        return self.broken or super().get(name)


class Setting:
    """A receiver whose outside can fail on command. `seconds` is the age of the environment."""

    def __init__(self, executor: ThreadPoolExecutor) -> None:
        self.clock = FixedClock(NOW)
        self.table = InMemoryTable()
        self.sources = DynamoDBSources(self.table)
        self.keeper = InMemorySecretKeeper()
        self.queue = InMemoryQueue()
        self.intake = InMemoryIntake()
        self.registry = Registry()
        self.seconds = 0.0
        self.receiver = WebhookReceiver(
            settings=SourceSettings(self.sources, self.keeper, lambda: self.seconds),
            sources=self.sources,
            providers=self.registry,
            queue=self.queue,
            intake=self.intake,
            clock=self.clock,
            zone=UTC_ZONE,
            executor=executor,
            throttle=SourceThrottle(per_second=10, monotonic=lambda: self.seconds),
            refusals=RefusalTally(lambda: self.seconds),
        )

    def configure(self, provider: str, **changes: Any) -> None:
        values: dict[str, Any] = {
            "source_id": "lms-1",
            "provider": provider,
            "secret_set_at": NOW,
            "created_at": NOW,
            "changed_at": NOW,
            "changed_by": "key:admin",
        }
        self.sources.save(Source(**values | changes))
        self.keeper.write("lms-1", SourceSecrets(current=SENDERS[provider].secret))

    def receive(self, request: WebhookRequest) -> Receipt:
        return self.receiver.receive("lms-1", request, "req-1")

    def send(self, provider: str, body: object) -> Receipt:
        return self.receive(SENDERS[provider].request(body, at=self.clock.now()))

    def health(self) -> SourceHealth:
        found = self.sources.with_health("lms-1")
        assert found is not None
        return found[1]

    def problems(self) -> list[str]:
        kept = [webhook for webhook in self.intake.kept.values() if not webhook.readable]
        return [problem["reason"] for webhook in kept for problem in webhook.problems]


@pytest.fixture
def setting() -> Iterator[Setting]:
    with ThreadPoolExecutor(1) as executor:
        yield Setting(executor)


@pytest.mark.parametrize("provider", SENDERS)
def test_the_sample_of_every_provider_reaches_the_queue(setting: Setting, provider: str) -> None:
    setting.configure(provider)
    receipt = setting.send(provider, SENDERS[provider].sample())
    assert len(setting.queue.sent) == receipt.received.contents["completions"] > 0
    for body in setting.queue.sent:
        message = parse_course_completion(body, source=None, now=NOW, zone=UTC_ZONE, own_api=False)
        assert (message.source, message.correlation_id) == ("lms-1", "req-1")
    (kept,) = setting.intake.kept.values()
    assert kept.readable
    assert SENDERS[provider].secret.encode() not in kept.body


def test_a_source_that_does_not_exist_stores_nothing(setting: Setting) -> None:
    with pytest.raises(NotFoundError):
        setting.receive(WebhookRequest(headers={}, body=b"{}"))
    assert not setting.table.items
    assert not setting.intake.kept


def test_a_refused_webhook_leaves_a_count_and_nothing_else(setting: Setting) -> None:
    setting.configure("thinkific")
    sender = SENDERS["thinkific"]
    for request in (
        sender.request(sender.sample(), secret=sender.other_secret),
        WebhookRequest(headers={}, body=b"{}"),
    ):
        with pytest.raises(SignatureRefusedError):
            setting.receive(request)
    assert not setting.queue.sent
    assert not setting.intake.kept
    assert dict(setting.health().days[0].webhooks) == {"refused:wrong": 1, "refused:missing": 1}
    assert setting.health().last_accepted_at is None


def test_a_source_without_any_stored_secret_refuses_everything(setting: Setting) -> None:
    setting.configure("thinkific")
    setting.keeper.delete("lms-1")
    with pytest.raises(SignatureRefusedError):
        setting.send("thinkific", SENDERS["thinkific"].sample())


def test_the_previous_secret_counts_until_its_time_is_over(setting: Setting) -> None:
    setting.configure("thinkific")
    sender = SENDERS["thinkific"]
    secrets = SourceSecrets(
        current=sender.other_secret, previous=sender.secret, previous_until=NOW + timedelta(hours=24)
    )
    setting.keeper.write("lms-1", secrets)
    assert setting.send("thinkific", sender.sample())
    setting.clock.advance(hours=24)
    with pytest.raises(SignatureRefusedError):
        setting.send("thinkific", sender.sample())


def test_settings_are_read_once_a_minute_at_most(setting: Setting) -> None:
    setting.configure("thinkific")
    for setting.seconds in (0.0, 1.0, 30.0, 60.0):
        setting.send("thinkific", SENDERS["thinkific"].sample())
    assert setting.keeper.reads == 1
    setting.seconds = 60.5
    setting.send("thinkific", SENDERS["thinkific"].sample())
    assert setting.keeper.reads == 2


def test_a_new_secret_is_accepted_at_once_although_settings_are_cached(setting: Setting) -> None:
    setting.configure("thinkific")
    sender = SENDERS["thinkific"]
    setting.send("thinkific", sender.sample())
    setting.keeper.write("lms-1", SourceSecrets(current=sender.other_secret))
    setting.seconds = 3.0
    assert setting.receive(sender.request(sender.sample(), secret=sender.other_secret))


def test_a_new_secret_is_accepted_even_right_after_a_webhook(setting: Setting) -> None:
    """Rotated within the same second as settings were read, be it for a webhook that was refused."""
    setup = SourceSetup(sources=setting.sources, keeper=setting.keeper, clock=setting.clock)
    sender = SENDERS["thinkific"]
    with_new = sender.request(sender.sample(), secret=sender.other_secret)
    setting.configure("thinkific")
    setting.send("thinkific", sender.sample())
    with pytest.raises(SignatureRefusedError):
        setting.receive(with_new)
    given = SourceInput(provider="thinkific", secret=sender.other_secret)
    setup.put("lms-1", given, present=setting.sources.source("lms-1"), actor="key:admin")
    assert setting.receive(with_new)
    assert setting.send("thinkific", sender.sample()), "the old one, for 24 hours"


def test_a_new_secret_is_accepted_at_once_also_when_the_old_one_was_read_just_before(
    setting: Setting,
) -> None:
    setting.configure("thinkific")
    sender = SENDERS["thinkific"]
    setting.send("thinkific", sender.sample())
    setting.configure("thinkific", revision=2)
    setting.keeper.write("lms-1", SourceSecrets(current=sender.other_secret))
    setting.seconds = 0.2
    assert setting.receive(sender.request(sender.sample(), secret=sender.other_secret))


def test_a_flood_of_forged_requests_does_not_become_a_flood_of_reads(setting: Setting) -> None:
    setting.configure("thinkific")
    for _ in range(50):
        with pytest.raises(SignatureRefusedError):
            setting.receive(WebhookRequest(headers={}, body=b"{}"))
    assert setting.keeper.reads == 1
    assert setting.table.calls["get"] == 1 + MOST_LOOKS


def test_what_is_no_completion_is_acknowledged_and_counted_by_kind(setting: Setting) -> None:
    setting.configure("thinkific")
    receipt = setting.send("thinkific", SENDERS["thinkific"].sample() | {"action": "progress"})
    assert receipt.received.outcome == "accepted"
    assert not setting.queue.sent
    assert dict(setting.health().days[0].ignored) == {"enrollment.progress": 1}


@pytest.mark.parametrize("body", [b"", b" \n"])
def test_an_empty_signed_body_is_a_ping(setting: Setting, body: bytes) -> None:
    setting.configure("teachable")
    receipt = setting.receive(WebhookRequest(headers={}, body=body, path_secret=KEY))
    assert receipt.received.ignored == {"ping": 1}


def test_what_cannot_be_parsed_is_acknowledged_after_it_is_kept(setting: Setting) -> None:
    setting.configure("thinkific")
    receipt = setting.send("thinkific", b'{"broken": \xff')
    assert receipt.received.outcome == "kept"
    assert setting.problems() == ["unparseable-body"]
    (kept,) = setting.intake.kept.values()
    assert kept.body == b'{"broken": \xff'


def test_our_own_bug_does_not_disable_the_hook(setting: Setting) -> None:
    class Broken:
        def verify(self, *_: object) -> None: ...

        def parse(self, *_: object, **__: object) -> ParsedWebhook:
            raise ZeroDivisionError

    setting.configure("thinkific")
    setting.registry.broken = Broken()
    receipt = setting.send("thinkific", SENDERS["thinkific"].sample())
    assert receipt.received.outcome == "kept"
    assert setting.problems() == ["parser_failed"]


def test_a_bad_part_is_kept_and_its_neighbours_are_queued(setting: Setting) -> None:
    setting.configure("teachable")
    good = SENDERS["teachable"].sample()[0]
    receipt = setting.send("teachable", [good, {"type": "Enrollment.completed"}, 7])
    assert len(setting.queue.sent) == 1
    assert receipt.received.contents == {"completions": 1, "retractions": 0, "ignored": 0, "problems": 2}
    assert setting.problems() == ["missing_field", "not_an_object"]


def test_without_matching_by_email_the_address_goes_no_further(setting: Setting) -> None:
    setting.configure("teachable", match_email=False)
    body = SENDERS["teachable"].sample()
    nameless = json.loads(json.dumps(body[0]))
    del nameless["object"]["user"]["id"], nameless["object"]["user_id"]
    setting.send("teachable", [body[0], nameless])
    (queued,) = setting.queue.sent
    assert "email" not in queued
    assert queued["identity"] == {"source": "lms-1", "external_id": "94"}
    assert setting.problems() == ["user_missing"]


def test_a_raw_copy_that_cannot_be_kept_costs_no_completion(setting: Setting) -> None:
    setting.configure("thinkific")
    setting.intake.refuses = True
    receipt = setting.send("thinkific", SENDERS["thinkific"].sample())
    assert receipt.raw_kept is False
    assert len(setting.queue.sent) == 1


def test_what_can_neither_be_read_nor_kept_is_not_acknowledged(setting: Setting) -> None:
    setting.configure("teachable")
    setting.intake.refuses = True
    with pytest.raises(IntakeUnavailableError):
        setting.send("teachable", b"{")
    with pytest.raises(IntakeUnavailableError):
        setting.send("teachable", [SENDERS["teachable"].sample()[0], 7])
    assert dict(setting.health().days[0].webhooks) == {"failed": 2}


def test_without_the_queue_nothing_is_acknowledged_and_an_admin_can_see_it(setting: Setting) -> None:
    setting.configure("thinkific")
    setting.queue.refuses = True
    with pytest.raises(IntakeUnavailableError):
        setting.send("thinkific", SENDERS["thinkific"].sample())
    assert setting.problems() == ["queue_unavailable"]
    setting.intake.refuses = True
    with pytest.raises(IntakeUnavailableError):
        setting.send("thinkific", SENDERS["thinkific"].sample())


def test_a_webhook_that_cannot_be_counted_is_taken_all_the_same(setting: Setting) -> None:
    setting.configure("thinkific")
    setting.send("thinkific", SENDERS["thinkific"].sample())
    setting.table.throttled = True
    setting.send("thinkific", SENDERS["thinkific"].sample())
    assert len(setting.queue.sent) == 2


def test_the_hot_path_is_one_write_and_no_read(setting: Setting) -> None:
    setting.configure("thinkific")
    setting.send("thinkific", SENDERS["thinkific"].sample())
    setting.table.calls.clear()
    setting.send("thinkific", SENDERS["thinkific"].sample())
    assert setting.table.calls == {"write": 1}


def test_only_harmless_headers_are_kept(setting: Setting) -> None:
    setting.configure("docebo")
    request = SENDERS["docebo"].request(SENDERS["docebo"].sample())
    setting.receive(replace(request, headers={**request.headers, "content-type": "application/json"}))
    (kept,) = setting.intake.kept.values()
    assert kept.headers == {"content-type": "application/json"}


class TestAFlood:
    """Limits in this setting: 10 a second, with two seconds' worth at once."""

    def test_of_one_source_is_held_back_and_goes_on_when_it_has_waited(self, setting: Setting) -> None:
        setting.configure("standard_webhooks")
        taken = self.sent(setting, 40)
        assert 20 <= taken <= 22
        assert len(setting.queue.sent) == taken, (
            "what was held back has to be sent again, and was not half taken"
        )
        setting.seconds += 3
        assert self.sent(setting, 10) == 10

    def test_below_the_limit_is_none(self, setting: Setting) -> None:
        setting.configure("standard_webhooks")
        for _ in range(30):
            assert self.sent(setting, 9) == 9
            setting.seconds += 1

    def test_that_comes_through_other_environments_is_seen_here(self, setting: Setting) -> None:
        setting.configure("standard_webhooks")
        assert self.sent(setting, 1) == 1
        for _ in range(50):
            setting.sources.count("lms-1", Received(at=NOW, outcome="accepted"))
        assert self.sent(setting, 1) == 1
        assert self.sent(setting, 1) == 0

    def test_of_forged_requests_never_holds_back_the_real_ones(self, setting: Setting) -> None:
        setting.configure("standard_webhooks")
        self.forge(setting, 500)
        assert self.sent(setting, 5) == 5

    def test_of_forged_requests_costs_few_writes_and_is_counted_all_the_same(self, setting: Setting) -> None:
        setting.configure("standard_webhooks")
        written = len(setting.table.changes)
        self.forge(setting, 500)
        setting.seconds += 1
        self.forge(setting, 1)
        assert len(setting.table.changes) - written == 21
        assert setting.health().days[0].webhooks == {"refused:wrong": 501}

    def test_of_one_source_is_not_anothers(self, setting: Setting) -> None:
        setting.configure("standard_webhooks")
        setting.configure("standard_webhooks", source_id="lms-2")
        setting.keeper.write("lms-2", SourceSecrets(current=SENDERS["standard_webhooks"].secret))
        assert self.sent(setting, 40) < 40
        assert self.sent(setting, 5, source_id="lms-2") == 5

    @staticmethod
    def sent(setting: Setting, number: int, source_id: str = "lms-1") -> int:
        """How many of so many were taken."""
        sender, taken = SENDERS["standard_webhooks"], 0
        for _ in range(number):
            request = sender.request(sender.sample(), at=NOW)
            try:
                setting.receiver.receive(source_id, request, "req-1")
            except SourceThrottledError:
                continue
            taken += 1
        return taken

    @staticmethod
    def forge(setting: Setting, number: int) -> None:
        sender = SENDERS["standard_webhooks"]
        forged = sender.request(sender.sample(), secret="whsec_" + "A" * 32, at=NOW)
        for _ in range(number):
            with pytest.raises(SignatureRefusedError):
                setting.receive(forged)


def test_a_limit_of_nothing_is_no_limit() -> None:
    throttle = SourceThrottle(per_second=0, monotonic=lambda: 0.0)
    for total in range(100_000):
        throttle.note("lms-1", total)
    throttle.check("lms-1")


def test_a_new_day_starts_at_nothing_and_holds_nobody() -> None:
    throttle = SourceThrottle(per_second=1, monotonic=lambda: 0.0)
    throttle.note("lms-1", 5000)
    throttle.note("lms-1", 1)
    throttle.check("lms-1")
