"""Our workers beside other Python clients of Camunda: `make bench-workers`.

Each client runs in an environment of its own below `build/bench-workers/`, set up on first use. Two servers: Procession with
work prepared (jobs per second at each client's defaults), and one of canned answers (processor time per job at each client's
best settings, and jobs per second where the server is no limit). Figures are medians of rounds in which all clients ran in turn;
they are printed and, with `--write`, kept in `docs/explanation/performance/workers.md`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from camunda_client.c7 import Camunda7Client
from camunda_client.c8 import Camunda8Client
from camunda_client.errors import CamundaError
from tests.benchmarks.figures import cpu_seconds, figure

ROOT = Path(__file__).resolve().parents[2]
PEERS = Path(__file__).with_name("worker_peers")
BUILD = ROOT / "build" / "bench-workers"
PAGE = ROOT / "docs" / "explanation" / "performance" / "workers.md"

MODEL7 = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    targetNamespace="bench">
  <process id="bench7" isExecutable="true" camunda:historyTimeToLive="P1D">
    <startEvent id="s"/><sequenceFlow id="a" sourceRef="s" targetRef="t"/>
    <serviceTask id="t" camunda:type="external" camunda:topic="work"/>
    <sequenceFlow id="b" sourceRef="t" targetRef="e"/><endEvent id="e"/>
  </process>
</definitions>"""

MODEL8 = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
    xmlns:modeler="http://camunda.org/schema/modeler/1.0" modeler:executionPlatform="Camunda Cloud"
    modeler:executionPlatformVersion="8.6.0" targetNamespace="bench">
  <process id="bench8" isExecutable="true">
    <startEvent id="s"/><sequenceFlow id="a" sourceRef="s" targetRef="t"/>
    <serviceTask id="t"><extensionElements><zeebe:taskDefinition type="work"/></extensionElements></serviceTask>
    <sequenceFlow id="b" sourceRef="t" targetRef="e"/><endEvent id="e"/>
  </process>
</definitions>"""


@dataclass(frozen=True)
class Client:
    """One client: its program, what its environment needs, which API it speaks."""

    name: str
    program: str
    api: str
    packages: tuple[str, ...] = ()


OURS = {
    "c7": Client("procession-client", "ours_c7.py", "c7"),
    "c8": Client("procession-client", "ours_c8.py", "c8"),
}
OTHERS = [
    Client("c8-client 8.7.2", "c8_client.py", "c8", ("c8-client==8.7.2",)),
    Client("camunda-orchestration-sdk 10.0.1", "official_sdk.py", "c8", ("camunda-orchestration-sdk==10.0.1",)),
    Client(
        "camunda-external-task-client-python3 4.5.0", "c7_client.py", "c7",
        ("camunda-external-task-client-python3==4.5.0", "pydantic", "httpx"),
    ),
]  # fmt: skip


@dataclass(frozen=True)
class Run:
    """What one run of a client came to. `cpu` and `server` are seconds of processor time: the client's, the server's."""

    jobs: int
    seconds: float
    cpu: float
    server: float

    @property
    def rate(self) -> float:
        """Jobs per second."""
        return (self.jobs - 1) / self.seconds if self.jobs > 1 else 0.0

    @property
    def cost(self) -> float:
        """Microseconds of the client's processor time for each job."""
        return self.cpu / max(self.jobs, 1) * 1e6

    @property
    def served(self) -> float:
        """Microseconds of the server's processor time for each job."""
        return self.server / max(self.jobs, 1) * 1e6


@dataclass(frozen=True)
class Case:
    """What is compared: a client with handlers of so many milliseconds, at its defaults or at its best settings."""

    client: Client
    handler_ms: int
    settings: str


def python_of(client: Client) -> str:
    """The client's interpreter; its environment is made on first use."""
    if not client.packages:
        return sys.executable
    home = BUILD / Path(client.program).stem
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        print(f"setting up {client.name} …", flush=True)
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *client.packages], check=True)
        (home / "ready").touch()
    return str(python)


