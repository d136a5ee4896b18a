"""schemathesis against the deployed service: every operation of the document, all checks, no failure, no 5xx."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from local.crm_sandbox.hubspot import TOKEN
from local.crm_sandbox.salesforce_token import CLIENT_ID, CLIENT_SECRET

from academy import MAIL_DOMAIN
from deployed import Api
from populated import populate

SEED = 4711
MOST_SECONDS = 900  # a minute or two on an idle machine
CHECKS = Path(__file__).with_name("schemathesis_checks.py")
# What the state of things may answer to a request that fits the document; 5xx is not among it. How such a request may
# be refused with 400 or 422 is checked by `schemathesis_checks.py`.
BY_STATE = ["2xx", "400", "401", "403", "404", "409", "412", "422"]
REFUSALS = ["400", "401", "403", "404", "405", "406", "409", "412", "413", "415", "422"]
# Some need what only an LMS or an accident makes; `tests/unit/http/test_examples.py` reaches every single one.
LEAST_ACCEPTED = 0.8
SPARE_USERS = [f"spare-{number}" for number in range(20)]


@pytest.fixture(scope="module")
def ids(api: Api, stack: dict[str, Any]) -> Iterator[dict[str, str]]:
    """One of everything, and both CRMs connected, so that operations find what they ask for."""

    def make(method: str, path: str, body: Any = None, **given: Any) -> Any:
        answer = api.send(method, path, body, **given)
        assert 200 <= answer.status < 300, (method, path, answer.body)
        return answer.json

    found = populate(make, email_domain=MAIL_DOMAIN)
    for user_id in SPARE_USERS:
        make("PUT", f"/users/{user_id}", {"email": f"{user_id}@{MAIL_DOMAIN}"})
    connection = {"base_url": stack["hubspot_url"], "credentials": {"access_token": TOKEN}}
    make("PUT", "/crm/hubspot/connection", connection)
    credentials = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    make(
        "PUT", "/crm/salesforce/connection", {"base_url": stack["salesforce_url"], "credentials": credentials}
    )
    mapping = {
        "match": {"source": "email", "target": "email"},
        "fields": [{"value": "Partner", "target": "contact_kind"}],
    }
    found["backfill_id"] = make("PUT", "/crm/hubspot/mappings/contact", mapping)["backfill_id"]
    csv = {
        "headers": {"Content-Type": "text/csv"},
        "raw": b"user_id,course_id,completed_at\nu-1,c-1,2026-11-19\n",
    }
    found["import_id"] = make("POST", "/course-completions/import", **csv)["import_id"]
    yield found
    for crm in ("hubspot", "salesforce"):
        api.delete(f"/crm/{crm}/connection")


@pytest.fixture(scope="module")
def report(
    ids: dict[str, str], stack: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What `schemathesis run` found, and what it printed."""
    folder = tmp_path_factory.mktemp("schemathesis")
    (folder / "schemathesis.toml").write_text(configuration(ids, stack["hubspot_url"]))
    url = stack["api_loopback_url"]
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "--config-file",
        "schemathesis.toml",
        "--no-color",
    ]
    arguments = ["run", f"{url}/openapi.json", "--url", url, "--report-json-path", "report.json"]
    done = subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env={**os.environ, "API_KEY": stack["admin_api_key"]},
        capture_output=True,
        text=True,
        timeout=MOST_SECONDS,
        check=False,
    )
    found: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return {**found, "printed": done.stdout + done.stderr}


def configuration(ids: dict[str, str], hubspot_url: str) -> str:
    """As TOML; JSON's texts and lists are TOML's too. Four of five requests ask for what is there."""
    lines = [
        f"seed = {SEED}",
        "workers = 2",
        "request-timeout = 60",
        "continue-on-failure = true",
        f"hooks = {json.dumps(str(CHECKS))}",
        '[auth.openapi.key]\nbearer = "${API_KEY}"',
        "[generation]\ndeterministic = true\nno-shrink = true\nmax-examples = 3",
        f"[checks.positive_data_acceptance]\nexpected-statuses = {json.dumps(BY_STATE)}",
        f"[checks.negative_data_rejection]\nexpected-statuses = {json.dumps(REFUSALS)}",
        "[phases.stateful.generation]\nmax-examples = 10",
    ]
    values = {name: [value] for name, value in ids.items()}
    values |= {"spare_user_id": SPARE_USERS, "base_url": [hubspot_url], "access_token": [TOKEN]}
    lines += [f"[dictionaries.{name}]\nvalues = {json.dumps(given)}" for name, given in values.items()]
    lines += ["[parameters]", *(bound(f"path.{name}", name, 0.8) for name in ids)]
    # Nobody is called who is not in the sandbox, and one CRM stays connected.
    lines += operation("PUT /crm/{crm}/connection", "phases.examples.enabled = false")
    lines += ["[operations.parameters]", '"path.crm" = "hubspot"', bound("body.base_url", "base_url", 1.0)]
    lines += [bound("body.credentials.access_token", "access_token", 1.0)]
    lines += [
        *operation("DELETE /crm/{crm}/connection"),
        "[operations.parameters]",
        '"path.crm" = "salesforce"',
    ]
    for name in ("POST /certification-completions", "POST /evaluations"):
        lines += [*operation(name), "[operations.parameters]"]
        lines += [bound("body.certification_id", "certification_id", 0.8)]
    lines += [*operation("DELETE /users/{user_id}"), "[operations.parameters]"]
    lines += [bound("path.user_id", "spare_user_id", 0.8)]
    return "\n".join(lines)


def operation(name: str, *settings: str) -> list[str]:
    return ["[[operations]]", f"include-name = {json.dumps(name)}", *settings]


def bound(parameter: str, dictionary: str, probability: float) -> str:
    return f'"{parameter}" = {{ dictionary = "{dictionary}", probability = {probability} }}'


@pytest.mark.timeout(MOST_SECONDS + 60)
def test_every_operation_is_tried_and_nothing_fails(report: dict[str, Any]) -> None:
    assert (report["failures"], report["errors"]) == ([], []), report["printed"]
    assert report["operations"]["tested"] == report["operations"]["total"]
    assert report["complete"] is True
    assert report["exit_code"] == 0


def test_operations_are_accepted_and_not_only_refused(report: dict[str, Any]) -> None:
    """Or it would only be known how they refuse."""
    rates = report["valid_rates"]
    accepted = {name for name, phases in rates.items() if any(rate["accepted"] for rate in phases.values())}
    assert len(accepted) >= LEAST_ACCEPTED * report["operations"]["total"], sorted(rates.keys() - accepted)
