"""Torture of workers on both APIs: `make soak-workers`.

Jobs that end well, fail, throw, crash, outlast their lock or are cancelled under the handler's hands, mixed; in between the engine
goes away for a while and comes back. Nothing may be lost or done twice, and the worker must go on as if nothing had been.
"""

from __future__ import annotations

import argparse
import gc
import logging
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from camunda_client.c7 import Camunda7Client
from camunda_client.c7 import Worker as Worker7
from camunda_client.c8 import Camunda8Client
from camunda_client.c8 import Worker as Worker8
from camunda_client.errors import CamundaError, NotFound
from camunda_client.protocol import Flow, Request
from camunda_client.worker import Backoff, BpmnError, TaskFailure
from tests.faults.stopping import JOBS, Stopped, stop_in_the_middle

PAGE = Path(__file__).resolve().parents[2] / "docs" / "conformance" / "workers.md"
KINDS = ("ok", "ok", "ok", "fail", "bpmn", "crash", "ok", "cancelled", "ok", "slow")
LOCK = 0.6
RETRIES = 5

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:modeler="http://camunda.org/schema/modeler/1.0"
    {platform} targetNamespace="torture">
  <error id="err" name="err" errorCode="E1"/>
  <process id="torture" isExecutable="true" {process}>
    <startEvent id="s"><outgoing>a</outgoing></startEvent><sequenceFlow id="a" sourceRef="s" targetRef="t"/>
    <serviceTask id="t" {task}>{extension}<incoming>a</incoming><outgoing>b</outgoing></serviceTask>
    <boundaryEvent id="caught" attachedToRef="t"><outgoing>c</outgoing><errorEventDefinition errorRef="err"/></boundaryEvent>
    <sequenceFlow id="b" sourceRef="t" targetRef="e"/><sequenceFlow id="c" sourceRef="caught" targetRef="e2"/>
    <endEvent id="e"><incoming>b</incoming></endEvent><endEvent id="e2"><incoming>c</incoming></endEvent>
  </process>
</definitions>"""

MODELS = {
    "c7": _HEAD.format(
        platform="", process='camunda:historyTimeToLive="P1D"', task='camunda:type="external" camunda:topic="work"',
        extension="",
    ),
    "c8": _HEAD.format(
        platform='modeler:executionPlatform="Camunda Cloud" modeler:executionPlatformVersion="8.6.0"', process="", task="",
        extension=f'<extensionElements><zeebe:taskDefinition type="work" retries="{RETRIES}"/></extensionElements>',
    ),
}  # fmt: skip


@dataclass
class Report:
    """What was seen; `faults` is empty where all is well. Times in seconds, memory in MiB.

    `steps` are the attempts that the lines about the outage name, `resumed` is from the engine's first answer to the
    worker's next completion; memory `grew` from the worker's start to its end, and `later` from the outage's end on.
    """

    jobs: int
    away: float
    seconds: float = 0.0
    resumed: float = 0.0
    steps: list[int] = field(default_factory=list)
    grew: float = 0.0
    later: float = 0.0
    books: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    stopped: Stopped | None = None
    faults: list[str] = field(default_factory=list)


class Server:
    """Procession on a SQLite file, in a process of its own that can go away and come back at the same address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self._port = int(one.getsockname()[1])
        self.url = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def come(self) -> None:
        command = [str(Path(sys.executable).with_name("procession")), "serve", "--port", str(self._port)]
        command += ["--database", f"sqlite:///{self._folder / 'torture.db'}", "--log-level", "ERROR"]
        self._process = subprocess.Popen(command, cwd=self._folder, stdout=subprocess.DEVNULL)
        end = time.monotonic() + 60
        with Camunda7Client(self.url) as probe:
            while True:
                try:
                    probe.version()
                    return
                except CamundaError:
                    assert time.monotonic() < end, "the server does not start"
                    time.sleep(0.1)

    def go(self, *, kill: bool = False) -> None:
        if self._process is None:
            return
        if kill:
            self._process.kill()
        else:
            self._process.terminate()
        self._process.wait()
        self._process = None


