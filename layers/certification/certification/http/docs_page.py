"""The OpenAPI document as one page: no script, nothing loaded from elsewhere.

An anchor lies inside its `details`, so that a browser opens what a link leads to.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from certification.http.docs_schemas import code, kind_of, schema_table, words

Json = dict[str, Any]
_STYLE = """
:root{color-scheme:light dark;--line:#8884;--soft:#8881;
--accent:light-dark(#1d4ed8,#8ab4ff);--muted:light-dark(#595959,#a8a8a8)}
body{font:16px/1.55 system-ui,sans-serif;max-width:62rem;margin:0 auto;padding:2rem 1rem 6rem}
h1{margin-bottom:.2rem} h2{margin:3rem 0 .6rem;border-bottom:1px solid var(--line);padding-bottom:.3rem}
nav{display:flex;flex-wrap:wrap;gap:.4rem 1rem;margin:1rem 0} a{color:var(--accent);text-decoration:none}
details{border:1px solid var(--line);border-radius:.5rem;margin:.5rem 0} summary{cursor:pointer;padding:.55rem .8rem;
display:grid;grid-template-columns:4.6rem minmax(0,1fr);gap:.2rem .8rem;align-items:baseline}
details[open]>summary{border-bottom:1px solid var(--line)} details>div{padding:.4rem 1rem 1rem}
.m{font:600 .78rem ui-monospace,monospace;text-align:center;border-radius:.3rem;padding:.15rem 0;color:#fff;
background:#64748b} .get{background:#0f766e}.post{background:#2563eb}.put{background:#b45309}.patch{background:#7c3aed}
.delete{background:#b91c1c} code,pre{font:.87rem/1.45 ui-monospace,monospace} .path{overflow-wrap:anywhere}
.what{grid-column:2;color:var(--muted);font-size:.92rem} pre{background:var(--soft);border-radius:.4rem;padding:.7rem;
overflow:auto} table{border-collapse:collapse;width:100%} td,th{text-align:left;vertical-align:top;padding:.25rem .6rem
.25rem 0;border-bottom:1px solid var(--line);font-size:.92rem} h4{margin:1rem 0 .3rem}
small{color:var(--muted);overflow-wrap:anywhere}
[id]{scroll-margin-top:4.5rem} td:first-child{white-space:nowrap} i{color:var(--muted);font-size:.8rem}
@media(max-width:40rem){table,tbody,tr{display:block} tr{border-bottom:1px solid var(--line);padding:.35rem 0}
td{display:inline-block;border:0;padding:0 .5rem 0 0;max-width:100%;overflow-wrap:anywhere}
td:first-child{white-space:normal} details>div{padding:.4rem .6rem 1rem}}
"""


def page(described: Json) -> str:
    info = described["info"]
    tags = [tag["name"] for tag in described["tags"]]
    links = "".join(f'<a href="#{_anchor(tag)}">{escape(tag)}</a>' for tag in tags)
    sections = "".join(_section(described, tag) for tag in tags)
    problems = "".join(
        f'<tr id="problem-{status}"><td><code>{status}</code></td><td>{words(answer["description"])}</td></tr>'
        for status, answer in described["components"]["responses"].items()
    )
    schemas = "".join(
        f'<details><summary><span class="m">schema</span><code>{escape(name)}</code>'
        f'</summary><div id="schema-{escape(name)}">{schema_table(schema)}</div></details>'
        for name, schema in sorted(described["components"]["schemas"].items())
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(info['title'])} API</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(info['title'])}</h1><p>{escape(info['description'])} Version {escape(info['version'])}. "
        f'<a href="openapi.json">OpenAPI 3.1</a></p>'
        "<p>Send <code>Authorization: Bearer &lt;API key&gt;</code>. Errors are "
        "<code>application/problem+json</code> (RFC 9457).</p>"
        f'<nav>{links}<a href="#problems">Problems</a> <a href="#schemas">Schemas</a></nav>{sections}'
        f'<h2 id="problems">Problems</h2><table>{problems}</table><h2 id="schemas">Schemas</h2>{schemas}'
        "</body></html>"
    )


def _section(described: Json, tag: str) -> str:
    operations = "".join(
        _operation(method, path, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
        if tag in operation["tags"]
    )
    return f'<h2 id="{_anchor(tag)}">{escape(tag)}</h2>{operations}'


def _operation(method: str, path: str, operation: Json) -> str:
    return (
        f'<details><summary><span class="m {method}">{method.upper()}</span>'
        f'<code class="path">{escape(path)}</code><span class="what">{words(operation["summary"])}</span></summary>'
        f'<div id="{escape(operation["operationId"])}"><p>{words(operation["description"])}</p>'
        f"{''.join(_parts(operation))}</div></details>"
    )


def _parts(operation: Json) -> Iterator[str]:
    if operation["parameters"]:
        rows = "".join(
            f"<tr><td><code>{escape(p['name'])}</code></td><td>{escape(p['in'])}"
            f"{', required' if p['required'] else ''}</td><td>{words(p.get('description', ''))}</td></tr>"
            for p in operation["parameters"]
        )
        yield f"<h4>Parameters</h4><table>{rows}</table>"
    if "requestBody" in operation:
        for media, content in operation["requestBody"]["content"].items():
            yield f"<h4>Body <code>{escape(media)}</code></h4>{kind_of(content['schema'])}"
            if "example" in content:
                yield code(content["example"])
    answers = {status: answer for status, answer in operation["responses"].items() if "$ref" not in answer}
    rows = "".join(
        f"<tr><td><code>{status}</code></td><td>{escape(answer['description'])}</td><td>"
        f"{''.join(kind_of(content['schema']) for content in answer.get('content', {}).values())}</td></tr>"
        for status, answer in answers.items()
    )
    yield f"<h4>Answers</h4><table>{rows}</table>"
    examples = (
        c["example"] for a in answers.values() for c in a.get("content", {}).values() if "example" in c
    )
    yield from (code(example) for example in list(examples)[:1])
    problems = ", ".join(
        f'<a href="#problem-{status}"><code>{status}</code></a>'
        for status in operation["responses"]
        if status not in answers
    )
    yield f"<p>Problems: {problems}</p>"


def _anchor(tag: str) -> str:
    return "tag-" + "".join(c if c.isalnum() else "-" for c in tag.lower())
