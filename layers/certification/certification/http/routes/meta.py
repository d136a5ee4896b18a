"""What the service says about itself: status, the OpenAPI document, and a page to read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certification.http import schemas
from certification.http.request import Request
from certification.http.responses import Response
from certification.http.router import Route

if TYPE_CHECKING:
    from certification.bootstrap import App

TAG = "Service"
_PUBLIC = {"Cache-Control": "public, max-age=300"}
_STYLED = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
}


def get_status(app: App, request: Request) -> Response:  # noqa: ARG001
    config = app.config
    body = {"name": config.service_name, "version": config.service_version, "time_zone": config.time_zone}
    return Response(200, body)


def get_openapi(app: App, request: Request) -> Response:
    from certification.http.openapi import document
    from certification.http.routes import route_table

    routes = route_table().routes
    body = document(routes, version=app.config.service_version, server=request.base_url)
    return Response(200, body, _PUBLIC)


def get_docs(app: App, request: Request) -> Response:
    from certification.http.docs_page import page
    from certification.http.openapi import document
    from certification.http.routes import route_table

    described = document(route_table().routes, version=app.config.service_version, server=request.base_url)
    return Response(200, page(described), {**_PUBLIC, **_STYLED}, "text/html; charset=utf-8")


ROUTES = (
    Route(
        "GET",
        "/status",
        get_status,
        scope=None,
        tag=TAG,
        summary="Name, version and time zone",
        answers=lambda: {200: schemas.meta.StatusAnswer},
    ),
    Route(
        "GET",
        "/openapi.json",
        get_openapi,
        scope=None,
        tag=TAG,
        summary="This document",
        answers=lambda: {200: schemas.meta.OpenApiAnswer},
    ),
    Route(
        "GET",
        "/docs",
        get_docs,
        scope=None,
        tag=TAG,
        summary="This document as a page",
        answers=lambda: {200: "text/html"},
    ),
)
