"""Write a batch to Salesforce: known ids are updated, others found first, or upserted where creation is allowed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from certification.adapters.crm.batches import Write, in_halves, located, without_doubles
from certification.adapters.crm.deadline import Deadline
from certification.adapters.crm.salesforce_api import TYPES, SalesforceApi, errors_of
from certification.adapters.crm.salesforce_values import RECORD_ID, encode
from certification.adapters.crm.soql import literal, queries
from certification.adapters.crm.values import kind_of
from certification.domain.connection import PauseReason, StoredMapping
from certification.domain.push import Fate, Outgoing, Pushed, PushFailedError

_MISSING = "REQUIRED_FIELD_MISSING"
_NOT_WRITABLE = "INVALID_FIELD_FOR_INSERT_UPDATE"
_LONGEST_NAMES = {"FirstName": 40, "LastName": 80, "Name": 255}
Outcomes = dict[int, Pushed]


class SalesforcePush:
    """One batch of one object; made for one use."""

    def __init__(self, api: SalesforceApi, stored: StoredMapping, deadline: Deadline) -> None:
        self._api = api
        self._stored = stored
        self._type = TYPES[stored.mapping.object_name]
        self._by = stored.mapping.match.target
        self._deadline = deadline
        self._wrote = False

    def run(self, batch: Sequence[Outgoing]) -> list[Pushed]:
        """Per record what became of it, in order."""
        try:
            done = self._run(batch)
            self._require_writable(done)
        except PushFailedError as exc:
            # Some records of this batch were written before; which ones is not told, so all are in doubt.
            exc.unknown = exc.unknown or self._wrote
            raise
        return [done[index] for index in range(len(batch))]

    def look(self, batch: Sequence[Outgoing]) -> list[Pushed]:
        """What `run` would find, in order."""
        known, upserted, sought = self._sorted(batch)
        found, done = self._found([*upserted, *sought])
        done |= located([*known, *found])
        made = [write.index for write in upserted if done[write.index].fate is Fate.NOT_FOUND]
        done |= dict.fromkeys(made, Pushed(fate=Fate.WRITTEN))
        return [done[index] for index in range(len(batch))]

    def _run(self, batch: Sequence[Outgoing]) -> Outcomes:
        known, upserted, sought = self._sorted(batch)
        found, done = self._found(sought)
        updates, doubles = without_doubles([*known, *found])
        done |= doubles | self._sent(updates, self._update)
        upserts, doubles = without_doubles(upserted)
        done |= doubles | self._sent(upserts, self._upsert)
        # Only what is not there yet needs a name: the names of those that are there are not ours to write.
        made = [write for write in upserts if done[write.index].code == _MISSING and write.outgoing.name]
        return done | self._sent(made, self._make)

    def _sent(self, writes: Sequence[Write], send: Callable[[Sequence[Write]], Outcomes]) -> Outcomes:
        """Contacts of one account side by side: each locks its account, also against others."""
        return in_halves(sorted(writes, key=lambda write: write.outgoing.group), send, self._deadline)

    def _sorted(self, batch: Sequence[Outgoing]) -> tuple[list[Write], list[Write], list[Write]]:
        """Whose id is known, who is made if it is not there, and who has to be found."""
        known: list[Write] = []
        upserted: list[Write] = []
        sought: list[Write] = []
        for index, outgoing in enumerate(batch):
            record_id = outgoing.record_id or (outgoing.match_value if self._by == RECORD_ID else "")
            place = known if record_id else upserted if outgoing.create else sought
            key = record_id or outgoing.match_value.strip().lower()
            place.append(Write(index=index, key=key, outgoing=outgoing))
        return known, upserted, sought

    def _found(self, sought: Sequence[Write]) -> tuple[list[Write], Outcomes]:
        ids = self._record_ids(sought) if sought else {}
        found: list[Write] = []
        missing: Outcomes = {}
        for write in sought:
            candidates = sorted(ids.get(write.key, ()))
            value = write.outgoing.match_value
            if len(candidates) == 1:
                found.append(Write(index=write.index, key=candidates[0], outgoing=write.outgoing))
            elif candidates:
                message = f"Several records have {self._by} {value}: {', '.join(candidates)}."
                missing[write.index] = Pushed(fate=Fate.AMBIGUOUS, code="several_records", message=message)
            else:
                message = f"Salesforce has no record with {self._by} {value}."
                missing[write.index] = Pushed(fate=Fate.NOT_FOUND, code="no_record", message=message)
        return found, missing

    def _record_ids(self, sought: Sequence[Write]) -> Mapping[str, set[str]]:
        """The ids of what each value finds; Salesforce compares without case."""
        kind = kind_of(self._stored, self._by)
        literals = [literal(write.outgoing.match_value.strip(), kind) for write in sought]
        ids: dict[str, set[str]] = defaultdict(set)
        for query in queries([RECORD_ID, self._by], self._type, self._by, dict.fromkeys(literals)):
            for shape in self._api.query(query, self._deadline):
                ids[str(shape.get(self._by) or "").strip().lower()].add(str(shape[RECORD_ID]))
        return ids

    def _update(self, writes: Sequence[Write]) -> Outcomes:
        return self._send(writes, [{"id": write.key, **self._values(write)} for write in writes])

    def _upsert(self, writes: Sequence[Write]) -> Outcomes:
        return self._send(writes, [self._values(write) | self._key(write) for write in writes], by=self._by)

    def _make(self, writes: Sequence[Write]) -> Outcomes:
        records = [_named(self._type, write) | self._values(write) | self._key(write) for write in writes]
        return self._send(writes, records, by=self._by)

    def _send(
        self, writes: Sequence[Write], records: Sequence[Mapping[str, Any]], *, by: str = ""
    ) -> Outcomes:
        results, correlation_id = self._api.write(self._type, records, self._deadline, by=by)
        self._wrote = True
        return {
            write.index: self._outcome(result, correlation_id)
            for write, result in zip(writes, results, strict=True)
        }

    def _outcome(self, result: Mapping[str, Any], correlation_id: str) -> Pushed:
        if result.get("success"):
            return Pushed(
                fate=Fate.WRITTEN, record_id=str(result.get("id") or ""), correlation_id=correlation_id
            )
        return self._api.refusal(errors_of(result.get("errors")), correlation_id)

    def _values(self, write: Write) -> dict[str, Any]:
        return {
            target: encode(kind_of(self._stored, target), value)
            for target, value in write.outgoing.values.items()
        }

    def _key(self, write: Write) -> dict[str, Any]:
        return {self._by: encode(kind_of(self._stored, self._by), write.outgoing.match_value.strip())}

    def _require_writable(self, done: Outcomes) -> None:
        """A field that nobody can write is the mapping's fault; one that this record has closed is the record's."""
        refused = [pushed for pushed in done.values() if pushed.code == _NOT_WRITABLE]
        if not refused:
            return
        shape = self._api.describe(self._type, self._deadline) or {}
        open_fields = {str(each["name"]) for each in shape.get("fields", ()) if each.get("updateable")}
        if {one.target for one in self._stored.mapping.fields} <= open_fields:
            return
        message = f"Salesforce: {refused[0].message}"
        raise PushFailedError(message, reason=PauseReason.MAPPING, correlation_id=refused[0].correlation_id)


def _named(object_type: str, write: Write) -> dict[str, str]:
    """What Salesforce requires of a new record: the holder's name, a person's last word as the last name."""
    name = " ".join(write.outgoing.name.split())
    if object_type == TYPES["account"]:
        return _cut({"Name": name})
    first, _, last = name.rpartition(" ")
    return _cut({"FirstName": first, "LastName": last} if first else {"LastName": last})


def _cut(names: Mapping[str, str]) -> dict[str, str]:
    return {field: name[: _LONGEST_NAMES[field]] for field, name in names.items()}
