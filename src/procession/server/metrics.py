"""What Prometheus may read at `/metrics`: requests by route and status, their duration, and what runs."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from math import inf

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class _Series:
    """The requests of one method, route and status: seconds they took in all, and how many took so long."""

    __slots__ = ("seconds", "within")

    def __init__(self) -> None:
        self.seconds = 0.0
        self.within = [0] * len(_LIMITS)


class _Requests(Collector):
    """Requests and their duration. One event loop observes them all, so that nothing is locked (who reads them in another thread
    may see one of two numbers of a request earlier): prometheus_client's own counters take longer than many an endpoint."""

    def __init__(self) -> None:
        self._series: dict[tuple[str, str, int], _Series] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts one."""
        series = self._series.get((method, route, status))
        if series is None:
            series = self._series[method, route, status] = _Series()
        series.seconds += seconds
        series.within[bisect_left(_LIMITS, seconds)] += 1

    def collect(self) -> Iterator[Metric]:
        """A counter by method, route and status, a histogram by method and route."""
        requests, duration = self.describe()
        whole: dict[tuple[str, str], list[_Series]] = {}
        for (method, route, status), series in sorted(self._series.items()):
            requests.add_metric([method, route, str(status)], sum(series.within))
            whole.setdefault((method, route), []).append(series)
        for labels, those in whole.items():
            counts = list(accumulate(map(sum, zip(*(series.within for series in those), strict=True))))
            buckets = list(zip(_NAMES, counts, strict=True))
            duration.add_metric(labels, buckets, sum_value=sum(series.seconds for series in those))
        yield from (requests, duration)

    def describe(self) -> tuple[CounterMetricFamily, HistogramMetricFamily]:
        """Both, with nothing in them."""
        return (
            CounterMetricFamily("procession_http_requests", "Requests answered", labels=["method", "route", "status"]),
            HistogramMetricFamily("procession_http_request_seconds", "Seconds per request", labels=["method", "route"]),
        )


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


_LIMITS = Histogram.DEFAULT_BUCKETS
_NAMES = ["+Inf" if limit == inf else repr(limit) for limit in _LIMITS]
_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"})


class Metrics:
    """The registry of one server. Nothing here is global: two servers in one process do not meet."""

    def __init__(
        self,
        count: Callable[[], Mapping[str, int] | None],
        state: Callable[[], Mapping[str, float]] = dict,
    ) -> None:
        self._registry = CollectorRegistry()
        self._requests = _Requests()
        self._registry.register(self._requests)
        self._registry.register(_Running(count))
        self._registry.register(_Inner(state))

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts one request. `route` is the template, never the path, so that there are not endlessly many series."""
        self._requests.observe(method if method in _METHODS else "other", route, status, seconds)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self._registry)
