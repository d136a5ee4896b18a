"""Carries the operations of a workload out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, TypeVar

from certification.adapters.dynamodb.items import completions as items
from certification.adapters.dynamodb.items.completions import CERTIFICATION_COMPLETION
from certification.domain.model import CertificationCompletion, HolderType
from simulation import webhooks
from simulation.changes import CHANGES
from simulation.setting import COURSES, GROUP, ORGANIZATIONS, USERS, email_of, identity_of, user_body
from simulation.workload import Operation, instant
from simulation.world import Call, World

T = TypeVar("T")
ORGANIZATION: dict[str, Any] = {"name": "Company", "active": True, "groups": []}
MORNING = 5 * 3600 + 15 * 60
A_DAY = 24 * 3600
MODES = (None, None, "renew", "replace")
MOST_PATIENCE = 5000
ARRIVALS = 3


class Play:
    """`calls` are the requests made, webhooks among them."""

    def __init__(self, world: World, certification_ids: list[str]) -> None:
        self.world = world
        self.certification_ids = certification_ids
        self.calls: list[tuple[Operation, Call]] = []
        self._sent: list[dict[str, Any]] = []
        self._profiles = {user_id: user_body(user_id) for user_id in USERS}
        self._organizations: dict[str, dict[str, Any]] = {}
        self._app = world.application()

    def perform(self, operation: Operation) -> None:
        self.world.scheduler.tell(f"# {operation}")
        act: Callable[..., None] = getattr(self, f"do_{operation.kind}")
        act(operation, **operation.args)
        self.world.go_on(operation.steps)

    def ask(self, operation: Operation, method: str, path: str, body: Any = None, **headers: str) -> None:
        call = Call(method=method, path=path, body=body, headers=headers)
        self.calls.append((operation, call))
        self.world.call(call)

    # ---- course completions

    def do_send(self, operation: Operation, body: dict[str, Any], user_id: str, door: str) -> None:
        if door == "api":
            self.ask(operation, "POST", "/course-completions", body)
            return
        self.tell(operation, {**body, **({"voidable": True} if door == "voidable" else {})})

    def tell(self, operation: Operation, body: dict[str, Any]) -> None:
        """As the LMS does: by its webhook."""
        self.ask(operation, "POST", webhooks.PATH, body)

    def do_complete(
        self,
        operation: Operation,
        *,
        user_id: str,
        whom: dict[str, Any],
        course: str,
        hours_ago: float,
        score: float | None,
        door: str,
    ) -> None:
        at = (self.world.clock.now() - timedelta(hours=hours_ago)).replace(microsecond=0)
        body = {
            "event_id": f"e-{len(self._sent)}",
            **whom,
            "course_id": course,
            "completed_at": instant(at),
            **({} if score is None else {"score": score}),
        }
        self._sent.append({"user_id": user_id, "body": body, "door": door})
        self.do_send(operation, body, user_id, door)

    def do_again(self, operation: Operation, nth: int, twist: str) -> None:
        sent = self._nth(self._sent, nth)
        if sent is None:
            return
        body, door = dict(sent["body"]), sent["door"]
        match twist:
            case "event":
                body["event_id"] += f"-{nth}"
            case "score":
                body["score"] = 60 + nth % 40
                body["event_id"] += f"-{nth}" if nth % 3 else ""
            case "content":
                body["completed_at"] = instant(self.world.clock.now().replace(microsecond=0))
            case "door":
                door = "webhook"
        self.do_send(operation, body, sent["user_id"], door)

    def do_rush(self, operation: Operation, nth: int, against: str) -> None:
        """Somebody finishes courses, at the very moment at which somebody else decides about what it holds."""
        held = self._nth([c for c in self._completions() if c.holder.type is HolderType.USER], nth)
        if held is None:
            return
        user_id = str(held.holder.id)
        self._complete_all(operation, user_id, {"user_id": user_id}, COURSES if nth % 2 else COURSES[::-1])
        self.world.go_on(nth % 30)
        if against in {"renew", "replace"}:
            award = {
                "user_id": user_id,
                "certification_id": held.certification_id,
                "completion_date": self.today.isoformat(),
                "mode": against,
                "reason": "by hand",
            }
            self.ask(operation, "POST", "/certification-completions", award)
        elif against == "dates":
            ends = (self.today + timedelta(days=nth % 45 - 5)).isoformat()
            self.ask(operation, "PATCH", self._path(held), {"expiration_date": ends, "reason": "decided"})
        elif against == "revoke":
            self.ask(operation, "POST", f"{self._path(held)}/revoke", {"reason": "decided"})

    def _complete_all(
        self, operation: Operation, user_id: str, whom: dict[str, Any], courses: tuple[str, ...]
    ) -> None:
        for course in courses:
            self.do_complete(
                operation, user_id=user_id, whom=whom, course=course, hours_ago=0, score=90, door="webhook"
            )

    def do_arrive(self, operation: Operation, nth: int, steps: int) -> None:
        """New users, whose first courses are told at the moment at which they appear."""
        users = [f"u-{1000 + nth + number}" for number in range(ARRIVALS)]
        for number, user_id in enumerate(users, nth):
            whom = {"identity": identity_of(user_id)} if number % 2 else {"email": email_of(user_id)}
            self._complete_all(operation, user_id, whom, COURSES[: 1 + number % 4])
        self.world.go_on(steps)
        for user_id in users:
            self.do_put_user(operation, user_id, "identity")

    def do_reopen(self, operation: Operation, user_id: str, certification: int, steps: int) -> None:
        """Courses are finished while a certification is withdrawn, and just before it is published again."""
        self.do_unpublish(operation, certification)
        self.world.go_on(steps)
        self._complete_all(operation, user_id, {"user_id": user_id}, COURSES)
        self.world.go_on(steps)
        self.do_publish(operation, certification)

    def do_flip(self, operation: Operation, nth: int, steps: int) -> None:
        """There and back, while the CRM does not say what it did."""
        self.world.crm.trouble = "silent"
        self._decide(operation, nth, "revoke")
        self.world.go_on(steps)
        self._decide(operation, nth, "reinstate")

    def do_join(self, operation: Operation, user_id: str, nth: int, steps: int) -> None:
        """A user joins an organization that gains access, or becomes active again, right after."""
        organization_id = ORGANIZATIONS[nth % 2]
        before = self._organizations.get(organization_id, dict(ORGANIZATION))
        lacking = {**before, "active": nth % 4 > 1, "groups": []}
        path = f"/organizations/{organization_id}"
        self.ask(operation, "PUT", path, lacking)
        self._complete_all(operation, user_id, {"user_id": user_id}, COURSES)
        self.world.go_on(steps)
        profile = self._profiles.get(user_id) or user_body(user_id)
        self.do_put_user(operation, user_id, body={**profile, "organization_id": organization_id})
        self.world.go_on(steps)
        self._organizations[organization_id] = {**before, "active": True, "groups": [GROUP]}
        self.ask(operation, "PUT", path, self._organizations[organization_id])

    def do_foresee(self, _: Operation, days: int) -> None:
        """A sweep for a later day, as an operator asks for."""
        self.world.sweep(days=days)

    def do_retract(self, operation: Operation, nth: int, by_event: bool) -> None:
        sent = self._nth(self._sent, nth)
        if sent is None:
            return
        body = sent["body"]
        now = self.world.clock.now().replace(microsecond=0)
        message = {"event_id": f"r-{nth}", "completed_at": instant(now)}
        if by_event:
            self.tell(operation, {**message, "retracts_event_id": body["event_id"]})
        else:
            whom = {name: body[name] for name in ("user_id", "email", "identity") if name in body}
            self.tell(operation, {**message, **whom, "course_id": body["course_id"], "retracts": True})

    # ---- users and organizations

    def do_put_user(
        self, operation: Operation, user_id: str, twist: str = "", body: dict[str, Any] | None = None
    ) -> None:
        profile = body or self._twisted(self._profiles.get(user_id) or user_body(user_id), user_id, twist)
        self._profiles[user_id] = profile
        path = f"/users/{user_id}"
        if operation.kind == "put_user" and body is not None:
            self._wait_for_answers(path)
        self.ask(operation, "PUT", path, profile)

    def _wait_for_answers(self, path: str) -> None:
        """Of two puts under way at once the older may win; who wants its last one to hold waits."""
        for _ in range(MOST_PATIENCE):
            if not any(call.path == path and call.status == 0 for _, call in self.calls):
                return
            self.world.go_on(1)

    def _twisted(self, profile: dict[str, Any], user_id: str, twist: str) -> dict[str, Any]:
        groups = [] if profile["groups"] else [GROUP]
        organizations = (None, *ORGANIZATIONS)
        following = organizations[(organizations.index(profile["organization_id"]) + 1) % 3]
        changes: dict[str, dict[str, Any]] = {
            "identity": {"identities": [identity_of(user_id)]},
            "groups": {"groups": groups},
            "active": {"active": not profile.get("active", True)},
            "organization": {"organization_id": following},
            "name": {"name": f"{profile['name']}."},
        }
        return {**profile, **changes.get(twist, {})}

    def do_put_organization(self, operation: Operation, nth: int, twist: str) -> None:
        organization_id = ORGANIZATIONS[nth % 2]
        before = self._organizations.get(organization_id, dict(ORGANIZATION))
        changed: dict[str, Any] = {"active": not before["active"]}
        if twist == "groups":
            changed = {"groups": [] if before["groups"] else [GROUP]}
        self._organizations[organization_id] = {**before, **changed}
        path = f"/organizations/{organization_id}"
        self.ask(operation, "PUT", path, self._organizations[organization_id])

    # ---- definitions

    def do_publish(self, operation: Operation, certification: int) -> None:
        self._of_certification(operation, certification, "publish")

    def do_unpublish(self, operation: Operation, certification: int) -> None:
        self._of_certification(operation, certification, "unpublish")

    def _of_certification(self, operation: Operation, certification: int, action: str) -> None:
        path = f"/certifications/{self.certification_ids[certification]}/{action}"
        self.ask(operation, "POST", path, {} if action == "publish" else None)

    def do_change(self, operation: Operation, certification: int, nth: int) -> None:
        path = f"/certifications/{self.certification_ids[certification]}"
        self.ask(operation, "PATCH", path, CHANGES[nth % len(CHANGES)])

    # ---- by hand

    def do_award(self, operation: Operation, user_id: str, certification: int, nth: int) -> None:
        self._award(operation, {"user_id": user_id}, certification, nth)

    def do_award_organization(self, operation: Operation, organization: int, nth: int) -> None:
        self._award(operation, {"organization_id": ORGANIZATIONS[organization]}, 4, nth)

    def _award(self, operation: Operation, whom: dict[str, str], certification: int, nth: int) -> None:
        day = self.today - timedelta(days=(0, 0, 1, 15, 60)[nth % 5])
        body: dict[str, Any] = {
            **whom,
            "certification_id": self.certification_ids[certification],
            "completion_date": day.isoformat(),
            "reason": "by hand",
        }
        mode = MODES[nth // 5 % 4]
        if mode:
            body["mode"] = mode
        if nth // 20 % 3 == 0:
            body["expiration_date"] = (day + timedelta(days=nth // 60 % 50)).isoformat()
        self.ask(
            operation,
            "POST",
            "/certification-completions",
            body,
            **{"idempotency-key": f"k-{len(self.calls)}"},
        )

    def do_revoke(self, operation: Operation, nth: int) -> None:
        self._decide(operation, nth, "revoke")

    def do_reinstate(self, operation: Operation, nth: int) -> None:
        self._decide(operation, nth, "reinstate")

    def _decide(self, operation: Operation, nth: int, action: str) -> None:
        completion = self._nth(self._completions(), nth)
        if completion is not None:
            self.ask(operation, "POST", f"{self._path(completion)}/{action}", {"reason": "decided"})

    def do_dates(self, operation: Operation, nth: int, days: int | None) -> None:
        completion = self._nth(self._completions(), nth)
        if completion is None:
            return
        base = completion.expiration_date or self.today
        if days in (-1, 0, 1):
            base = self.today
        ends = None if days is None else (base + timedelta(days=days)).isoformat()
        self.ask(operation, "PATCH", self._path(completion), {"expiration_date": ends, "reason": "decided"})

    def _path(self, completion: CertificationCompletion) -> str:
        return f"/certification-completions/{self._app.completion_ids.id_of(completion)}"

    def _completions(self) -> list[CertificationCompletion]:
        found = sorted(
            (key, item)
            for key, item in self.world.table.items.items()
            if item.get("entity") == CERTIFICATION_COMPLETION
        )
        return [items.completion_from_item(item) for _, item in found]

    def _nth(self, things: list[T], nth: int) -> T | None:
        return things[nth % len(things)] if things else None

    # ---- time, and the CRM

    @property
    def today(self) -> date:
        return self.world.clock.now().date()

    def do_sweep(self, _: Operation, **__: Any) -> None:
        self.world.sweep()

    def do_pass(self, _: Operation, hours: float) -> None:
        self.world.finish()
        self.world.clock.advance(hours * 3600)

    def do_day(self, _: Operation) -> None:
        """Until the morning's jobs: the sweep, the reconciliation, the bell."""
        self.morning(1)
        self.world.sweep()
        self.world.evaluations.put(json.dumps({"kind": "reconcile"}))
        self.world.ring()

    def do_skip(self, _: Operation, days: int) -> None:
        """Weeks in which the sweep did not run."""
        self.world.go_on(500)
        self.morning(days)

    def morning(self, days: int) -> None:
        """A quarter past five, in so many days."""
        self.world.finish()
        to_midnight = A_DAY - (self.world.clock.instant.timestamp() % A_DAY)
        self.world.clock.advance(to_midnight + (days - 1) * A_DAY + MORNING)

    def do_redrive(self, _: Operation, **__: Any) -> None:
        for queue in self.world.queues:
            queue.redrive()

    def do_bell(self, _: Operation, **__: Any) -> None:
        self.world.ring()

    def do_trouble(self, _: Operation, kind: str) -> None:
        self.world.crm.trouble = kind

    def do_forget(self, _: Operation, nth: int) -> None:
        """Somebody deletes a record in the CRM."""
        record_id = self._nth(sorted(self.world.crm.records), nth)
        if record_id is not None:
            del self.world.crm.records[record_id]

    def do_sync(self, operation: Operation, user_id: str, what: str) -> None:
        body = {"user": {"user_id": user_id}}.get(what, {what: True})
        self.ask(operation, "POST", "/crm/hubspot/sync", body)
