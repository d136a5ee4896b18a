"""Takes the webhooks of LMS: verifies, queues, keeps, answers. No pydantic, no router: one route, and it is hot."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any
from urllib.parse import unquote

from certification import observability
from certification.bootstrap import App, app
from certification.domain.errors import NotFoundError, UnavailableError
from certification.domain.webhooks import SignatureRefusedError, WebhookRequest
from certification.http.problems import problem, problem_for
from certification.http.responses import Response, to_event
from certification.observability import logger, metrics
from certification.services.source_load import SourceThrottledError
from certification.services.webhooks import IntakeUnavailableError, Receipt

RETRY_AFTER = {"Retry-After": "30"}
RETRY_SOON = {"Retry-After": "5"}
SOURCE_ID = re.compile(r"[A-Za-z0-9._:+@-]{1,128}")


@observability.handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 — the signature is Lambda's
    """HTTP API, payload 2.0: `POST /webhooks/{source_id}` and `…/{source_id}/{secret}`."""
    return to_event(_answer(event), {}, head=False)


def _answer(event: dict[str, Any]) -> Response:
    """Always a problem that says how to go on: an LMS sends again what was a 5xx."""
    try:
        return take(event, app())
    except UnavailableError as exc:
        logger.warning("webhook not taken for lack of capacity", exc_info=True)
        metrics.count("WebhooksFailed")
        return problem_for(exc)
    except Exception:  # noqa: BLE001 the last net
        request_id = event["requestContext"].get("requestId", "")
        logger.exception("webhook failed")
        metrics.count("WebhooksFailed")
        return problem(
            500, "internal-error", f"Something went wrong on our side; it is logged as {request_id}."
        )


def take(event: dict[str, Any], service: App) -> Response:
    request_id = event["requestContext"].get("requestId", "")
    observability.follow([request_id])
    parameters = event.get("pathParameters") or {}
    source_id = unquote(parameters.get("source_id") or "")
    body = _body(event)
    if len(body) > service.config.max_body_bytes:
        metrics.count("WebhooksTooLarge")
        return problem(413, "body-too-large", "The body is over the limit.")
    request = _request(event, parameters, body)
    try:
        _require_id(source_id)
        receipt = service.webhook_receiver.receive(source_id, request, request_id)
    except NotFoundError as exc:
        metrics.count("WebhooksForUnknownSources")
        return problem(404, exc.code, exc.message)
    except SignatureRefusedError as exc:
        logger.warning("webhook refused", source_id=source_id, reason=exc.reason)
        metrics.count("WebhooksRefused")
        return problem(401, exc.code, exc.message)
    except SourceThrottledError as exc:
        logger.warning("webhook throttled", source_id=source_id)
        metrics.count("WebhooksThrottled")
        return problem(429, exc.code, exc.message, headers=RETRY_SOON)
    except IntakeUnavailableError as exc:
        metrics.count("WebhooksFailed")
        return problem(503, exc.code, exc.message, headers=RETRY_AFTER)
    return _accepted(source_id, receipt)


def _require_id(source_id: str) -> None:
    """No source has another name, and the table has no room for any length of key."""
    if not SOURCE_ID.fullmatch(source_id):
        raise NotFoundError("There is no such source.")


def _accepted(source_id: str, receipt: Receipt) -> Response:
    contents = receipt.received.contents
    logger.info("webhook accepted", extra={"source_id": source_id, "provider": receipt.provider, **contents})
    metrics.count_each(
        {
            "WebhooksAccepted": 1,
            "CourseCompletionsReceived": contents["completions"],
            "RetractionsReceived": contents["retractions"],
            "WebhookEventsIgnored": contents["ignored"],
            "WebhookProblemsKept": contents["problems"],
            "WebhooksNotKeptRaw": 0 if receipt.raw_kept else 1,
        }
    )
    accepted = contents["completions"] + contents["retractions"]
    return Response(202, {"accepted": accepted, "ignored": contents["ignored"], "kept": contents["problems"]})


def _request(event: dict[str, Any], parameters: dict[str, str], body: bytes) -> WebhookRequest:
    secret = parameters.get("secret")
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return WebhookRequest(headers=headers, body=body, path_secret=None if secret is None else unquote(secret))


def _body(event: dict[str, Any]) -> bytes:
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(text).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return b""
