"""Problems as RFC 9457 writes them; the one place where the domain's errors become HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from certification.domain.errors import (
    CertificationServiceError,
    ChangedMeanwhileError,
    ConflictError,
    FieldError,
    InvalidError,
    NotFoundError,
    UnavailableError,
)
from certification.http.request import UnreadableRequestError
from certification.http.responses import PROBLEM, Response
from certification.services.authentication import UnauthenticatedError

_STATUS: tuple[tuple[type[CertificationServiceError], int], ...] = (
    (UnreadableRequestError, 400),
    (NotFoundError, 404),
    (ChangedMeanwhileError, 412),
    (ConflictError, 409),
    (InvalidError, 422),
)

_SOON = {"Retry-After": "2"}


class RefusedError(CertificationServiceError):
    """A refusal of the HTTP layer itself, with its status and headers."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        errors: tuple[FieldError, ...] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message, errors=errors)
        self.status = status
        self.code = code
        self.headers = headers or {}


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Iterable[FieldError] = (),
    headers: dict[str, str] | None = None,
    **more: Any,
) -> Response:
    body: dict[str, Any] = {
        "type": f"urn:partner-certification:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": [{"pointer": e.pointer, "code": e.code, "message": e.message} for e in errors],
        **more,
    }
    return Response(status, body, headers or {}, PROBLEM)


def problem_for(error: CertificationServiceError) -> Response:
    """The answer to an error that a caller can do something about."""
    if isinstance(error, RefusedError):
        errors = _located(error, error.status)
        return problem(error.status, error.code, error.message, errors=errors, headers=error.headers)
    if isinstance(error, UnauthenticatedError):
        return problem(401, error.code, error.message, headers={"WWW-Authenticate": "Bearer"})
    if isinstance(error, UnavailableError):
        return problem(503, error.code, "We are overloaded for the moment; send it again.", headers=_SOON)
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    present = getattr(error, "present", None)
    more = {"present": present} if present is not None else {}
    errors = _located(error, status)
    return problem(status, error.code.replace("_", "-"), error.message, errors=errors, **more)


def _located(error: CertificationServiceError, status: int) -> tuple[FieldError, ...]:
    """A 422 always says what and where; about the request as a whole, where it is about no part of it."""
    if status != HTTPStatus.UNPROCESSABLE_ENTITY or error.errors:
        return error.errors
    return (FieldError(pointer="", code=error.code.replace("-", "_"), message=error.message),)
