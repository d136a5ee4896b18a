"""Every operation reaches its good answer, with the document's own example for its body, in a service that has some of
everything. What comes back is held to its declared schema by `HttpApi` itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from builders import course_completion, message
from certification.domain.course_completion_message import UserReference
from certification.domain.crm_property import CrmProperty, PropertyKind
from certification.domain.intake import KeptWebhook, new_intake_id
from certification.domain.model import Identity
from certification.domain.parking import ParkingReason, parked
from certification.http.router import Route
from described import errors_of, operation_of
from fake_crm import FakeCrm, FakeGateways
from populated import DEFINITION, populate
from unit.http.api import NOW, HttpApi
from unit.http.walk import ROUTES, each, fields_of, name, path_of

QUERIES = {
    "/certification-completions": "user_id=u-1",
    "/certifications/{certification_id}/expiration-preview": "completion_date=2026-11-20",
}
PROPERTIES = (
    CrmProperty(name="email", kind=PropertyKind.TEXT, unique=True),
    CrmProperty(name="certification_count", kind=PropertyKind.NUMBER),
)
Prepare = Callable[[HttpApi, dict[str, str]], dict[str, str] | None]


def service() -> tuple[HttpApi, dict[str, str]]:
    """A service with some of everything, and the ids by the names of the path parameters."""
    api = HttpApi(gateways=FakeGateways(FakeCrm(described=PROPERTIES)))
    found = populate(api.made)
    example = {(route.method, route.path): route.example for route in ROUTES}
    api.made("PUT", "/crm/hubspot/connection", example["PUT", "/crm/{crm}/connection"])
    mapping = api.made("PUT", "/crm/hubspot/mappings/contact", example["PUT", "/crm/{crm}/mappings/{object}"])
    api.app.ledger.add_course_completions([course_completion()])
    return api, found | {
        "backfill_id": mapping["backfill_id"],
        "parked_id": park(api),
        "intake_id": keep(api),
        "secret": "x",
    }


def park(api: HttpApi) -> str:
    who = UserReference(identity=Identity(source="academy", external_id="94"))
    entry = parked(message(user=who), ParkingReason.USER_UNKNOWN, now=NOW)
    api.app.parking.park([entry])
    return entry.parked_id


def keep(api: HttpApi) -> str:
    problem = {"reason": "parser_failed", "detail": "thinkific"}
    kept = KeptWebhook(
        source_id="academy",
        intake_id=new_intake_id(NOW),
        provider="thinkific",
        received_at=NOW,
        correlation_id="r-0",
        body=b"{}",
        problems=(problem,),
    )
    api.app.intake.keep(kept)
    return kept.intake_id


def spare(method: str, path: str, body: dict[str, Any]) -> Prepare:
    """Something that nothing depends on, for a route that takes it away."""

    def make(api: HttpApi, _: dict[str, str]) -> dict[str, str]:
        made = api.made(method, path, body)
        return {field: made[field] for field in made if field.endswith("_id") and made[field]}

    return make


def run(kind: str, body: str) -> Prepare:
    """An import of this kind that was started; `resume` and reading find it."""

    def start(api: HttpApi, _: dict[str, str]) -> dict[str, str]:
        sent = api.made("POST", f"/{kind}/import", body, headers={"Content-Type": "text/csv"})
        return {"import_id": sent["import_id"]}

    return start


def revoked(api: HttpApi, ids: dict[str, str]) -> None:
    path = f"/certification-completions/{ids['certification_completion_id']}/revoke"
    api.made("POST", path, {"reason": "a mistake"})


def synced(api: HttpApi, _: dict[str, str]) -> None:
    api.made("POST", "/crm/hubspot/sync", {"user_id": "u-1"})


def reconciled(api: HttpApi, _: dict[str, str]) -> dict[str, str]:
    """A CRM's reconciliation: it has ids of its own."""
    started = api.made("POST", "/crm/hubspot/reconciliations", {"all": True})
    return {"reconciliation_id": started["reconciliation_id"]}


def two_courses(api: HttpApi, ids: dict[str, str]) -> None:
    api.made("PUT", f"/certifications/{ids['certification_id']}/courses/c-2", {})


