"""What the use cases around sources need from the outside, as contracts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from certification.domain.intake import KeptEntry, KeptWebhook
from certification.domain.ports import Slice, StartKey
from certification.domain.replay import Replay
from certification.domain.sources import Source, SourceHealth, SourceSecrets


class Sources(Protocol):
    """Configured sources and what came from them."""

    def source(self, source_id: str) -> Source | None:
        """Strongly consistent."""

    def with_health(self, source_id: str) -> tuple[Source, SourceHealth] | None:
        """A source and its last days; strongly consistent."""

    def page(self, *, limit: int, start: StartKey | None = None) -> Slice[Source]: ...

    def save(self, source: Source) -> None:
        """Put a new one (revision 1) or the next revision; `ChangedMeanwhileError` where another came first."""

    def delete(self, source: Source) -> None:
        """`ChangedMeanwhileError` where it changed since it was read."""

    def count(self, source_id: str, received: Received) -> int:
        """Add to the source's day; how many webhooks were proven on it so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A webhook for the counts: its outcome (`accepted`, `kept`, `refused:wrong`, `failed`) and what it held.

    `times`: so many alike.
    """

    at: datetime
    outcome: str
    times: int = 1
    contents: Mapping[str, int] = field(default_factory=dict)
    ignored: Mapping[str, int] = field(default_factory=dict)

    @property
    def accepted(self) -> bool:
        return self.outcome in {"accepted", "kept"}


class SecretKeeper(Protocol):
    """Secrets of sources, encrypted, apart from the table."""

    def read(self, source_id: str) -> SourceSecrets | None: ...

    def write(self, source_id: str, secrets: SourceSecrets) -> None: ...

    def delete(self, source_id: str) -> None:
        """Harmless where there is none."""


class Intake(Protocol):
    """Raw webhooks: 30 days of all that was read, 400 days of what was not."""

    def keep(self, webhook: KeptWebhook) -> None: ...

    def find(self, source_id: str, intake_id: str) -> KeptWebhook | None: ...

    def discard(self, webhook: KeptWebhook) -> None:
        """Forget one that could not be read. Harmless where it is gone."""

    def page(
        self, source_id: str | None, *, readable: bool, limit: int, after: str | None = None
    ) -> Slice[KeptEntry]:
        """In order of source and time; `after` is the `next` of the page before, as `{"after": …}`."""

    def since(self, source_id: str, start: datetime, *, after: str | None = None) -> Iterator[KeptEntry]:
        """All of a source that was kept since `start` (and after this intake id), oldest first, lazily."""


class Replays(Protocol):
    def replay(self, source_id: str, replay_id: str) -> Replay | None:
        """Strongly consistent."""

    def save_replay(self, replay: Replay) -> None:
        """Put a new one (revision 1) or the next revision; `ChangedMeanwhileError` where another worker was faster."""
