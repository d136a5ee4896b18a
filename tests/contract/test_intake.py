"""The same contract for the intake bucket (on moto) and its fake."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from certification.adapters.intake import S3Intake
from certification.domain.intake import KeptWebhook, new_intake_id
from certification.domain.lms_ports import Intake
from lms_fakes import InMemoryIntake

NOW = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
PROBLEM = {"reason": "invalid_instant", "detail": "completed_at", "part": '{"é": 1}'}


@pytest.fixture(params=["fake", "s3"])
def intake(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Intake]:
    if request.param == "fake":
        yield InMemoryIntake()
        return
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client: Any = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="intake")
        yield S3Intake(client, "intake")


def webhook(minutes: int = 0, **changes: Any) -> KeptWebhook:
    at = NOW + timedelta(minutes=minutes)
    values: dict[str, Any] = {
        "source_id": "lms:1@x+y",
        "intake_id": new_intake_id(at),
        "provider": "thinkific",
        "received_at": at,
        "correlation_id": "req-1",
        "headers": {"content-type": "application/json"},
        "body": '{"name": "Müller"}'.encode(),
    }
    return KeptWebhook(**values | changes)


@pytest.mark.parametrize("body", [b'{"a": 1}', "é".encode(), b"\xff\x00raw", b""])
@pytest.mark.parametrize("problems", [(), (PROBLEM,)])
def test_what_is_kept_comes_back_as_it_was(
    intake: Intake, body: bytes, problems: tuple[dict[str, str]]
) -> None:
    kept = webhook(body=body, problems=problems)
    intake.keep(kept)
    assert intake.find(kept.source_id, kept.intake_id) == kept


def test_what_is_not_there_is_not_found(intake: Intake) -> None:
    assert intake.find("lms-1", "20260101T000000.000000Z-000000000000") is None
    assert intake.page("lms-1", readable=True, limit=5).items == ()
    assert list(intake.since("lms-1", NOW)) == []


def test_the_unreadable_copy_is_found_first_and_can_be_discarded(intake: Intake) -> None:
    raw = webhook()
    unreadable = replace(raw, problems=(PROBLEM,))
    intake.keep(raw)
    intake.keep(unreadable)
    assert intake.find(raw.source_id, raw.intake_id) == unreadable
    intake.discard(unreadable)
    intake.discard(unreadable)
    assert intake.find(raw.source_id, raw.intake_id) == raw


def test_pages_are_in_order_of_time_and_go_on_where_they_ended(intake: Intake) -> None:
    kept = [webhook(minutes, problems=(PROBLEM,)) for minutes in (3, 1, 2)]
    for one in (*kept, webhook(source_id="other", problems=(PROBLEM,)), webhook(5)):
        intake.keep(one)
    first = intake.page(kept[0].source_id, readable=False, limit=2)
    assert first.next is not None
    second = intake.page(kept[0].source_id, readable=False, limit=2, after=first.next["after"])
    expected = [kept[1].intake_id, kept[2].intake_id, kept[0].intake_id]
    assert [entry.intake_id for entry in (*first.items, *second.items)] == expected
    assert second.next is None


def test_a_page_over_all_sources_tells_them_apart(intake: Intake) -> None:
    for source_id in ("a", "b", "c"):
        intake.keep(webhook(source_id=source_id, problems=(PROBLEM,)))
    first = intake.page(None, readable=False, limit=2)
    assert first.next is not None
    second = intake.page(None, readable=False, limit=2, after=first.next["after"])
    assert [entry.source_id for entry in (*first.items, *second.items)] == ["a", "b", "c"]


def test_everything_since_an_instant_comes_in_order_and_can_be_resumed(intake: Intake) -> None:
    kept = [webhook(n, problems=(PROBLEM,) if n % 2 else ()) for n in range(6)]
    for one in kept:
        intake.keep(one)
    found = list(intake.since(kept[0].source_id, NOW + timedelta(minutes=2)))
    assert [entry.intake_id for entry in found] == [one.intake_id for one in kept[2:]]
    assert [entry.readable for entry in found] == [True, False, True, False]
    rest = list(intake.since(kept[0].source_id, NOW, after=kept[3].intake_id))
    assert [entry.intake_id for entry in rest] == [one.intake_id for one in kept[4:]]