def run(case: Case, server: Server, jobs: int, limit: float) -> Run:
    """One run of a client."""
    client = case.client
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CAMUNDA_", "ZEEBE_"))}
    environment["BENCH_TOKEN_URL"] = f"{server.url}/oauth/token"
    if client.packages:  # a package of another client's bears the name of ours
        environment.pop("PYTHONPATH", None)
    program = [python_of(client), str(PEERS / client.program), server.url, str(jobs), str(case.handler_ms)]
    before = cpu_seconds(server.pid)
    ended = subprocess.run(
        [*program, case.settings, str(limit)],
        cwd=BUILD, env=environment, capture_output=True, text=True, timeout=limit + 60, check=False,
    )  # fmt: skip
    spent = cpu_seconds(server.pid) - before
    lines = [line for line in ended.stdout.splitlines() if line.startswith('{"jobs"')]
    if not lines:
        raise RuntimeError(f"{client.name} ended with {ended.returncode}: {ended.stderr[-2000:]}")
    told = json.loads(lines[-1])
    return Run(told["jobs"], told["seconds"], told["cpu"], spent)


@dataclass(frozen=True)
class Server:
    """A server in a process of its own."""

    url: str
    pid: int


@contextmanager
def canned() -> Iterator[Server]:
    """The server of canned answers."""
    with subprocess.Popen([sys.executable, str(PEERS / "canned.py")], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Server(f"http://127.0.0.1:{process.stdout.readline().strip()}", process.pid)
        finally:
            process.terminate()


@contextmanager
def procession(jobs: int, api: str) -> Iterator[Server]:
    """Procession on SQLite, with so many jobs to give."""
    home = BUILD / "server"
    home.mkdir(parents=True, exist_ok=True)
    for old in home.glob("bench.db*"):
        old.unlink()
    port = _free_port()
    command = [str(Path(sys.executable).with_name("procession")), "serve", "--port", str(port), "--log-level", "ERROR"]
    command += ["--database", f"sqlite:///{home / 'bench.db'}"]
    with subprocess.Popen(command, cwd=home, stdout=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            _await(url, process)
            _fill(url, jobs, api)
            yield Server(url, process.pid)
        finally:
            process.terminate()


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    with Camunda8Client(url) as probe:
        while True:
            try:
                probe.get_cluster_topology()
                return
            except CamundaError:
                if process.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.2)


def _fill(url: str, jobs: int, api: str) -> None:
    if api == "c8":
        with Camunda8Client(url) as eight:
            eight.deploy_resources({"bench8.bpmn": MODEL8})
            for _ in range(jobs):
                eight.create_process_instance(process_definition_id="bench8")
    else:
        with Camunda7Client(url) as seven:
            seven.deploy({"bench7.bpmn": MODEL7.encode()}, name="bench7")
            for _ in range(jobs):
                seven.start_process("bench7")


def _free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def import_seconds(module: str, rounds: int = 7) -> float:
    """Milliseconds that `import module` takes in a fresh interpreter, beyond the interpreter itself: the least of some rounds."""
    program = f"import time; a = time.perf_counter(); import {module}; print(time.perf_counter() - a)"
    found = [
        float(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)
        for _ in range(rounds)
    ]
    return min(found) * 1000


def measured(server: str, settings: str, jobs: int, rounds: int, limit: float, only: str) -> dict[Case, list[Run]]:
    """Runs of every client, in turn."""
    peers = [peer for peer in OTHERS if only in peer.name]
    ours = [OURS[api] for api in ("c8", "c7") if any(peer.api == api for peer in peers)]
    cases = [Case(client, pause, settings) for client in (*ours, *peers) for pause in (0, 50)]
    found: dict[Case, list[Run]] = {case: [] for case in cases}
    for _ in range(rounds):
        for case, runs in found.items():
            with canned() if server == "canned" else procession(jobs, case.client.api) as address:
                runs.append(run(case, address, jobs, limit))
            print(
                f"{server}, {settings}: {case.client.name}, {case.client.api}, {case.handler_ms} ms: {runs[-1]}",
                flush=True,
            )
    return found


def pairs(found: Mapping[Case, list[Run]]) -> Iterator[tuple[Case, list[Run], list[Run]]]:
    """(another client's case, our runs, its runs)."""
    for case, runs in found.items():
        if case.client in OTHERS:
            yield case, found[replace(case, client=OURS[case.client.api])], runs


def throughput(found: Mapping[Case, list[Run]]) -> Iterator[str]:
    """Jobs per second at each client's defaults."""
    yield "| client | API | handler | ours /s | theirs /s | ratio | server µs per job, ours | theirs |"
    yield "|---|---|---:|---:|---:|---:|---:|---:|"
    ratios = []
    for case, ours, theirs in pairs(found):
        mine, other = figure(one.rate for one in ours), figure(one.rate for one in theirs)
        ratios.append(mine.median / max(other.median, 1e-9))
        served = [f"{figure(one.served for one in runs).median:,.0f}" for runs in (ours, theirs)]
        yield (
            f"| {case.client.name} | {case.client.api} | {case.handler_ms} ms | {mine} | {other} | {ratios[-1]:.1f} |"
            f" {served[0]} | {served[1]} |"
        )
    yield ""
    yield f"- at least 5 times each: {'met' if min(ratios) >= 5 else 'not met'} (least {min(ratios):.1f})"


def costs(found: Mapping[Case, list[Run]]) -> Iterator[str]:
    """Microseconds of processor time per job at each client's best settings."""
    yield "| client | API | handler | ours µs | theirs µs | share |"
    yield "|---|---|---:|---:|---:|---:|"
    shares = []
    for case, ours, theirs in pairs(found):
        mine, other = figure(one.cost for one in ours), figure(one.cost for one in theirs)
        shares.append(mine.median / other.median)
        yield f"| {case.client.name} | {case.client.api} | {case.handler_ms} ms | {mine} | {other} | {shares[-1]:.2f} |"
    yield ""
    yield f"- at most half of each: {'met' if max(shares) <= 0.5 else 'not met'} (most {max(shares):.2f})"


def imports() -> Iterator[str]:
    """Milliseconds that imports take."""
    yield "| module | ms |"
    yield "|---|---:|"
    names = ("camunda_client", "camunda_client.c8.api", "camunda_client.c8", "camunda_client.c7")
    taken = {name: import_seconds(name) for name in names}
    for name, spent in taken.items():
        yield f"| `{name}` | {spent:.0f} |"
    yield ""
    yield f"- `import camunda_client` below 50 ms: {'met' if taken['camunda_client'] < 50 else 'not met'}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-workers", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2000, help="jobs in one run; half with Procession as server")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each client")
    parser.add_argument("--limit", type=float, default=10.0, help="seconds that one run may take")
    parser.add_argument("--only", choices=("imports", "cost", "canned", "served"), action="append")
    parser.add_argument("--client", default="", help="only clients whose name holds this")
    parser.add_argument(
        "--write", action="store_true", help="keep the figures in docs/explanation/performance/workers.md"
    )
    options = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)

    def runs(server: str, settings: str, jobs: int) -> dict[Case, list[Run]]:
        return measured(server, settings, jobs, options.rounds, options.limit, options.client)

    parts: dict[str, tuple[str, Callable[[], Iterator[str]]]] = {
        "imports": ("Imports", imports),
        "cost": (
            "Processor time of the client per job, best settings, canned answers",
            lambda: costs(runs("canned", "best", options.jobs)),
        ),
        "canned": (
            "Jobs per second, defaults, canned answers",
            lambda: throughput(runs("canned", "defaults", options.jobs)),
        ),
        "served": (
            "Jobs per second, defaults, Procession on SQLite",
            lambda: throughput(runs("procession", "defaults", options.jobs // 2)),
        ),
    }
    text = ["# Workers beside other Python clients", ""]
    text += ["Written by `make bench-workers ARGS=--write` and not by hand; medians (least–most).", ""]
    text += [
        f"{date.today()}, Python {platform.python_version()}, {os.cpu_count()} processors; {options.rounds} rounds."
    ]
    text += [
        f"A run ends after {options.jobs:,} jobs ({options.jobs // 2:,} with Procession as server) or {options.limit:g} s."
    ]
    text += ["Clients and server share the processors. Handlers take 0 and 50 ms.", ""]
    for name in options.only or parts:
        title, lines = parts[name]
        part = [f"## {title}", "", *lines(), ""]
        print("\n".join(part), flush=True)
        text += part
    if options.write:
        PAGE.write_text("\n".join(text).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
