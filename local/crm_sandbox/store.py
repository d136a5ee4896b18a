"""What the sandbox remembers: records, properties, tokens. Kept in one file, if it has a folder."""

from __future__ import annotations

import copy
import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.crm_sandbox import seed
from local.crm_sandbox.index import Index

Record = dict[str, Any]
OBJECTS = {"hubspot": ("contacts", "companies"), "salesforce": ("Contact", "Account")}
_SAVE_EVERY = 0.5


class Store:
    """Whoever reads or changes it holds `lock`. `changed()` after a change."""

    def __init__(self, folder: Path | None = None) -> None:
        self.lock = threading.RLock()
        self._file = folder / "crm_sandbox.json" if folder else None
        self._dirty = threading.Event()
        self._closing = threading.Event()
        self._data: dict[str, Any] = {}
        self._index = Index()
        self._saver: threading.Thread | None = None
        if not self._load():
            self.reset()
        if self._file:
            self._saver = threading.Thread(target=self._keep_saving, daemon=True)
            self._saver.start()

    def reset(self) -> None:
        """As in the beginning: no records, the seeded properties."""
        with self.lock:
            self._data = {
                "next": 1,
                "records": {crm: {name: {} for name in names} for crm, names in OBJECTS.items()},
                "properties": seed.properties(),
                "tokens": {},
                "jwt_public_key": "",
            }
            self._index = Index()
            self.changed()

    def records(self, crm: str, name: str) -> dict[str, Record]:
        """By id, deleted ones too."""
        found: dict[str, Record] = self._data["records"][crm][name]
        return found

    def properties(self, crm: str, name: str) -> dict[str, dict[str, Any]]:
        """The metadata by property name, in the CRM's own shape."""
        found: dict[str, dict[str, Any]] = self._data["properties"][crm][name]
        return found

    @property
    def tokens(self) -> dict[str, str]:
        found: dict[str, str] = self._data["tokens"]
        return found

    @property
    def jwt_public_key(self) -> str:
        return str(self._data["jwt_public_key"])

    @jwt_public_key.setter
    def jwt_public_key(self, pem: str) -> None:
        self._data["jwt_public_key"] = pem
        self.changed()

    def add(self, crm: str, name: str, values: dict[str, Any]) -> Record:
        """A new record with the next id of this CRM's kind."""
        number = self._data["next"]
        self._data["next"] = number + 1
        record_id = salesforce_id(name, number) if crm == "salesforce" else str(100_000 + number)
        record = {
            "id": record_id,
            "properties": {},
            "created": now(),
            "updated": now(),
            "deleted": False,
            "merged": [],
        }
        self.records(crm, name)[record_id] = record
        self.update(crm, name, record, values)
        return record

    def update(self, crm: str, name: str, record: Record, values: dict[str, Any]) -> None:
        record["properties"].update(copy.deepcopy(values))
        record["updated"] = now()
        self._index.note(crm, name, record["id"], values)
        self.changed()

    def delete(self, record: Record) -> None:
        record["deleted"] = True
        self.changed()

    def merge(self, lost: Record, kept: Record) -> None:
        """From now on `lost` is found nowhere, and its id means `kept`."""
        lost["merged_into"] = kept["id"]
        kept["merged"] += [lost["id"], *lost["merged"]]
        self.delete(lost)

    def restore(self, crm: str, name: str, records: dict[str, Record]) -> None:
        """The records of this object as they were."""
        self._data["records"][crm][name] = records
        self.changed()

    def having(self, crm: str, name: str, key: str, value: object) -> list[Record]:
        """Living records that have this value, or had it: the caller compares."""
        found = self._index.candidates(crm, name, key, value, self.records(crm, name))
        return [record for record in found if not record["deleted"]]

    def changed(self) -> None:
        self._dirty.set()

    def close(self) -> None:
        """Save what is not saved yet."""
        self._closing.set()
        self._dirty.set()
        if self._saver:
            self._saver.join(timeout=5)

    def _load(self) -> bool:
        if self._file is None or not self._file.exists():
            return False
        self._data = json.loads(self._file.read_text())
        return True

    def _keep_saving(self) -> None:
        while not self._closing.is_set():
            self._dirty.wait()
            self._dirty.clear()
            self._save()
            self._closing.wait(_SAVE_EVERY)
        self._save()

    def _save(self) -> None:
        if self._file is None:
            return
        with self.lock:
            text = json.dumps(self._data)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(".new")
        draft.write_text(text)
        draft.replace(self._file)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def salesforce_id(name: str, number: int) -> str:
    return with_suffix(f"{'003' if name == 'Contact' else '001'}5g{number:010d}")


def with_suffix(short: str) -> str:
    """A Salesforce id of 18 characters, the last three of which tell upper from lower case."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    suffix = "".join(
        letters[sum(1 << place for place, each in enumerate(short[start : start + 5]) if each.isupper())]
        for start in (0, 5, 10)
    )
    return short + suffix
