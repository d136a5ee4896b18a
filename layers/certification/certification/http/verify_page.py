"""What a certification completion's public id tells anybody, as a page: no script, nothing loaded from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import date
from html import escape
from typing import Any

_STYLE = """
:root{color-scheme:light dark;--page:#f4f5f7;--card:#fff;--ink:#16202c;--soft:#576373;--line:#e1e5ea;--tone:#576373}
@media(prefers-color-scheme:dark){:root{--page:#10151b;--card:#19212a;--ink:#eef2f6;--soft:#a3b0be;--line:#2b3642}}
*{box-sizing:border-box} body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem 1rem;
background:var(--page);color:var(--ink);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{width:min(34rem,100%);background:var(--card);border:1px solid var(--line);border-radius:.9rem;overflow:hidden}
header{padding:1.6rem 1.8rem 1.4rem;border-top:.35rem solid var(--tone)} h1{font-size:1.55rem;line-height:1.25;
margin:.35rem 0 0;overflow-wrap:anywhere} .kind{margin:0;color:var(--soft);font-size:.92rem}
.status{display:flex;gap:.7rem;align-items:center;margin:1.2rem 0 0;font-weight:600;color:var(--tone)}
.mark{flex:none;width:1.9rem;height:1.9rem;border-radius:50%;background:var(--tone);color:var(--card);display:grid;
place-items:center;font-size:1.05rem} .later{margin:.9rem 0 0}
.later a{color:inherit;text-underline-offset:.2em} dl{margin:0;border-top:1px solid var(--line);padding:.4rem 1.8rem}
dl div{display:flex;justify-content:space-between;gap:1rem;padding:.6rem 0;border-bottom:1px solid var(--line)}
dl div:last-child{border:0} dt{color:var(--soft)} dd{margin:0;text-align:right;font-variant-numeric:tabular-nums}
footer{padding:1rem 1.8rem 1.3rem;color:var(--soft);font-size:.85rem;border-top:1px solid var(--line)}
footer p{margin:0} footer p+p{margin-top:.3rem;word-break:break-all}
.active{--tone:#12734a}.scheduled{--tone:#1d5fbf}.expired{--tone:#9a5b00}.revoked{--tone:#b3261e}
@media(prefers-color-scheme:dark){.active{--tone:#4cc38a}.scheduled{--tone:#7aa9f7}.expired{--tone:#e0a64a}
.revoked{--tone:#f2867f}} @media(max-width:26rem){header{padding:1.3rem 1.2rem}dl{padding:.3rem 1.2rem}
footer{padding:1rem 1.2rem}dl div{display:block}dd{text-align:left}}
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Robots-Tag": "noindex",
}
_MARKS = {"active": "✓", "scheduled": "→", "expired": "!", "revoked": "✕", "superseded": "»"}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_OF = {"user": "Certification of a person", "organization": "Certification of a company"}


def verify_page(shape: Mapping[str, Any]) -> str:
    """`shape` is the JSON answer."""
    rows = "".join(f"<div><dt>{label}</dt><dd>{_date(shape[name])}</dd></div>" for name, label in _ROWS)
    name, status = escape(shape["certification_name"]), escape(shape["status"])
    body = (
        f'<header class="{status}"><p class="kind">{_OF[shape["holder_type"]]}</p><h1>{name}</h1>'
        f'<p class="status"><span class="mark" aria-hidden="true">{_MARKS[status]}</span>'
        f"<span>{escape(shape['summary'])}</span></p>{_followed_by(shape)}</header><dl>{rows}</dl>"
        f"<footer><p>As of {_date(shape['as_of'])}. The holder is not named here: "
        "ask whoever gave you this address.</p>"
        f"<p>{escape(shape['certification_completion_id'])}</p></footer>"
    )
    return _page(name, body)


def _followed_by(shape: Mapping[str, Any]) -> str:
    later = shape.get("followed_by")
    if later is None:
        return ""
    words = f"{later['summary'][0].lower()}{later['summary'][1:]}"
    address = escape(later["certification_completion_id"])
    return f'<p class="later"><a href="{address}">Earned again: {escape(words)}</a></p>'


def unknown_page() -> str:
    """For an id that we never gave out."""
    body = (
        '<header><p class="kind">Certification</p><h1>Not found</h1>'
        '<p class="status"><span class="mark" aria-hidden="true">?</span>'
        "<span>No certification has this id.</span></p></header>"
        "<footer><p>Check that the address is complete: one missing character is enough.</p></footer>"
    )
    return _page("Not found", body)


_ROWS = (
    ("completion_date", "Completion date"),
    ("effective_date", "Effective date"),
    ("expiration_date", "Expiration date"),
)


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    )


def _date(text: str | None) -> str:
    if text is None:
        return "no end"
    return f'<time datetime="{text}">{in_words(date.fromisoformat(text))}</time>'


def in_words(day: date) -> str:
    """`20 November 2026`: no reader takes the month for the day."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
