"""A server as its clients meet it: REST calls over kept connections, and what they cost server and database.

The same client drives Procession and Camunda 7. A client takes time of the same processors: it is told apart, and the first
figure is not the rate but the processor time of server and database per process instance.
"""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg

from tests import postgres
from tests.benchmarks.figures import cpu_seconds, figure, memory_mib
from tests.benchmarks.load import Client, Driver, Form, missing

START_SECONDS = 240.0
Tell = Callable[[str], None]
WHOLE = "processor ms of server and database per instance"
RATE = "instances per second"
SLOWEST = "ms of 99 % of completions at most"
SHARED = Form("external task, 8 starters and 4 workers", "external", 8, 4)
MANY = Form("user task, 64 clients", "user", 64)
RESERVE = 0.6
"""The share of the slowest server's rate that is offered to all."""
OFFERED_STARTERS = 32
"""So many connections that a start waits for none of them."""
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


def forms(clients: int) -> list[Form]:
    """What is driven at full speed."""
    found = [Form("user task", "user", clients), Form("external task", "external", clients)]
    return found if missing() else [*found, SHARED, MANY]


def offered(at_full_speed: Mapping[str, Any], rate: float) -> list[Form]:
    """What is driven at an offered load: `rate` starts a second, or so many that the slowest server still has reserves."""
    if missing():
        return []
    return [
        replace(form, rate=rate or float(round(RESERVE * _slowest(at_full_speed, form.name))))
        for form in (Form("user task", "user", OFFERED_STARTERS), SHARED)
    ]


def _slowest(found: Mapping[str, Any], form: str) -> float:
    return float(min(row[RATE].median for name, row in found.items() if name.partition(", ")[2] == form))


def warm_up(
    driver: Driver, targets: list[Target], forms: list[Form], instances: int, peer: int, tell: Tell
) -> dict[tuple[str, str], float]:
    """Deploys the models and drives all servers without counting: `instances` of each form, a `peer` more. Gives how many
    instances a second each then does, by server and form."""
    rates: dict[tuple[str, str], float] = {}
    for target in targets:
        client = Client(target.port)
        client.deploy()
        client.close()
        for form in forms:
            tell(f"  warming up {target.name}")
            # a just-in-time compiler needs thousands of calls before it is at its best
            driver.drive(target.port, form, peer if "Camunda" in target.name else min(instances, peer))
            rates[target.name, form.name] = instances / driver.drive(target.port, form, instances).seconds
    return rates


def measure(
    driver: Driver,
    targets: list[Target],
    forms: list[Form],
    instances: Callable[[Target, Form], int],
    rounds: int,
    tell: Tell,
) -> dict[str, Any]:
    """All forms on all servers in turn, `rounds` times over; figures by server and form."""
    runs: dict[str, list[dict[str, float]]] = {
        f"{target.name}, {form.name}": [] for target in targets for form in forms
    }
    for round_ in range(rounds):
        for form in forms:
            for target in targets:
                tell(f"  round {round_ + 1} of {rounds}: {form.name}, {target.name}")
                runs[f"{target.name}, {form.name}"].append(sample(driver, target, form, instances(target, form)))
    return {name: {column: figure(run[column] for run in found) for column in found[0]} for name, found in runs.items()}


def sample(driver: Driver, target: Target, form: Form, instances: int) -> dict[str, float]:
    """One run's figures, by the column that shows them."""
    before = target.written()
    server, database = target.cpu()
    driven = driver.drive(target.port, form, instances)
    after = target.cpu()
    server, database = (after[0] - server) * 1000 / instances, (after[1] - database) * 1000 / instances
    log, transactions, rows = ((now - then) / instances for now, then in zip(target.written(), before, strict=True))
    return {
        WHOLE: server + database,
        "processor ms of the server per instance": server,
        "processor ms of the database per instance": database,
        "starts per second, offered": form.rate,
        RATE: instances / driven.seconds,
        "ms per call": driven.call_ms,
        "ms of 50 % of completions at most": driven.complete_p50_ms,
        SLOWEST: driven.complete_p99_ms,
        "ms of 99 % of instances at most": driven.instance_p99_ms,
        "error answers per 1,000 instances": sum(driven.errors.values()) * 1000 / instances,
        "processor ms of the client per instance": driven.own_seconds * 1000 / instances,
        "KiB of write-ahead log per instance": log,
        "transactions per instance": transactions,
        "rows written per instance": rows,
    }


# ---------------------------------------------------------------- servers


@contextmanager
def procession(
    name: str, url: str, database: int | None = None, processes: int = 1, under: Sequence[str] = ()
) -> Iterator[Target]:
    """`procession serve` on a database, until the block ends; `under` a program that runs it."""
    port = free_port()
    command = [*under, sys.executable, "-c", "from procession.cli.app import main; main()", "serve"]
    command += ["--database", url, "--port", str(port), "--log-level", "WARNING", "--workers", str(processes)]
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
