"""What the evaluations queue carries: JSON objects with a `kind`. Each kind is harmless when it comes twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from certification.domain.errors import InvalidError

Message = Mapping[str, Any]
TimeLeft = Callable[[], bool]
Counts = Mapping[str, float]
Handle = Callable[[Message, TimeLeft], object]


class UnknownMessageError(InvalidError):
    """A message that is not ours: it goes to the dead-letter queue, where it can be seen."""

    code = "unknown-message"


def handle(message: object, handlers: Mapping[str, Handle], time_left: TimeLeft) -> Counts:
    """Do what the message asks for, and tell what is to be counted. `time_left`: whether there is time for more."""
    if not isinstance(message, Mapping):
        raise UnknownMessageError("the message is not a JSON object")
    chosen = handlers.get(str(message.get("kind")))
    if chosen is None:
        raise UnknownMessageError("the message has no kind that is known here")
    try:
        done = chosen(message, time_left)
    except KeyError as exc:
        raise UnknownMessageError(f"the message lacks {exc}") from exc
    return done if isinstance(done, Mapping) else {}
