"""The CRM sandbox as the guided run uses it: what a person would do there by hand, and look at."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from local.crm_sandbox.hubspot import TOKEN
from local.crm_sandbox.salesforce_token import CLIENT_ID, CLIENT_SECRET
from local.guided_run.api import Api

Properties = dict[str, Any]

_PEOPLE = {"hubspot": "contacts", "salesforce": "Contact"}
_COMPANIES = {"hubspot": "companies", "salesforce": "Account"}
_NAMES = {
    "hubspot": {
        "email": "email",
        "partner_id": "partner_id",
        "status": "sales_pro_status",
        "expires": "sales_pro_expires",
    },
    "salesforce": {
        "email": "Email",
        "partner_id": "Partner_Id__c",
        "status": "Sales_Pro_Status__c",
        "expires": "Sales_Pro_Expires__c",
    },
}


class CrmSandboxClient:
    def __init__(self, urls: dict[str, str]) -> None:
        """`urls`: the base URL of each CRM."""
        self._urls = urls
        self._api = Api(urls["hubspot"])

    def field_names(self, crm: str) -> dict[str, str]:
        """What this CRM calls the fields that the guided run maps."""
        return _NAMES[crm]

    def connection(self, crm: str) -> dict[str, Any]:
        """The body of `PUT /crm/{crm}/connection`."""
        credentials = {
            "hubspot": {"access_token": TOKEN},
            "salesforce": {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
        }
        return {"base_url": self._urls[crm], "credentials": credentials[crm]}

    def add_person(self, email: str) -> None:
        self._add("hubspot", "contacts", {"email": email, "lastname": "Partner"})
        self._add("salesforce", "Contact", {"Email": email, "LastName": "Partner"})

    def add_company(self, organization_id: str) -> None:
        self._add("hubspot", "companies", {"name": "Northwind", "partner_id": organization_id})
        self._add("salesforce", "Account", {"Name": "Northwind", "Partner_Id__c": organization_id})

    def person(self, crm: str, email: str) -> Properties:
        return self._find(crm, _PEOPLE[crm], _NAMES[crm]["email"], email)

    def company(self, crm: str, organization_id: str) -> Properties:
        return self._find(crm, _COMPANIES[crm], _NAMES[crm]["partner_id"], organization_id)

    def _add(self, crm: str, name: str, properties: Properties) -> None:
        self._api.call("POST", "/_control/records", {"crm": crm, "object": name, "properties": properties})

    def _find(self, crm: str, name: str, key: str, value: str) -> Properties:
        query = urlencode({"crm": crm, "object": name, "property": key, "value": value})
        records = self._api.call("GET", f"/_control/records?{query}")["records"]
        return dict(records[0]["properties"]) if records else {}
