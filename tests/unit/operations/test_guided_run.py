"""The guided run prints what the running system answered, not what was asked of it; and it fits a terminal."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from typing import Any, cast

import pytest
from local.guided_run.api import Api
from local.guided_run.cloud import Cloud
from local.guided_run.crm import connect_crms
from local.guided_run.crm_sandbox_client import CrmSandboxClient
from local.guided_run.definitions import define, publish
from local.guided_run.learning import learn
from local.guided_run.narration import Narrator
from local.guided_run.story import Story

ANSWERS = {
    "courses": {"name": "Stored course"},
    "organizations": {"name": "Stored partner", "groups": ["stored-group"]},
    "users": {"name": "Stored user", "organization_id": "stored-partner", "items": [{}, {}]},
    "sources": {},
    "certification-completions?user_id=ada-t": {"items": []},
    "crm": {"state": "stored-state"},
    "evaluations": {"state": "completed", "counts": {"evaluated": 41}},
    "certifications": {
        "certification_id": "cert-1",
        "type": "stored-type",
        "name": "Stored name",
        "details": "Stored details",
        "expiration": {"type": "duration", "duration": "P7M"},
        "permissions": {"audience": "groups", "groups": ["stored-audience"]},
        "publish_status": "stored-status",
        "version": 17,
        "requirements": {"courses": [{}] * 23},
        "publish_checklist": [{}] * 31,
        "evaluation_id": "evaluation-1",
    },
}


class AnsweringApi:
    """Stores nothing, and answers each resource with something else than it was sent."""

    def call(self, _method: str, path: str, _body: Any = None) -> Any:
        return ANSWERS[path.split("/")[1]]

    def send(self, _method: str, _path: str, _body: bytes, _headers: dict[str, str]) -> tuple[int, str]:
        return 299, ""

    def refused(self, _method: str, _path: str, _body: Any = None) -> dict[str, Any]:
        return {"errors": [{"code": "stored_code", "message": "Stored message."}]}


class AnsweringCrms(CrmSandboxClient):
    def __init__(self) -> None:
        super().__init__(
            {"hubspot": "http://127.0.0.1:1/hubspot", "salesforce": "http://127.0.0.1:1/salesforce"}
        )

    def _add(self, *_: Any) -> None:
        """Added by nobody."""

    def _find(self, crm: str, _name: str, _key: str, value: str) -> dict[str, Any]:
        return {self.field_names(crm)["status"]: f"found-{value.partition('-')[0]}"}


def told(chapter: Callable[[Story], None], capsys: pytest.CaptureFixture[str]) -> str:
    chapter(
        Story(
            api=cast(Api, AnsweringApi()),
            cloud=cast(Cloud, None),
            crm=AnsweringCrms(),
            say=Narrator(),
            tag="t",
        )
    )
    return capsys.readouterr().out


def test_what_an_administrator_defined_is_read_back(capsys: pytest.CaptureFixture[str]) -> None:
    shown = told(define, capsys)
    for stored in (
        "3 courses: Stored course, ",
        "Stored partner, in the group stored-group",
        "user Stored user",
    ):
        assert stored in shown
    for stored in ("stored-type", "Stored details", "duration, P7M", "groups, stored-audience", "17"):
        assert stored in shown


def test_the_checklist_and_the_evaluation_are_read_back(capsys: pytest.CaptureFixture[str]) -> None:
    shown = told(publish, capsys)
    assert "stored_code - Stored message." in shown
    assert "23 required courses added; the checklist has 31 items left" in shown
    assert "stored-status; people with earlier completions, now evaluated: 41" in shown


def test_that_nothing_is_awarded_before_the_last_course_is_read_back(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before, after = told(learn, capsys).split("course completions stored: 2; certification completions: 0")
    assert before.count(": 299") == 3
    assert "arrives last: 299" in after


def test_what_the_crms_hold_before_is_read_back(capsys: pytest.CaptureFixture[str]) -> None:
    shown = told(connect_crms, capsys)
    assert shown.count("status found-ada") == shown.count("status found-ben") == 2
    assert shown.count("status found-northwind") == 2
    assert "hubspot: stored-state" in shown


def test_lines_break_between_words_on_a_terminal_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((40, 24)))
    text = "some-hyphened-word " * 6
    Narrator().done(text)
    assert capsys.readouterr().out == f"   ✓ {text}\n"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    Narrator().done(text)
    lines = capsys.readouterr().out.replace("\033[32m", "").replace("\033[0m", "").splitlines()
    assert max(map(len, lines)) <= 40
    assert " ".join(" ".join(lines).split()) == f"✓ {text.strip()}"
