"""Users: the people of partner companies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from certification.domain.model import Identity, OrganizationId, User, UserId
from certification.domain.ports import Slice
from certification.http import schemas
from certification.http.paging import items_page, start_of
from certification.http.preconditions import check_if_match
from certification.http.request import Request
from certification.http.responses import Response
from certification.http.router import Route, Scope
from certification.http.routes.courses import identities_json

if TYPE_CHECKING:
    from certification.bootstrap import App
    from certification.http.schemas.directory import UserBody, UsersQuery

TAG = "Users"
PATH = "/users/{user_id}"


def put_user(app: App, request: Request) -> Response:
    previous = app.directory.user(request.params["user_id"])
    check_if_match(request, previous.revision if previous else None)
    body: UserBody = request.body
    wanted = User(
        user_id=UserId(request.params["user_id"]),
        email=body.email,
        name=body.name,
        organization_id=OrganizationId(body.organization_id) if body.organization_id else None,
        groups=frozenset(body.groups),
        attributes=body.attributes,
        identities=frozenset(Identity(source=i.source, external_id=i.external_id) for i in body.identities),
        active=body.active,
    )
    user = app.users.put(wanted, previous)
    return Response(201 if previous is None else 200, user_json(user), etag=user.revision)


def get_user(app: App, request: Request) -> Response:
    user = app.users.get(request.params["user_id"])
    return Response(200, user_json(user), etag=user.revision)


def delete_user(app: App, request: Request) -> Response:
    user = app.users.get(request.params["user_id"])
    check_if_match(request, user.revision)
    app.users.delete(user)
    return Response(204)


def erase_user(app: App, request: Request) -> Response:
    previous = app.users.get(request.params["user_id"])
    check_if_match(request, previous.revision)
    user = app.users.erase(previous)
    return Response(200, user_json(user), etag=user.revision)


def list_users(app: App, request: Request) -> Response:
    query: UsersQuery = request.query
    part = _part(app, request, query)
    shown = [
        user for user in part.items if query.active in {None, user.active} and _is_asked_for(user, query)
    ]
    return items_page(app, request, map(user_json, shown), part.next)


def _part(app: App, request: Request, query: UsersQuery) -> Slice[User]:
    start = start_of(app, request)
    if query.email is not None:
        _, by_email = app.directory.user_ids([], [query.email.casefold()])
        return _users(app, list(by_email.values()), None)
    if query.organization_id is not None:
        members = app.directory.members(query.organization_id, limit=query.limit, start=start)
        return _users(app, members.items, members.next)
    return app.directory.user_page(limit=query.limit, start=start)


def _users(app: App, user_ids: Any, following: Any) -> Slice[User]:
    found = app.directory.users(user_ids)
    return Slice(items=tuple(found[user_id] for user_id in user_ids if user_id in found), next=following)


def _is_asked_for(user: User, query: UsersQuery) -> bool:
    return query.organization_id in {None, user.organization_id}


def user_json(user: User) -> dict[str, Any]:
    return {
        "user_id": user.user_id,
        "email": user.email,
        "name": user.name,
        "organization_id": user.organization_id,
        "groups": sorted(user.groups),
        "attributes": dict(user.attributes),
        "identities": identities_json(user.identities),
        "active": user.active,
    }


ROUTES = (
    Route(
        "PUT",
        PATH,
        put_user,
        scope=Scope.WRITE,
        tag=TAG,
        summary="Create or replace a user",
        description="What is parked under its identities and address is released; it is evaluated (R17, R19).",
        body=lambda: schemas.directory.UserBody,
        answers=lambda: {201: schemas.directory.UserAnswer, 200: schemas.directory.UserAnswer},
        problems=(409,),
        precondition=True,
        example={"email": "ada@partner.example", "name": "Ada", "groups": ["sales"]},
    ),
    Route(
        "GET",
        PATH,
        get_user,
        scope=Scope.READ,
        tag=TAG,
        summary="A user",
        answers=lambda: {200: schemas.directory.UserAnswer},
    ),
    Route(
        "DELETE",
        PATH,
        delete_user,
        scope=Scope.WRITE,
        tag=TAG,
        summary="Delete a user without completions",
        answers=lambda: {204: None},
        problems=(409,),
        precondition=True,
    ),
    Route(
        "POST",
        PATH + "/erase",
        erase_user,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="Erase a person's data, and keep the facts under the id",
        description="Name, address, identities, groups and attributes go; the user becomes inactive. Not to be undone.",
        answers=lambda: {200: schemas.directory.UserAnswer},
        problems=(409,),
        precondition=True,
    ),
    Route(
        "GET",
        "/users",
        list_users,
        scope=Scope.READ,
        tag=TAG,
        summary="List users",
        query=lambda: schemas.directory.UsersQuery,
        answers=lambda: {200: schemas.base.Page[schemas.directory.UserAnswer]},
    ),
)
