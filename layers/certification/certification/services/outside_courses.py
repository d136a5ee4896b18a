"""Courses that only an LMS knows: their completions are stored under the LMS's own name (R17).

Once a course of ours takes that name for an identity, they are sent in again as that course's. The index of
completions by course may lag behind a completion that is just stored, so the work is done a second time later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from certification.domain.course_completion_message import CourseCompletionMessage, UserReference
from certification.domain.model import CourseCompletion, Identity
from certification.domain.ports import Ledger, Queue
from certification.domain.requirements import current_score
from certification.domain.retractions import Retraction

KIND = "release_course"
SECOND_LOOK_SECONDS = 900
PAGE = 100


class OutsideCourses:
    """`queue` takes course completions, `job_queue` the rest of the work."""

    def __init__(self, *, ledger: Ledger, queue: Queue, job_queue: Queue) -> None:
        self._ledger = ledger
        self._queue = queue
        self._job_queue = job_queue

    def release(self, message: Mapping[str, Any], time_left: Callable[[], bool]) -> None:
        """Send in again what is stored under `source` and `external_id`; page by page, twice is harmless (R12)."""
        identity = Identity(source=message["source"], external_id=message["external_id"])
        after = message.get("after", "")
        while True:
            page = self._ledger.users_with_course(identity.external_id, limit=PAGE, after=after)
            for user_id in page.users:
                self._queue.send([m.to_payload() for m in self._messages(user_id, identity)])
            if not page.more:
                break
            after = page.users[-1]
            if not time_left():
                self._job_queue.send([{**message, "after": after}])
                return
        if not message.get("second_look"):
            again = {name: value for name, value in message.items() if name != "after"}
            self._job_queue.send([{**again, "second_look": True}], delay_seconds=SECOND_LOOK_SECONDS)

    def _messages(self, user_id: str, identity: Identity) -> Iterator[CourseCompletionMessage]:
        """Completions under their own event ids, so that what takes an event back covers them under both names."""
        record = self._ledger.read_user(user_id)
        for completion in record.course_completions:
            if (completion.source, completion.course_id) == (identity.source, identity.external_id):
                yield _message(completion, identity)
        for retraction in record.retractions:
            if (retraction.source, retraction.course_id) == (identity.source, identity.external_id):
                yield _retraction(retraction, identity)


def _message(completion: CourseCompletion, identity: Identity) -> CourseCompletionMessage:
    return CourseCompletionMessage(
        event_id=completion.event_id,
        source=completion.source,
        user=UserReference(user_id=completion.user_id),
        course_identity=identity,
        completed_at=completion.completed_at,
        score=current_score(completion),
    )


def _retraction(retraction: Retraction, identity: Identity) -> CourseCompletionMessage:
    """R30: what the LMS took back stays taken back under the course's new name."""
    return CourseCompletionMessage(
        event_id=f"retraction:{retraction.at.isoformat()}",
        source=retraction.source,
        user=UserReference(user_id=retraction.user_id),
        course_identity=identity,
        completed_at=retraction.at,
        retracts=True,
    )
