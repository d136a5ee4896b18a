"""What is stored about one person, in one answer; `POST /users/{user_id}/erase` is the other half."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from certification.domain.sync import SyncRow
from certification.http import schemas
from certification.http.request import Request
from certification.http.responses import Response
from certification.http.router import Route, Scope
from certification.http.routes.users import PATH, TAG, user_json

if TYPE_CHECKING:
    from certification.bootstrap import App


def get_personal_data(app: App, request: Request) -> Response:
    # Imported here: it is rare, and the other reads of a user should not pay for everybody's shapes.
    from certification.http.completion_shapes import named_completion_json
    from certification.http.routes.certification_completions import history_json
    from certification.http.routes.course_completions import course_completion_json
    from certification.http.routes.parked import parked_json
    from certification.services.personal_data import personal_data

    found = personal_data(app, request.params["user_id"])
    held = zip(found.completions, found.history, strict=True)
    body = {
        "user": user_json(found.user),
        "course_completions": [course_completion_json(each) for each in found.course_completions],
        "certification_completions": [
            {
                "certification_completion": named_completion_json(app, completion),
                "history": [history_json(entry) for entry in entries],
            }
            for completion, entries in held
        ],
        "parked": [parked_json(entry) for entry in found.parked],
        "crm_records": [_record_json(row) for row in found.records],
    }
    return Response(200, body)


def _record_json(row: SyncRow) -> dict[str, Any]:
    from certification.http.routes.crm import values_json

    return {
        "crm": row.crm,
        "record_id": row.record_id or None,
        "state": row.state.value,
        "sent": values_json(row.sent),
    }


ROUTES = (
    Route(
        "GET",
        PATH + "/personal-data",
        get_personal_data,
        scope=Scope.ADMIN,
        tag=TAG,
        summary="All that is stored about a person",
        description="To hand out on request. What else may hold it for a while: `docs/operations.md`.",
        answers=lambda: {200: schemas.personal_data.PersonalDataAnswer},
    ),
)
