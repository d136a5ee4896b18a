"""Logs and metrics: JSON lines with one constant message and fields; ids only, never names, addresses or secrets.

Services log through the standard library; their lines come out the same way. Metrics are CloudWatch's embedded metric
format (a log line, no call), under business names.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics as PowertoolsMetrics
from aws_lambda_powertools.metrics import MetricUnit

Handler = Callable[..., Any]

logger = Logger(use_rfc3339=True, utc=True)


def _adopt_standard_logging() -> None:
    """The lines of `logging.getLogger("certification…")` take the same road as `logger`'s."""
    package = logging.getLogger("certification")
    if not package.handlers:
        package.handlers = list(logger.handlers)
        package.setLevel(logger.log_level)
        package.propagate = False


_adopt_standard_logging()


def handler(handle: Handler) -> Handler:
    """Decorate a Lambda handler: every line carries a correlation id, and what was counted is written out.

    Until `follow` names what the work comes from, the invocation's own id stands for it.
    """

    @logger.inject_lambda_context(clear_state=True)
    @metrics.log_metrics
    @wraps(handle)
    def observed(event: dict[str, Any], context: Any) -> Any:
        logger.append_keys(correlation_id=context.aws_request_id)
        return handle(event, context)

    return observed


def follow(correlation_ids: Iterable[str | None]) -> None:
    """All further lines of this invocation belong to these: ids of the requests that the work comes from."""
    known = list(dict.fromkeys(filter(None, correlation_ids)))
    if len(known) == 1:
        logger.append_keys(correlation_id=known[0])
    elif known:
        logger.append_keys(correlation_ids=known)


class Metrics:
    """Counts of one invocation, written out when it ends."""

    def __init__(self) -> None:
        self._metrics = PowertoolsMetrics()
        self._any = False

    def count(self, name: str, value: float = 1) -> None:
        self._metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
        self._any = True

    def count_each(self, counts: Mapping[str, float]) -> None:
        """Each that is not zero."""
        for name, value in counts.items():
            if value:
                self.count(name, value)

    def log_metrics(self, handler: Handler) -> Handler:
        """Decorate a Lambda handler: what was counted is written out, whatever happens."""

        @wraps(handler)
        def counted(*arguments: Any, **keywords: Any) -> Any:
            try:
                return handler(*arguments, **keywords)
            finally:
                self.flush()

        return counted

    def flush(self) -> None:
        if self._any:
            self._metrics.flush_metrics()
            self._any = False


metrics = Metrics()
