"""What an end-to-end run left in the logs: ids, never a person or a secret. Runs after all other tests here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from local.crm_sandbox.hubspot import TOKEN
from local.crm_sandbox.salesforce_token import CLIENT_SECRET

from academy import MAIL_DOMAIN, PERSON, Academy
from contract.sandbox import CrmSandbox
from deployed import Api, eventually
from e2e.test_crm import Crm, hubspot
from lms_senders import SENDERS

ON_THE_WAY = ("lms-webhook", "award", "completion-stream", "hubspot-sync")
FUNCTIONS = (*ON_THE_WAY, "api", "expiry", "salesforce-sync")
Line = dict[str, Any]

# What these tests provoke. Anything else that warns is news.
EXPECTED_WARNINGS = {"not a course completion", "webhook refused"}


@pytest.fixture
def crm(api: Api, stack: dict[str, Any], unique: str) -> Iterator[Crm]:
    sandbox = CrmSandbox(stack["hubspot_url"].removesuffix("/hubspot"))
    crm = hubspot(api, sandbox)
    assert crm.connect().status in {200, 201}
    yield crm
    api.delete("/crm/hubspot/connection")
    sandbox.close()


@pytest.fixture
def logs(stack: dict[str, Any], aws: Callable[[str], Any]) -> Callable[[str], list[str]]:
    """All lines of a function."""

    def read(function: str) -> list[str]:
        group = f"/aws/lambda/{stack['stack_name']}-{function}"
        pages = aws("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        return [event["message"] for page in pages for event in page["events"]]

    return read


@pytest.fixture
def everything(logs: Callable[[str], list[str]], api: Api, unique: str) -> list[str]:
    """All lines of all functions; a person is made first, so that there is something not to be found."""
    Academy(api=api, name=unique).user()
    return [line for function in FUNCTIONS for line in logs(function)]


def ours(lines: list[str]) -> list[Line]:
    """What our own code logged, without Lambda's lines and without metrics."""
    found = []
    for text in lines:
        if text.startswith("{"):
            line: Line = json.loads(text)
            if "_aws" not in line:
                found.append(line)
    return found


def test_no_person_and_no_secret_is_in_any_log(everything: list[str], stack: dict[str, Any]) -> None:
    assert everything
    secrets = {sender.secret for sender in SENDERS.values()} - {""}
    for hidden in (*PERSON.split(), MAIL_DOMAIN, stack["admin_api_key"], TOKEN, CLIENT_SECRET, *secrets):
        assert [line for line in everything if hidden.lower() in line.lower()] == [], hidden


def test_no_traceback_is_in_any_log(everything: list[str]) -> None:
    """Poison is refused in one line; a traceback is a defect or an outage, and this run had none of its own making."""
    assert [line for line in everything if "Traceback" in line] == []


def test_nothing_warns_but_what_was_provoked(everything: list[str]) -> None:
    """A missing permission, too: it may hide behind a second attempt by another way."""
    warnings = [line for line in ours(everything) if line["level"] in {"WARNING", "ERROR", "CRITICAL"}]
    assert [line for line in warnings if line["message"] not in EXPECTED_WARNINGS] == []


def test_every_line_carries_a_correlation_id(everything: list[str]) -> None:
    lines = ours(everything)
    assert lines
    assert [line for line in lines if not line.get("correlation_id")] == []


def test_one_correlation_id_runs_from_the_webhook_to_the_crm(
    api: Api, unique: str, crm: Crm, logs: Callable[[str], list[str]]
) -> None:
    academy, sender = Academy(api=api, name=unique), SENDERS["standard_webhooks"]
    course = academy.course(0)
    certification = academy.certification([course], expiration={"type": "fixed_date", "date": "2099-11-20"})
    assert crm.map_people(certification).status in {200, 201}
    body = {"provider": sender.provider, "secret": sender.secret}
    academy.done(api.put(f"/sources/{unique}", body))
    user = academy.user()
    record = crm.add_person(user)

    signed = sender.request(
        academy.completion(user, course, "2026-11-20T09:30:00Z"), secret=sender.secret, at=datetime.now(UTC)
    )
    sent = api.with_key(None).send(
        "POST", f"/webhooks/{unique}", raw=signed.body, headers=dict(signed.headers)
    )
    assert sent.status == 202
    crm.comes_to_show(record, crm.active_until("2099-11-20"))

    [webhook] = [line for line in ours(logs("lms-webhook")) if line.get("source_id") == unique]

    def silent() -> list[str]:
        return [f for f in ON_THE_WAY if not any(webhook["correlation_id"] in line for line in logs(f))]

    eventually(lambda: not silent(), within=30, what="a line of every function on the way")
