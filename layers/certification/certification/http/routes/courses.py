"""Courses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from certification.domain.model import Course, CourseId, Identity
from certification.http import schemas
from certification.http.paging import items_page, start_of
from certification.http.preconditions import check_if_match
from certification.http.request import Request
from certification.http.responses import Response
from certification.http.router import Route, Scope

if TYPE_CHECKING:
    from certification.bootstrap import App
    from certification.http.schemas.directory import CourseBody, DirectoryQuery

TAG = "Courses"
PATH = "/courses/{course_id}"


def put_course(app: App, request: Request) -> Response:
    previous = app.directory.course(request.params["course_id"])
    check_if_match(request, previous.revision if previous else None)
    body: CourseBody = request.body
    wanted = Course(
        course_id=CourseId(request.params["course_id"]),
        name=body.name,
        description=body.description or "",
        identities=frozenset(Identity(source=i.source, external_id=i.external_id) for i in body.identities),
        active=body.active,
    )
    course = app.courses.put(wanted, previous)
    return Response(201 if previous is None else 200, course_json(course), etag=course.revision)


def get_course(app: App, request: Request) -> Response:
    course = app.courses.get(request.params["course_id"])
    return Response(200, course_json(course), etag=course.revision)


def delete_course(app: App, request: Request) -> Response:
    course = app.courses.get(request.params["course_id"])
    check_if_match(request, course.revision)
    app.courses.delete(course)
    return Response(204)


def list_courses(app: App, request: Request) -> Response:
    query: DirectoryQuery = request.query
    part = app.directory.course_page(limit=query.limit, start=start_of(app, request))
    shown = [course for course in part.items if query.active in {None, course.active}]
    return items_page(app, request, map(course_json, shown), part.next)


def course_json(course: Course) -> dict[str, Any]:
    return {
        "course_id": course.course_id,
        "name": course.name,
        "description": course.description,
        "identities": identities_json(course.identities),
        "active": course.active,
    }


def identities_json(identities: frozenset[Identity]) -> list[dict[str, str]]:
    ordered = sorted(identities, key=lambda identity: (identity.source, identity.external_id))
    return [{"source": i.source, "external_id": i.external_id} for i in ordered]


ROUTES = (
    Route(
        "PUT",
        PATH,
        put_course,
        scope=Scope.WRITE,
        tag=TAG,
        summary="Create or replace a course",
        body=lambda: schemas.directory.CourseBody,
        answers=lambda: {201: schemas.directory.CourseAnswer, 200: schemas.directory.CourseAnswer},
        problems=(409,),
        precondition=True,
        example={"name": "Know the products", "identities": [{"source": "academy", "external_id": "7001"}]},
    ),
    Route(
        "GET",
        PATH,
        get_course,
        scope=Scope.READ,
        tag=TAG,
        summary="A course",
        answers=lambda: {200: schemas.directory.CourseAnswer},
    ),
    Route(
        "DELETE",
        PATH,
        delete_course,
        scope=Scope.WRITE,
        tag=TAG,
        summary="Delete a course that no published certification requires",
        answers=lambda: {204: None},
        problems=(409,),
        precondition=True,
    ),
    Route(
        "GET",
        "/courses",
        list_courses,
        scope=Scope.READ,
        tag=TAG,
        summary="List courses",
        query=lambda: schemas.directory.DirectoryQuery,
        answers=lambda: {200: schemas.base.Page[schemas.directory.CourseAnswer]},
    ),
)
