"""The Lambda function on the sample events of `events/api`: as API Gateway calls it, `sam local invoke` too."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from functions.api import app as api_function

from certification.domain.api_keys import hash_of
from certification.http.routes import RoutesByPath, route_table
from described import assert_described
from unit.http.api import HttpApi

EVENTS = Path(__file__).parents[3] / "events" / "api"
KEY_ID, SECRET = "0123456789abcdef01", "the-secret-of-the-sample-events"
CONTEXT = SimpleNamespace(
    function_name="api",
    memory_limit_in_mb=1024,
    invoked_function_arn="arn:aws:lambda:eu-central-1:123456789012:function:api",
    aws_request_id="5f1c7d1e",
)
EXPECTED = {
    "get_status": 200,
    "put_course": 201,
    "put_user": 201,
    "post_certification": 201,
    "post_course_completions": 202,
    "list_users": 200,
    "patch_certification_completion": 404,
    "delete_user": 204,
}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> HttpApi:
    api = HttpApi()
    api.key("admin", key_id=KEY_ID, secret_hash=hash_of(SECRET))
    monkeypatch.setattr(api_function, "app", lambda: api.app)
    return api


def sample(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return event


def test_every_sample_is_tried() -> None:
    assert {path.stem for path in EVENTS.glob("*.json")} == set(EXPECTED)


def test_the_samples_go_through_the_function_one_after_the_other(api: HttpApi) -> None:
    for name, status in EXPECTED.items():
        answer = api_function.handler(sample(name), CONTEXT)
        assert (name, answer["statusCode"]) == (name, status), answer["body"]
        assert_described(sample(name), answer)
        assert isinstance(answer["body"], str)
        assert all(isinstance(value, str) for value in answer["headers"].values()), "Gateway takes texts only"


def test_a_body_in_base64_is_read_as_what_it_is(api: HttpApi) -> None:
    answer = api_function.handler(sample("put_user"), CONTEXT)
    assert json.loads(answer["body"])["name"] == "Ada Löf"


def test_a_body_that_is_no_base64_is_a_400(api: HttpApi) -> None:
    answer = api_function.handler(sample("put_user") | {"body": "%%%"}, CONTEXT)
    assert answer["statusCode"] == 400


def test_a_stage_in_the_path_is_no_part_of_the_route(api: HttpApi) -> None:
    event = sample("get_status") | {"rawPath": "/live/status"}
    event["requestContext"]["stage"] = "live"
    assert api_function.handler(event, CONTEXT)["statusCode"] == 200


def test_the_function_is_not_slowed_down_by_what_only_workers_need() -> None:
    """Cold starts: imported are the routes of the path and nothing that a request may not need."""
    import subprocess
    import sys

    code = "import sys; from functions.api import app; app.RoutesByPath().find(('users', 'u-1')); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "certification.http.routes.users" in loaded
    others = {"certification.http.routes.crm", "certification.services.definitions"}
    assert not {"cryptography", "urllib3", "email_validator", "jsonschema", "yaml", *others} & set(loaded)


def test_each_path_is_served_by_the_modules_that_it_imports() -> None:
    for route in route_table().routes:
        found, _ = RoutesByPath().find(route.segments)
        assert found[route.method].handle is route.handle
