"""`Idempotency-Key`: the answer is kept in the same transaction as the effect, a repetition gets the same (R26)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from certification.domain.ports import Receipt, RepeatedRequestError
from certification.http.problems import RefusedError
from certification.http.request import Request
from certification.http.responses import Response

if TYPE_CHECKING:
    from certification.bootstrap import App

KEPT_SECONDS = 7 * 24 * 3600
LONGEST_KEY = 255
MakeReceipt = Callable[[Response], "Receipt | None"]


def once(app: App, request: Request, act: Callable[[MakeReceipt], Response]) -> Response:
    """Run `act`, which stores the receipt that it makes of its answer; or answer from the receipt of an earlier run."""
    key = _key(request)
    if key is None:
        return act(lambda _: None)
    known = app.receipts.find(request.caller.actor, key)
    if known is not None:
        return _replayed(known, request)
    try:
        return act(lambda response: _receipt(app, request, key, response))
    except RepeatedRequestError:
        known = app.receipts.find(request.caller.actor, key)
        if known is None:
            raise
        return _replayed(known, request)


def receipt_for(app: App, request: Request, response: Response) -> Receipt | None:
    """The receipt of an answer that cannot be given twice; None where no key was sent."""
    key = _key(request)
    return _receipt(app, request, key, response) if key is not None else None


def _key(request: Request) -> str | None:
    key = request.idempotency_key
    if key is not None and not (1 <= len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise RefusedError(
            422,
            "invalid-idempotency-key",
            f"An Idempotency-Key has 1 to {LONGEST_KEY} printable ASCII characters.",
        )
    return key


def _receipt(app: App, request: Request, key: str, response: Response) -> Receipt:
    headers: Mapping[str, str] = {**response.headers}
    return Receipt(
        actor=request.caller.actor,
        key=key,
        request_hash=_hash(request),
        status=response.status,
        body=json.dumps({"body": response.body, "etag": response.etag}),
        headers=headers,
        expires_at=int(app.clock.now().timestamp()) + KEPT_SECONDS,
    )


def _replayed(receipt: Receipt, request: Request) -> Response:
    if receipt.request_hash != _hash(request):
        raise RefusedError(
            422, "idempotency-key-reused", "This Idempotency-Key was used for another request before."
        )
    kept: dict[str, Any] = json.loads(receipt.body)
    headers = {**receipt.headers, "Idempotent-Replayed": "true"}
    return Response(receipt.status, kept["body"], headers, etag=kept["etag"])


def _hash(request: Request) -> str:
    """The same request: same route and same content, whatever its white space. Null and absent are not the same."""
    body = request.body
    content = body.model_dump(mode="json", exclude_unset=True) if body is not None else request.raw_body.hex()
    asked = sorted(request.query_items)
    text = json.dumps([request.method, request.path, content, *([asked] if asked else [])], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
