"""The records of both CRMs as a person sees them in a browser."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import Any

from local.crm_sandbox.hubspot import TOKEN
from local.crm_sandbox.salesforce_token import CLIENT_ID, CLIENT_SECRET, USERNAME
from local.crm_sandbox.store import OBJECTS, Record, Store

_MOST = 200
_TITLES = {"hubspot": "HubSpot", "salesforce": "Salesforce"}
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color: #222; background: #fafafa }
h2 { margin: 2rem 0 .5rem; font-size: 1.1rem } p { color: #666 }
div { overflow-x: auto }
table { border-collapse: collapse; background: #fff; box-shadow: 0 1px 3px #0002 }
th, td { text-align: left; padding: .4rem .8rem; border-bottom: 1px solid #eee; white-space: nowrap }
th { font-weight: 600; background: #f3f4f6 } .empty { color: #bbb }
@media (prefers-color-scheme: dark) {
  body { background: #16181c; color: #ddd } table { background: #1f2227 } th { background: #2a2e35 }
  th, td { border-color: #333 } }
"""


_CREDENTIALS = f"""<h2>Connect</h2>
<p>HubSpot at <code>/hubspot</code>, access token <code>{TOKEN}</code>.<br>
Salesforce at <code>/salesforce</code>, client id <code>{CLIENT_ID}</code>, client secret <code>{CLIENT_SECRET}</code>;
or assertions of the user <code>{USERNAME}</code>.</p>"""


def render(store: Store) -> str:
    """One table for each object, with the properties that some record has a value for."""
    with store.lock:
        tables = "".join(_table(store, crm, name) for crm, names in OBJECTS.items() for name in names)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="3">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>CRM sandbox</title><style>{_STYLE}</style></head><body><h1>CRM sandbox</h1>"
        f"<p>Records as the CRMs have them now; read again every 3 seconds.</p>{tables}{_CREDENTIALS}</body></html>"
    )


def _table(store: Store, crm: str, name: str) -> str:
    living = [record for record in store.records(crm, name).values() if not record["deleted"]]
    title = f"<h2>{_TITLES[crm]}: {name.capitalize()} ({len(living)})</h2>"
    if not living:
        return f"{title}<p>No records.</p>"
    latest = sorted(living, key=lambda record: str(record["updated"]), reverse=True)[:_MOST]
    shapes = store.properties(crm, name)
    used = {
        key for record in latest for key, value in record["properties"].items() if value not in {None, ""}
    }
    columns = sorted(used, key=lambda key: list(shapes).index(key) if key in shapes else len(shapes))
    head = "".join(f"<th>{escape(key)}</th>" for key in ("id", *columns))
    rows = "".join(_row(record, columns, shapes) for record in latest)
    more = f"<p>The {_MOST} changed last.</p>" if len(living) > _MOST else ""
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f"{title}<div>{table}</div>{more}"


def _row(record: Record, columns: list[str], shapes: dict[str, dict[str, Any]]) -> str:
    cells = "".join(_cell(record["properties"].get(key), shapes.get(key, {})) for key in columns)
    return f"<tr><td>{escape(record['id'])}</td>{cells}</tr>"


def _cell(value: object, shape: dict[str, Any]) -> str:
    if value is None or value == "":
        return '<td class="empty">–</td>'
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if shape.get("type") == "date" and text.lstrip("-").isdigit():
        text = datetime.fromtimestamp(int(text) / 1000, tz=UTC).date().isoformat()
    return f"<td>{escape(text)}</td>"
