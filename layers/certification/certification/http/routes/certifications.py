"""Certifications: the definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from certification.domain import shapes
from certification.domain.errors import InvalidError, NotFoundError
from certification.domain.instants import format_instant
from certification.domain.model import Certification, CourseId, Requirement, Requirements
from certification.domain.validity import expiration_date
from certification.domain.version_difference import difference
from certification.http import schemas
from certification.http.idempotency import MakeReceipt, once
from certification.http.paging import items_page, page_of, start_of
from certification.http.preconditions import check_if_match
from certification.http.request import Request
from certification.http.responses import Response
from certification.http.router import Route, Scope
from certification.services.definitions import Defined

if TYPE_CHECKING:
    from certification.bootstrap import App
    from certification.http.schemas.certifications import (
        CertificationBody,
        CertificationParts,
        CertificationPatch,
        CertificationsQuery,
        VersionsQuery,
    )

TAG = "Certifications"
PATH = "/certifications/{certification_id}"
EXAMPLE = {
    "type": "user",
    "name": "Sales Professional",
    "details": "Can position, price and close.",
    "expiration": {"type": "duration", "duration": "P12M"},
    "permissions": {"audience": "everyone"},
    "requirements": {"courses": [{"course_id": "c-1", "minimum_score": 80}]},
    "reminders": ["P30D"],
}


def post_certification(app: App, request: Request) -> Response:
    body: CertificationBody = request.body
    draft = app.certifications.new(body.type, _parts(body), actor=request.caller.actor)

    def act(receipt: MakeReceipt) -> Response:
        response = _response(app.certifications.described(draft), status=201)
        app.certifications.add(draft, receipt(response))
        return response

    return once(app, request, act)


def list_certifications(app: App, request: Request) -> Response:
    query: CertificationsQuery = request.query
    part = app.definitions.page(limit=query.limit, start=start_of(app, request))
    shown = [
        certification
        for certification in part.items
        if query.type in {None, certification.type}
        and query.publish_status in {None, certification.publish_status}
    ]
    described = app.certifications.described_all(shown)
    return items_page(app, request, map(certification_json, described), part.next)


def get_certification(app: App, request: Request) -> Response:
    return _response(app.certifications.described(_present(app, request)))


def patch_certification(app: App, request: Request) -> Response:
    previous = _present(app, request)
    body: CertificationPatch = request.body
    parts = _parts(body) | ({"type": body.type} if body.type is not None else {})
    return _response(app.certifications.change(previous, parts, actor=request.caller.actor))


def delete_certification(app: App, request: Request) -> Response:
    app.certifications.delete(_present(app, request))
    return Response(204)


def put_required_course(app: App, request: Request) -> Response:
    previous, body = _present(app, request), request.body
    course_id = CourseId(request.params["course_id"])
    requirement = Requirement(
        course_id=course_id,
        minimum_score=body.minimum_score,
        equivalents=tuple(CourseId(c) for c in body.equivalents),
    )
    known = any(course.course_id == course_id for course in previous.requirements.courses)
    defined = app.certifications.put_course(previous, requirement, actor=request.caller.actor)
    return _response(defined, status=200 if known else 201)


def delete_required_course(app: App, request: Request) -> Response:
    previous = _present(app, request)
    app.certifications.remove_course(previous, request.params["course_id"], actor=request.caller.actor)
    return Response(204)


def publish(app: App, request: Request) -> Response:
    max_awards = request.body.max_awards
    previous = _present(app, request)
    return _response(app.certifications.publish(previous, actor=request.caller.actor, max_awards=max_awards))


def unpublish(app: App, request: Request) -> Response:
    return _response(app.certifications.unpublish(_present(app, request), actor=request.caller.actor))


def retire(app: App, request: Request) -> Response:
    return _response(app.certifications.retire(_present(app, request), actor=request.caller.actor))


def list_versions(app: App, request: Request) -> Response:
    certification = app.certifications.get(request.params["certification_id"])
    query: VersionsQuery = request.query
    changes = _changes(app, certification, query)
    part = app.definitions.versions(
        certification.certification_id, limit=query.limit, start=start_of(app, request)
    )
    page = page_of(app, request, part, _version_json)
    return Response(200, {**page.body, "changes": changes})


def _changes(app: App, certification: Certification, query: VersionsQuery) -> list[dict[str, Any]]:
    """Between the two asked for; else between the newest and the one before."""
    newest = certification.version if certification.frozen else certification.version - 1
    newer = query.to or newest
    older = query.from_ or newer - 1
    found = {
        number: app.definitions.version(certification.certification_id, number) for number in {older, newer}
    }
    if any(number is not None and found[number] is None for number in (query.from_, query.to)):
        raise NotFoundError("There is no such version; only what was published is one.")
    before, after = found[older], found[newer]
    return _changes_json(before, after) if before and after else []


def preview_expiration(app: App, request: Request) -> Response:
    certification = app.certifications.get(request.params["certification_id"])
    policy = certification.expiration
    if policy is None:
        raise InvalidError("the certification has no expiration policy yet")
    completed = request.query.completion_date
    expires = expiration_date(policy, completed)
    body = {
        "completion_date": completed.isoformat(),
        "expiration_date": expires.isoformat() if expires else None,
        "rule": shapes.rule_in_words(policy),
    }
    return Response(200, body)


def _present(app: App, request: Request) -> Certification:
    certification: Certification = app.certifications.get(request.params["certification_id"])
    check_if_match(request, certification.revision)
    return certification


def _parts(body: CertificationParts) -> dict[str, Any]:
    """What the body gives, as the domain has it; what it does not mention stays as it is."""
    given = body.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"type"})
    return {name: _READERS[name](value) for name, value in given.items()}


def _optional(read: Any) -> Any:
    return lambda value: read(value) if value is not None else None


_READERS: dict[str, Any] = {
    "name": str,
    "details": str,
    "expiration": _optional(shapes.expiration_from_json),
    "permissions": _optional(shapes.permissions_from_json),
    "renewal": _optional(shapes.renewal_from_json),
    "requirements": lambda value: shapes.requirements_from_json(value) if value else Requirements(),
    "reminders": shapes.reminders_from_json,
}
_READABLE: dict[str, Any] = {
    "requirements": shapes.requirements_to_json,
    "expiration": _optional(shapes.expiration_to_json),
    "renewal": _optional(shapes.renewal_to_json),
}


def _response(defined: Defined, *, status: int = 200) -> Response:
    body = certification_json(defined)
    headers = {"Location": f"/certifications/{body['certification_id']}"} if status == 201 else {}  # noqa: PLR2004
    return Response(status, body, headers, etag=defined.certification.revision)


def certification_json(defined: Defined) -> dict[str, Any]:
    certification, run = defined.certification, defined.run
    created_at, changed_at = certification.created_at, certification.changed_at
    permissions = certification.permissions
    return {
        "certification_id": certification.certification_id,
        "type": certification.type.value,
        "name": certification.name,
        "details": certification.details,
        "publish_status": certification.publish_status.value,
        "version": certification.version,
        "expiration": _READABLE["expiration"](certification.expiration),
        "permissions": shapes.permissions_to_json(permissions) if permissions else None,
        "renewal": _READABLE["renewal"](certification.renewal),
        "requirements": shapes.requirements_to_json(certification.requirements),
        "reminders": shapes.reminders_to_json(certification.reminders),
        "publish_checklist": [
            {"code": item.code, "message": item.message, "pointer": item.pointer}
            for item in defined.checklist
        ],
        "created_at": format_instant(created_at) if created_at else None,
        "changed_at": format_instant(changed_at) if changed_at else None,
        "evaluation_id": run.evaluation_id if run else None,
    }


def _changes_json(older: Certification, newer: Certification) -> list[dict[str, Any]]:
    return [
        {
            "part": change.part,
            "from": _READABLE[change.part](getattr(older, change.part)),
            "to": _READABLE[change.part](getattr(newer, change.part)),
            "summary": list(change.summary),
        }
        for change in difference(older, newer)
    ]


def _version_json(version: Certification) -> dict[str, Any]:
    return {
        "version": version.version,
        "published_at": format_instant(version.changed_at) if version.changed_at else None,
        **{part: read(getattr(version, part)) for part, read in _READABLE.items()},
    }


def _route(method: str, path: str, handle: Any, summary: str, **more: Any) -> Route:
    more.setdefault("answers", lambda: {200: schemas.certifications.CertificationAnswer})
    return Route(method, path, handle, scope=Scope.WRITE, tag=TAG, summary=summary, problems=(409,), **more)


ROUTES = (
    _route(
        "POST",
        "/certifications",
        post_certification,
        "Create a draft",
        body=lambda: schemas.certifications.CertificationBody,
        answers=lambda: {201: schemas.certifications.CertificationAnswer},
        idempotent=True,
        example=EXAMPLE,
    ),
    Route(
        "GET",
        "/certifications",
        list_certifications,
        scope=Scope.READ,
        tag=TAG,
        summary="List certifications",
        query=lambda: schemas.certifications.CertificationsQuery,
        answers=lambda: {200: schemas.base.Page[schemas.certifications.CertificationAnswer]},
    ),
    Route(
        "GET",
        PATH,
        get_certification,
        scope=Scope.READ,
        tag=TAG,
        summary="A certification with its publish checklist",
        answers=lambda: {200: schemas.certifications.CertificationAnswer},
    ),
    _route(
        "PATCH",
        PATH,
        patch_certification,
        "Change parts; requirements as a whole (R22)",
        body=lambda: schemas.certifications.CertificationPatch,
        precondition=True,
        example={"name": "Sales Expert"},
    ),
    _route(
        "DELETE",
        PATH,
        delete_certification,
        "Delete what was never published (R24)",
        answers=lambda: {204: None},
        precondition=True,
    ),
    Route(
        "GET",
        PATH + "/versions",
        list_versions,
        scope=Scope.READ,
        tag=TAG,
        summary="Published versions, and what changed between two (R22)",
        query=lambda: schemas.certifications.VersionsQuery,
        answers=lambda: {200: schemas.certifications.VersionsAnswer},
    ),
    Route(
        "GET",
        PATH + "/expiration-preview",
        preview_expiration,
        scope=Scope.READ,
        tag=TAG,
        summary="The expiration date that a completion date would get (R2, R3)",
        query=lambda: schemas.certifications.PreviewQuery,
        answers=lambda: {200: schemas.certifications.ExpirationPreviewAnswer},
    ),
    _route(
        "PUT",
        PATH + "/courses/{course_id}",
        put_required_course,
        "Require a course",
        body=lambda: schemas.certifications.RequiredCourseBody,
        body_required=False,
        answers=lambda: {
            200: schemas.certifications.CertificationAnswer,
            201: schemas.certifications.CertificationAnswer,
        },
        precondition=True,
        example={"minimum_score": 80},
    ),
    _route(
        "DELETE",
        PATH + "/courses/{course_id}",
        delete_required_course,
        "Require a course no longer",
        answers=lambda: {204: None},
        precondition=True,
    ),
    _route(
        "POST",
        PATH + "/publish",
        publish,
        "Publish; everyone is evaluated (R18, R23)",
        body=lambda: schemas.certifications.PublishBody,
        body_required=False,
        example={"max_awards": 500},
        precondition=True,
    ),
    _route("POST", PATH + "/unpublish", unpublish, "Back to draft (R18)", precondition=True),
    _route("POST", PATH + "/retire", retire, "Retire: what is held runs out (R18)", precondition=True),
)