class Engine:
    """The few things the torture asks of an engine, by either API."""

    def __init__(self, api: str, url: str) -> None:
        self.api = api
        self.seven = Camunda7Client(url)
        self.eight = Camunda8Client(url)

    def deploy(self) -> None:
        if self.api == "c7":
            self.seven.deploy({"torture.bpmn": MODELS["c7"].encode()}, name="torture")
        else:
            self.eight.deploy_resources({"torture.bpmn": MODELS["c8"]})

    def start(self, number: int, kind: str | None = None) -> None:
        variables = {"n": number, "kind": kind or KINDS[number % len(KINDS)]}
        if self.api == "c7":
            self.seven.start_process("torture", variables)
        else:
            self.eight.create_process_instance(process_definition_id="torture", variables=variables)

    def cancel(self, job: Any) -> None:
        try:
            if self.api == "c7":
                self.seven.delete_process_instance(job.process_instance_id)
            else:
                self.eight.cancel_process_instance(job.process_instance_key)
        except NotFound:
            return  # cancelled when the handler ran before, and the answer was lost

    def running(self) -> int:
        if self.api == "c7":
            return self.seven.count_process_instances()
        return self.eight.search_process_instances(state="ACTIVE", limit=1).page.total_items

    def incidents(self) -> int:
        if self.api == "c7":
            return len(self.seven.incidents())
        return self.eight.search_incidents(state="ACTIVE", limit=1).page.total_items

    def ended(self) -> Counter[str]:
        """How many instances ended in which way."""
        if self.api == "c7":
            rows = self.seven.historic_process_instances()
            return Counter("cancelled" if (row.state or "").endswith("TERMINATED") else "completed" for row in rows)
        states = (("COMPLETED", "completed"), ("TERMINATED", "cancelled"))
        return Counter(
            {name: self.eight.search_process_instances(state=state, limit=1).page.total_items for state, name in states}
        )

    def done(self) -> int:
        """How many jobs were completed, in the engine's own books."""
        if self.api == "c8":
            return self.eight.search_jobs(state="COMPLETED", limit=1).page.total_items
        return self.seven.drive(_successes())

    def untried(self) -> int:
        """How many jobs another worker gets at once that have not been tried yet."""
        if self.api == "c7":
            topic = {"topicName": "work", "lockDuration": 1000}
            return sum(task.retries is None for task in self.seven.fetch_and_lock("other", [topic], max_tasks=100))
        jobs = self.eight.activate_jobs("work", "other", 1000, 100, request_timeout=-1).jobs
        return sum(job.retries == RETRIES for job in jobs)

    def close(self) -> None:
        self.seven.close()
        self.eight.close()


def _successes() -> Flow[int]:
    answer = yield Request("GET", "/history/external-task-log/count", {"successLog": "true"})
    return int(answer.json()["count"])


def torture(api: str, jobs: int, away: float, folder: Path) -> Report:
    """One run. `away` is how long the engine is gone, in seconds."""
    report = Report(jobs, away)
    server = Server(folder)
    server.come()
    engine = Engine(api, server.url)
    try:
        engine.deploy()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(engine.start, range(jobs)))
        with _listening() as log:
            _work(engine, server, report, log)
        report.stopped = stop_in_the_middle(engine, server.url)
        report.faults += report.stopped.faults()
    finally:
        engine.close()
        server.go()
    return report


def _work(engine: Engine, server: Server, report: Report, log: _Log) -> None:
    soon = Backoff(first=0.05, longest=0.2)
    options: dict[str, Any] = {"lock_duration": LOCK, "poll_timeout": 0.5, "retry_backoff": soon, "max_tasks": 32}
    worker: Any = Worker8(server.url, **options) if engine.api == "c8" else Worker7(server.url, retries=6, **options)
    seen: set[int] = set()
    lock = threading.Lock()

    def work(job) -> dict[str, int]:  # type: ignore[no-untyped-def]
        number, kind = job.variables["n"], job.variables["kind"]
        with lock:
            again = number in seen
            seen.add(number)
        match kind:
            case "fail" if not again:
                raise TaskFailure("not yet")
            case "crash" if not again:
                raise ZeroDivisionError("by nothing")
            case "bpmn":
                raise BpmnError("E1", "as planned", {"caught": number})
            case "slow":
                time.sleep(LOCK * 2.2)
            case "cancelled":
                engine.cancel(job)
        return {"done": number}

    worker.subscribe("work", work)
    before = _memory()
    begun = time.monotonic()
    with worker:
        _wait(lambda: worker.status().completed >= report.jobs * 0.3, 600, "a third is never done")
        server.go(kill=True)
        _wait(lambda: not worker.status().connected, 30, "the outage goes unnoticed")
        time.sleep(report.away)
        report.steps = list(log.steps)
        at = worker.status().completed
        server.come()
        back = time.monotonic()
        _wait(lambda: worker.status().completed > at, 60, "the worker does not go on")
        report.resumed = time.monotonic() - back
        middle = _memory()
        _wait(lambda: engine.running() == 0 or engine.incidents() > 0, 1200, "instances are left over")
        _wait(lambda: worker.status().in_flight == 0, 30, "places are not given back")
    report.seconds = time.monotonic() - begun
    report.grew, report.later = _memory() - before, _memory() - middle
    _judge(engine, worker.status(), report)


def _memory() -> float:
    gc.collect()
    return float(psutil.Process().memory_info().rss) / 2**20


