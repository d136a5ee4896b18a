"""What happens in a run, drawn from its seed before it starts: a list that can be shortened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from simulation.clock import START
from simulation.crm import TROUBLES
from simulation.setting import COURSES, GROUP, LATE_USER, USERS, email_of, identity_of, user_body

STEPS = (0, 0, 3, 10, 40, 200)
RUSHED = (0, 0, 0, 2, 5)
# To be parked just then, or to be stored already but not yet listed.
AHEAD = {"put_user": (0, 10, 30), "publish": (30, 60, 120)}


@dataclass(frozen=True, slots=True)
class Operation:
    """`steps`: how much happens before the next one begins."""

    kind: str
    steps: int
    args: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        told = " ".join(f"{name}={value}" for name, value in self.args.items())
        return f"{self.kind} {told} (+{self.steps})"


def instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def reference(random: Random, user_id: str) -> dict[str, Any]:
    """How an LMS calls a user: our id, the e-mail address in some case, its own id."""
    named: list[dict[str, Any]] = [
        {"user_id": user_id},
        {"email": email_of(user_id)},
        {"email": email_of(user_id).upper()},
        {"identity": identity_of(user_id)},
    ]
    return random.choice(named)


def arrivals(random: Random) -> list[Operation]:
    """One completion of each course, in any order, twice, late, for users and definitions that come later."""
    operations: list[Operation] = []
    steps = random.choice((STEPS, RUSHED))
    once = random.random() < 0.4

    def add(kind: str, **args: Any) -> None:
        operations.append(Operation(kind, random.choice(steps), args))

    for user_id in (*USERS, LATE_USER):
        for course in COURSES:
            if random.random() < 0.85:
                _completions(random, user_id, course, add, most=1 if once else 3)
    for index in range(4):
        add("publish", certification=index)
    add("put_user", user_id=LATE_USER, body=user_body(LATE_USER, identities=[identity_of(LATE_USER)]))
    for user_id in USERS[1:]:
        add("put_user", user_id=user_id, body=user_body(user_id, identities=[identity_of(user_id)]))
        if random.random() < 0.5:
            add(
                "put_user",
                user_id=user_id,
                body=user_body(user_id, identities=[identity_of(user_id)], groups=[GROUP]),
            )
    for _ in range(random.randint(2, 6)):
        add(random.choice(("redrive", "bell", "sweep", "pass")), hours=random.choice((0.1, 1, 30)))
    random.shuffle(operations)
    return _identities_stay(_meeting(random, operations) if random.random() < 0.8 else operations)


def _meeting(random: Random, operations: list[Operation]) -> list[Operation]:
    """Just before a user or its identity appears, something about it comes in; before a publish, of anyone."""
    met: list[Operation] = []
    left = list(operations)
    for operation in operations:
        for early in _about(left, operation)[: random.randint(0, 2)]:
            left.remove(early)
            met = [o for o in met if o is not early]
            met.append(Operation(early.kind, random.choice(AHEAD[operation.kind]), early.args))
        if operation in left:
            met.append(operation)
    return met


def _about(operations: list[Operation], coming: Operation) -> list[Operation]:
    sent = [o for o in operations if o.kind == "send"]
    if coming.kind == "put_user":
        return [o for o in sent if o.args["user_id"] == coming.args["user_id"]]
    return sent if coming.kind == "publish" else []


USER_CERTIFICATIONS = 4
OFTEN = {
    "complete": 30,
    "again": 10,
    "rush": 8,
    "arrive": 8,
    "reopen": 3,
    "flip": 4,
    "join": 4,
    "foresee": 1,
    "retract": 3,
    "put_user": 8,
    "put_organization": 3,
    "change": 5,
    "publish": 3,
    "unpublish": 2,
    "award": 7,
    "award_organization": 4,
    "revoke": 3,
    "reinstate": 3,
    "dates": 5,
    "sweep": 4,
    "day": 12,
    "skip": 2,
    "pass": 8,
    "trouble": 4,
    "forget": 1,
    "sync": 2,
    "bell": 2,
    "redrive": 2,
}


def life(random: Random) -> list[Operation]:
    """Everything that happens to a service in months: a mixture of its own for each seed."""
    kinds = list(OFTEN)
    weights = [OFTEN[kind] * random.choice((0, 1, 1, 2)) for kind in kinds]
    weights[kinds.index("complete")] = OFTEN["complete"]
    chosen = random.choices(kinds, weights, k=random.randint(10, 70))
    return [Operation(kind, random.choice(STEPS), _arguments(random, kind)) for kind in chosen]


def _arguments(random: Random, kind: str) -> dict[str, Any]:
    """What the operation is about. `nth` picks one of what is there when its turn comes."""
    user_id = random.choice((*USERS, *USERS, LATE_USER))
    return ARGUMENTS[kind](random, user_id, random.randrange(1000)) if kind in ARGUMENTS else {}


def _complete(random: Random, user_id: str, _: int) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "whom": reference(random, user_id),
        "course": random.choice(COURSES),
        "hours_ago": random.choice((0, 1, 20, 50, 300, 1000)) + random.randrange(5),
        "score": random.choice((None, 79, 80, 95)),
        "door": random.choice(("api", "webhook", "voidable")),
    }


PROFILE_TWISTS = ("identity", "groups", "groups", "active", "organization", "name")
AGAIN_TWISTS = ("same", "event", "score", "content", "door")
RUSHED_AGAINST = ("dates", "renew", "replace", "revoke", "again")
Arguments = Callable[[Random, str, int], dict[str, Any]]
ARGUMENTS: dict[str, Arguments] = {
    "complete": _complete,
    "again": lambda random, _, nth: {"nth": nth, "twist": random.choice(AGAIN_TWISTS)},
    "rush": lambda random, _, nth: {"nth": nth, "against": random.choice(RUSHED_AGAINST)},
    "arrive": lambda random, _, nth: {"nth": nth, "steps": random.choice((0, 10, 25, 40, 60))},
    "reopen": lambda random, user_id, nth: {
        "user_id": user_id,
        "certification": random.randrange(USER_CERTIFICATIONS),
        "steps": random.choice((20, 60, 150)),
    },
    "flip": lambda random, _, nth: {"nth": nth, "steps": random.choice((20, 60, 150))},
    "join": lambda random, user_id, nth: {
        "user_id": user_id,
        "nth": nth,
        "steps": random.choice((5, 20, 60)),
    },
    "foresee": lambda random, *_: {"days": random.randint(1, 10)},
    "retract": lambda random, _, nth: {"nth": nth, "by_event": random.random() < 0.5},
    "put_user": lambda random, user_id, _: {"user_id": user_id, "twist": random.choice(PROFILE_TWISTS)},
    "put_organization": lambda random, _, nth: {
        "nth": nth,
        "twist": random.choice(("active", "active", "groups")),
    },
    "change": lambda random, _, nth: {"certification": random.randrange(USER_CERTIFICATIONS), "nth": nth},
    "publish": lambda random, *_: {"certification": random.randrange(USER_CERTIFICATIONS + 1)},
    "unpublish": lambda random, *_: {"certification": random.randrange(USER_CERTIFICATIONS + 1)},
    "award": lambda random, user_id, nth: {
        "user_id": user_id,
        "certification": random.randrange(USER_CERTIFICATIONS),
        "nth": nth,
    },
    "award_organization": lambda random, _, nth: {"organization": random.randrange(2), "nth": nth},
    "revoke": lambda _, __, nth: {"nth": nth},
    "reinstate": lambda _, __, nth: {"nth": nth},
    "forget": lambda _, __, nth: {"nth": nth},
    "dates": lambda random, _, nth: {"nth": nth, "days": random.choice((-20, -3, -1, 0, 1, 5, 40, None))},
    "skip": lambda random, *_: {"days": random.randint(5, 40)},
    "pass": lambda random, *_: {"hours": random.choice((0.01, 0.1, 1, 12))},
    "trouble": lambda random, *_: {"kind": random.choice(TROUBLES)},
    "sync": lambda random, user_id, _: {
        "user_id": user_id,
        "what": random.choice(("user", "failed", "all")),
    },
}


def _completions(random: Random, user_id: str, course: str, add: Any, *, most: int) -> None:
    at = START - timedelta(days=random.randint(0, 60), minutes=random.randint(0, 600))
    score = random.choice((None, 79.5, 80, 95))
    for number in range(min(most, random.choice((1, 1, 2, 3)))):
        event_id = f"e-{user_id}-{course}-{number if random.random() < 0.5 else 0}"
        whom = reference(random, user_id)
        body = {"event_id": event_id, **whom, "course_id": course, "completed_at": instant(at)}
        if score is not None:
            body["score"] = score
        add("send", body=body, user_id=user_id, door=random.choice(("api", "webhook")))


def _identities_stay(operations: list[Operation]) -> list[Operation]:
    """A profile that was put with its identity and group keeps both: later ones do not take them away."""
    best: dict[str, dict[str, Any]] = {}
    ordered = []
    for operation in operations:
        if operation.kind == "put_user":
            user_id, body = operation.args["user_id"], operation.args["body"]
            before = best.get(user_id, body)
            if before["groups"]:
                body = {**body, "groups": before["groups"]}
            best[user_id] = body
            ordered.append(Operation("put_user", operation.steps, {"user_id": user_id, "body": body}))
        else:
            ordered.append(operation)
    return ordered
