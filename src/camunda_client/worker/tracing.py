"""OpenTelemetry spans of handlers. Needs `opentelemetry-api` (the extra `otel`); exporters are the program's own choice.

One span for each handler, named by the topic, with the keys of job, instance and process. Where a variable or header
`traceparent` says which trace the instance belongs to, the span continues it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry import trace
from opentelemetry.propagate import extract
from opentelemetry.trace import SpanKind, Status, StatusCode, TracerProvider

from camunda_client.worker.core import Call
from camunda_client.worker.outcomes import BpmnError, Fail, Outcome, ThrowError
from camunda_client.worker.runner import JobWorker

_ATTRIBUTES = {
    "process_instance_key": "camunda.process_instance",
    "process_instance_id": "camunda.process_instance",
    "process_definition_id": "camunda.process_definition",
    "element_id": "camunda.element",
    "activity_id": "camunda.element",
    "worker_id": "camunda.worker",
    "worker": "camunda.worker",
}


def trace_handlers(worker: JobWorker[Any], provider: TracerProvider | None = None) -> None:
    """Makes a span for each handler from now on."""
    tracer = trace.get_tracer("camunda_client.worker", tracer_provider=provider)

    async def span(job: Any, call: Call) -> Outcome:
        attributes: dict[str, str] = {"camunda.topic": job.topic, "camunda.job": job.id}
        known = vars(job)
        attributes |= {label: str(known[name]) for name, label in _ATTRIBUTES.items() if known.get(name)}
        with tracer.start_as_current_span(
            f"camunda {job.topic}",
            context=extract(_carrier(job)),
            kind=SpanKind.CONSUMER,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as current:
            try:
                outcome = await call()
            except BpmnError as error:
                current.set_attribute("camunda.error_code", error.code)
                raise
            except Exception as error:
                current.record_exception(error)
                current.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise
            if isinstance(outcome, ThrowError):
                current.set_attribute("camunda.error_code", outcome.code)
            elif isinstance(outcome, Fail):
                current.set_status(Status(StatusCode.ERROR, outcome.message))
            return outcome

    worker.middleware(span)


def _carrier(job: Any) -> dict[str, str]:
    headers: Mapping[str, Any] = vars(job).get("custom_headers") or vars(job).get("extension_properties") or {}
    found = {}
    for name in ("traceparent", "tracestate"):
        value = headers.get(name) or job.variables.get(name)
        if isinstance(value, str):
            found[name] = value
    return found
