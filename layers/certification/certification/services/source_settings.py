"""What a webhook is verified with, cached for at most a minute in each execution environment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from certification.domain.errors import NotFoundError
from certification.domain.lms_ports import SecretKeeper, Sources
from certification.domain.sources import Source, SourceSecrets

CACHED_SECONDS = 60.0
LEAST_AGE_SECONDS = 2.0
MOST_LOOKS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSource:
    source: Source
    secrets: SourceSecrets | None
    read_at: float

    def valid_secrets(self, now: datetime) -> tuple[str, ...]:
        return self.secrets.valid_at(now) if self.secrets else ()


class SourceSettings:
    """`monotonic`: seconds that only grow. What does not exist is not remembered: it may be configured any moment."""

    def __init__(self, sources: Sources, keeper: SecretKeeper, monotonic: Callable[[], float]) -> None:
        self._sources = sources
        self._keeper = keeper
        self._monotonic = monotonic
        self._known: dict[str, KnownSource] = {}
        self._looks: Counter[str] = Counter()

    def current(self, source_id: str) -> KnownSource:
        """At most a minute old; NotFoundError where there is no such source."""
        known = self._known.get(source_id)
        if known is None or self._age(known) > CACHED_SECONDS:
            known = self._read(source_id)
        return known

    def newer(self, known: KnownSource) -> KnownSource | None:
        """Read anew, as after a refusal: the secret may just have been changed. None where it was not.

        For two seconds after that only the source itself is looked at, which is saved after its secret, and some times
        at most: that bounds what a flood of forged requests can make us ask.
        """
        if self._age(known) < LEAST_AGE_SECONDS and not self._changed(known):
            return None
        return self._read(known.source.source_id)

    def _changed(self, known: KnownSource) -> bool:
        source_id = known.source.source_id
        self._looks[source_id] += 1
        return self._looks[source_id] <= MOST_LOOKS and self._sources.source(source_id) != known.source

    def _read(self, source_id: str) -> KnownSource:
        source = self._sources.source(source_id)
        if source is None:
            self._known.pop(source_id, None)
            raise NotFoundError("There is no such source.")
        known = KnownSource(source=source, secrets=self._keeper.read(source_id), read_at=self._monotonic())
        self._known[source_id] = known
        self._looks[source_id] = 0
        return known

    def _age(self, known: KnownSource) -> float:
        return self._monotonic() - known.read_at
