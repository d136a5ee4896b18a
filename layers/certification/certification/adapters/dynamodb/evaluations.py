"""Evaluation runs. A run is put together with what asks for it; the stream starts it (`kind: run`)."""

from __future__ import annotations

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items.evaluations import evaluation_from_item, evaluation_to_item
from certification.adapters.dynamodb.items.receipts import receipt_to_item
from certification.adapters.dynamodb.table import (
    Absent,
    ConditionFailedError,
    Equals,
    Put,
    Table,
    TransactionFailedError,
)
from certification.domain.errors import AlreadyExistsError, ChangedMeanwhileError
from certification.domain.evaluation_run import EvaluationRun
from certification.domain.ports import Receipt, RepeatedRequestError


class DynamoDBEvaluations:
    """Implements the port `Evaluations`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def run(self, evaluation_id: str) -> EvaluationRun | None:
        item = self._table.get(keys.evaluation(evaluation_id))
        return evaluation_from_item(item) if item else None

    def add(self, run: EvaluationRun, *, receipt: Receipt | None = None) -> None:
        put = Put(evaluation_to_item(run), Absent())
        try:
            if receipt is None:
                self._table.write(put)
            else:
                self._table.write_together([put, Put(receipt_to_item(receipt), Absent())])
        except ConditionFailedError as exc:
            raise AlreadyExistsError("this evaluation exists") from exc
        except TransactionFailedError as exc:
            raise RepeatedRequestError("this request was carried out before") from exc

    def save(self, run: EvaluationRun) -> None:
        try:
            self._table.write(Put(evaluation_to_item(run), Equals("revision", run.revision - 1)))
        except ConditionFailedError as exc:
            raise ChangedMeanwhileError("another worker wrote this page first") from exc
