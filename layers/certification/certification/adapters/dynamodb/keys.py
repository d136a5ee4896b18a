"""The only place that spells a key. The list of keys and what each costs to read is in `docs/data-model.md`.

Ids of ours cannot hold a `#`; what others call things is percent-encoded, and hashed where it is too long for a key.
"""

from __future__ import annotations

import hashlib
import zlib
from datetime import UTC, date, datetime
from urllib.parse import quote

from certification.adapters.dynamodb.table import Key
from certification.domain.model import Holder, HolderType, Identity
from certification.domain.status import Due, DueKind

SHARDS = 8
_LONGEST_PART = 300

PROFILE = "PROFILE"
CERTIFICATION = "CERTIFICATION"
COURSE_COMPLETION_PREFIX = "COURSE#"
COMPLETION_PREFIX = "COMPLETION#"
SYNC_PREFIX = "SYNC#"
VERSION_PREFIX = "VERSION#"
REQUIRED_BY_PREFIX = "REQUIRED_BY#"
PARKED_PREFIX = "PARKED#"
RETRACTION_PREFIX = "RETRACTION#"
SOURCE_DAY_PREFIX = "DAY#"
IDENTITY_SK = "IDENTITY"

# Partitions of the index `listing`.
COURSES = "COURSES"
ORGANIZATIONS = "ORGANIZATIONS"
USERS = "USERS"
CERTIFICATIONS = "CERTIFICATIONS"
SOURCES = "SOURCES"
PARKED = "PARKED"
API_KEYS = "API_KEYS"
AWARD_RECONCILIATIONS = "AWARD_RECONCILIATIONS"
PARKED_DISCARDED = "PARKED_DISCARDED"


def user(user_id: str) -> Key:
    return Key(f"USER#{user_id}", PROFILE)


def organization(organization_id: str) -> Key:
    return Key(f"ORGANIZATION#{organization_id}", PROFILE)


def course(course_id: str) -> Key:
    return Key(f"COURSE#{encoded(course_id)}", PROFILE)


def holder_pk(holder: Holder) -> str:
    return f"{holder.type.value.upper()}#{holder.id}"


def holder_of(pk: str) -> Holder:
    kind, _, holder_id = pk.partition("#")
    return Holder(type=HolderType(kind.lower()), id=holder_id)


def identity(given: Identity) -> Key:
    """A source may be called `email`: what it says is nobody's address, and has partitions of its own."""
    source = "=email" if given.source == "email" else encoded(given.source)
    return Key(f"IDENTITY#{source}#{encoded(given.external_id)}", IDENTITY_SK)


def email(address: str) -> Key:
    """E-mail addresses compare without case (R17)."""
    return Key(f"IDENTITY#email#{encoded(address.casefold())}", IDENTITY_SK)


def course_identity(given: Identity) -> Key:
    return Key(f"COURSE_IDENTITY#{encoded(given.source)}#{encoded(given.external_id)}", IDENTITY_SK)


def certification(certification_id: str) -> Key:
    return Key(f"CERTIFICATION#{certification_id}", CERTIFICATION)


def version(certification_id: str, number: int) -> Key:
    return Key(f"CERTIFICATION#{certification_id}", f"{VERSION_PREFIX}{number:04}")


def required_by(course_id: str, certification_id: str) -> Key:
    return Key(f"COURSE#{encoded(course_id)}", f"{REQUIRED_BY_PREFIX}{certification_id}")


def course_completion(user_id: str, course_id: str, completed_at: datetime) -> Key:
    """R12: this key is the identity of a course completion."""
    sk = f"{COURSE_COMPLETION_PREFIX}{encoded(course_id)}#{instant(completed_at)}"
    return Key(f"USER#{user_id}", sk)


def completion(holder: Holder, certification_id: str, cycle: int) -> Key:
    return Key(holder_pk(holder), f"{completion_prefix(certification_id)}{cycle:04}")


def completion_prefix(certification_id: str) -> str:
    return f"{COMPLETION_PREFIX}{certification_id}#"


def sync(holder: Holder, crm: str) -> Key:
    return Key(holder_pk(holder), f"{SYNC_PREFIX}{crm}")


def history_pk(holder: Holder, certification_id: str, cycle: int) -> str:
    return f"HISTORY#{holder_pk(holder)}#{certification_id}#{cycle:04}"


def history(holder: Holder, certification_id: str, cycle: int, revision: int) -> Key:
    return Key(history_pk(holder, certification_id, cycle), f"{revision:08}")


def idempotency(actor: str, idempotency_key: str) -> Key:
    digest = hashlib.sha256(f"{actor}\n{idempotency_key}".encode()).hexdigest()
    return Key(f"IDEMPOTENCY#{digest}", "IDEMPOTENCY")


def due_pk(shard: int) -> str:
    return f"DUE#{shard}"


def due_shard(pk: str) -> int:
    return zlib.crc32(pk.encode()) % SHARDS


def due_sk(due: Due) -> str:
    return f"{due.on.isoformat()}#{due.kind.value}"


def completion_of(key: Key) -> tuple[Holder, str, int]:
    """Holder, certification id and cycle that a certification completion's key spells."""
    certification_id, _, cycle = key.sk.removeprefix(COMPLETION_PREFIX).rpartition("#")
    return holder_of(key.pk), certification_id, int(cycle)


def due_of(sk: str) -> Due:
    day, _, kind = sk.partition("#")
    return Due(on=date.fromisoformat(day), kind=DueKind(kind))


def due_before(day: date) -> str:
    """Everything in the due index that sorts before this is due before that day."""
    return day.isoformat()


def course_parent(course_id: str) -> str:
    return f"COURSE#{encoded(course_id)}"


