"""Write a batch to HubSpot: known ids are updated, others found first, or upserted where creation is allowed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from certification.adapters.crm.batches import (
    WholeBatchRefusedError,
    Write,
    in_halves,
    located,
    without_doubles,
)
from certification.adapters.crm.deadline import Deadline
from certification.adapters.crm.http import Answer
from certification.adapters.crm.hubspot_answers import (
    EMAIL,
    MORE_EMAILS,
    nameless,
    outcomes,
    same_value,
    values_of,
    written,
)
from certification.adapters.crm.hubspot_api import PATHS, HubSpotApi
from certification.adapters.crm.hubspot_values import MERGED_IDS, RECORD_ID, encode, merged_ids
from certification.adapters.crm.values import kind_of
from certification.domain.connection import StoredMapping
from certification.domain.push import Fate, Outgoing, Pushed, PushFailedError

_CONFLICT = "CONFLICT"
_SILENCE = "HubSpot's answer says nothing of this record."


class HubSpotPush:
    """One batch of one object; made for one use."""

    def __init__(self, api: HubSpotApi, stored: StoredMapping, deadline: Deadline) -> None:
        self._api = api
        self._stored = stored
        self._path = PATHS[stored.mapping.object_name]
        self._by = stored.mapping.match.target
        self._deadline = deadline
        self._wrote = False

    def run(self, batch: Sequence[Outgoing]) -> list[Pushed]:
        """Per record what became of it, in order."""
        try:
            done = self._run(batch)
        except PushFailedError as exc:
            # Some records of this batch were written before; which ones is not told, so all are in doubt.
            exc.unknown = exc.unknown or self._wrote
            raise
        return [done[index] for index in range(len(batch))]

    def look(self, batch: Sequence[Outgoing]) -> list[Pushed]:
        """What `run` would find, in order."""
        known, upserted, sought = self._sorted(batch)
        found, new, done = self._found([*upserted, *sought])
        done |= located([*known, *found])
        done |= {write.index: Pushed(fate=Fate.WRITTEN) for write in new}
        return [done[index] for index in range(len(batch))]

    def _run(self, batch: Sequence[Outgoing]) -> dict[int, Pushed]:
        known, upserted, sought = self._sorted(batch)
        found, new, done = self._found(sought)
        updates, doubles = without_doubles([*known, *found])
        done |= doubles
        done |= in_halves(updates, self._sender("update"), self._deadline)
        upserts, doubles = without_doubles([*upserted, *new])
        done |= doubles
        done |= in_halves(upserts, self._sender("upsert"), self._deadline)
        return done

    def _sorted(self, batch: Sequence[Outgoing]) -> tuple[list[Write], list[Write], list[Write]]:
        """Whose id is known, who can be upserted, and who has to be found.

        An e-mail address is enough of a new contact. Anything else needs a name besides, which is not ours to write
        to a record that is there: so look first.
        """
        known: list[Write] = []
        upserted: list[Write] = []
        sought: list[Write] = []
        for index, outgoing in enumerate(batch):
            record_id = outgoing.record_id or (outgoing.match_value if self._by == RECORD_ID else "")
            key = record_id or same_value(self._by, outgoing.match_value)
            at_once = outgoing.create and self._by == EMAIL
            place = known if record_id else upserted if at_once else sought
            place.append(Write(index=index, key=key, outgoing=outgoing))
        return known, upserted, sought

    def _found(self, sought: Sequence[Write]) -> tuple[list[Write], list[Write], dict[int, Pushed]]:
        """Those that have one record, with its id as their key; those to be made; what becomes of the others."""
        ids = self._record_ids(sought) if sought else {}
        found, new, refused = [], [], {}
        for write in sought:
            candidates = sorted(ids.get(write.key) or ids.get(write.key.lower()) or ())
            if len(candidates) == 1:
                found.append(Write(index=write.index, key=candidates[0], outgoing=write.outgoing))
            elif write.outgoing.create and not candidates:
                new.append(write)
            else:
                refused[write.index] = self._unfound(write, candidates)
        return found, new, refused

    def _unfound(self, write: Write, candidates: Sequence[str]) -> Pushed:
        if candidates:
            message = f"Several records have {self._by} {write.key}: {', '.join(candidates)}."
            return Pushed(fate=Fate.AMBIGUOUS, code="several_records", message=message)
        message = f"HubSpot has no record with {self._by} {write.key}."
        return Pushed(fate=Fate.NOT_FOUND, code="no_record", message=message)

    def _record_ids(self, sought: Sequence[Write]) -> Mapping[str, set[str]]:
        """The ids of what each value finds, under that value and in lower case; results come in any order."""
        shown = [self._by, MORE_EMAILS] if self._by == EMAIL else [self._by]
        values = sorted({write.key for write in sought})
        records = self._api.batch_read(self._path, values, shown, self._deadline, by=self._by)
        ids: dict[str, set[str]] = defaultdict(set)
        for record in records:
            for value in values_of(record, self._by):
                ids[value].add(str(record["id"]))
                ids[value.lower()].add(str(record["id"]))
        return ids

    def _sender(self, verb: str) -> Callable[[Sequence[Write]], dict[int, Pushed]]:
        return lambda writes: self._send(verb, writes)

    def _send(self, verb: str, writes: Sequence[Write]) -> dict[int, Pushed]:
        answer = self._answer(verb, writes)
        self._wrote = True
        by = self._by if verb == "upsert" else ""
        done = outcomes(answer, writes, by, self._api.refusal)
        left = [write for write in writes if write.index not in done]
        if left:
            done |= self._look_again(left, writes, answer, by)
        return done

    def _answer(self, verb: str, writes: Sequence[Write]) -> Answer:
        """What still conflicts when it stands alone is sent once more: somebody may have made that record just now."""
        inputs = [self._input(verb, write) for write in writes]
        try:
            return self._api.batch_write(self._path, verb, inputs, self._deadline)
        except WholeBatchRefusedError as exc:
            if exc.pushed.code != _CONFLICT or len(writes) > 1 or not self._deadline.allows_a_call:
                raise
        return self._api.batch_write(self._path, verb, inputs, self._deadline)

    def _input(self, verb: str, write: Write) -> dict[str, Any]:
        properties = {
            target: encode(kind_of(self._stored, target), value)
            for target, value in write.outgoing.values.items()
        }
        by = {"idProperty": self._by} if verb == "upsert" else {}
        if verb == "upsert" and self._by != EMAIL:
            properties = {**_known_by(self._path, write.outgoing.name), **properties}
        return {"id": write.key, **by, "properties": properties, "objectWriteTraceId": str(write.index)}

    def _look_again(
        self, left: Sequence[Write], writes: Sequence[Write], answer: Answer, by: str
    ) -> dict[int, Pushed]:
        """Those that the answer does not name: merged into another record, or known under another value."""
        asked = [write.key for write in left]
        shown = [self._by, MERGED_IDS, *([MORE_EMAILS] if self._by == EMAIL else [])]
        changed = {str(record["id"]) for record in answer.content.get("results") or ()}
        done: dict[int, Pushed] = {}
        records = self._api.batch_read(self._path, asked, shown, self._deadline, by=by) if changed else ()
        for record in records:
            names = values_of(record, by) if by else [str(record["id"]), *merged_ids(record)]
            for write in left:
                if write.key in names and str(record["id"]) in changed:
                    done[write.index] = written(record, answer)
        silent = [write for write in left if write.index not in done]
        return done | dict.fromkeys(
            (write.index for write in silent), self._unnamed(answer, writes, len(silent))
        )

    def _unnamed(self, answer: Answer, writes: Sequence[Write], silent: int) -> Pushed:
        """What becomes of those that the answer does not name: what it says of nobody may be about them."""
        said = [self._api.refusal(error, answer.correlation_id) for error in nameless(answer, writes)]
        if silent == len(said) == 1:
            return said[0]
        words = "; ".join(dict.fromkeys(each.message for each in said))
        message = f"HubSpot does not say of which record: {words}" if words else _SILENCE
        return Pushed(
            fate=Fate.UNKNOWN,
            code="no_answer",
            message=self._api.http.words(message),
            correlation_id=answer.correlation_id,
        )


def _known_by(path: str, name: str) -> dict[str, str]:
    """What HubSpot wants to know a new record by: the holder's name, a person's last word as the last name."""
    if path == PATHS["company"]:
        return {"name": name} if name else {}
    first, _, last = " ".join(name.split()).rpartition(" ")
    return {key: part for key, part in (("firstname", first), ("lastname", last)) if part}
