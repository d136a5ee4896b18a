"""Sources: the configured LMS that post course completions. Their secrets are kept elsewhere and never come out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

OVERLAP = timedelta(hours=24)
MAX_SECRET = 1_800


class Proof(StrEnum):
    """How a provider's webhooks prove where they come from; it says what its secret looks like."""

    SIGNATURE = "signature"
    BASIC = "basic"  # `user:password`
    TOKEN = "token"  # noqa: S105 — the kind of a secret, not one
    PATH = "path"  # in the URL, so that it has to be fit for one
    SIGNATURE_OR_PATH = "signature_or_path"

    @property
    def in_path(self) -> bool:
        return self in {Proof.PATH, Proof.SIGNATURE_OR_PATH}


# The registration: each is a module of `adapters/lms` by the same name (docs/lms.md says how to add one).
PROVIDERS: Mapping[str, Proof] = {
    "canvas": Proof.SIGNATURE_OR_PATH,
    "cloudevents": Proof.SIGNATURE,
    "docebo": Proof.BASIC,
    "learnupon": Proof.SIGNATURE,
    "learnworlds": Proof.TOKEN,
    "litmos": Proof.PATH,
    "moodle": Proof.TOKEN,
    "open_edx": Proof.PATH,
    "scorm_cloud": Proof.BASIC,
    "standard_webhooks": Proof.SIGNATURE,
    "teachable": Proof.PATH,
    "thinkific": Proof.SIGNATURE,
    "xapi": Proof.BASIC,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """`provider`: the payload and signature scheme. `match_email`: its users may be told by e-mail too (R17).

    `previous_secret_until`: the secret before the present one is accepted until then.
    """

    source_id: str
    provider: str
    name: str = ""
    match_email: bool = True
    secret_set_at: datetime
    previous_secret_until: datetime | None = None
    created_at: datetime
    changed_at: datetime
    changed_by: str
    revision: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSecrets:
    """The present secret, and the one before it as long as it is accepted."""

    current: str
    previous: str | None = None
    previous_until: datetime | None = None

    def valid_at(self, now: datetime) -> tuple[str, ...]:
        if self.previous is None or self.previous_until is None or now >= self.previous_until:
            return (self.current,)
        return (self.current, self.previous)

    def rotated(self, secret: str, *, now: datetime) -> SourceSecrets:
        """With a new secret; the old one stays valid for 24 hours. The same secret again changes nothing."""
        if secret == self.current:
            return self
        return SourceSecrets(current=secret, previous=self.current, previous_until=now + OVERLAP)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDay:
    """What came from a source on one day (UTC): webhooks by outcome, what they held, and what was ignored by kind."""

    day: date
    webhooks: Mapping[str, int] = field(default_factory=dict)
    contents: Mapping[str, int] = field(default_factory=dict)
    ignored: Mapping[str, int] = field(default_factory=dict)
    last_received_at: datetime | None = None
    last_accepted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """The last days, newest first."""

    days: tuple[SourceDay, ...] = ()

    @property
    def last_received_at(self) -> datetime | None:
        return max((day.last_received_at for day in self.days if day.last_received_at), default=None)

    @property
    def last_accepted_at(self) -> datetime | None:
        return max((day.last_accepted_at for day in self.days if day.last_accepted_at), default=None)
