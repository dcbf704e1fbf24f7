"""Prometheus metrics of workers. Needs `prometheus-client` (the extra `metrics`).

| metric                                   | labels           | meaning                                                    |
|------------------------------------------|------------------|------------------------------------------------------------|
| `camunda_worker_jobs_total`              | topic, outcome   | handlers that ended: completed, bpmn_error, failed         |
| `camunda_worker_handler_seconds`         | topic            | how long they took                                         |
| `camunda_worker_in_flight`               |                  | jobs in work                                               |
| `camunda_worker_connected`               |                  | 1 while the engine answers                                 |
| `camunda_worker_lost_total`              |                  | jobs that were no longer ours when they ended              |
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from camunda_client.worker.core import Call
from camunda_client.worker.outcomes import BpmnError, Fail, Outcome, ThrowError
from camunda_client.worker.runner import JobWorker


class _State(Collector):
    """Asked when somebody scrapes; costs nothing meanwhile."""

    def __init__(self, worker: JobWorker[Any]) -> None:
        self._worker = worker

    def collect(self) -> Iterable[Metric]:
        status = self._worker.status()
        yield GaugeMetricFamily("camunda_worker_in_flight", "Jobs in work", value=status.in_flight)
        yield GaugeMetricFamily("camunda_worker_connected", "1 while the engine answers", value=int(status.connected))
        yield CounterMetricFamily("camunda_worker_lost", "Jobs that were no longer ours", value=status.lost)


def observe(worker: JobWorker[Any], registry: CollectorRegistry | None = None) -> None:
    """Measures a worker from now on, in the process's own registry or another."""
    registry = registry or REGISTRY
    jobs = Counter("camunda_worker_jobs", "Handlers that ended", ["topic", "outcome"], registry=registry)
    seconds = Histogram("camunda_worker_handler_seconds", "How long handlers took", ["topic"], registry=registry)
    registry.register(_State(worker))

    async def measure(job: Any, call: Call) -> Outcome:
        begun = time.perf_counter()
        ended = "failed"
        try:
            outcome = await call()
            ended = "bpmn_error" if isinstance(outcome, ThrowError) else "completed"
            ended = "failed" if isinstance(outcome, Fail) else ended
            return outcome
        except BpmnError:
            ended = "bpmn_error"
            raise
        finally:
            jobs.labels(job.topic, ended).inc()
            seconds.labels(job.topic).observe(time.perf_counter() - begun)

    worker.middleware(measure)


def serve_metrics(worker: JobWorker[Any], port: int, address: str = "127.0.0.1") -> None:
    """Measures a worker and answers Prometheus at `http://address:port/metrics`."""
    observe(worker)
    start_http_server(port, address)
