"""What Prometheus may read at `/metrics`: requests by route and status, their duration, and what runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
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


class _Inner(Collector):
    """What one process knows of itself: totals as counters, the rest as gauges."""

    def __init__(self, state: Callable[[], Mapping[str, float]]) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        """One metric a number."""
        for name, number in self._state().items():
            told = _TOLD[name]
            if name.endswith("_total"):
                yield CounterMetricFamily(f"procession_{name.removesuffix('_total')}", told, value=number)
            else:
                yield GaugeMetricFamily(f"procession_{name}", told, value=number)


_TOLD = {
    "commands_total": "Commands carried out",
    "batches_total": "Transactions that commands shared",
    "commands_waiting": "Commands that wait for a transaction",
    "jobs_done_total": "Jobs that this node has finished, failed ones included",
    "jobs_held": "Jobs that this node has leased",
    "job_late_seconds": "How long after its time the job was leased that was leased last",
    "pool_connections_in_use": "Connections to the database that are in use",
    "history_removed_total": "Process instances whose expired history this node has removed",
    "neighbours": "Other nodes on the same database",
}


_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"})


class Metrics:
    """The registry of one server. Nothing here is global: two servers in one process do not meet."""

    def __init__(
        self,
        count: Callable[[], Mapping[str, int] | None],
        state: Callable[[], Mapping[str, float]] = dict,
    ) -> None:
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
        self._series: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._registry.register(_Running(count))
        self._registry.register(_Inner(state))

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts one request. `route` is the template, never the path, so that there are not endlessly many series."""
        known = method if method in _METHODS else "other"
        series = self._series.get((known, route, status))
        if series is None:
            # looking one up by its labels costs more than counting
            series = self._requests.labels(known, route, str(status)), self._duration.labels(known, route)
            self._series[known, route, status] = series
        series[0].inc()
        series[1].observe(seconds)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self._registry)
