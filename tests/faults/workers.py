"""Torture of workers on both APIs: `make soak-workers`.

Jobs that end well, fail, throw, crash, outlast their lock or are cancelled under the handler's hands, mixed; in between the engine
goes away for a while and comes back. Nothing may be lost or done twice, and the worker must go on as if nothing had been.
"""

from __future__ import annotations

import argparse
import gc
import logging
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
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

KINDS = ("ok", "ok", "ok", "fail", "bpmn", "crash", "ok", "cancelled", "ok", "slow")
LOCK = 0.6

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
        extension='<extensionElements><zeebe:taskDefinition type="work" retries="5"/></extensionElements>',
    ),
}  # fmt: skip


@dataclass
class Report:
    """What was seen; `faults` is empty where all is well."""

    jobs: int
    seconds: float = 0.0
    resumed: float = 0.0
    lines: int = 0
    grown: float = 0.0
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

    def start(self, number: int) -> None:
        variables = {"n": number, "kind": KINDS[number % len(KINDS)]}
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

    def close(self) -> None:
        self.seven.close()
        self.eight.close()


def _successes() -> Flow[int]:
    answer = yield Request("GET", "/history/external-task-log/count", {"successLog": "true"})
    return int(answer.json()["count"])


def torture(api: str, jobs: int, away: float, folder: Path) -> Report:
    """One run. `away` is how long the engine is gone, in seconds."""
    report = Report(jobs)
    server = Server(folder)
    server.come()
    engine = Engine(api, server.url)
    try:
        engine.deploy()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(engine.start, range(jobs)))
        with _listening() as log:
            _work(engine, server, report, away, log)
    finally:
        engine.close()
        server.go()
    return report


def _work(engine: Engine, server: Server, report: Report, away: float, log: _Log) -> None:
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
    before = psutil.Process().memory_info().rss
    begun = time.monotonic()
    with worker:
        _wait(lambda: worker.status().completed >= report.jobs * 0.3, 600, "a third is never done")
        server.go(kill=True)
        _wait(lambda: not worker.status().connected, 30, "the outage goes unnoticed")
        time.sleep(away)
        report.lines = log.steps
        at = worker.status().completed
        server.come()
        back = time.monotonic()
        _wait(lambda: worker.status().completed > at, 60, "the worker does not go on")
        report.resumed = time.monotonic() - back
        _wait(lambda: engine.running() == 0 or engine.incidents() > 0, 1200, "instances are left over")
        _wait(lambda: worker.status().in_flight == 0, 30, "places are not given back")
    report.seconds = time.monotonic() - begun
    gc.collect()
    report.grown = (psutil.Process().memory_info().rss - before) / 2**20
    _judge(engine, worker.status(), report)


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
        f"{report.lines} lines about one outage": report.lines <= 3 * 20 + report.jobs // 100,
        f"memory grew by {report.grown:.0f} MB": report.grown < 40 + report.jobs / 250,
        f"{done} jobs were completed, not {good} or {good - thrown} (errors apart)": done in (good, good - thrown),
        "the worker knows of fewer ends than there were": status.completed + status.bpmn_errors
        >= report.jobs - cancelled,
    }
    report.faults = [fault for fault, good in checks.items() if not good]


class _Log(logging.Handler):
    """Counts the lines about back-off steps."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.steps += record.getMessage().startswith("Engine:")


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


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak-workers", description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--away", type=float, default=60.0, help="seconds that the engine is gone")
    parser.add_argument("--api", choices=("c7", "c8"), action="append")
    options = parser.parse_args()
    good = True
    for api in options.api or ("c7", "c8"):
        with tempfile.TemporaryDirectory(prefix="procession-torture-") as folder:
            report = torture(api, options.jobs, options.away, Path(folder))
        print(
            f"{api}: {report.jobs} jobs in {report.seconds:.0f} s, resumed after {report.resumed:.1f} s, "
            f"{report.lines} lines, {report.grown:+.0f} MB"
        )
        for fault in report.faults:
            print(f"  BROKEN: {fault}")
        good &= not report.faults
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
