"""What schemathesis checks of ours besides its own: it loads this file itself, in its own process."""

from __future__ import annotations

import json
from typing import Any

import schemathesis

REFUSED = {400, 422}
# The first characters of these say that a request looks wrong; every other refusal is about what it says.
FOR_ITS_LOOKS = ("not-json", "invalid-body", "invalid-query", "invalid-path", "unreadable-request")
# What OpenAPI has no words for: exactly one of three query parameters; a limit on the sum of a duration's parts; how
# many days a month has.
INEXPRESSIBLE = {("GET", "/certification-completions")}
INEXPRESSIBLE_CODES = {"duration_too_long", "no_such_day"}


@schemathesis.check
def what_the_document_allows_is_never_refused_for_its_looks(_: Any, response: Any, case: Any) -> None:
    """A fitting request may be refused for what it says (an unknown organization), not for how it is written."""
    if response.status_code not in REFUSED or not case.meta or not case.meta.generation.mode.is_positive:
        return
    if (case.method.upper(), case.operation.path) in INEXPRESSIBLE:
        return
    problem = json.loads(response.content)
    kind = problem["type"].rpartition(":")[2]
    if problem["errors"] and all(error["code"] in INEXPRESSIBLE_CODES for error in problem["errors"]):
        return
    assert kind not in FOR_ITS_LOOKS, f"{kind}: {problem['detail']} {problem['errors']}"
