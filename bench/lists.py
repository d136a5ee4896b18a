"""What a page of each list costs, of ten thousand rows: the first one, and one from the middle."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from bench import people
from bench.report import Row
from bench.rig import NOW, Rig
from bench.units import call
from builders import certification, completion, course, course_completion, organization
from certification.adapters.dynamodb.items.completions import completion_to_item, course_completion_to_item
from certification.adapters.dynamodb.items.definitions import certification_to_item
from certification.adapters.dynamodb.items.directory import course_to_item, organization_to_item
from certification.adapters.dynamodb.table import Item

ROWS = 10_000
PAGES_ON = 20
LISTS = {
    "/courses": "",
    "/organizations": "",
    "/users": "",
    "/certifications": "",
    "/certification-completions": "certification_id=cert-0",
    "/courses/c-0/course-completions": "",
    "/users/u-0/course-completions": "",
}


def measure(rig: Rig) -> Iterator[Row]:
    rig.load(list(_rows()))
    for path, query in LISTS.items():
        first, cursor = _page(rig, path, query, None)
        for _ in range(PAGES_ON - 1):
            later, cursor = _page(rig, path, query, cursor)
        name = f"GET {path}{'?' + query if query else ''}"
        yield Row(what=f"{name}: first page of 50", value=first, unit="RRU")
        yield Row(what=f"{'':>8}page {PAGES_ON}", value=later, unit="RRU", target=first * 1.1)


def _page(rig: Rig, path: str, query: str, cursor: str | None) -> tuple[float, str]:
    more = f"&cursor={quote(cursor)}" if cursor else ""
    rig.meter.reset()
    answer = call(rig, "GET", path, query=f"{query}{more}".strip("&"))
    return rig.meter.read, answer["next_cursor"]


def _rows() -> Iterator[Item]:
    for n in range(ROWS):
        yield course_to_item(course(f"c-{n}"))
        yield organization_to_item(organization(f"o-{n}"))
        yield from people.users([f"u-{n}"])
        yield certification_to_item(certification(f"cert-{n}"))
        yield completion_to_item(completion("cert-0", f"u-{n}"))
        yield course_completion_to_item(course_completion("c-0", NOW, f"u-{n}"))
        yield course_completion_to_item(course_completion(f"c-{n}", NOW, "u-0"))