def course_users_after(user_id: str) -> tuple[str, str]:
    """From where to where, below `course_parent`, the users are that follow this one.

    A user's own keys go on with `#`, and `$` is the next character: no id has either, or one that comes before them.
    """
    return f"USER#{user_id}$", "USER$"


def certification_parent(certification_id: str) -> str:
    return f"CERTIFICATION#{certification_id}"


def organization_parent(organization_id: str) -> str:
    return f"ORGANIZATION#{organization_id}"


def sync_parent(crm: str) -> str:
    return f"SYNC#{crm}"


def sync_state_pk(crm: str, state: str) -> str:
    return f"SYNC#{crm}#{state}"


def instant(at: datetime) -> str:
    """UTC with fixed milliseconds, so that text sorts as time does."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def encoded(part: str) -> str:
    quoted = quote(part, safe="._:+@-")
    if len(quoted) <= _LONGEST_PART:
        return quoted
    return f"sha256={hashlib.sha256(part.encode()).hexdigest()}"


def evaluation(evaluation_id: str) -> Key:
    return Key(f"EVALUATION#{evaluation_id}", "EVALUATION")


def course_retraction(user_id: str, course_id: str, at: datetime) -> Key:
    return Key(f"USER#{user_id}", f"{RETRACTION_PREFIX}COURSE#{encoded(course_id)}#{instant(at)}")


def event_retraction(user_id: str, source: str, event_id: str) -> Key:
    return Key(f"USER#{user_id}", f"{RETRACTION_PREFIX}EVENT#{encoded(source)}#{encoded(event_id)}")


def event_void(source: str, event_id: str) -> Key:
    """A retraction that names an event only, until it is known whose event it was."""
    return Key(f"EVENT#{encoded(source)}#{encoded(event_id)}", "VOID")


def event_user(source: str, event_id: str) -> Key:
    """Whose course completion an event was; only kept for sources that retract by event alone."""
    return Key(f"EVENT#{encoded(source)}#{encoded(event_id)}", "USER")


def parked(partition: str, parked_id: str) -> Key:
    """Under the partition of an identity, an e-mail address or a user id."""
    return Key(partition, f"{PARKED_PREFIX}{parked_id}")


def source(source_id: str) -> Key:
    return Key(f"SOURCE#{source_id}", "SOURCE")


def source_day(source_id: str, day: date) -> Key:
    return Key(f"SOURCE#{source_id}", f"{SOURCE_DAY_PREFIX}{day.isoformat()}")


SYNC_SHARDS = 4
CONNECTION = "CONNECTION"
PAUSE = "PAUSE"
MAPPING_PREFIX = "MAPPING#"
BACKFILL_PREFIX = "BACKFILL#"
RECONCILIATION_PREFIX = "RECONCILIATION#"
CERTIFIED = "CERTIFIED"


def sync_shard(holder: Holder) -> int:
    return zlib.crc32(holder_pk(holder).encode()) % SYNC_SHARDS


def sync_shard_pk(crm: str, state: str, shard: int) -> str:
    """Rows that are not in sync, in shards: ten thousand holders that change at once shall not heat one partition."""
    return f"{sync_state_pk(crm, state)}#{shard}"


def crm_plan() -> Key:
    """What is connected and mapped, as one item: whoever marks rows reads nothing else."""
    return Key("CRM", "PLAN")


def crm_pk(crm: str) -> str:
    return f"CRM#{crm}"


def connection(crm: str) -> Key:
    return Key(crm_pk(crm), CONNECTION)


def crm_pause(crm: str, scope: str) -> Key:
    """The pause of a connection (`scope` empty), or of one object's mapping."""
    return Key(crm_pk(crm), f"{PAUSE}#{scope}")


def mapping(crm: str, object_name: str) -> Key:
    return Key(crm_pk(crm), f"{MAPPING_PREFIX}{object_name}")


def backfill(crm: str, backfill_id: str) -> Key:
    return Key(crm_pk(crm), f"{BACKFILL_PREFIX}{backfill_id}")


def reconciliation(crm: str, reconciliation_id: str) -> Key:
    """In a partition of its own: what a drain reads at each bell stays small."""
    return Key(f"{crm_pk(crm)}#REPORTS", f"{RECONCILIATION_PREFIX}{reconciliation_id}")


def certified(holder: Holder) -> Key:
    """What a user at present contributes to the counts of its organization."""
    return Key(holder_pk(holder), CERTIFIED)


def certified_pk(organization_id: str, certification_id: str) -> str:
    return f"{CERTIFIED}#{organization_id}#{certification_id}"


def certified_member(organization_id: str, certification_id: str, user_id: str) -> Key:
    return Key(certified_pk(organization_id, certification_id), f"USER#{user_id}")


def award_reconciliation(reconciliation_id: str) -> Key:
    return Key(f"AWARD_RECONCILIATION#{reconciliation_id}", "AWARD_RECONCILIATION")


def source_replay(source_id: str, replay_id: str) -> Key:
    return Key(f"SOURCE#{source_id}", f"REPLAY#{replay_id}")


def api_key(key_id: str) -> Key:
    return Key(f"API_KEY#{key_id}", "API_KEY")


def sample_place(crm: str) -> Key:
    """How far the daily samples of a reconciliation have come."""
    return Key(f"{crm_pk(crm)}#REPORTS", "SAMPLE_PLACE")


REJECTED_ROW_PREFIX = "REJECTED#"


def import_run(import_id: str) -> Key:
    return Key(f"IMPORT#{import_id}", "IMPORT")


def rejected_row(import_id: str, row: int) -> Key:
    return Key(f"IMPORT#{import_id}", f"{REJECTED_ROW_PREFIX}{row:09}")


def export_run(export_id: str) -> Key:
    return Key(f"EXPORT#{export_id}", "EXPORT")
