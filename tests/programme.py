"""A training programme run through the HTTP API, with the stream and the workers behind it, on fakes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from builders import message
from certification.domain.course_completion_message import parse_course_completion
from certification.services.evaluation_messages import handle
from fakes import InMemoryEventBus, InMemoryQueue
from unit.http.api import HttpApi

COMPLETIONS = "/certification-completions"
DEFINITION: dict[str, Any] = {
    "type": "user",
    "name": "Sales Pro",
    "details": "Knows how to sell it.",
    "expiration": {"type": "duration", "duration": "P12M"},
    "permissions": {"audience": "everyone"},
    "requirements": {"courses": [{"course_id": "c-1"}]},
}


def required(*courses: str, **more: Any) -> dict[str, Any]:
    return {"courses": [{"course_id": course} for course in courses], **more}


class Programme(HttpApi):
    """User `u-1` and courses `c-1` to `c-3` are there. `work` does what the stream and the queues ask for."""

    def __init__(self, **given: Any) -> None:
        self.bus = InMemoryEventBus()
        self.transitions = InMemoryQueue()
        super().__init__(**{"event_bus": self.bus, "transition_queue": self.transitions, **given})
        self.followed = 0
        for course_id in ("c-1", "c-2", "c-3"):
            self.made("PUT", f"/courses/{course_id}", {"name": f"Course {course_id}"})
        self.user("u-1")

    def user(self, user_id: str, **fields: Any) -> str:
        person = {"email": f"{user_id}@partner.example", "name": f"User {user_id}", **fields}
        self.made("PUT", f"/users/{user_id}", person)
        return user_id

    def draft(self, **parts: Any) -> str:
        """The id of a new certification: `DEFINITION` with these parts; None leaves one out."""
        body = {name: value for name, value in {**DEFINITION, **parts}.items() if value is not None}
        certification_id: str = self.made("POST", "/certifications", body)["certification_id"]
        return certification_id

    def published(self, **parts: Any) -> str:
        certification_id = self.draft(**parts)
        self.made("POST", f"/certifications/{certification_id}/publish")
        self.work()
        return certification_id

    def complete(self, *courses: str, on: str | None = None, user_id: str = "u-1", **given: Any) -> None:
        """These courses are completed at noon of a day, today where none is given, and all that follows is done.

        `given`: the score, or another event id.
        """
        day = date.fromisoformat(on) if on else self.clock.now().date()
        noon = datetime.combine(day, time(12), tzinfo=UTC)
        self.app.course_completion_recorder.record(
            list(enumerate(message(course, noon, user_id, **given) for course in courses))
        )
        self.work()

    def work(self) -> None:
        """Follow the stream and empty the queues, until nothing is left."""
        while self._follow() or self.evaluations.sent or self.course_completions.sent:
            for body in self.evaluations.take():
                handle(body, self.app.evaluation_handlers, lambda: True)
            self._record(self.course_completions.take())

    def _follow(self) -> bool:
        records = self.table.stream_event(self.followed)["Records"]
        self.followed = len(self.table.changes)
        if records:
            self.app.follow_stream(records)
        return bool(records)

    def _record(self, bodies: list[dict[str, Any]]) -> None:
        now, zone = self.clock.now(), self.app.config.zone
        messages = [
            parse_course_completion(body, source=None, now=now, zone=zone, own_api=False) for body in bodies
        ]
        if messages:
            self.app.course_completion_recorder.record(list(enumerate(messages)))

    def on(self, day: str) -> Programme:
        """From now on it is noon of this day."""
        self.clock.instant = datetime.combine(date.fromisoformat(day), time(12), tzinfo=UTC)
        return self

    def award(self, certification_id: str, completed_on: str, **fields: Any) -> tuple[int, Any]:
        whom = {} if "organization_id" in fields else {"user_id": "u-1"}
        body = {"certification_id": certification_id, "completion_date": completed_on, **whom, **fields}
        return self.call("POST", COMPLETIONS, body)

    def awarded(self, certification_id: str, completed_on: str, **fields: Any) -> Any:
        status, body = self.award(certification_id, completed_on, **fields)
        assert status == 201, body
        self.work()
        return body

    def decide(self, completion_id: str, what: str, reason: str = "because") -> tuple[int, Any]:
        return self.call("POST", f"{COMPLETIONS}/{completion_id}/{what}", {"reason": reason})

    def change_end(self, completion_id: str, end: str | None, reason: str = "because") -> tuple[int, Any]:
        body = {"expiration_date": end, "reason": reason}
        return self.call("PATCH", f"{COMPLETIONS}/{completion_id}", body)

    def held(self, whose: str = "user_id=u-1", **query: str) -> list[Any]:
        """The certification completions of a holder or certification, in the order of the cycles."""
        asked = "&".join([whose, *(f"{name}={value}" for name, value in query.items())])
        items: list[Any] = self.made("GET", COMPLETIONS, query=asked)["items"]
        return items

    def statuses(self, **query: str) -> list[str]:
        return [item["status"] for item in self.held(**query)]

    def progress(self, certification_id: str, user_id: str = "u-1") -> Any:
        return self.made("GET", f"/users/{user_id}/certifications/{certification_id}/progress")

    def history(self, completion_id: str) -> list[Any]:
        entries: list[Any] = self.made("GET", f"{COMPLETIONS}/{completion_id}/history")["items"]
        return entries
