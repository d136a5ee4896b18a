"""How far a user is towards a certification, and why it is not there yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from certification.domain.eligibility import Reason
from certification.domain.expiry_outlook import Expiry
from certification.domain.history import evidence_to_json
from certification.domain.progress import RequirementProgress
from certification.domain.progress_summary import summary
from certification.domain.requirements import as_evidence
from certification.http import schemas
from certification.http.completion_shapes import completion_json
from certification.http.request import Request
from certification.http.responses import Response
from certification.http.router import Route, Scope

if TYPE_CHECKING:
    from certification.bootstrap import App


def get_progress(app: App, request: Request) -> Response:
    found, certification = app.progress.read(request.params["user_id"], request.params["certification_id"])
    body: dict[str, Any] = {
        "eligible": found.eligible,
        "reasons": [_reason_json(reason) for reason in found.reasons],
        "requirements": [_requirement_json(one) for one in found.requirements],
        "would_award": found.would_award,
        "summary": summary(found),
    }
    if found.would_expire is not None:
        body["would_expire"] = _expiry_json(found.would_expire)
    if found.current is not None:
        body["current"] = completion_json(app, found.current, certification.name)
    return Response(200, body)


def _requirement_json(one: RequirementProgress) -> dict[str, Any]:
    shape: dict[str, Any] = {"course_id": one.requirement.course_id, "satisfied": one.by is not None}
    if one.by is not None:
        shape["by"] = evidence_to_json(as_evidence(one.by))
    if one.reason is not None:
        shape["reason"] = _reason_json(one.reason)
    return shape


def _expiry_json(expiry: Expiry) -> dict[str, Any]:
    ends = expiry.date.isoformat() if expiry.date is not None else None
    return {"date": ends, "reason": _reason_json(expiry.reason)}


def _reason_json(reason: Reason) -> dict[str, str]:
    return {"code": reason.code, "message": reason.message}


ROUTES = (
    Route(
        "GET",
        "/users/{user_id}/certifications/{certification_id}/progress",
        get_progress,
        scope=Scope.READ,
        tag="Certification completions",
        summary="What is satisfied by what, what is missing and why, and what an award would be",
        description="`would_award` is what an evaluation at this moment would do.",
        answers=lambda: {200: schemas.certification_completions.ProgressAnswer},
    ),
)
