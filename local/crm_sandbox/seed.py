"""The properties that the sandbox begins with: the CRM's own, and the custom ones that an admin would have made."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

Shape = dict[str, Any]
RECORDED = Path(__file__).parent / "recorded"
STATUSES = ("scheduled", "active", "expired", "superseded", "revoked")


def properties() -> dict[str, dict[str, dict[str, Shape]]]:
    """By CRM, object and name."""
    return {
        "hubspot": {name: _hubspot(name) for name in ("contacts", "companies")},
        "salesforce": {name: _salesforce(name) for name in ("Contact", "Account")},
    }


def hubspot_property(name: str, kind: str, field: str, *options: str, **more: Any) -> Shape:
    """One property as `GET /crm/properties/…` shows it."""
    return {
        "name": name,
        "label": more.pop("label", name.replace("_", " ").capitalize()),
        "type": kind,
        "fieldType": field,
        "groupName": "certification",
        "description": "",
        "options": [_option(value, place) for place, value in enumerate(options)],
        "displayOrder": -1,
        "hasUniqueValue": False,
        "hidden": False,
        "calculated": False,
        "externalOptions": False,
        "archived": False,
        "formField": True,
        "modificationMetadata": {
            "archivable": True,
            "readOnlyDefinition": False,
            "readOnlyOptions": False,
            "readOnlyValue": False,
        },
        **more,
    }


def salesforce_field(name: str, kind: str, *options: str, **more: Any) -> Shape:
    """One field as `describe` shows it: as many keys as the recorded ones have, and these values."""
    template = _recorded("Contact")["Department"]
    length = {"string": 255, "url": 255, "picklist": 255, "multipicklist": 4099}.get(kind, 0)
    shape = {
        **template,
        "name": name,
        "label": name.removesuffix("__c").replace("_", " "),
        "type": kind,
        "length": length,
        "byteLength": length * 3,
        "custom": name.endswith("__c"),
        "nillable": kind != "boolean",
        "picklistValues": [
            {
                "active": True,
                "defaultValue": False,
                "label": each.capitalize(),
                "validFor": None,
                "value": each,
            }
            for each in options
        ],
        "restrictedPicklist": bool(options) and kind == "picklist",
        "soapType": {"date": "xsd:date", "double": "xsd:double", "boolean": "xsd:boolean"}.get(
            kind, "xsd:string"
        ),
    }
    return {**shape, **more}


@cache
def describe(name: str) -> Shape:
    """The recorded description of the object, without its fields."""
    shape: Shape = json.loads((RECORDED / f"describe_{name}.json").read_text())
    return {**shape, "fields": []}


def _hubspot(name: str) -> dict[str, Shape]:
    read_only = {
        "modificationMetadata": {"archivable": False, "readOnlyDefinition": True, "readOnlyValue": True}
    }
    own = {
        "contacts": [
            hubspot_property("email", "string", "text"),
            hubspot_property("firstname", "string", "text"),
            hubspot_property("lastname", "string", "text"),
            hubspot_property("phone", "phone_number", "phonenumber"),
            hubspot_property("lifecyclestage", "enumeration", "radio", "lead", "customer", "other"),
            hubspot_property("hs_additional_emails", "enumeration", "checkbox"),
            hubspot_property(
                "num_associated_deals", "number", "calculation_rollup", calculated=True, **read_only
            ),
            hubspot_property("partner_user_id", "string", "text", hasUniqueValue=True),
            hubspot_property("certified", "bool", "booleancheckbox", "true", "false"),
        ],
        "companies": [
            hubspot_property("name", "string", "text"),
            hubspot_property("domain", "string", "text"),
            hubspot_property("partner_id", "string", "text", hasUniqueValue=True),
            hubspot_property("certified_users", "number", "number"),
        ],
    }[name]
    common = [
        hubspot_property("hs_object_id", "number", "number", hasUniqueValue=True, **read_only),
        hubspot_property("hs_merged_object_ids", "enumeration", "checkbox", **read_only),
        hubspot_property("createdate", "datetime", "date", **read_only),
        hubspot_property("hubspot_owner_id", "enumeration", "select", externalOptions=True),
        hubspot_property("sales_pro_status", "enumeration", "select", *STATUSES),
        hubspot_property("sales_pro_expires", "date", "date"),
        hubspot_property("sales_pro_completed", "date", "date"),
        hubspot_property("certifications", "enumeration", "checkbox"),
        hubspot_property("certification_count", "number", "number"),
        hubspot_property("contact_kind", "enumeration", "select", "Partner", "Customer"),
        hubspot_property("verify_url", "string", "text"),
        hubspot_property("former_level", "string", "text", archived=True),
    ]
    return {shape["name"]: shape for shape in own + common}


def _salesforce(name: str) -> dict[str, Shape]:
    key = {"Contact": "Partner_User_Id__c", "Account": "Partner_Id__c"}[name]
    fields = [
        salesforce_field(key, "string", externalId=True, idLookup=True, unique=True, length=128),
        salesforce_field("Sales_Pro_Status__c", "picklist", *STATUSES),
        salesforce_field("Sales_Pro_Expires__c", "date"),
        salesforce_field("Sales_Pro_Completed__c", "date"),
        salesforce_field("Certifications__c", "multipicklist"),
        salesforce_field("Certification_Count__c", "double", precision=18),
        salesforce_field("Certified_Users__c", "double", precision=18),
        salesforce_field("Contact_Kind__c", "picklist", "Partner", "Customer"),
        salesforce_field("Certified__c", "boolean"),
        salesforce_field("Verify_Url__c", "url"),
        salesforce_field("Short__c", "string", length=5),
        salesforce_field("Level__c", "string", calculated=True, updateable=False, createable=False),
    ]
    return {**_recorded(name), **{shape["name"]: shape for shape in fields}}


@cache
def _recorded(name: str) -> dict[str, Shape]:
    """By field name; whoever wants another field replaces it."""
    shape = json.loads((RECORDED / f"describe_{name}.json").read_text())
    return {field["name"]: field for field in shape["fields"]}


def _option(value: str, place: int) -> Shape:
    return {"label": value.capitalize(), "value": value, "displayOrder": place, "hidden": False}
