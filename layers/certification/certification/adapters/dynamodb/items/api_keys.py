"""API keys."""

from __future__ import annotations

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items.values import (
    date_in,
    instant_in,
    iso,
    new_item,
    required_instant,
)
from certification.adapters.dynamodb.table import Item
from certification.domain.api_keys import ApiKey

API_KEY = "api_key"


def api_key_to_item(key: ApiKey) -> Item:
    return new_item(
        keys.api_key(key.key_id),
        API_KEY,
        {
            "key_id": key.key_id,
            "name": key.name,
            "scopes": sorted(key.scopes),
            "secret_hash": key.secret_hash,
            "created_at": iso(key.created_at),
            "created_by": key.created_by,
            "valid_until": iso(key.expires_at),
            "revoked_at": iso(key.revoked_at),
            "last_used_on": iso(key.last_used_on),
            "listing_pk": keys.API_KEYS,
            "listing_sk": key.key_id,
        },
    )


def api_key_from_item(item: Item) -> ApiKey:
    return ApiKey(
        key_id=item["key_id"],
        name=item.get("name", ""),
        scopes=frozenset(item.get("scopes", ())),
        secret_hash=item["secret_hash"],
        created_at=required_instant(item, "created_at"),
        created_by=item["created_by"],
        expires_at=instant_in(item, "valid_until"),
        revoked_at=instant_in(item, "revoked_at"),
        last_used_on=date_in(item, "last_used_on"),
    )
