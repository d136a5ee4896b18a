"""Record the application's answers as the document's examples: `PYTHONPATH=… python -m unit.http.record_examples`."""

from __future__ import annotations

import json
import re
from typing import Any

from certification.http.router import Route
from template import ROOT
from unit.http.test_examples import ELSEWHERE, answered
from unit.http.walk import ROUTES, name

FILE = ROOT / "layers" / "certification" / "certification" / "http" / "answer_examples.json"
# Instead of what is made up anew each time.
STAND_INS = {
    "certification_id": "cert-1",
    "certification_completion_id": "Zm9yIGV4YW1wbGUgb25seQ",
    "key_id": "0123456789abcdef01",
}
UNREADABLE = (
    (re.compile(r"pck_[0-9a-f]{18}_[A-Za-z0-9_-]{43}"), "pck_0123456789abcdef01_shown-this-once"),
    (re.compile(r"\b([a-z]+)-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), r"\1-1"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "1"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "0123456789abcdef0123456789abcdef"),
    (re.compile(r"\b[0-9a-f]{18}\b"), "0123456789abcdef01"),
    (re.compile(r"\b(replay-)[0-9a-f]{16}\b"), r"\g<1>1"),
    (re.compile(r"\b(20261120T120000(?:\.000000Z)?)-[0-9a-f]{8,12}\b"), r"\1-01234567"),
    (re.compile(r'"[A-Za-z0-9_-]{70,}"'), '"Zm9yIGV4YW1wbGUgb25seQ"'),
)


def recorded() -> dict[str, Any]:
    """The answer of each operation, by its name."""
    wanted = [route for route in ROUTES if name(route) not in ELSEWHERE | {"GET /openapi.json"}]
    found = {name(route): _answer_of(route) for route in wanted}
    found |= {one: {"accepted": 1, "ignored": 0, "kept": 0} for one in ELSEWHERE}
    return {one: answer for one, answer in sorted(found.items()) if isinstance(answer, dict)}


def _answer_of(route: Route) -> Any:
    _, answer, ids = answered(route)
    text = json.dumps(answer)
    for field, stand_in in STAND_INS.items():
        text = text.replace(ids[field], stand_in)
    for pattern, readable in UNREADABLE:
        text = pattern.sub(readable, text)
    return json.loads(text)


if __name__ == "__main__":
    FILE.write_text(json.dumps(recorded(), indent=1, ensure_ascii=False) + "\n")