def another_user(api: HttpApi, _: dict[str, str]) -> None:
    """Holds nothing yet, under the id that the examples name."""
    api.made("PUT", "/users/u-2", {"email": "bo@partner.example", "name": "Bo"})


_COMPLETED = run("course-completions", "user_id,course_id,completed_at\nu-1,c-1,2026-11-19\n")
_AWARDED = run("certification-completions", "user_id,certification_id,completion_date\nu-9,c-9,2024-03-01\n")
PREPARED: dict[str, Prepare] = {
    "DELETE /courses/{course_id}": spare("PUT", "/courses/c-9", {"name": "A"}),
    "DELETE /organizations/{organization_id}": spare("PUT", "/organizations/o-9", {"name": "A"}),
    "DELETE /users/{user_id}": spare("PUT", "/users/u-9", {"email": "a@b.example"}),
    "DELETE /certifications/{certification_id}": spare("POST", "/certifications", DEFINITION),
    "DELETE /certifications/{certification_id}/courses/{course_id}": two_courses,
    "POST /certification-completions/{certification_completion_id}/reinstate": revoked,
    "POST /certification-completions": another_user,
    "GET /crm/{crm}/reconciliations/{reconciliation_id}": reconciled,
    "GET /crm/{crm}/reconciliations": reconciled,
    "GET /crm/{crm}/sync": synced,
    "GET /course-completions/import/{import_id}": _COMPLETED,
    "GET /course-completions/import/{import_id}/errors": _COMPLETED,
    "POST /course-completions/import/{import_id}/resume": _COMPLETED,
    "GET /certification-completions/import/{import_id}": _AWARDED,
    "GET /certification-completions/import/{import_id}/errors": _AWARDED,
    "POST /certification-completions/import/{import_id}/resume": _AWARDED,
}
# The stream writes the history, and this import has no mistakes in it.
EMPTY = {
    "GET /certification-completions/{certification_completion_id}/history",
    "GET /course-completions/import/{import_id}/errors",
}
# Taken by another function, whose own tests send what each provider signs.
ELSEWHERE = {"POST /webhooks/{source_id}", "POST /webhooks/{source_id}/{secret}"}


def example_of(route: Route, ids: dict[str, str]) -> Any:
    """The document's example, about what is there: only an id that the service chooses cannot be known before."""
    if route.example is None:
        return None
    text = route.example if route.raw_body else json.dumps(route.example)
    text = text.replace("cert-1", ids["certification_id"])
    return text.replace('"u-1"', '"u-2"') if route.path == "/certification-completions" else text


def answered(route: Route) -> tuple[int, Any, dict[str, str]]:
    """What the route answers to its own example, and the ids that were there."""
    api, ids = service()
    prepare = PREPARED.get(name(route))
    ids |= (prepare(api, ids) or {}) if prepare else {}
    status, answer = api.call(
        route.method,
        path_of(route.path, **ids),
        example_of(route, ids),
        QUERIES.get(route.path, "") if route.method == "GET" else "",
        headers={"Content-Type": route.raw_body or "application/json"},
    )
    return status, answer, ids


@each([route for route in ROUTES if name(route) not in ELSEWHERE])
def test_the_example_is_accepted_and_the_answer_is_as_declared(route: Route) -> None:
    status, answer, _ = answered(route)
    assert status in route.answers(), (status, answer)


@each([route for route in ROUTES if "cursor" in fields_of(route, "query")])
def test_a_list_shows_what_there_is(route: Route) -> None:
    """A list that is always empty would fit any schema."""
    _, page, _ = answered(route)
    assert bool(page["items"]) is (name(route) not in EMPTY)


@each([route for route in ROUTES if any(isinstance(model, type) for model in route.answers().values())])
def test_the_document_shows_an_answer_that_fits(route: Route) -> None:
    """`python -m unit.http.record_examples` records them anew."""
    for status, model in route.answers().items():
        if isinstance(model, type) and name(route) != "GET /openapi.json":
            content = operation_of(route)["responses"][str(status)]["content"]["application/json"]
            assert errors_of(content["schema"], content["example"]) == []
