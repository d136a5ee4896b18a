"""Configure sources. A secret is written before the source says that it has one, and removed before the source is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from certification.domain.errors import FieldError, InvalidError
from certification.domain.lms_ports import SecretKeeper, Sources
from certification.domain.ports import Clock
from certification.domain.sources import MAX_SECRET, PROVIDERS, Proof, Source, SourceSecrets

_NOT_IN_A_PATH = frozenset("/?#%\\")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceInput:
    """What an admin gives. `secret` None: keep the one there is."""

    provider: str
    secret: str | None = None
    name: str = ""
    match_email: bool = True


class SourceSetup:
    """Use cases of an admin."""

    def __init__(self, *, sources: Sources, keeper: SecretKeeper, clock: Clock) -> None:
        self._sources = sources
        self._keeper = keeper
        self._clock = clock

    def put(self, source_id: str, given: SourceInput, *, present: Source | None, actor: str) -> Source:
        """Create it, or write the next revision of `present`; InvalidError, ChangedMeanwhileError."""
        now = self._clock.now()
        _check(given, present)
        before = self._keeper.read(source_id) if present else None  # not what an earlier source left behind
        secrets = self._with(before, given.secret, now)
        changed = secrets != before
        if secrets is not None and changed:
            self._keeper.write(source_id, secrets)
        source = Source(
            source_id=source_id,
            provider=given.provider,
            name=given.name,
            match_email=given.match_email,
            secret_set_at=now if changed or present is None else present.secret_set_at,
            previous_secret_until=secrets.previous_until if secrets else None,
            created_at=present.created_at if present else now,
            changed_at=now,
            changed_by=actor,
            revision=present.revision + 1 if present else 1,
        )
        self._sources.save(source)
        return source

    def delete(self, source: Source) -> None:
        self._keeper.delete(source.source_id)
        self._sources.delete(source)

    @staticmethod
    def _with(before: SourceSecrets | None, secret: str | None, now: datetime) -> SourceSecrets | None:
        if secret is None:
            return before
        return before.rotated(secret, now=now) if before else SourceSecrets(current=secret)


def _check(given: SourceInput, present: Source | None) -> None:
    errors = []
    if given.provider not in PROVIDERS:
        known = ", ".join(PROVIDERS)
        message = f"There is no such provider; there are {known}."
        errors.append(FieldError(pointer="/provider", code="provider_unknown", message=message))
    problem = _problem_of_secret(given, needed=present is None or present.provider != given.provider)
    if problem is not None:
        errors.append(problem)
    if errors:
        raise InvalidError("The source is not valid.", errors=tuple(errors))


def _problem_of_secret(given: SourceInput, *, needed: bool) -> FieldError | None:
    secret, proof = given.secret, PROVIDERS.get(given.provider)
    if secret is None:
        return _secret_error("missing", "A new source or provider needs a secret.") if needed else None
    if not secret.strip() or len(secret.encode("utf-8", "replace")) > MAX_SECRET:
        return _secret_error("invalid_secret", f"Must be 1 to {MAX_SECRET} bytes.")
    if proof is Proof.BASIC and ":" not in secret:
        return _secret_error("invalid_secret", "This provider authenticates with user:password.")
    if proof is Proof.PATH and (_NOT_IN_A_PATH & set(secret) or not secret.isprintable()):
        return _secret_error("invalid_secret", "This secret goes into a URL: no / ? # % or backslash.")
    return None


def _secret_error(code: str, message: str) -> FieldError:
    return FieldError(pointer="/secret", code=code, message=message)
