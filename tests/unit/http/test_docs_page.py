"""`GET /docs`: the document as a page that needs no script and nothing from elsewhere."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from certification.http.docs_page import page
from certification.http.docs_schemas import kind_of, schema_table, words
from described import described
from unit.http.api import HttpApi

VOID = {"meta", "br", "link", "img", "input", "hr"}


class Read(HTMLParser):
    """Tags in balance, anchors, links, and all text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        given = dict(attrs)
        self.ids += [given["id"] or ""] if "id" in given else []
        self.links += [given["href"] or ""] if "href" in given else []
        assert not given.keys() & {"src", "onclick", "onload"}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def shown() -> Read:
    return Read(page(described()))


def test_is_well_formed_and_every_anchor_is_there_once(shown: Read) -> None:
    assert shown.open == []
    assert len(set(shown.ids)) == len(shown.ids)
    assert {link[1:] for link in shown.links if link.startswith("#")} <= set(shown.ids)


def test_loads_nothing_from_elsewhere_and_runs_nothing(shown: Read) -> None:
    assert not shown.tags & {"script", "link", "img", "iframe", "object", "form"}
    assert [link for link in shown.links if not link.startswith("#")] == ["openapi.json"]
    api = HttpApi()
    api.made("GET", "/docs", key=None)
    assert api.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "script-src" not in api.headers["Content-Security-Policy"]
    assert "default-src 'none'" in api.headers["Content-Security-Policy"]


def test_shows_every_operation_schema_field_and_example(shown: Read) -> None:
    for path, methods in described()["paths"].items():
        assert path in shown.text
        for operation in methods.values():
            assert operation["operationId"] in shown.ids
            assert operation["summary"].replace("`", "") in shown.text
    for name, schema in described()["components"]["schemas"].items():
        assert f"schema-{name}" in shown.ids
        assert all(field in shown.text for field in schema.get("properties", {}))


def test_no_mark_up_is_left_as_it_was_written(shown: Read) -> None:
    assert "`" not in shown.text
    assert "None" not in shown.text


@pytest.mark.parametrize("text", ["<b>", "a & b", '"quoted"', "</script>"])
def test_what_looks_like_html_is_text(text: str) -> None:
    shown = Read(
        words(text) + kind_of({"enum": [text]}) + schema_table({"properties": {text: {"default": text}}})
    )
    assert text in shown.text
    assert not shown.tags & {"b", "script"}


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string"}, "string"),
        ({"type": ["number", "null"]}, "number or null"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
        ({"type": "array", "items": {"type": "integer"}}, "list of integer"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "object of integer"),
        ({"type": "object", "additionalProperties": False}, "object"),
        ({"enum": ["a", "b"]}, "a, b"),
        ({"const": True}, "True"),
        ({"$ref": "#/components/schemas/Problem"}, "Problem"),
        ({}, "anything"),
    ],
)
def test_a_type_is_said_in_a_few_words(schema: dict[str, Any], kind: str) -> None:
    assert Read(kind_of(schema)).text == kind
