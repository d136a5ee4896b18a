"""What callers wait for, through the deployed service on the embedded cloud, one request after another."""

from __future__ import annotations

import http.client
import io
import json
import statistics
import time
import zipfile
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from local.down import down
from local.guided_run.crm_sandbox_client import CrmSandboxClient
from local.guided_run.webhooks import standard_webhook
from local.place import Place
from local.up import up

from bench.report import Row
from bench.rig import bench_place, client

REQUESTS = 200
AWARDS = 10
_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 the published example of the scheme
_EMPTY = "def handler(event, context):\n    print('{}')\n    return {'statusCode': 200, 'body': '{}'}\n"


def measure() -> Iterator[Row]:
    place = bench_place()
    down(place)
    up(place)
    try:
        yield from _requests(Caller(place), place)
        yield from _to_award_and_crm(Caller(place), place)
    finally:
        down(place)


class Caller:
    """One kept-alive connection to the API."""

    def __init__(self, place: Place, api_url: str = "") -> None:
        stack = place.stack()
        self._host = urlsplit(api_url or stack["api_url"]).netloc
        self._key = stack["admin_api_key"]
        self._connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=60)

    def send(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Any:
        """The answer's JSON; raises for a refusal."""
        given = {
            "Host": self._host,
            "Authorization": f"Bearer {self._key}",
            "Content-Type": "application/json",
        }
        self._connection.request(method, path, body, {**given, **(headers or {})})
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status >= http.client.BAD_REQUEST:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]!r}")
        return json.loads(text) if text else None

    def put(self, path: str, body: Any, method: str = "PUT") -> Any:
        return self.send(method, path, json.dumps(body).encode())


def _requests(api: Caller, place: Place) -> Iterator[Row]:
    empty = Caller(place, _empty_function(place))
    user = {
        "email": "u@bench.example",
        "name": "U",
        "groups": [],
        "attributes": {},
        "identities": [],
        "active": True,
    }
    api.put("/users/u-0", user)
    api.put("/sources/academy", {"provider": "standard_webhooks", "secret": _SECRET})
    # In turn: what slows the machine for a while slows both.
    base, read = _timed(lambda _: empty.send("GET", "/"), lambda _: api.send("GET", "/users/u-0"))
    yield _row("an empty Lambda behind an HTTP API", base, 50)
    yield _row("API, read by id", read, 50, most=2 * _percentile(base, 50))
    yield _row("API, read by id", read, 99)
    (create,) = _timed(lambda n: api.put(f"/courses/bench-{n}", {"name": f"Course {n}", "active": True}))
    yield _row("API, create", create, 50)
    yield _row("API, create", create, 99)
    (listed,) = _timed(lambda _: api.send("GET", "/courses"))
    yield _row("API, a list of 50", listed, 50)
    yield _row("API, a list of 50", listed, 99)
    (posted,) = _timed(lambda n: _post(api, n))
    yield _row("webhook, signed, acknowledged", posted, 50)
    yield _row("webhook, signed, acknowledged", posted, 99)


def _post(api: Caller, number: int, user_id: str = "u-0", course_id: str = "bench-0") -> None:
    body = {
        "event_id": f"e-{user_id}-{course_id}-{number}",
        "user_id": user_id,
        "course_id": course_id,
        "completed_at": f"2026-01-01T00:{number % 3600 // 60:02}:{number % 60:02}Z",
    }
    raw, headers = standard_webhook(_SECRET, body)
    api.send("POST", "/webhooks/academy", raw, headers)


def _to_award_and_crm(api: Caller, place: Place) -> Iterator[Row]:
    """From the webhook of the last course to the award, and to the Contact in HubSpot's sandbox."""
    stack = place.stack()
    crm = CrmSandboxClient({"hubspot": stack["hubspot_url"], "salesforce": stack["salesforce_url"]})
    api.put("/crm/hubspot/connection", crm.connection("hubspot"))
    certification_id = _published(api)
    names = crm.field_names("hubspot")
    field = {"certification_id": certification_id, "source": "status", "target": names["status"]}
    match = {"source": "email", "target": names["email"]}
    api.put("/crm/hubspot/mappings/contact", {"match": match, "fields": [field]})
    to_award, to_crm = [], []
    for number in range(AWARDS):
        user_id = f"latency-{number}"
        email = f"{user_id}@bench.example"
        crm.add_person(email)
        user = {"email": email, "name": "U", "groups": [], "attributes": {}, "identities": [], "active": True}
        api.put(f"/users/{user_id}", user)
        time.sleep(1)
        started = time.perf_counter()
        _post(api, 0, user_id)
        path = f"/certification-completions?user_id={user_id}"
        to_award.append(_until(lambda path=path: api.send("GET", path)["items"], started))  # type: ignore[misc]
        seen = lambda email=email: crm.person("hubspot", email).get(names["status"])  # noqa: E731
        to_crm.append(_until(seen, started))
    yield Row(what="from the last webhook to the award", value=statistics.median(to_award), unit="ms, median")
    yield Row(what="from the last webhook to the CRM", value=statistics.median(to_crm), unit="ms, median")


def _published(api: Caller) -> str:
    definition = {
        "type": "user",
        "name": "Bench",
        "details": "Measured.",
        "expiration": {"type": "never"},
        "permissions": {"audience": "everyone"},
        "requirements": {"courses": [{"course_id": "bench-0"}]},
    }
    certification_id: str = api.put("/certifications", definition, "POST")["certification_id"]
    api.put(f"/certifications/{certification_id}/publish", {}, "POST")
    return certification_id


def _until(look: Callable[[], Any], started: float, *, patience: float = 60) -> float:
    while not look():
        if time.perf_counter() - started > patience:
            raise TimeoutError("what was to come did not come")
        time.sleep(0.005)
    return (time.perf_counter() - started) * 1000


def _timed(*requests: Callable[[int], Any]) -> list[list[float]]:
    """Milliseconds of each request, these in turn; the first ones start what answers them."""
    for number in range(10):
        for do in requests:
            do(-1 - number if number else 0)
    taken: list[list[float]] = [[] for _ in requests]
    for number in range(1, REQUESTS + 1):
        for do, times in zip(requests, taken, strict=True):
            started = time.perf_counter()
            do(number)
            times.append((time.perf_counter() - started) * 1000)
    return taken


def _row(what: str, taken: list[float], percent: int, *, most: float | None = None) -> Row:
    return Row(what=f"{what}: p{percent}", value=_percentile(taken, percent), unit="ms", target=most)


def _percentile(taken: list[float], percent: int) -> float:
    return statistics.quantiles(taken, n=100)[percent - 1]


def _empty_function(place: Place) -> str:
    """The URL of a function that does nothing, behind an HTTP API of its own."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", _EMPTY)
    function = client(place, "lambda").create_function(
        FunctionName="empty",
        Runtime="python3.12",
        Role="arn:aws:iam::000000000000:role/empty",
        Handler="app.handler",
        Code={"ZipFile": packed.getvalue()},
    )
    gateway = client(place, "apigatewayv2")
    api = gateway.create_api(Name="empty", ProtocolType="HTTP", Target=function["FunctionArn"])
    api_id = api["ApiId"]
    integration = gateway.create_integration(
        ApiId=api_id,
        IntegrationType="AWS_PROXY",
        IntegrationUri=function["FunctionArn"],
        PayloadFormatVersion="2.0",
    )
    target = f"integrations/{integration['IntegrationId']}"
    gateway.create_route(ApiId=api_id, RouteKey="GET /", Target=target)
    gateway.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    return f"http://{api_id}.execute-api.localhost:{place.port}"
