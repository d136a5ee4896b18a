"""Request units of each operation, by DynamoDB's documented rules."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from functions.award.app import take as award
from functions.completion_stream.app import take as follow
from functions.expiry.app import take as expire
from functions.lms_webhook.app import take as receive

from bench import people
from bench.report import Row
from bench.rig import NOW, Rig, completion_body, http_event, invoke, sqs_event
from builders import certification
from certification.adapters.dynamodb.marshalling import unmarshal
from certification.http.application import respond
from certification.http.routes import route_table
from fake_crm import EXPIRES, STATUS, World
from lms_senders import SENDERS

WRITE_PRICE, READ_PRICE = 0.625, 0.125
"""Dollars for a million units on demand in us-east-1 (AWS's pricing page, 2025)."""
MANY = 100
HOLDERS = 1_000


def measure(rig: Rig) -> Iterator[Row]:
    yield from _receiving(rig)
    yield from _awarding(rig)
    yield from _flatness(rig)
    yield from _afterwards(rig)
    yield from _expiring(rig)
    yield from _evaluating(rig)
    yield from _through_the_api(rig)


def spent(rig: Rig, do: Callable[[], Any]) -> tuple[float, float]:
    """WRU and RRU of doing this."""
    rig.meter.reset()
    do()
    return rig.meter.written, rig.meter.read


def two_rows(
    what: str,
    units: tuple[float, float],
    *,
    each: int = 1,
    wru: float | None,
    rru: float | None,
    key: str = "",
) -> Iterator[Row]:
    written, read = units[0] / each, units[1] / each
    price = f"${written * WRITE_PRICE + read * READ_PRICE:.2f} a million"
    yield Row(what=what, value=written, unit="WRU", target=wru, key=key and f"{key}_wru")
    yield Row(what="", value=read, unit="RRU", target=rru, note=price, key=key and f"{key}_rru")


def deliver(rig: Rig, *bodies: dict[str, Any]) -> Callable[[], Any]:
    def do() -> None:
        answer = invoke(award, sqs_event(bodies), rig.app)
        assert not answer["batchItemFailures"], "a completion failed"

    return do


def _receiving(rig: Rig) -> Iterator[Row]:
    """The second webhook of an environment: the first one reads the source, which is then known for a while."""
    rig.fresh()
    sender = SENDERS["standard_webhooks"]
    call(rig, "PUT", "/sources/academy", {"provider": sender.provider, "secret": sender.secret})
    request = sender.request(completion_body("u-0", "c-1"), at=NOW)
    event = http_event("POST", "/webhooks/academy")
    event |= {"body": request.body.decode(), "headers": dict(request.headers)}
    event |= {"pathParameters": {"source_id": "academy"}}

    def post() -> None:
        assert receive(event, rig.app).status == 202, "a webhook was refused"

    post()
    yield from two_rows("webhook, taken in", spent(rig, post), wru=None, rru=None, key="webhook")


def _awarding(rig: Rig) -> Iterator[Row]:
    rig.fresh()
    people.five_courses(rig)
    rig.load(people.users(f"u-{n}" for n in range(2 * MANY)))
    first = completion_body("u-0", "c-1")
    yield from two_rows(
        "course completion that awards nothing",
        spent(rig, deliver(rig, first)),
        wru=2,
        rru=2.5,
        key="completion",
    )
    yield from two_rows("the same again (duplicate)", spent(rig, deliver(rig, first)), wru=1, rru=2.5)
    for course_id in people.FIVE[1:4]:
        deliver(rig, completion_body("u-0", course_id))()
    last = spent(rig, deliver(rig, completion_body("u-0", "c-5")))
    yield from two_rows("the last of five courses: course completion and award", last, wru=5, rru=None)
    crowd = [completion_body(f"u-{n}", c) for c in people.FIVE for n in range(MANY, 2 * MANY)]
    total = [spent(rig, deliver(rig, *crowd[at : at + MANY])) for at in range(0, len(crowd), MANY)]
    together = sum(w for w, _ in total), sum(r for _, r in total)
    yield from two_rows(
        f"per event, five courses a certification, awards included, batches of {MANY}",
        together,
        each=len(crowd),
        wru=2.6,
        rru=None,
        key="event",
    )


def _flatness(rig: Rig) -> Iterator[Row]:
    """The same in the presence of 200 other certifications and 500 stored records of others."""
    rig.fresh()
    people.five_courses(rig)
    people.publish(rig, *(certification(f"other-{n}", f"x-{n}") for n in range(200)))
    rig.load(people.users(["u-1", "u-2"]))
    rig.load(people.course_completions("u-2", (f"y-{n}" for n in range(500))))
    units = spent(rig, deliver(rig, completion_body("u-1", "c-1")))
    yield from two_rows("awards nothing, beside 200 other certifications", units, wru=2, rru=2.5)
    heavy = spent(rig, deliver(rig, completion_body("u-2", "c-1")))
    stored = 500 * 0.45
    yield from two_rows(
        "… of a user who holds 500 course completions", heavy, wru=2, rru=1.5 + stored / 4 * 1.2
    )


def _afterwards(rig: Rig) -> Iterator[Row]:
    """What follows an award: the stream handler, then each CRM."""
    rig.fresh()
    people.five_courses(rig)
    rig.load(people.users(f"u-{n}" for n in range(HOLDERS)))
    world = World(table=rig.app.table, clock=rig.clock, crm=rig.crm)  # type: ignore[arg-type]
    before = len(rig.stream_records())
    for course_id in people.FIVE:
        for first in range(0, HOLDERS, MANY):
            bodies = (completion_body(f"u-{n}", course_id) for n in range(first, first + MANY))
            deliver(rig, *bodies)()
    records = [
        record
        for record in rig.stream_records()[before:]
        if unmarshal(record["dynamodb"]["Keys"])["sk"].startswith("COMPLETION#")
    ]
    assert len(records) == HOLDERS, f"{len(records)} awards on the stream"
    event = {"Records": records}
    yield from two_rows(
        "after an award, no CRM: history",
        spent(rig, lambda: follow(event, rig.app)),
        each=HOLDERS,
        wru=1,
        rru=None,
        key="history",
    )
    world.connect()
    world.map(STATUS, EXPIRES)
    for n in range(HOLDERS):
        rig.crm.add(f"u-{n}@partner.example")
    marked = spent(rig, lambda: follow(event, rig.app))
    repeated = HOLDERS  # the history is put again, and refused: one unit each, which is none of the CRM's
    pushed = spent(rig, world.drain)
    both = marked[0] - repeated + pushed[0], marked[1] + pushed[1]
    yield from two_rows(
        "one connected CRM: mark, attempt, outcome", both, each=HOLDERS, wru=5, rru=None, key="crm"
    )
    again = spent(rig, lambda: (follow(event, rig.app), world.drain()))
    unchanged = again[0] - repeated, again[1]
    yield from two_rows("… where nothing mapped changed", unchanged, each=HOLDERS, wru=5, rru=None)


def _expiring(rig: Rig) -> Iterator[Row]:
    rig.fresh()
    people.five_courses(rig)
    nothing = spent(rig, lambda: sweep(rig))
    yield Row(what="sweep, nothing due: queries", value=rig.meter.calls["query"], unit="calls", target=8)
    yield Row(what="", value=nothing[1], unit="RRU")
    due = 1000
    rig.load(list(people.held((f"u-{n}" for n in range(due)), until=NOW.date() - timedelta(days=1))))
    yield from two_rows(
        "transition (lapse), 1,000 due",
        spent(rig, lambda: sweep(rig)),
        each=due,
        wru=3,
        rru=0.05,
        key="transition",
    )


def sweep(rig: Rig) -> None:
    report = invoke(expire, {"time": NOW.isoformat()}, rig.app)
    assert not report["failed"], "the sweep failed"
    for body in rig.app.transition_queue.take():  # type: ignore[attr-defined]
        assert not invoke(expire, sqs_event([body], "TransitionQueue"), rig.app)["batchItemFailures"]


def _evaluating(rig: Rig) -> Iterator[Row]:
    """A publish on 1,000 users who have completed everything before."""
    rig.fresh()
    people.five_courses(rig)
    ids = [f"u-{n}" for n in range(1000)]
    rig.load(people.users(ids))
    rig.load([item for user_id in ids for item in people.course_completions(user_id, people.FIVE)])
    answer = call(rig, "POST", "/evaluations", {"certification_id": "cert-1", "dry_run": False})
    run = {"kind": "run", "evaluation_id": answer["evaluation_id"]}
    units = spent(rig, lambda: work_evaluations(rig, [run]))
    state = call(rig, "GET", f"/evaluations/{answer['evaluation_id']}")
    assert state["counts"]["awarded"] == len(ids), state
    yield from two_rows("evaluation of a user who is awarded", units, each=len(ids), wru=None, rru=None)
    second = call(rig, "POST", "/evaluations", {"certification_id": "cert-1", "dry_run": False})
    again = [{"kind": "run", "evaluation_id": second["evaluation_id"]}]
    units = spent(rig, lambda: work_evaluations(rig, again))
    yield from two_rows(
        "evaluation of a user without effect", units, each=len(ids), wru=None, rru=None, key="evaluation"
    )


def work_evaluations(rig: Rig, messages: list[dict[str, Any]]) -> None:
    """Hand each message to the function, and each that it sends."""
    queue: Any = rig.app.evaluation_queue
    while messages:
        assert not invoke(award, sqs_event(messages, "EvaluationQueue"), rig.app)["batchItemFailures"]
        messages = queue.take()


def call(rig: Rig, method: str, path: str, body: Any = None, query: str = "") -> Any:
    answer = respond(rig.app, route_table(), http_event(method, path, body, query))
    assert answer["statusCode"] < 300, answer["body"]
    return json.loads(answer["body"]) if answer["body"] else None


def _through_the_api(rig: Rig) -> Iterator[Row]:
    rig.fresh()
    people.five_courses(rig)
    rig.load(people.users(["u-1"]))
    body = {"user_id": "u-1", "certification_id": "cert-1", "completion_date": "2026-11-20"}
    units = spent(rig, lambda: call(rig, "POST", "/certification-completions", body))
    yield from two_rows("award by hand", units, wru=3, rru=None)
    held = call(rig, "GET", "/certification-completions", query="user_id=u-1")["items"][0]
    path = f"/certification-completions/{held['certification_completion_id']}"
    for what, do in (
        ("GET a certification completion", lambda: call(rig, "GET", path)),
        ("GET a user", lambda: call(rig, "GET", "/users/u-1")),
        ("GET progress", lambda: call(rig, "GET", "/users/u-1/certifications/cert-1/progress")),
        (
            "list a user's certification completions",
            lambda: call(rig, "GET", "/certification-completions", query="user_id=u-1"),
        ),
    ):
        yield Row(what=what, value=spent(rig, do)[1], unit="RRU")
