"""Who drives a server over HTTP: `Load.java`, or threads of Python where there is no Java to run it.

Both do the same calls over kept connections. Threads of Python share one interpreter lock and take five times the processor,
which slows the faster server down more than the slower one: they know no offered load, and no workers beside the starters.
"""

from __future__ import annotations

import http.client
import json
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import msgspec

from tests.benchmarks.models import EXTERNAL, MODELS, TOPIC, USER

PROGRAM = Path(__file__).with_name("Load.java")
# it does little and waits much: the second compiler and parallel collectors would cost more than they save
FLAGS = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m")
PROCESSES = {"user": USER, "external": EXTERNAL}


@dataclass(frozen=True)
class Form:
    """What is driven: "user" or "external" tasks, by `starters` connections that do everything, or by as many that start
    and `workers` others that fetch and complete. At a `rate`, that many starts are due each second, else each as soon as its
    connection is free."""

    name: str
    scenario: str
    starters: int
    workers: int = 0
    rate: float = 0.0


@dataclass(frozen=True)
class Driven:
    """What a run came to: how many instances in how many seconds; the calls but those that waited for work, and their mean;
    answers that were errors, by status; milliseconds that 50 and 99 of 100 completions took at most, and whole instances from
    the moment when their start was due; processor seconds of the client itself."""

    instances: int
    seconds: float
    calls: int
    errors: dict[str, int]
    call_ms: float
    complete_p50_ms: float
    complete_p99_ms: float
    instance_p50_ms: float
    instance_p99_ms: float
    own_seconds: float


class Driver(Protocol):
    """Runs instances against the server at a port, which has the models. Raises Failed where an answer is not expected."""

    def drive(self, port: int, form: Form, instances: int) -> Driven: ...


class Failed(RuntimeError):
    """An answer that is an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@cache
def missing() -> str | None:
    """Why the compiled client cannot run here; None where it can."""
    java = shutil.which("java")
    if java is None:
        return "there is no Java"
    modules = subprocess.run([java, "--list-modules"], capture_output=True, text=True, check=False).stdout
    compiler = re.search(r"^jdk\.compiler@(\d+)", modules, re.MULTILINE)
    return None if compiler and int(compiler[1]) >= 17 else "its Java is older than 17 or has no compiler"


@contextmanager
def driver() -> Iterator[Driver]:
    """The compiled client where it can run, else threads of Python."""
    if missing():
        yield Threads()
        return
    with subprocess.Popen(["java", *FLAGS, str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield Compiled(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()


class Compiled:
    """`Load.java`, one process for all runs: an order is a line to it, its answer a line from it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._orders, self._answers = process.stdin, process.stdout

    def drive(self, port: int, form: Form, instances: int) -> Driven:
        words = {
            "port": port,
            "scenario": form.scenario,
            "process": PROCESSES[form.scenario],
            "topic": TOPIC,
            "instances": instances,
            "starters": form.starters,
            "workers": form.workers,
            "rate": form.rate,
        }
        self._orders.write(" ".join(f"{name}={value}" for name, value in words.items()).encode() + b"\n")
        self._orders.flush()
        answer = json.loads(self._answers.readline() or b'{"failed": "Load.java has ended"}')
        if "failed" in answer:
            raise Failed(0, answer["failed"])
        return msgspec.convert(answer, Driven)


# ---------------------------------------------------------------- Python


