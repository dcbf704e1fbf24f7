"""Our workers beside other Python clients of Camunda: `make bench-workers`.

Each client runs in an environment of its own below `build/bench-workers/`, set up on first use. Two servers: Procession with
work prepared (jobs per second at each client's defaults), and one of canned answers (processor time per job at each client's
best settings, and jobs per second where the server is no limit). Figures are printed and, with `--write`, kept in
`docs/explanation/performance/workers.md`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from camunda_client.c7 import Camunda7Client
from camunda_client.c8 import Camunda8Client

ROOT = Path(__file__).resolve().parents[2]
PEERS = Path(__file__).with_name("worker_peers")
BUILD = ROOT / "build" / "bench-workers"

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
class Figure:
    """What one run of a client came to."""

    jobs: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        return (self.jobs - 1) / self.seconds if self.jobs > 1 else 0.0

    @property
    def cost(self) -> float:
        """Microseconds of processor time for each job."""
        return self.cpu / max(self.jobs, 1) * 1e6


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


def run(client: Client, url: str, jobs: int, handler_ms: int, settings: str, limit: float) -> Figure:
    """One run of a client."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CAMUNDA_", "ZEEBE_"))}
    environment["BENCH_TOKEN_URL"] = f"{url}/oauth/token"
    program = [python_of(client), str(PEERS / client.program), url, str(jobs), str(handler_ms), settings, str(limit)]
    ended = subprocess.run(
        program, cwd=BUILD, env=environment, capture_output=True, text=True, timeout=limit + 60, check=False
    )
    lines = [line for line in ended.stdout.splitlines() if line.startswith('{"jobs"')]
    if not lines:
        raise RuntimeError(f"{client.name} ended with {ended.returncode}: {ended.stderr[-2000:]}")
    told = json.loads(lines[-1])
    return Figure(told["jobs"], told["seconds"], told["cpu"])


@contextmanager
def canned() -> Iterator[str]:
    """The address of the server of canned answers."""
    with subprocess.Popen([sys.executable, str(PEERS / "canned.py")], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


@contextmanager
def procession(jobs: int, api: str) -> Iterator[str]:
    """The address of a server that has so many jobs to give."""
    home = BUILD / "server"
    home.mkdir(parents=True, exist_ok=True)
    for old in home.glob("bench.db*"):
        old.unlink()
    port = _free_port()
    command = [str(Path(sys.executable).with_name("procession")), "serve", "--port", str(port), "--log-level", "ERROR"]
    with subprocess.Popen([*command, "--database", f"sqlite:///{home / 'bench.db'}"], cwd=home) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            _fill(url, jobs, api)
            yield url
        finally:
            process.terminate()


def _fill(url: str, jobs: int, api: str) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            with Camunda8Client(url) as probe:
                probe.get_cluster_topology()
            break
        except OSError:
            raise
        except Exception:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
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


def throughput(server: str, jobs: int, limit: float) -> list[str]:
    """Jobs per second at each client's defaults."""
    lines = ["| client | API | handler | ours /s | theirs /s | ratio |", "|---|---|---:|---:|---:|---:|"]
    ours: dict[tuple[str, int], Figure] = {}
    for api in ("c8", "c7"):
        for pause in (0, 50):
            ours[api, pause] = _on(server, OURS[api], jobs, pause, limit)
    for peer in OTHERS:
        for pause in (0, 50):
            theirs = _on(server, peer, jobs, pause, limit)
            mine = ours[peer.api, pause]
            ratio = mine.rate / theirs.rate if theirs.rate else float("inf")
            lines.append(
                f"| {peer.name} | {peer.api} | {pause} ms | {mine.rate:,.0f} | {theirs.rate:,.1f} | {ratio:.1f} |"
            )
            print(lines[-1], flush=True)
    return lines


def _on(server: str, client: Client, jobs: int, pause: int, limit: float) -> Figure:
    if server == "canned":
        with canned() as url:
            return run(client, url, jobs, pause, "defaults", limit)
    with procession(jobs, client.api) as url:
        return run(client, url, jobs, pause, "defaults", limit)


def costs(jobs: int, limit: float) -> list[str]:
    """Microseconds of processor time per job at each client's best settings, against canned answers."""
    lines = ["| client | API | handler | ours µs | theirs µs | share |", "|---|---|---:|---:|---:|---:|"]
    for peer in OTHERS:
        for pause in (0, 50):
            with canned() as url:
                theirs = run(peer, url, jobs if not pause else jobs // 10, pause, "best", limit)
                mine = run(OURS[peer.api], url, jobs, pause, "best", limit)
            share = mine.cost / theirs.cost
            lines.append(
                f"| {peer.name} | {peer.api} | {pause} ms | {mine.cost:,.0f} | {theirs.cost:,.0f} | {share:.2f} |"
            )
            print(lines[-1], flush=True)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-workers", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2000, help="jobs in one run")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds that one run may take")
    parser.add_argument("--only", choices=("cost", "canned", "served", "imports"), action="append")
    parser.add_argument(
        "--write", action="store_true", help="keep the figures in docs/explanation/performance/workers.md"
    )
    options = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    wanted = options.only or ["imports", "cost", "canned", "served"]
    text = [
        "# Workers beside other Python clients",
        "",
        "Written by `make bench-workers`; handlers of 0 and of 50 ms.",
        "",
    ]
    if "imports" in wanted:
        names = ("camunda_client", "camunda_client.c8.api", "camunda_client.c8", "camunda_client.c7")
        text += ["## Imports", "", "| module | ms |", "|---|---:|"]
        text += [f"| `{name}` | {import_seconds(name):.0f} |" for name in names] + [""]
        print("\n".join(text[-len(names) - 1 :]))
    if "cost" in wanted:
        text += [
            "## Processor time per job, best settings, canned answers",
            "",
            *costs(options.jobs, options.limit),
            "",
        ]
    if "canned" in wanted:
        text += [
            "## Jobs per second, defaults, canned answers",
            "",
            *throughput("canned", options.jobs, options.limit),
            "",
        ]
    if "served" in wanted:
        text += ["## Jobs per second, defaults, Procession on SQLite", ""]
        text += [*throughput("procession", options.jobs // 4, options.limit), ""]
    if options.write:
        path = ROOT / "docs" / "explanation" / "performance" / "workers.md"
        path.write_text("\n".join(text).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
