"""At rest: nobody has an award coming, nothing that was accepted is lost, nothing is due, reconciliation is content."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from certification.adapters.dynamodb.items import parked
from certification.adapters.dynamodb.items.completions import CERTIFICATION_COMPLETION
from certification.domain.instants import parse_instant
from certification.domain.model import CertificationCompletion, Holder, HolderType
from simulation import oracle, setting, webhooks
from simulation.invariants.of_the_set import user_of
from simulation.play import Play
from simulation.state import State, read_state
from simulation.world import World

ACCEPTED = 202


def problems(world: World, play: Play, state: State) -> Iterator[str]:
    yield from _outstanding(state)
    yield from _lost(world, play, state)
    yield from _left_behind(world, state)
    yield from _unfinished(world)
    yield from _made_twice(world, play)


def _outstanding(state: State) -> Iterator[str]:
    """R11, R13, R17–R19, R27, R30."""
    for user_id, user in state.users.items():
        for certification_id, certification in state.certifications.items():
            cycles = state.awards.get((Holder(type=HolderType.USER, id=user_id), certification_id), [])
            records = state.records(user_id)
            due = oracle.due(certification, user, state.organization_of(user), records, cycles)
            if due is not None:
                yield f"missing: {user_id} has {certification.name} coming: {due}"
            for cycle in cycles:
                if _is_broken(cycle, records) and not (cycle.under_review or cycle.revoked_at):
                    yield f"unreviewed: {user_id} {certification.name} {cycle.cycle} rests on what was retracted"


def _is_broken(completion: CertificationCompletion, records: list[Any]) -> bool:
    """R30, as far as retractions and conflicts go."""
    counted = {(c.course_id, c.completed_at) for c in oracle.counting(records)}
    let_stand = {(e.course_id, e.completed_at) for e in completion.reviewed if e in completion.evidence}
    rests_on = {(e.course_id, e.completed_at) for e in completion.evidence}
    return bool(rests_on - counted - let_stand)


def _lost(world: World, play: Play, state: State) -> Iterator[str]:
    """R12, R17: each completion that was accepted is stored under its identity, or parked while its user is unknown."""
    waiting = [i for i in world.table.items.values() if i.get("entity") == parked.PARKED]
    messages = [json.loads(item["message"]) for item in waiting]
    for message in messages:
        if _should_be_released(state, message) and not _is_done(state, message):
            yield f"parked: {json.dumps(message)} waits although its user is known"
    for body in _accepted(play):
        if "retracts_event_id" in body:
            if not _is_voided(world, state, body):
                yield f"lost: {json.dumps(body)}"
            continue
        user_id = user_of(body)
        if body.get("retracts"):
            if not _is_retracted(state, user_id, body) and not _waits(messages, body):
                yield f"lost: {json.dumps(body)}"
        elif not _is_stored(state, user_id, body) and not _waits(messages, body):
            yield f"lost: {json.dumps(body)}"


def leftovers(world: World) -> int:
    """Rows of what is recorded already: their worker died before it could take them away; reconciliation does."""
    state = read_state(world.table.items)
    waiting = [
        i for i in world.table.items.values() if i.get("entity") == parked.PARKED and "listing_pk" in i
    ]
    messages = [json.loads(item["message"]) for item in waiting]
    return sum(_should_be_released(state, message) for message in messages)


def _should_be_released(state: State, message: dict[str, Any]) -> bool:
    user_id = user_of(message)
    return user_id in state.users and _is_known(state, message, user_id)


def _is_done(state: State, message: dict[str, Any]) -> bool:
    user_id = user_of(message)
    stored = _is_retracted if message.get("retracts") else _is_stored
    return stored(state, user_id, message)


def _accepted(play: Play) -> list[dict[str, Any]]:
    doors = {"/course-completions", webhooks.PATH}
    return [call.body for _, call in play.calls if call.path in doors and call.status == ACCEPTED]


def _is_known(state: State, message: dict[str, Any], user_id: str) -> bool:
    if "identity" not in message:
        return True
    return any(i.external_id == message["identity"]["external_id"] for i in state.users[user_id].identities)


def _is_stored(state: State, user_id: str, body: dict[str, Any]) -> bool:
    at = parse_instant(body["completed_at"])
    for record in state.stored.get(user_id, ()):
        if (record.course_id, record.completed_at) == (body["course_id"], at):
            scores = {record.score, *(received.score for received in record.received)}
            return body.get("score") in scores
    return False


def _is_retracted(state: State, user_id: str, body: dict[str, Any]) -> bool:
    told = (body["course_id"], parse_instant(body["completed_at"]))
    return any(
        _to_milliseconds(r.course_id, r.at) == _to_milliseconds(*told) for r in state.retractions[user_id]
    )


def _to_milliseconds(course_id: str | None, at: datetime) -> tuple[str | None, int]:
    return course_id, int(at.timestamp() * 1000)


def _is_voided(world: World, state: State, body: dict[str, Any]) -> bool:
    """R30: the retraction of an event waits for it, or stands beside it."""
    event_id = body["retracts_event_id"]
    waits = any(
        key.pk == f"EVENT#{webhooks.SOURCE}#{event_id}" and key.sk == "VOID" for key in world.table.items
    )
    return waits or any(r.event_id == event_id for rs in state.retractions.values() for r in rs)


def _made_twice(world: World, play: Play) -> Iterator[str]:
    """R26: one award for each idempotency key, and what was answered is there."""
    made: dict[str, int] = {}
    for position, change in enumerate(world.table.changes):
        if change.old is None and (change.new or {}).get("entity") == CERTIFICATION_COMPLETION:
            by = world.table.by[position]
            made[by] = made.get(by, 0) + 1
    for _, call in play.calls:
        if "idempotency-key" in call.headers:
            count = sum(made.get(task, 0) for task in call.tasks)
            if count > 1 or (call.status == 201 and count != 1):
                yield f"twice: {call.method} {call.path} made {count} awards, answered {call.status} {call.body}"


def _waits(messages: list[dict[str, Any]], body: dict[str, Any]) -> bool:
    names = ("event_id", "course_id", "completed_at", "score")
    return any(all(message.get(name) == body.get(name) for name in names) for message in messages)


def _left_behind(world: World, state: State) -> Iterator[str]:
    """R10: what has begun or lapsed by today is recorded as such, and nothing due lies in the index."""
    today = world.clock.now().date()
    for cycles in state.awards.values():
        for completion in cycles:
            last = oracle.last_valid_day(completion)
            if last is None:
                continue
            name = f"{completion.holder.id} {completion.certification_id} {completion.cycle}"
            if completion.effective_date <= today and completion.started_on is None:
                yield f"sweep: {name} has begun on {completion.effective_date}, unrecorded"
            ended = completion.expiration_date is not None and completion.expiration_date < today
            if ended and completion.superseded_on is None and completion.lapsed_on is None:
                yield f"sweep: {name} has lapsed after {completion.expiration_date}, unrecorded"
    tomorrow = (today + timedelta(days=1)).isoformat()
    for key, item in world.table.items.items():
        if str(item.get("due_pk", "")).startswith("DUE#") and item["due_sk"] < tomorrow:
            yield f"sweep: {key.pk} {key.sk} is still due: {item['due_sk']}"


def _unfinished(world: World) -> Iterator[str]:
    for key, item in world.table.items.items():
        if item.get("entity") == "evaluation" and item.get("state") not in {"completed", "refused", "failed"}:
            yield f"run: {key.pk} is {item.get('state')}"
    for queue in (*world.queues,):
        for message in queue.dead:
            yield f"dead: {queue.name} {message.body}"


def reconciled(world: World, reconciliation_id: str, *, left: int) -> Iterator[str]:
    """After a healthy day it finds nothing, but the `left` rows of what is recorded, and takes these away."""
    run = setting.answered(world, "GET", f"/reconciliations/{reconciliation_id}")
    if run["completed_at"] is None:
        yield "reconciliation: did not end"
    elif run["drifted"] or run["released"] != left or leftovers(world):
        yield f"reconciliation: {run['drifted']} drifted {run['sample']}, {run['released']} released"
