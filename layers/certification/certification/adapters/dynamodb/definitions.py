"""Certifications, their versions, and the hints from courses to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items import definitions as items
from certification.adapters.dynamodb.items.evaluations import evaluation_to_item
from certification.adapters.dynamodb.items.receipts import receipt_to_item
from certification.adapters.dynamodb.table import (
    Absent,
    ConditionFailedError,
    Delete,
    Equals,
    Put,
    Query,
    Table,
    TransactionFailedError,
    Write,
)
from certification.domain.errors import ChangedMeanwhileError, ConflictError
from certification.domain.evaluation_run import EvaluationRun
from certification.domain.model import Certification, PublishStatus
from certification.domain.ports import Hint, Receipt, RepeatedRequestError, Slice, StartKey

MOST_HINTS_AT_ONCE = 97


class DynamoDBDefinitions:
    """Implements the port `Definitions`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def certification(self, certification_id: str) -> Certification | None:
        item = self._table.get(keys.certification(certification_id))
        return items.certification_from_item(item) if item else None

    def certifications(self, certification_ids: Iterable[str]) -> Mapping[str, Certification]:
        wanted = [keys.certification(certification_id) for certification_id in set(certification_ids)]
        found = self._table.get_many(wanted, consistent=True)
        return {item["certification_id"]: items.certification_from_item(item) for item in found.values()}

    def hints(self, course_id: str) -> tuple[Hint, ...]:
        found = self._table.query_all(Query(pk=keys.course(course_id).pk, sk_prefix=keys.REQUIRED_BY_PREFIX))
        return tuple(items.hint_from_item(item) for item in found)

    def version(self, certification_id: str, number: int) -> Certification | None:
        item = self._table.get(keys.version(certification_id, number))
        return items.certification_from_item(item) if item else None

    def versions(
        self, certification_id: str, *, limit: int, start: StartKey | None = None
    ) -> Slice[Certification]:
        pk = keys.certification(certification_id).pk
        return self._slice(
            Query(pk=pk, sk_prefix=keys.VERSION_PREFIX, consistent=True, limit=limit, start=start)
        )

    def page(self, *, limit: int, start: StartKey | None = None) -> Slice[Certification]:
        return self._slice(Query(pk=keys.CERTIFICATIONS, index="listing", limit=limit, start=start))

    def _slice(self, query: Query) -> Slice[Certification]:
        page = self._table.query(query)
        return Slice(items=tuple(items.certification_from_item(item) for item in page.items), next=page.next)

    def add(self, certification: Certification, *, receipt: Receipt | None = None) -> None:
        receipts = [Put(receipt_to_item(receipt), Absent())] if receipt else []
        put = Put(items.certification_to_item(certification), Absent())
        self._write(put, *receipts, repeated_at=1 if receipt else None)

    def save(
        self, certification: Certification, *, previous: Certification, run: EvaluationRun | None = None
    ) -> None:
        unchanged = Equals("revision", previous.revision)
        put = Put(items.certification_to_item(certification), unchanged)
        others: list[Write] = []
        if certification.frozen and not (previous.frozen and previous.version == certification.version):
            others.append(Put(items.version_to_item(certification)))
        if run is not None:
            others.append(Put(evaluation_to_item(run), Absent()))
        hints = _hint_writes(certification, previous)
        if len(hints) > MOST_HINTS_AT_ONCE:
            raise ConflictError(
                f"this exchanges more than {MOST_HINTS_AT_ONCE} courses at once; do it in two steps",
                code="too_many_courses_changed",
            )
        self._write(put, *others, *hints)

    def delete(self, certification: Certification) -> None:
        key = keys.certification(certification.certification_id)
        self._write(Delete(key, Equals("revision", certification.revision)))

    def _write(self, first: Put | Delete, *others: Write, repeated_at: int | None = None) -> None:
        try:
            if others:
                self._table.write_together([first, *others])
            else:
                self._table.write(first)
        except ConditionFailedError as exc:
            raise ChangedMeanwhileError("the certification was changed meanwhile") from exc
        except TransactionFailedError as exc:
            if repeated_at is not None and exc.condition_failed(repeated_at):
                raise RepeatedRequestError("this request was carried out before") from exc
            raise ChangedMeanwhileError("the certification was changed meanwhile") from exc


def _hint_writes(certification: Certification, previous: Certification) -> list[Write]:
    wanted, present = _hinted_courses(certification), _hinted_courses(previous)
    if wanted == present and certification.requirements == previous.requirements:
        return []
    puts: list[Write] = [Put(items.hint_to_item(course, certification)) for course in sorted(wanted)]
    gone = sorted(present - wanted)
    return puts + [Delete(keys.required_by(course, certification.certification_id)) for course in gone]


def _hinted_courses(certification: Certification) -> frozenset[str]:
    """Only what is published awards by itself (R18)."""
    if certification.publish_status is not PublishStatus.PUBLISHED:
        return frozenset()
    return frozenset(certification.requirements.accepted_courses)
