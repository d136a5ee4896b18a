"""`make smoke [ENV=prod]`: whether a deployed stack answers, in a few seconds and without writing anything."""

from __future__ import annotations

import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol

import urllib3
from local.place import LocalError, current_place

from scripts.stacks import outputs


class Answered(Protocol):
    """What is looked at of an answer."""

    @property
    def status(self) -> int: ...


Look = Callable[[str], Answered]


def faults(look: Look) -> list[str]:
    """What is wrong with an API; `look` answers a GET of a path, sent without a key."""
    wanted = {
        "/status": HTTPStatus.OK,
        "/openapi.json": HTTPStatus.OK,
        "/courses": HTTPStatus.UNAUTHORIZED,
        "/no-such-route": HTTPStatus.NOT_FOUND,
    }
    seen = {path: look(path).status for path in wanted}
    return [
        f"GET {path} answers {seen[path]} and not {wanted[path]}"
        for path in wanted
        if seen[path] != wanted[path]
    ]


def reach(url: str) -> Look:
    """Look at the API at `url`."""
    pool = urllib3.PoolManager(timeout=30, retries=False)
    return lambda path: pool.request("GET", url.rstrip("/") + path)


def main(arguments: list[str]) -> int:
    """`ENVIRONMENT`."""
    where = arguments[0] if arguments else "local"
    try:
        url = current_place().stack()["api_loopback_url"] if where == "local" else outputs(where)["ApiUrl"]
        found = faults(reach(url))
    except LocalError as exc:
        found, url = [str(exc)], where
    except urllib3.exceptions.HTTPError as exc:
        found = [f"does not answer: {exc}"]
    for fault in found:
        print(f"{url}: {fault}", file=sys.stderr)
    if not found:
        print(f"{url} answers as it should.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
