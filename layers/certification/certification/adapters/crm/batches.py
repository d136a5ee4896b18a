"""What a batch needs on any CRM: no two inputs for one record, and the culprit found where a batch is refused whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from certification.adapters.crm.deadline import Deadline
from certification.domain.push import Fate, Outgoing, Pushed

T = TypeVar("T")
MOST_CALLS = 60
_BUSY = Pushed(
    fate=Fate.BUSY, code="not_reached", message="The time was over before it was this record's turn."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One input of a call: `index` is its place in the batch, `key` the record id or match value that it goes to."""

    index: int
    key: str
    outgoing: Outgoing


class WholeBatchRefusedError(Exception):
    """The CRM refused all inputs of a call for the sake of one of them; nothing was written."""

    def __init__(self, pushed: Pushed) -> None:
        super().__init__(pushed.message)
        self.pushed = pushed


def without_doubles(writes: Sequence[Write]) -> tuple[list[Write], dict[int, Pushed]]:
    """The first for each record, and what becomes of the others: a CRM refuses the batch for them."""
    first: dict[str, Write] = {}
    refused: dict[int, Pushed] = {}
    for write in writes:
        if first.setdefault(write.key, write) is not write:
            message = f"Another holder goes to the same record ({write.key}); one record cannot show both."
            refused[write.index] = Pushed(fate=Fate.REFUSED, code="same_record", message=message)
    return list(first.values()), refused


def located(writes: Sequence[Write]) -> dict[int, Pushed]:
    """As if each were written to the record that is its key."""
    first, doubles = without_doubles(writes)
    return doubles | {write.index: Pushed(fate=Fate.WRITTEN, record_id=write.key) for write in first}


def in_halves(
    writes: Sequence[Write],
    send: Callable[[Sequence[Write]], Mapping[int, Pushed]],
    deadline: Deadline,
) -> dict[int, Pushed]:
    """Send all; what is refused as a whole is halved until the culprit stands alone. Bounded in calls and time."""
    done: dict[int, Pushed] = {}
    waiting = [list(writes)] if writes else []
    calls = 0
    while waiting:
        batch = waiting.pop()
        if calls and (calls >= MOST_CALLS or not deadline.allows_a_call):
            done.update({write.index: _BUSY for write in batch})
            continue
        calls += 1
        try:
            done.update(send(batch))
        except WholeBatchRefusedError as exc:
            if len(batch) == 1:
                done[batch[0].index] = exc.pushed
            else:
                middle = len(batch) // 2
                waiting += [batch[middle:], batch[:middle]]
    return done


def chunks(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
