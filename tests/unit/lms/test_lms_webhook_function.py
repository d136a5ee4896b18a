"""The function at the door, on the events that API Gateway sends."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from functions.lms_webhook import app as lms_webhook

from certification.bootstrap import App
from certification.config import Config
from certification.domain.sources import Source, SourceSecrets
from certification.http.responses import to_event
from fakes import FixedClock, InMemoryQueue, InMemoryTable
from lms_fakes import InMemoryIntake, InMemorySecretKeeper
from lms_senders import KEY, NOW, SENDERS, as_bytes

SAMPLE = Path(__file__).parents[3] / "events" / "lms_webhook.json"
CONTEXT = SimpleNamespace(
    function_name="lms-webhook",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:eu-central-1:123456789012:function:lms-webhook",
    aws_request_id="5f1c7d1e",
)
SAMPLE_SECRET = "thinkific-sample-secret"


@pytest.fixture
def service() -> App:
    service = App(
        Config(table_name="t", max_body_bytes=1_100_000),
        table=InMemoryTable(),
        clock=FixedClock(NOW),
        source_secrets=InMemorySecretKeeper(),
        course_completion_queue=InMemoryQueue(),
        intake=InMemoryIntake(),
    )
    configure(service, "academy", "thinkific", SAMPLE_SECRET)
    return service


def configure(service: App, source_id: str, provider: str, secret: str) -> None:
    source = Source(
        source_id=source_id,
        provider=provider,
        secret_set_at=NOW,
        created_at=NOW,
        changed_at=NOW,
        changed_by="key:a",
    )
    service.sources.save(source)
    service.source_secrets.write(source_id, SourceSecrets(current=secret))


def sample(**changes: Any) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(SAMPLE.read_text())
    return event | changes


def answer(service: App, event: dict[str, Any]) -> tuple[int, Any]:
    out = to_event(lms_webhook.take(event, service), {}, head=False)
    return out["statusCode"], json.loads(out["body"])


def queued(service: App) -> list[dict[str, Any]]:
    queue = service.course_completion_queue
    assert isinstance(queue, InMemoryQueue)
    return queue.sent


def test_the_sample_event_is_accepted_and_queued(service: App) -> None:
    assert answer(service, sample()) == (202, {"accepted": 1, "ignored": 0, "kept": 0})
    (body,) = queued(service)
    assert (body["source"], body["correlation_id"]) == ("academy", "JKJaXmPLvHcESHA=")


def test_the_signature_is_over_the_raw_bytes_also_when_they_come_as_base64(service: App) -> None:
    raw = sample()["body"].encode()
    encoded = sample(body=base64.b64encode(raw).decode(), isBase64Encoded=True)
    assert answer(service, encoded)[0] == 202
    changed = sample(body=base64.b64encode(raw + b" ").decode(), isBase64Encoded=True)
    assert answer(service, changed)[0] == 401


def test_header_names_are_read_without_case(service: App) -> None:
    headers = {name.title(): value for name, value in sample()["headers"].items()}
    assert answer(service, sample(headers=headers))[0] == 202


@pytest.mark.parametrize("headers", [{}, None, {"x-thinkific-hmac-sha256": "00"}])
def test_a_bad_or_missing_signature_is_a_problem_and_leaves_nothing(service: App, headers: Any) -> None:
    status, problem = answer(service, sample(headers=headers))
    assert status == 401
    assert problem["status"] == 401
    assert problem["type"].endswith("signature-refused")
    assert not queued(service)


def test_an_unknown_source_is_not_found(service: App) -> None:
    assert answer(service, sample(pathParameters={"source_id": "nobody"}))[0] == 404
    assert answer(service, sample(pathParameters=None))[0] == 404


def test_the_secret_in_the_path_may_be_percent_encoded(service: App) -> None:
    secret = f"{KEY} ü"
    configure(service, "school@x", "teachable", secret)
    body = as_bytes(SENDERS["teachable"].sample()).decode()
    for given in (secret, "a-shared-key-of-at-least-32-bytes!%20%C3%BC"):
        path = {"source_id": "school%40x", "secret": given}
        assert answer(service, sample(body=body, pathParameters=path, headers={}))[0] == 202
    wrong = {"source_id": "school@x", "secret": "guess"}
    assert answer(service, sample(body=body, pathParameters=wrong, headers={}))[0] == 401


def test_a_body_over_the_limit_is_refused_before_it_is_read(service: App) -> None:
    status, _ = answer(service, sample(body="x" * 1_100_001))
    assert status == 413
    assert service.table.calls == {"write": 1}  # type: ignore[attr-defined]  # of the setting alone


def test_a_body_of_one_megabyte_is_taken(service: App) -> None:
    configure(service, "lrs", "xapi", SENDERS["xapi"].secret)
    one = SENDERS["xapi"].sample()
    many = [one | {"id": f"s-{n}", "padding": "é" * 200} for n in range(1000)]
    request = SENDERS["xapi"].request(many)
    assert 900_000 < len(request.body) < 1_100_000
    event = sample(
        body=request.body.decode(), headers=dict(request.headers), pathParameters={"source_id": "lrs"}
    )
    assert answer(service, event) == (202, {"accepted": 1000, "ignored": 0, "kept": 0})
    assert len(queued(service)) == 1000


def test_what_cannot_be_taken_in_asks_to_be_sent_again(service: App) -> None:
    service.course_completion_queue.refuses = True  # type: ignore[attr-defined]
    out = to_event(lms_webhook.take(sample(), service), {}, head=False)
    assert out["statusCode"] == 503
    assert out["headers"]["Retry-After"]


def test_no_pydantic_on_the_hot_path() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from functions.lms_webhook import app;"
        "from certification.services import webhooks; from certification.adapters.lms import registry;"
        "from certification.domain import sources;"
        "[registry.get_provider(name) for name in sources.PROVIDERS];"
        "assert not {'pydantic', 'cryptography', 'requests'} & set(sys.modules), sorted(sys.modules)"
    )
    root = Path(__file__).parents[3]
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        cwd=root,
        env={"PYTHONPATH": f"{root}/layers/certification:{root}"},
    )


@pytest.mark.parametrize("source_id", ["a%20b", "x" * 5000, "%00", "a%2Fb", "ü", "", "a%23SOURCE"])
def test_what_cannot_be_a_source_is_not_found_before_anything_is_asked(service: App, source_id: str) -> None:
    before = dict(service.table.calls)  # type: ignore[attr-defined]
    assert answer(service, sample(pathParameters={"source_id": source_id}))[0] == 404
    assert service.table.calls == before  # type: ignore[attr-defined]


def test_a_source_that_sends_too_much_is_told_when_to_come_back(service: App) -> None:
    service.config = replace(service.config, source_webhooks_per_second=1)
    statuses = []
    for _ in range(8):
        out = to_event(lms_webhook.take(sample(), service), {}, head=False)
        statuses.append(out["statusCode"])
    assert statuses[:3] == [202] * 3
    assert statuses[-1] == 429
    assert int(out["headers"]["Retry-After"]) > 0
    assert json.loads(out["body"])["type"].endswith("source-throttled")


def test_a_bug_is_a_problem_that_tells_nothing_and_makes_the_lms_send_again(
    service: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError("secret of DynamoDBSources")

    monkeypatch.setattr(lms_webhook, "app", lambda: service)
    monkeypatch.setattr(service.webhook_receiver, "receive", fail)
    out = lms_webhook.handler(sample(), CONTEXT)
    assert out["statusCode"] == 500
    assert json.loads(out["body"])["status"] == 500
    assert "secret" not in out["body"]
    assert "JKJaXmPLvHcESHA=" in out["body"]


def test_a_table_without_capacity_is_a_503(service: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lms_webhook, "app", lambda: service)
    service.table.throttled = True  # type: ignore[attr-defined]
    out = lms_webhook.handler(sample(), CONTEXT)
    assert out["statusCode"] == 503
    assert out["headers"]["Retry-After"]
    assert "throttled" not in out["body"]