class Client:
    """A kept connection to a server's REST API."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.calls = 0
        self.errors = 0
        self.completions: list[float] = []

    def call(self, method: str, path: str, body: Any = None) -> Any:
        self.calls += 1
        data = None if body is None else json.dumps(body).encode()
        self._connection.request(method, f"/engine-rest{path}", data, {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        answer = response.read()
        if response.status >= 300:
            self.errors += 1
            raise Failed(response.status, f"{method} {path}: {response.status} {answer[:300]!r}")
        return json.loads(answer) if answer else None

    def complete(self, path: str, body: Any) -> None:
        """A call whose time is kept for its own figure."""
        begun = time.perf_counter()
        self.call("POST", path, body)
        self.completions.append(1000 * (time.perf_counter() - begun))

    def deploy(self) -> None:
        edge = "benchmark-edge"
        parts = [f'--{edge}\r\nContent-Disposition: form-data; name="deployment-name"\r\n\r\nbenchmark\r\n'.encode()]
        for id_, model in MODELS.items():
            head = f'--{edge}\r\nContent-Disposition: form-data; name="{id_}"; filename="{id_}.bpmn"\r\n'
            parts += [head.encode(), b"Content-Type: application/octet-stream\r\n\r\n", model, b"\r\n"]
        body = b"".join([*parts, f"--{edge}--\r\n".encode()])
        self._connection.request(
            "POST", "/engine-rest/deployment/create", body, {"Content-Type": f"multipart/form-data; boundary={edge}"}
        )
        response = self._connection.getresponse()
        answer = response.read()
        if response.status >= 300:
            raise Failed(response.status, f"deployment: {response.status} {answer[:300]!r}")

    def close(self) -> None:
        self._connection.close()


def _user_task(client: Client) -> None:
    """start → task list → complete."""
    instance = client.call(
        "POST", f"/process-definition/key/{USER}/start", {"variables": {"n": {"value": 1, "type": "Integer"}}}
    )
    (task,) = client.call("GET", f"/task?processInstanceId={instance['id']}")
    client.complete(f"/task/{task['id']}/complete", {"variables": {"ok": {"value": True, "type": "Boolean"}}})


def _external_task(client: Client) -> None:
    """start → fetchAndLock → complete."""
    client.call(
        "POST", f"/process-definition/key/{EXTERNAL}/start", {"variables": {"n": {"value": 1, "type": "Integer"}}}
    )
    worker = f"w{threading.get_ident()}"
    topics = [{"topicName": TOPIC, "lockDuration": 60_000}]
    for _ in range(1000):
        wanted = {"workerId": worker, "maxTasks": 1, "topics": topics}
        try:
            found = client.call("POST", "/external-task/fetchAndLock", wanted)
        except Failed as failure:
            if failure.status != 500:
                raise
            continue  # Camunda 7's answer when another worker completes what it is about to give out
        if found:
            done = {"workerId": worker, "variables": {"ok": {"value": True, "type": "Boolean"}}}
            client.complete(f"/external-task/{found[0]['id']}/complete", done)
            return
    raise RuntimeError("no external task was given out")


SCENARIOS: dict[str, Callable[[Client], None]] = {"user": _user_task, "external": _external_task}


class Threads:
    """Threads of this process, as many as a form has starters."""

    def drive(self, port: int, form: Form, instances: int) -> Driven:
        if form.workers or form.rate:
            raise ValueError(f"{form.name}: it takes the compiled client to drive this")
        scenario = SCENARIOS[form.scenario]
        clients = [Client(port) for _ in range(form.starters)]
        spent: list[float] = []
        whole: list[float] = []
        failures: list[BaseException] = []

        def work(client: Client, share: int) -> None:
            begun = last = time.perf_counter()
            try:
                for _ in range(share):
                    scenario(client)
                    whole.append(1000 * (time.perf_counter() - last))
                    last = time.perf_counter()
            except BaseException as error:
                failures.append(error)
            finally:
                client.close()
            spent.append(last - begun)

        threads = [
            threading.Thread(
                target=work, args=(client, instances // form.starters + (place < instances % form.starters))
            )
            for place, client in enumerate(clients)
        ]
        begun, own = time.perf_counter(), time.process_time()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds, own = time.perf_counter() - begun, time.process_time() - own
        if failures:
            raise failures[0]
        calls, errors = sum(client.calls for client in clients), sum(client.errors for client in clients)
        completions = sorted(taken for client in clients for taken in client.completions)
        return Driven(
            instances=instances,
            seconds=seconds,
            calls=calls,
            errors={"500": errors} if errors else {},
            call_ms=1000 * sum(spent) / calls,
            complete_p50_ms=completions[len(completions) // 2],
            complete_p99_ms=completions[len(completions) * 99 // 100],
            instance_p50_ms=sorted(whole)[len(whole) // 2],
            instance_p99_ms=sorted(whole)[len(whole) * 99 // 100],
            own_seconds=own,
        )
