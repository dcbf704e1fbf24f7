"""What Prometheus may read at `/metrics`: requests by route and status, their duration, and what runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class _Running(Collector):
    """Gauges that are counted when somebody asks."""

    def __init__(self, count: Callable[[], Mapping[str, int] | None]) -> None:
        self._count = count

    def collect(self) -> Iterator[Metric]:
        """One gauge with a label per kind; nothing where the database does not answer."""
        gauge = GaugeMetricFamily("procession_running", "Process definitions, instances, tasks …", labels=["kind"])
        for name, number in (self._count() or {}).items():
            gauge.add_metric([name.lower().replace(" ", "_")], number)
        yield gauge

    def describe(self) -> list[Metric]:
        """Told without counting, so that registering asks nothing of the database."""
        return [GaugeMetricFamily("procession_running", "Process definitions, instances, tasks …", labels=["kind"])]


class Metrics:
    """The registry of one server. Nothing here is global: two servers in one process do not meet."""

    def __init__(self, count: Callable[[], Mapping[str, int] | None]) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "procession_http_requests_total",
            "Requests answered",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._duration = Histogram(
            "procession_http_request_seconds", "Seconds per request", ["method", "route"], registry=self._registry
        )
        self._registry.register(_Running(count))

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts one request. `route` is the template, never the path, so that there are not endlessly many series."""
        known = method if method in ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS") else "other"
        self._requests.labels(known, route, str(status)).inc()
        self._duration.labels(known, route).observe(seconds)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self._registry)
