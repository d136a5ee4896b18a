"""What the tests of the Salesforce adapter share: gateways to the sandbox, mappings as they are stored, records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from local.crm_sandbox.salesforce_token import CLIENT_ID, CLIENT_SECRET

from builders import NOW
from certification.adapters.crm.deadline import Patience
from certification.adapters.crm.salesforce import open_gateway
from certification.domain.connection import Connection, StoredMapping
from certification.domain.crm_gateway import CrmGateway
from certification.domain.mapping_check import kinds_of
from certification.domain.mapping_reader import mapping_from_json
from certification.domain.push import Fate, Outgoing, Pushed
from contract.sandbox import CrmSandbox

QUICK = Patience(connect=2, read=1.5, whole=8, least=0.1)
CREDENTIALS = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
STATUS = {"certification_id": "c", "source": "status", "target": "Sales_Pro_Status__c"}
EXPIRES = {"certification_id": "c", "source": "expiration_date", "target": "Sales_Pro_Expires__c"}
COUNT = {"source": "active_certification_count", "target": "Certification_Count__c"}
COLLECTIONS, QUERY, TOKEN = "composite/sobjects", "query", "oauth2/token"


def gateway(
    sandbox: CrmSandbox,
    credentials: dict[str, str] | None = None,
    *,
    patience: Patience = QUICK,
    **changes: Any,
) -> CrmGateway:
    values = {"base_url": sandbox.salesforce_url, "credentials": "", "link": "l", "changed_at": NOW}
    connection = Connection(crm="salesforce", **{**values, **changes})
    return open_gateway(connection, credentials or CREDENTIALS, patience=patience)


def mapped(
    crm: CrmGateway, *fields: dict[str, Any], name: str = "contact", by: tuple[str, str] = ("email", "Email")
) -> StoredMapping:
    """As it is stored: with the kinds of its properties."""
    shape = {
        "match": {"source": by[0], "target": by[1]},
        "fields": list(fields or (STATUS, EXPIRES, COUNT)),
    }
    mapping = mapping_from_json("salesforce", name, shape)
    kinds = kinds_of(mapping, crm.properties(name))
    return StoredMapping(mapping=mapping, kinds=kinds, checked_at=NOW, changed_at=NOW)


def to(match_value: str = "", record_id: str = "", create: bool = False, **values: Any) -> Outgoing:
    """What one record gets; a status, if nothing else is said."""
    made = {"name": values.pop("name", ""), "group": values.pop("group", "")}
    given = values or {"Sales_Pro_Status__c": "active"}
    return Outgoing(record_id=record_id, match_value=match_value, values=given, create=create, **made)


def people(sandbox: CrmSandbox, count: int) -> list[str]:
    return [
        sandbox.add("salesforce", "Contact", Email=email(number), LastName=f"Person {number}")
        for number in range(count)
    ]


def email(number: int) -> str:
    return f"u-{number}@partner.example"


def record(sandbox: CrmSandbox, record_id: str) -> dict[str, Any]:
    return sandbox.record("salesforce", "Contact", record_id)


def statuses(sandbox: CrmSandbox) -> list[str]:
    return [
        each.get("Sales_Pro_Status__c") or "" for each in sandbox.records("salesforce", "Contact").values()
    ]


def fates(pushed: Sequence[Pushed]) -> list[Fate]:
    return [each.fate for each in pushed]


def calls(sandbox: CrmSandbox) -> list[tuple[str, str, int]]:
    """Method, path below the API's version, and how many records."""
    return [
        (call["method"], call["path"].partition(".0/")[2] or call["path"], call["records"])
        for call in sandbox.calls("salesforce")
    ]
