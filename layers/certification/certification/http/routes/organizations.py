"""Organizations: the partner companies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from certification.domain.model import Organization, OrganizationId
from certification.http import schemas
from certification.http.paging import items_page, start_of
from certification.http.preconditions import check_if_match
from certification.http.request import Request
from certification.http.responses import Response
from certification.http.router import Route, Scope

if TYPE_CHECKING:
    from certification.bootstrap import App
    from certification.http.schemas.directory import DirectoryQuery, OrganizationBody

TAG = "Organizations"
PATH = "/organizations/{organization_id}"


def put_organization(app: App, request: Request) -> Response:
    organization_id = request.params["organization_id"]
    previous = app.directory.organization(organization_id)
    check_if_match(request, previous.revision if previous else None)
    body: OrganizationBody = request.body
    wanted = Organization(
        organization_id=OrganizationId(organization_id),
        name=body.name,
        domain=body.domain,
        groups=frozenset(body.groups),
        attributes=body.attributes,
        active=body.active,
    )
    organization = app.organizations.put(wanted, previous)
    status = 201 if previous is None else 200
    return Response(status, organization_json(organization), etag=organization.revision)


def get_organization(app: App, request: Request) -> Response:
    organization = app.organizations.get(request.params["organization_id"])
    return Response(200, organization_json(organization), etag=organization.revision)


def delete_organization(app: App, request: Request) -> Response:
    organization = app.organizations.get(request.params["organization_id"])
    check_if_match(request, organization.revision)
    app.organizations.delete(organization)
    return Response(204)


def list_organizations(app: App, request: Request) -> Response:
    query: DirectoryQuery = request.query
    part = app.directory.organization_page(limit=query.limit, start=start_of(app, request))
    shown = [organization for organization in part.items if query.active in {None, organization.active}]
    return items_page(app, request, map(organization_json, shown), part.next)


def organization_json(organization: Organization) -> dict[str, Any]:
    return {
        "organization_id": organization.organization_id,
        "name": organization.name,
        "domain": organization.domain,
        "groups": sorted(organization.groups),
        "attributes": dict(organization.attributes),
        "active": organization.active,
    }


ROUTES = (
    Route(
        "PUT",
        PATH,
        put_organization,
        scope=Scope.WRITE,
        tag=TAG,
        summary="Create or replace an organization",
        description="Its members are evaluated where groups, attributes or activity changed (R19).",
        body=lambda: schemas.directory.OrganizationBody,
        answers=lambda: {
            201: schemas.directory.OrganizationAnswer,
            200: schemas.directory.OrganizationAnswer,
        },
        problems=(409,),
        precondition=True,
        example={"name": "Northwind", "groups": ["resellers"], "attributes": {"region": "EMEA"}},
    ),
    Route(
        "GET",
        PATH,
        get_organization,
        scope=Scope.READ,
        tag=TAG,
        summary="An organization",
        answers=lambda: {200: schemas.directory.OrganizationAnswer},
    ),
    Route(
        "DELETE",
        PATH,
        delete_organization,
        scope=Scope.WRITE,
        tag=TAG,
        summary="Delete an organization without completions and members",
        answers=lambda: {204: None},
        problems=(409,),
        precondition=True,
    ),
    Route(
        "GET",
        "/organizations",
        list_organizations,
        scope=Scope.READ,
        tag=TAG,
        summary="List organizations",
        query=lambda: schemas.directory.DirectoryQuery,
        answers=lambda: {200: schemas.base.Page[schemas.directory.OrganizationAnswer]},
    ),
)
