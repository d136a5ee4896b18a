"""Query and body through their models: a clear error for each thing that is wrong, with where it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from certification.domain.errors import FieldError
from certification.http.problems import RefusedError
from certification.http.request import Request
from certification.http.router import Route
from certification.http.schemas.base import Body

MOST_ERRORS = 100


def query(route: Route, request: Request) -> Any:
    """The route's query model, or None; unknown, repeated or bad parameters are 422."""
    names = [name for name, _ in request.query_items]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise _refused(
            "query", [_error(f"/{name}", "repeated", "Given more than once.") for name in repeated]
        )
    if route.query is None:
        if names:
            raise _refused(
                "query",
                [_error(f"/{n}", "extra_forbidden", "This route takes no such parameter.") for n in names],
            )
        return None
    try:
        return route.query().model_validate(dict(request.query_items))
    except ValidationError as exc:
        raise _refused("query", _errors(exc)) from exc


def body(model: type[BaseModel], route: Route, request: Request) -> Any:
    """The route's body model; 400 where it is not JSON, 415 where it says to be something else, 422 else."""
    raw = request.raw_body
    if not raw.strip() and not route.body_required:
        return parse_json(model, b"{}")
    media_type = request.headers.get("content-type", "application/json").split(";")[0].strip().lower()
    if raw and media_type not in {"application/json", "text/json"} and not media_type.endswith("+json"):
        raise RefusedError(415, "unsupported-media-type", "The body must be application/json.")
    return parse_json(model, raw)


def refuse_body(route: Route, request: Request) -> None:
    """What somebody sends along with a POST that takes nothing is not dropped unsaid: 400 and 422 as in `body`."""
    if route.method == "POST" and route.raw_body is None and request.raw_body.strip():
        parse_json(Body, request.raw_body)


def parse_json(model: type[BaseModel], raw: bytes) -> Any:
    _refuse_constants(raw)
    try:
        return model.model_validate_json(raw)
    except ValidationError as exc:
        found = exc.errors(include_url=False, include_context=True, include_input=False)
        if found and found[0]["type"] == "json_invalid":
            raise _not_json(str(found[0].get("ctx", {}).get("error", ""))) from exc
        raise _refused("body", _errors(exc)) from exc


def _refuse_constants(raw: bytes) -> None:
    """pydantic takes `NaN` and `Infinity`, which are not JSON; few bodies are read twice for it."""
    if b"NaN" in raw or b"Infinity" in raw:
        try:
            from_json(raw, allow_inf_nan=False)
        except ValueError as exc:
            raise _not_json(str(exc)) from exc


def _not_json(reason: str) -> RefusedError:
    return RefusedError(400, "not-json", f"The body is not JSON: {reason}.")


def _errors(exc: ValidationError) -> list[FieldError]:
    found = exc.errors(include_url=False, include_context=False, include_input=False)
    return [
        FieldError(
            pointer=pointer(part for part in one["loc"] if not _is_tag(part)),
            code=str(one["type"]),
            message=str(one["msg"]).removeprefix("Value error, "),
        )
        for one in found[:MOST_ERRORS]
    ]


def pointer(location: Iterable[Any]) -> str:
    """RFC 6901."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in location)


def _is_tag(part: object) -> bool:
    """pydantic's own marks in a location, which no caller has a field for.

    Our unions are tagged with a leading `=` (`schemas/base.py`); a refused name of a field is followed by `[key]`.
    """
    return isinstance(part, str) and (part.startswith("=") or part == "[key]")


def _error(at: str, code: str, message: str) -> FieldError:
    return FieldError(pointer=at, code=code, message=message)


def _refused(part: str, errors: list[FieldError]) -> RefusedError:
    first = errors[0]
    detail = f"The {part} is not valid: {first.pointer or '/'}: {first.message}"
    return RefusedError(422, f"invalid-{part}", detail, errors=tuple(errors))
