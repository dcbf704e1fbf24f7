"""Logs, traces and metrics of the functions, through aws-lambda-powertools; without AWS they cost nothing.

A line of the log reads like

    {"level": "INFO", "location": "handler:45", "message": "workflow_triggered", "timestamp": "2025-01-19T12:00:00.000Z",
     "service": "workflow-trigger", "execution_id": "…", "definition_id": "…"}

| metric                    | unit         | counted                                                                   |
|---------------------------|--------------|---------------------------------------------------------------------------|
| `WorkflowTriggerCount`    | count        | calls of the trigger                                                      |
| `WebhookReceiptCount`     | count        | webhooks that arrived                                                     |
| `ScheduledExecutionCount` | count        | scheduled calls                                                           |
| `JobTickCount`, `AgentTickCount` | count  | calls that work off jobs and agent tasks                                 |
| `ErrorCount`              | count        | answers of 500 and workflows that failed                                  |
| `ExecutionDuration`       | milliseconds | the time of a call                                                        |
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from camunda_client.serverless.events import read_event
from camunda_client.serverless.functions import Outcome

NAMESPACE = "Procession"

Handler = Callable[[Any, Any], dict[str, Any]]


class CallFailed(RuntimeError):
    """Raised by a function that nobody waits for, so that its event is tried again and then kept aside."""


def new_logger(service: str) -> logging.Logger:
    """A logger that writes one JSON object per line to standard output."""
    logger = Logger(service=service, utc=True, datefmt="%Y-%m-%dT%H:%M:%S.%FZ", log_record_order=ORDER)
    return cast(logging.Logger, logger)  # it hands on what it does not have itself


ORDER = ["level", "location", "message", "timestamp", "service"]


class Tracer:
    """X-Ray, in Lambda alone. Its library is large and is loaded by the first call, not when the function is imported.

    Answers are never taken down: they may hold personal data.
    """

    def __init__(self, service: str) -> None:
        self._service = service

    def capture_lambda_handler(self, function: Handler) -> Handler:
        """Decorator: a segment for each call of a handler."""
        traced: Handler | None = None

        @wraps(function)
        def call(event: Any, context: Any) -> dict[str, Any]:
            nonlocal traced
            if traced is None:
                traced = self._traced(function) if tracing_wanted() else function
            return traced(event, context)

        return call

    def _traced(self, function: Handler) -> Handler:
        from aws_lambda_powertools import Tracer as XRay

        tracer = XRay(service=self._service, auto_patch=False)
        return cast(Handler, tracer.capture_lambda_handler(function, capture_response=False))


def tracing_wanted() -> bool:
    """True in Lambda, where an X-Ray daemon listens, unless `POWERTOOLS_TRACE_DISABLED` says no."""
    disabled = os.environ.get("POWERTOOLS_TRACE_DISABLED", "").lower() in ("true", "1", "yes")
    return "LAMBDA_TASK_ROOT" in os.environ and "AWS_SAM_LOCAL" not in os.environ and not disabled


def new_metrics(service: str) -> Metrics:
    """Metrics in the namespace of `POWERTOOLS_METRICS_NAMESPACE`, else `Procession`."""
    return Metrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE") or NAMESPACE, service=service)


def count(metrics: Metrics, name: str, outcome: Outcome, milliseconds: float) -> None:
    """Counts a call and its time, and an error if it was one."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=1)
    failed = outcome.status >= 500 or outcome.level >= logging.ERROR
    metrics.add_metric(name="ErrorCount", unit=MetricUnit.Count, value=int(failed))
    metrics.add_metric(name="ExecutionDuration", unit=MetricUnit.Milliseconds, value=milliseconds)


def fields(outcome: Outcome, context: Any) -> dict[str, Any]:
    """What a log line says beside its message."""
    found = dict(outcome.fields)
    request = getattr(context, "aws_request_id", None)
    if request:
        found["function_request_id"] = request
    return found


def seconds_left(context: Any, most: float = 45.0) -> float:
    """How long a function that works off a queue may go on: what Lambda leaves it, less ten seconds, and at most `most`."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return most if remaining is None else max(1.0, min(most, remaining() / 1000 - 10.0))


def answered(outcome: Outcome, event: Any) -> dict[str, Any]:
    """The function's result. With `UAEF_RAISE_ON_FAILURE` set, a 500 to anybody but an HTTP client is raised instead: Lambda
    then tries an event again that nobody waits for, and keeps it aside in the end."""
    wanted = os.environ.get("UAEF_RAISE_ON_FAILURE", "").lower() in ("true", "1", "yes")
    if wanted and outcome.status >= 500 and not read_event(event).is_request:
        raise CallFailed(outcome.answer["body"])
    return outcome.answer
