"""Replay: what a source sent, once more through the present code; it changes nothing that is right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from certification.adapters.dynamodb.items.sources import replay_from_item, replay_to_item
from certification.adapters.dynamodb.sources import DynamoDBSources
from certification.adapters.lms.registry import ProviderRegistry
from certification.domain.errors import ChangedMeanwhileError, NotFoundError
from certification.domain.intake import KeptWebhook, new_intake_id
from certification.domain.replay import Replay, ReplayState
from certification.domain.sources import Source
from certification.services.replay import Replayer
from fakes import FixedClock, InMemoryQueue, InMemoryTable
from lms_fakes import InMemoryIntake
from lms_senders import NOW, SENDERS, as_bytes

PROBLEM = {"reason": "parser_failed", "detail": "xapi"}


def for_calls(calls: int) -> Callable[[], bool]:
    """Says that there is time left, so many times."""
    left = iter([True] * calls)
    return lambda: next(left, False)


class Setting:
    def __init__(self) -> None:
        self.clock = FixedClock(NOW + timedelta(days=2))
        self.sources = DynamoDBSources(InMemoryTable())
        self.intake = InMemoryIntake()
        self.queue, self.jobs = InMemoryQueue(), InMemoryQueue()
        self.replayer = Replayer(
            sources=self.sources,
            providers=ProviderRegistry(),
            intake=self.intake,
            replays=self.sources,
            queue=self.queue,
            job_queue=self.jobs,
            clock=self.clock,
            zone=ZoneInfo("UTC"),
        )
        self.sources.save(
            Source(
                source_id="lms-1",
                provider="thinkific",
                secret_set_at=NOW,
                created_at=NOW,
                changed_at=NOW,
                changed_by="key:admin",
            )
        )

    def keep(self, provider: str = "xapi", *, minutes: int = 0, **changes: Any) -> KeptWebhook:
        at = NOW + timedelta(minutes=minutes)
        values: dict[str, Any] = {
            "source_id": "lms-1",
            "intake_id": new_intake_id(at),
            "provider": provider,
            "received_at": at,
            "correlation_id": f"req-{minutes}",
            "body": as_bytes(SENDERS[provider].sample()),
        }
        kept = KeptWebhook(**values | changes)
        self.intake.keep(kept)
        return kept

    def run(self, calls: int = 1000) -> Replay:
        """Start, and let the job go on message after message; each may look at `calls` webhooks."""
        replay = self.replayer.start("lms-1", since=NOW, replay_id="r-1", actor="key:admin")
        while self.jobs.sent:
            (message,) = self.jobs.take()
            self.replayer.continue_replay(message["source_id"], message["replay_id"], for_calls(calls))
        found = self.sources.replay("lms-1", replay.replay_id)
        assert found is not None
        return found


@pytest.fixture
def setting() -> Setting:
    return Setting()


def test_a_replay_sends_what_was_sent_with_the_same_event_ids(setting: Setting) -> None:
    setting.keep(body=as_bytes(SENDERS["xapi"].sample() | {"timestamp": None}))
    first = setting.replayer.replay("lms-1", next(iter(setting.intake.kept))[2])
    again = setting.replayer.replay("lms-1", next(iter(setting.intake.kept))[2])
    assert first.messages == again.messages
    assert first.messages[0].completed_at == NOW
    assert first.messages[0].correlation_id == "req-0"


def test_what_has_become_readable_leaves_the_list_of_an_admin(setting: Setting) -> None:
    kept = setting.keep(problems=(PROBLEM,))
    read = setting.replayer.replay("lms-1", kept.intake_id)
    assert not read.problems
    assert list(setting.intake.kept.values()) == [replace(kept, problems=())]
    assert len(setting.queue.sent) == 1


def test_what_still_cannot_be_read_stays_with_its_present_problem(setting: Setting) -> None:
    kept = setting.keep(problems=(PROBLEM,), body=b"{")
    read = setting.replayer.replay("lms-1", kept.intake_id)
    assert [problem["reason"] for problem in read.problems] == ["unparseable-body"]
    assert list(setting.intake.kept.values()) == [replace(kept, problems=read.problems)]


def test_a_queue_that_refuses_leaves_the_list_as_it_is(setting: Setting) -> None:
    kept = setting.keep(problems=(PROBLEM,))
    setting.queue.refuses = True
    with pytest.raises(ConnectionError):
        setting.replayer.replay("lms-1", kept.intake_id)
    assert list(setting.intake.kept.values()) == [kept]


def test_each_webhook_is_read_as_its_own_provider_sent_it(setting: Setting) -> None:
    setting.keep("docebo")
    setting.keep("thinkific", minutes=1)
    assert setting.run().counts == {"webhooks": 2, "completions": 3}


@pytest.mark.parametrize("calls", [1, 7, 60])
def test_a_long_replay_goes_on_from_message_to_message_and_sends_each_once(
    setting: Setting, calls: int
) -> None:
    for minute in range(60):
        sample = SENDERS["xapi"].sample() | {"id": f"statement-{minute}"}
        setting.keep(minutes=minute, body=as_bytes(sample), problems=(PROBLEM,) if minute % 7 == 0 else ())
    replay = setting.run(calls)
    assert replay.state is ReplayState.COMPLETED
    assert replay.counts == {"webhooks": 60, "completions": 60}
    assert [body["event_id"] for body in setting.queue.sent] == [f"statement-{n}" for n in range(60)]
    assert all(webhook.readable for webhook in setting.intake.kept.values())


def test_a_worker_that_died_is_followed_by_one_that_loses_nothing(setting: Setting) -> None:
    for minute in range(40):
        setting.keep(minutes=minute, body=as_bytes(SENDERS["xapi"].sample() | {"id": f"s-{minute}"}))
    setting.replayer.start("lms-1", since=NOW, replay_id="r-1", actor="key:admin")
    done = iter([True] * 33)

    def die() -> bool:
        if not next(done, False):
            raise TimeoutError
        return True

    with pytest.raises(TimeoutError):
        setting.replayer.continue_replay("lms-1", "r-1", die)
    setting.replayer.continue_replay("lms-1", "r-1", lambda: True)
    assert {body["event_id"] for body in setting.queue.sent} == {f"s-{n}" for n in range(40)}
    found = setting.sources.replay("lms-1", "r-1")
    assert found is not None
    assert found.counts == {"webhooks": 40, "completions": 40}


def test_a_finished_replay_is_not_run_again_by_a_late_message(setting: Setting) -> None:
    setting.keep()
    setting.run()
    setting.queue.take()
    setting.replayer.continue_replay("lms-1", "r-1", lambda: True)
    setting.replayer.continue_replay("lms-1", "unknown", lambda: True)
    assert not setting.queue.sent


def test_a_replay_of_a_source_that_is_gone_ends_as_failed(setting: Setting) -> None:
    setting.keep()
    setting.replayer.start("lms-1", since=NOW, replay_id="r-1", actor="key:admin")
    source = setting.sources.source("lms-1")
    assert source is not None
    setting.sources.delete(source)
    setting.replayer.continue_replay("lms-1", "r-1", lambda: True)
    found = setting.sources.replay("lms-1", "r-1")
    assert found is not None
    assert found.state is ReplayState.FAILED


@pytest.mark.parametrize(("source_id", "intake_id"), [("lms-1", "unknown"), ("lms-2", "unknown")])
def test_what_is_not_there_cannot_be_replayed(setting: Setting, source_id: str, intake_id: str) -> None:
    with pytest.raises(NotFoundError):
        setting.replayer.replay(source_id, intake_id)


def test_a_replay_survives_the_table_and_two_workers(setting: Setting) -> None:
    replay = Replay(
        replay_id="r",
        source_id="lms-1",
        since=NOW,
        started_at=NOW,
        started_by="key:a",
        counts={"webhooks": 3},
    )
    assert replay_from_item(replay_to_item(replay)) == replay
    full = replace(replay, after="x", state=ReplayState.COMPLETED, finished_at=NOW, revision=2)
    assert replay_from_item(replay_to_item(full)) == full
    setting.sources.save_replay(replay)
    with pytest.raises(ChangedMeanwhileError):
        setting.sources.save_replay(replay)