def _judge(engine: Engine, status: Any, report: Report) -> None:
    cancelled = sum(KINDS[number % len(KINDS)] == "cancelled" for number in range(report.jobs))
    thrown = sum(KINDS[number % len(KINDS)] == "bpmn" for number in range(report.jobs))
    ended = engine.ended()
    done, good = engine.done(), report.jobs - cancelled
    expected = Counter(completed=report.jobs - cancelled, cancelled=cancelled)
    checks = {
        f"instances ended as {dict(ended)}, not as {dict(expected)}": ended == expected,
        f"{engine.running()} instances are lost": engine.running() == 0,
        f"there are {engine.incidents()} incidents": engine.incidents() == 0,
        f"{status.in_flight} jobs are in flight for ever": status.in_flight == 0,
        f"resumed after {report.resumed:.1f} s": report.resumed < 5,
        f"lines about one outage, by their attempts: {report.steps}": report.steps
        == list(range(2, len(report.steps) + 2)),
        f"memory grew by {report.grew:.0f} MiB, by {report.later:.0f} after the outage": max(report.grew, report.later)
        < 24,
        f"{done} jobs were completed, not {good} or {good - thrown} (errors apart)": done in (good, good - thrown),
        "the worker knows of fewer ends than there were": status.completed + status.bpmn_errors
        >= report.jobs - cancelled,
    }
    report.books = {"jobs completed": done, "instances cancelled": ended["cancelled"]}
    report.counts = {
        "completed": status.completed, "BPMN errors": status.bpmn_errors, "failed, tried again": status.failed,
        "no longer its own": status.lost,
    }  # fmt: skip
    report.faults = [fault for fault, good in checks.items() if not good]


class _Log(logging.Handler):
    """Keeps which attempts the lines about the engine announce: one line for each back-off step."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[int] = []

    def emit(self, record: logging.LogRecord) -> None:
        found = re.match(r"Engine: .*; attempt (\d+) in ", record.getMessage())
        if found:
            self.steps.append(int(found[1]))


@contextmanager
def _listening() -> Iterator[_Log]:
    log, own = logging.getLogger("camunda_client.worker"), _Log()
    log.addHandler(own)
    before = log.propagate
    log.propagate = False
    try:
        yield own
    finally:
        log.removeHandler(own)
        log.propagate = before


def _wait(condition: Any, seconds: float, otherwise: str) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(otherwise)
        time.sleep(0.02)


def page(reports: Mapping[str, Report]) -> Iterator[str]:
    """docs/conformance/workers.md, line by line."""
    names = {"c7": "Camunda 7, external tasks", "c8": "Camunda 8, jobs"}
    yield "# Torture of workers"
    yield ""
    yield "Written by `make soak-workers ARGS=--write`, not by hand. One worker with 32 places and locks of "
    yield f"{LOCK:g} s; of ten jobs five end well, one fails and one crashes at first, one throws a BPMN error, one is"
    yield "cancelled while its handler runs, one lasts twice as long as its lock. When a third is done the engine is"
    yield "killed, and comes back later. What is counted is what the engine's history says. Then a worker process with"
    yield f"{JOBS} jobs, half of which never end, is told to stop (SIGTERM)."
    yield ""
    yield "| | " + " | ".join(names[api] for api in reports) + " |"
    yield "|---|" + "---|" * len(reports)

    def listed(counts: Mapping[str, int]) -> str:
        return ", ".join(f"{name} {count:,}" for name, count in counts.items())

    rows: list[tuple[str, Callable[[Report], object]]] = [
        ("jobs", lambda one: f"{one.jobs:,}"),
        ("seconds, the outage among them", lambda one: f"{one.seconds:.0f}"),
        ("the engine was away, s", lambda one: f"{one.away:g}"),
        ("resumed after its first answer, s", lambda one: f"{one.resumed:.1f}"),
        ("lines about the outage, one for each attempt", lambda one: len(one.steps)),
        ("in the engine's books", lambda one: listed(one.books)),
        ("in the worker's (not its own: cancelled, or its lock ran out)", lambda one: listed(one.counts)),
        (
            "memory of the worker, MiB: at the end, and since the outage",
            lambda one: f"{one.grew:+.0f}, {one.later:+.0f}",
        ),
        ("SIGTERM: exit code, seconds", lambda one: one.stopped and f"{one.stopped.code}, {one.stopped.seconds:.1f}"),
        (
            "SIGTERM: finished within the grace, given back untried",
            lambda one: one.stopped and f"{one.stopped.finished}, {one.stopped.returned}",
        ),
        ("lost, done twice, left over", lambda one: "; ".join(one.faults) or "nothing"),
    ]
    for name, told in rows:
        yield f"| {name} | " + " | ".join(str(told(report)) for report in reports.values()) + " |"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak-workers", description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--away", type=float, default=60.0, help="seconds that the engine is gone")
    parser.add_argument("--api", choices=("c7", "c8"), action="append")
    parser.add_argument("--write", action="store_true", help="keep what came out in docs/conformance/workers.md")
    options = parser.parse_args()
    reports: dict[str, Report] = {}
    for api in options.api or ("c7", "c8"):
        with tempfile.TemporaryDirectory(prefix="procession-torture-") as folder:
            report = reports[api] = torture(api, options.jobs, options.away, Path(folder))
        print(
            f"{api}: {report.jobs} jobs in {report.seconds:.0f} s, resumed after {report.resumed:.1f} s, "
            f"{len(report.steps)} lines, {report.grew:+.0f} MiB; {report.books}; {report.counts}; {report.stopped}",
            flush=True,
        )
        for fault in report.faults:
            print(f"  BROKEN: {fault}", flush=True)
    if options.write:
        PAGE.write_text("\n".join(page(reports)) + "\n", encoding="utf-8")
    return 0 if not any(report.faults for report in reports.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
