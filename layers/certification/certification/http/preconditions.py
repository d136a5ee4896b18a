"""`If-Match`: write only what is still as the caller read it (412)."""

from __future__ import annotations

from certification.domain.errors import ChangedMeanwhileError
from certification.http.request import Request
from certification.http.responses import quoted


def check_if_match(request: Request, revision: int | str | None) -> None:
    """`revision` None: there is nothing yet, so nothing can match."""
    wanted = request.if_match
    if wanted is None:
        return
    if wanted.strip() == "*" and revision is not None:
        return
    given = {tag.strip().removeprefix("W/") for tag in wanted.split(",")}
    if revision is None or quoted(revision) not in given:
        raise ChangedMeanwhileError("It is not as the If-Match says any more: read it again.")
