"""The one tree of errors that a caller can do something about. Anything else is a bug."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One thing wrong with an input: where (RFC 6901 pointer), a stable code, words for a person."""

    pointer: str
    code: str
    message: str


class CertificationServiceError(Exception):
    """Base of all errors of the domain. `code` is stable; `errors` tells each thing apart where there are several."""

    code = "error"

    def __init__(self, message: str, *, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.errors = errors


class InvalidError(CertificationServiceError):
    """The input breaks a rule that no repetition will change (422)."""

    code = "invalid"


class NotFoundError(CertificationServiceError):
    """No such thing (404)."""

    code = "not-found"


class ConflictError(CertificationServiceError):
    """The present state forbids it (409). `present` may show what stands in the way."""

    code = "conflict"

    def __init__(
        self,
        message: str,
        *,
        errors: tuple[FieldError, ...] = (),
        present: object | None = None,
        code: str = "",
    ) -> None:
        super().__init__(message, errors=errors)
        self.present = present
        self.code = code or type(self).code


class AlreadyExistsError(ConflictError):
    """A conditional put found something in its place."""

    code = "already-exists"


class ChangedMeanwhileError(CertificationServiceError):
    """Somebody else wrote first: read again and decide again. On the API: the `If-Match` did not hold (412)."""

    code = "precondition-failed"


class UnavailableError(CertificationServiceError):
    """Something of ours has no capacity at the moment; trying again is right (503)."""

    code = "unavailable"
