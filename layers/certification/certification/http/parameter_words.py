"""What the parameters of paths and queries mean, for the document; a query's own description comes before these."""

from __future__ import annotations

from typing import Any

ID_SCHEMA: dict[str, Any] = {"type": "string", "pattern": "^[A-Za-z0-9._:+@-]{1,128}$"}
_CRMS = ["hubspot", "salesforce"]
_OBJECTS = ["contact", "company", "account"]
_WORDS = {
    "backfill_id": "What `POST …/sync` or a mapping answered with",
    "certification_completion_id": "As a certification completion shows it; opaque",
    "certification_id": "Which certification",
    "completion_date": "The completion date to try",
    "course_id": "Which course; yours to choose",
    "crm": "Which CRM",
    "evaluation_id": "What a publish or `POST /evaluations` answered with",
    "export_id": "What `POST /certification-completions/export` answered with",
    "from": "The older version; absent: the one before `to`",
    "import_id": "What the import answered with",
    "intake_id": "As `GET /intake` lists it",
    "key_id": "As `GET /api-keys` lists it; not the key itself",
    "object": "`contact` in both CRMs, `company` in HubSpot, `account` in Salesforce",
    "organization_id": "Which organization; yours to choose",
    "parked_id": "As `GET /course-completions/parked` lists it",
    "publish_status": "Only those that are this",
    "reconciliation_id": "What the reconciliation answered with",
    "replay_id": "What `POST …/replays` answered with",
    "secret": "The source's secret; kept out of access logs",
    "source_id": "Which source; yours to choose",
    "state": "Only those in this state",
    "to": "The newer version; absent: the newest",
    "type": "Only those of this type",
    "user_id": "Which user; yours to choose",
}
_SCHEMAS: dict[str, dict[str, Any]] = {
    "crm": {"type": "string", "enum": _CRMS},
    "object": {"type": "string", "enum": _OBJECTS},
}


def words_for(name: str) -> str:
    return _WORDS.get(name, "")


def schema_of(name: str, *, free: bool) -> dict[str, Any]:
    """The schema of a path parameter; `free` is one that is no id of ours."""
    return _SCHEMAS.get(name) or ({"type": "string", "minLength": 1} if free else ID_SCHEMA)
