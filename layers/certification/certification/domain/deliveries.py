"""What a further delivery of a known course completion means: nothing, a correction, or a conflict (R12). Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from certification.domain.model import CourseCompletion, ReceivedScore
from certification.domain.requirements import current_score

MOST_KEPT = 100


def redelivered(
    stored: CourseCompletion, *, score: float | None, source: str, event_id: str, now: datetime
) -> CourseCompletion | None:
    """The next revision of `stored` with this delivery kept, or None where it says nothing new.

    The same event with another score is a conflict: the first received wins, this one is kept. Another event with
    another score is a correction.
    """
    seen = {(stored.source, stored.event_id): {stored.score}}
    for received in stored.received:
        seen.setdefault((received.source, received.event_id), set()).add(received.score)
    scores_of_event = seen.get((source, event_id), set()) if event_id else set()
    conflict = bool(scores_of_event)
    if score in scores_of_event or (not conflict and score == current_score(stored)):
        return None
    if len(stored.received) >= MOST_KEPT:
        return None
    kept = ReceivedScore(score=score, source=source, event_id=event_id, received_at=now, conflict=conflict)
    return replace(stored, received=(*stored.received, kept), revision=stored.revision + 1)
