"""A small training programme on a deployed stack, under names that no other test has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from deployed import Answer, Api, eventually

# What must never be found in a log: `test_logs.py` looks for these in everything that an end-to-end run left.
PERSON = "Zebedee Quillfeather"
MAIL_DOMAIN = "quillfeather.example"


@dataclass(kw_only=True)
class Academy:
    """Courses, users and certifications of one test."""

    api: Api
    name: str
    users: list[str] = field(default_factory=list)

    def course(self, number: int) -> str:
        course_id = f"{self.name}-c{number}"
        self._put(f"/courses/{course_id}", {"name": f"Course {number}", "active": True})
        return course_id

    def courses(self, count: int) -> list[str]:
        return [self.course(number) for number in range(count)]

    def user(self, number: int = 0, **given: Any) -> str:
        user_id = f"{self.name}-u{number}"
        person = {
            "email": f"{user_id}@{MAIL_DOMAIN}",
            "name": f"{PERSON} {number}",
            "groups": [],
            "attributes": {},
            "identities": [],
            "active": True,
        }
        self._put(f"/users/{user_id}", person | given)
        self.users.append(user_id)
        return user_id

    def certification(self, courses: list[str], **given: Any) -> str:
        """A published user certification that asks for these courses."""
        definition = {
            "type": "user",
            "name": f"Certified {self.name}",
            "details": "Knows it all",
            "expiration": {"type": "duration", "duration": "P12M"},
            "permissions": {"audience": "everyone"},
            "requirements": {"courses": [{"course_id": course} for course in courses]},
        }
        certification_id: str = self.done(self.api.post("/certifications", definition | given)).json[
            "certification_id"
        ]
        self.done(self.api.post(f"/certifications/{certification_id}/publish", {}))
        return certification_id

    def completion(self, user_id: str, course_id: str, completed_at: str, **given: Any) -> dict[str, Any]:
        """A course completion as an LMS would send it."""
        identity = {
            "event_id": f"{user_id}|{course_id}|{completed_at}",
            "user_id": user_id,
            "course_id": course_id,
        }
        return identity | {"completed_at": completed_at} | given

    def deliver(self, completions: list[dict[str, Any]]) -> None:
        answer = self.done(self.api.post("/course-completions", completions))
        assert answer.json["rejected"] == 0, answer.json

    def awards(self, user_id: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.done(
            self.api.get(f"/certification-completions?user_id={user_id}")
        ).json["items"]
        return items

    def completed(self, user_id: str) -> list[dict[str, Any]]:
        """The course completions of this user that are stored by now."""
        answer = self.done(self.api.get(f"/users/{user_id}/course-completions"))
        items: list[dict[str, Any]] = answer.json["items"]
        return items

    def award(self, user_id: str, *, within: float = 60) -> dict[str, Any]:
        """The one award of this user, as soon as it is there."""
        eventually(lambda: self.awards(user_id), within=within, what=f"the award of {user_id}")
        [only] = self.awards(user_id)
        return only

    def done(self, answer: Answer) -> Answer:
        assert answer.status < 300, (answer.status, answer.body)
        return answer

    def _put(self, path: str, body: dict[str, Any]) -> None:
        self.done(self.api.put(path, body))
