"""API keys: made, listed, revoked. Rotation is a new key, then the end of the old one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from certification.domain.api_keys import ApiKey, full_key, hash_of, new_key_id, new_secret
from certification.domain.errors import ConflictError, FieldError, InvalidError
from certification.domain.instants import format_instant
from certification.domain.ports import RepeatedRequestError
from certification.http import schemas
from certification.http.idempotency import receipt_for
from certification.http.paging import page_of, start_of
from certification.http.request import Request
from certification.http.responses import Response
from certification.http.router import Route, Scope

if TYPE_CHECKING:
    from certification.bootstrap import App

TAG = "API keys"


def post_api_key(app: App, request: Request) -> Response:
    """Shown once: a repeated Idempotency-Key cannot be answered again, so it is a 409."""
    now, body = app.clock.now(), request.body
    if body.expires_at is not None and body.expires_at <= now:
        error = FieldError(pointer="/expires_at", code="in_the_past", message="It is in the past already.")
        raise InvalidError("The key would have expired already.", errors=(error,))
    secret = new_secret()
    key = ApiKey(
        key_id=new_key_id(),
        name=body.name,
        scopes=frozenset(scope.value for scope in body.scopes),
        secret_hash=hash_of(secret),
        created_at=now,
        created_by=request.caller.actor,
        expires_at=body.expires_at,
    )
    answer = Response(201, {"key_id": key.key_id})
    try:
        app.api_keys.add(key, receipt=receipt_for(app, request, answer))
    except RepeatedRequestError as exc:
        raise ConflictError(
            "a key was made under this Idempotency-Key before, and is shown only once", code="already-shown"
        ) from exc
    return Response(201, {**api_key_json(key), "api_key": full_key(key.key_id, secret)})


def list_api_keys(app: App, request: Request) -> Response:
    part = app.api_keys.page(limit=request.query.limit, start=start_of(app, request))
    return page_of(app, request, part, api_key_json)


def delete_api_key(app: App, request: Request) -> Response:
    key_id = request.params["key_id"]
    app.api_keys.revoke(key_id, app.clock.now())
    app.authenticator.forget(key_id)
    return Response(204)


def api_key_json(key: ApiKey) -> dict[str, Any]:
    return {
        "key_id": key.key_id,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "created_at": format_instant(key.created_at),
        "created_by": key.created_by,
        "expires_at": format_instant(key.expires_at) if key.expires_at else None,
        "revoked_at": format_instant(key.revoked_at) if key.revoked_at else None,
        "last_used_on": key.last_used_on.isoformat() if key.last_used_on else None,
    }


ROUTES = (
    Route(
        "POST",
        "/api-keys",
        post_api_key,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="Make a key; it is shown this once",
        body=lambda: schemas.api_keys.ApiKeyBody,
        answers=lambda: {201: schemas.api_keys.NewApiKeyAnswer},
        problems=(409,),
        idempotent=True,
        example={"name": "CI of the academy", "scopes": ["read", "completions"]},
    ),
    Route(
        "GET",
        "/api-keys",
        list_api_keys,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="List keys, without their secrets",
        query=lambda: schemas.base.ListQuery,
        answers=lambda: {200: schemas.base.Page[schemas.api_keys.ApiKeyAnswer]},
    ),
    Route(
        "DELETE",
        "/api-keys/{key_id}",
        delete_api_key,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="Revoke a key; in effect within seconds",
        answers=lambda: {204: None},
    ),
)
