"""In-memory stand-ins for what sources need: secrets, the intake, parameters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from certification.domain.intake import KeptEntry, KeptWebhook, intake_stamp
from certification.domain.ports import Slice
from certification.domain.sources import SourceSecrets


@dataclass
class InMemorySecretKeeper:
    secrets: dict[str, SourceSecrets] = field(default_factory=dict)
    reads: int = 0

    def read(self, source_id: str) -> SourceSecrets | None:
        self.reads += 1
        return self.secrets.get(source_id)

    def write(self, source_id: str, secrets: SourceSecrets) -> None:
        self.secrets[source_id] = secrets

    def delete(self, source_id: str) -> None:
        self.secrets.pop(source_id, None)


@dataclass
class InMemoryParameters:
    values: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str | None:
        return self.values.get(name)

    def put(self, name: str, value: str) -> None:
        self.values[name] = value

    def delete(self, name: str) -> None:
        self.values.pop(name, None)


@dataclass
class InMemoryIntake:
    """`refuses` makes `keep` fail."""

    kept: dict[tuple[bool, str, str], KeptWebhook] = field(default_factory=dict)
    refuses: bool = False

    def keep(self, webhook: KeptWebhook) -> None:
        if self.refuses:
            raise ConnectionError("the intake refuses on command")
        self.kept[(webhook.readable, webhook.source_id, webhook.intake_id)] = webhook

    def find(self, source_id: str, intake_id: str) -> KeptWebhook | None:
        return self.kept.get((False, source_id, intake_id)) or self.kept.get((True, source_id, intake_id))

    def discard(self, webhook: KeptWebhook) -> None:
        self.kept.pop((False, webhook.source_id, webhook.intake_id), None)

    def page(
        self, source_id: str | None, *, readable: bool, limit: int, after: str | None = None
    ) -> Slice[KeptEntry]:
        found = [e for e in self._entries(source_id) if e.readable is readable]
        names = [e.intake_id if source_id else f"{e.source_id}/{e.intake_id}" for e in found]
        rest = [entry for entry, name in zip(found, names, strict=True) if name > (after or "")]
        page = rest[:limit]
        last = names[found.index(page[-1])] if len(rest) > limit else None
        return Slice(items=tuple(page), next={"after": last} if last else None)

    def since(self, source_id: str, start: datetime, *, after: str | None = None) -> Iterator[KeptEntry]:
        entries = sorted(self._entries(source_id), key=lambda entry: entry.intake_id)
        return (e for e in entries if e.intake_id > (after or intake_stamp(start)))

    def _entries(self, source_id: str | None) -> list[KeptEntry]:
        return [
            KeptEntry(source_id=source, intake_id=name, readable=readable, size=len(webhook.body))
            for (readable, source, name), webhook in sorted(self.kept.items())
            if source_id in {None, source}
        ]


class InMemoryImportFiles:
    """The texts of imports."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def save(self, import_id: str, text: str) -> None:
        self.texts[import_id] = text

    def read(self, import_id: str) -> str:
        return self.texts[import_id]


class InMemoryExportFiles:
    """Parts and files of exports; `files` are those that an address leads to."""

    def __init__(self) -> None:
        self.parts: dict[tuple[str, int], str] = {}
        self.files: dict[str, str] = {}

    def save_part(self, export_id: str, number: int, text: str) -> None:
        self.parts[export_id, number] = text

    def join(self, export_id: str, parts: int) -> None:
        numbers = range(1, parts + 1)
        self.files[self.url(export_id, seconds=0)] = "".join(self.parts[export_id, n] for n in numbers)

    def url(self, export_id: str, *, seconds: int) -> str:
        return f"https://bucket.example/{export_id}.csv"
