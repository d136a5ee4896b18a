"""Certification completions in answers, as they are on a day."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

from certification.domain.announcements import completion_to_json
from certification.domain.errors import ConflictError
from certification.domain.model import CertificationCompletion
from certification.domain.status import facts_on, status_on
from certification.domain.validity import civil_date

if TYPE_CHECKING:
    from certification.bootstrap import App


def today(app: App) -> date:
    return civil_date(app.clock.now(), app.config.zone)


def completion_json(
    app: App, completion: CertificationCompletion, certification_name: str, *, on: date | None = None
) -> dict[str, Any]:
    """Status and dates on the day `on`, today where absent (R9)."""
    now = today(app)
    day = on or now
    shape = completion_to_json(
        facts_on(completion, day),
        public_id=app.completion_ids.id_of(completion),
        certification_name=certification_name,
        status=status_on(completion, on=day, today=now),
    )
    return dict(shape)


def named_completion_json(app: App, completion: CertificationCompletion) -> dict[str, Any]:
    """With the certification's present name, which is read for it."""
    certification = app.definitions.certification(completion.certification_id)
    return completion_json(app, completion, certification.name if certification else "")


@contextmanager
def readable_conflicts(app: App) -> Iterator[None]:
    """A conflict shows the completion that stands in the way as any read would."""
    try:
        yield
    except ConflictError as exc:
        if isinstance(exc.present, CertificationCompletion):
            exc.present = named_completion_json(app, exc.present)
        raise
