"""A server as its clients meet it: REST calls over kept connections, and what they cost server and database.

The same client drives Procession and Camunda 7. A client takes time of the same processors, so the first figure is not the
rate but the processor time of server and database per process instance.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests import postgres
from tests.benchmarks.figures import cpu_seconds, figure, memory_mib
from tests.benchmarks.models import EXTERNAL, MODELS, TOPIC, USER

START_SECONDS = 240.0
ORACLE = Path(__file__).resolve().parents[3] / "shared" / "oracle" / "camunda7"


@dataclass
class Target:
    """A server that runs: its port, its process, and the process of its database where that is another one."""

    name: str
    port: int
    pid: int
    database: int | None = None
    url: str = ""

    def written(self) -> tuple[float, float, float]:
        """KiB of write-ahead log, transactions and statements' rows so far, of a PostgreSQL that is this target's alone."""
        if not self.url.startswith("postgresql"):
            return 0.0, 0.0, 0.0
        time.sleep(1.1)  # PostgreSQL's sessions report their counts once a second
        with psycopg.connect(self.url) as connection:
            row = connection.execute(
                "SELECT (pg_current_wal_lsn() - '0/0'::pg_lsn) / 1024, xact_commit, tup_inserted + tup_updated + tup_deleted "
                "FROM pg_stat_database WHERE datname = current_database()"
            ).fetchone()
        assert row is not None
        return float(row[0]), float(row[1]), float(row[2])

    def cpu(self) -> tuple[float, float]:
        """Processor seconds of the server and of its database so far."""
        return cpu_seconds(self.pid), 0.0 if self.database is None else cpu_seconds(self.database)


class Failed(RuntimeError):
    """An answer that is an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Client:
    """A kept connection to a server's REST API."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.completions: list[float] = []

    def call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        self._connection.request(method, f"/engine-rest{path}", data, {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        answer = response.read()
        if response.status >= 300:
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


def user_task(client: Client) -> int:
    """start → task list → complete; how many calls."""
    instance = client.call(
        "POST", f"/process-definition/key/{USER}/start", {"variables": {"n": {"value": 1, "type": "Integer"}}}
    )
    (task,) = client.call("GET", f"/task?processInstanceId={instance['id']}")
    client.complete(f"/task/{task['id']}/complete", {"variables": {"ok": {"value": True, "type": "Boolean"}}})
    return 3


def external_task(client: Client) -> int:
    """start → fetchAndLock → complete; how many calls."""
    client.call(
        "POST", f"/process-definition/key/{EXTERNAL}/start", {"variables": {"n": {"value": 1, "type": "Integer"}}}
    )
    worker = f"w{threading.get_ident()}"
    topics = [{"topicName": TOPIC, "lockDuration": 60_000}]
    for tries in range(1, 1000):
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
            return 2 + tries
    raise RuntimeError("no external task was given out")


SCENARIOS: dict[str, Callable[[Client], int]] = {"user task": user_task, "external task": external_task}


@dataclass
class Samples:
    """What the runs of one scenario on one server gave."""

    rate: list[float] = field(default_factory=list)
    latency: list[float] = field(default_factory=list)
    server: list[float] = field(default_factory=list)
    database: list[float] = field(default_factory=list)
    both: list[float] = field(default_factory=list)
    client: list[float] = field(default_factory=list)
    slowest: list[float] = field(default_factory=list)
    log: list[float] = field(default_factory=list)
    transactions: list[float] = field(default_factory=list)
    rows: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        return {
            "processor ms of server and database per instance": figure(self.both),
            "processor ms of the server per instance": figure(self.server),
            "processor ms of the database per instance": figure(self.database),
            "instances per second": figure(self.rate),
            "ms per call": figure(self.latency),
            "ms of 99 % of completions at most": figure(self.slowest),
            "processor ms of the client per instance": figure(self.client),
            "KiB of write-ahead log per instance": figure(self.log),
            "transactions per instance": figure(self.transactions),
            "rows written per instance": figure(self.rows),
        }


def measure(
    targets: list[Target], instances: int, rounds: int, clients: int, warm_up: int, tell: Callable[[str], None]
) -> dict[str, Any]:
    """All servers and scenarios in turn, `rounds` times over. Runs before the first one are not counted."""
    for target in targets:
        client = Client(target.port)
        client.deploy()
        client.close()
        for scenario in SCENARIOS.values():
            tell(f"  warming up {target.name}")
            # a just-in-time compiler needs thousands of calls before it is at its best
            _drive(target, scenario, warm_up if "Camunda" in target.name else min(instances, warm_up), clients)
    samples = {(target.name, name): Samples() for target in targets for name in SCENARIOS}
    for round_ in range(rounds):
        for name, scenario in SCENARIOS.items():
            for target in targets:
                tell(f"  round {round_ + 1} of {rounds}: {name}, {target.name}")
                _sample(target, scenario, instances, clients, samples[target.name, name])
    return {f"{target}, {name}": found.figures() for (target, name), found in samples.items()}


def _sample(target: Target, scenario: Callable[[Client], int], instances: int, clients: int, samples: Samples) -> None:
    before = target.written()
    server, database = target.cpu()
    wall, own = time.perf_counter(), time.process_time()
    calls, spent, completions = _drive(target, scenario, instances, clients)
    wall, own = time.perf_counter() - wall, time.process_time() - own
    after = target.cpu()
    server, database = (after[0] - server) * 1000 / instances, (after[1] - database) * 1000 / instances
    samples.rate.append(instances / wall)
    samples.latency.append(spent * 1000 / calls)
    samples.server.append(server)
    samples.database.append(database)
    samples.both.append(server + database)
    samples.client.append(own * 1000 / instances)
    written = [(now - then) / instances for now, then in zip(target.written(), before, strict=True)]
    for kept, value in zip((samples.log, samples.transactions, samples.rows), written, strict=True):
        kept.append(value)
    samples.slowest.append(sorted(completions)[int(0.99 * len(completions))])


def _drive(
    target: Target, scenario: Callable[[Client], int], instances: int, clients: int
) -> tuple[int, float, list[float]]:
    """Runs instances from several clients; how many calls, the seconds that clients spent on them in all, and the
    milliseconds of each completion."""
    totals: list[tuple[int, float]] = []
    completions: list[float] = []
    failures: list[BaseException] = []

    def work(share: int) -> None:
        client = Client(target.port)
        begun = time.perf_counter()
        try:
            calls = sum(scenario(client) for _ in range(share))
        except BaseException as error:
            failures.append(error)
            return
        finally:
            client.close()
        totals.append((calls, time.perf_counter() - begun))
        completions.extend(client.completions)

    shares = [instances // clients + (place < instances % clients) for place in range(clients)]
    threads = [threading.Thread(target=work, args=(share,)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return sum(calls for calls, _ in totals), sum(seconds for _, seconds in totals), completions


# ---------------------------------------------------------------- servers


@contextmanager
def procession(name: str, url: str, database: int | None = None) -> Iterator[Target]:
    """`procession serve` on a database, until the block ends."""
    port = free_port()
    command = [sys.executable, "-c", "from procession.cli.app import main; main()", "serve"]
    command += ["--database", url, "--port", str(port), "--log-level", "WARNING"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=os.sep)
    try:
        await_answer(port, process)
        yield Target(name, port, process.pid, database, url)
    finally:
        process.terminate()
        process.wait(30)


def oracle_missing() -> str | None:
    """Why the real Camunda 7 cannot run here; None where it can."""
    if not ORACLE.is_dir():
        return "shared/oracle/camunda7 is not beside this checkout"
    return None if shutil.which("java") else "there is no Java"


@contextmanager
def camunda7(server: postgres.Server, folder: Path) -> Iterator[Target]:
    """The real Camunda 7 on a database of the same PostgreSQL, as fast as its JVM can be, until the block ends."""
    copy, port = folder / "camunda7", free_port()
    shutil.copytree(ORACLE, copy)
    url = server.create_database()
    user, password, host, database = re.fullmatch(r"postgresql://(\w+):(\w+)@([^/]+)/(\w+)", url).groups()  # type: ignore[union-attr]
    jdbc = f"jdbc:postgresql://{host}/{database}?user={user}&password={password}"
    state = folder / "state"
    state.mkdir()
    options = ["--port", str(port), "--db", jdbc, "--full-speed", "--detach", "--state-dir", str(state)]
    subprocess.run(["./run", *options], cwd=copy, check=True, stdout=subprocess.DEVNULL, timeout=900)
    try:
        (pid_file,) = state.glob("*.pid")
        yield Target("Camunda 7 on PostgreSQL", port, int(pid_file.read_text()), server.pid, url)
    finally:
        stop = ["./stop", "--port", str(port), "--state-dir", str(state)]
        subprocess.run(stop, cwd=copy, check=True, stdout=subprocess.DEVNULL, timeout=120)
        server.drop_database(url)


def await_answer(port: int, process: subprocess.Popen[bytes]) -> None:
    """Waits until a server answers."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            client = Client(port)
            client.call("GET", "/version")
            client.close()
            return
        except (OSError, http.client.HTTPException, RuntimeError):
            if process.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.01)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def starting(url: str, rounds: int) -> dict[str, Any]:
    """Seconds from the start of `procession serve` on an existing database to its first answer, and its memory."""
    seconds, cpu, memory = [], [], []
    for _ in range(rounds):
        begun = time.perf_counter()
        with procession("starting", url) as target:
            seconds.append(time.perf_counter() - begun)
            cpu.append(cpu_seconds(target.pid))
            memory.append(memory_mib(target.pid))
    return {
        "seconds to the first answer": figure(seconds),
        "processor seconds to the first answer": figure(cpu),
        "resident memory, MiB": figure(memory),
    }
