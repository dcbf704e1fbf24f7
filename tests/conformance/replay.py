"""`make conformance`: replays the recordings of the real Camunda 7 on servers of our own, and writes the scores."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conformance import corpora, elements, scores

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENTS = ROOT / "docs" / "conformance"
START_SECONDS, STOP_SECONDS = 120.0, 15.0


@dataclass(frozen=True)
class Corpus:
    """Models, where their called processes and decisions are looked for, and what the real Camunda did with them."""

    models: Path
    recordings: Path
    companions: tuple[Path, ...] = ()


def corpus(name: str) -> Corpus:
    """One of `bpmn`, `real-models`, `dmn`, unpacked."""
    recordings = corpora.folder("camunda7-recordings") / name
    if name == "bpmn":
        return Corpus(corpora.folder("bpmn"), recordings, (corpora.folder("dmn-camunda7") / "engine",))
    if name == "real-models":
        return Corpus(corpora.folder("real-models") / "camunda7", recordings)
    return Corpus(corpora.folder("dmn-camunda7"), recordings)


CORPORA = ("bpmn", "real-models", "dmn")
ELEMENTS = ("bpmn", "real-models")  # whose models are counted by what they use


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/engine", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@contextlib.contextmanager
def servers(count: int, folder: Path) -> Iterator[list[str]]:
    """Starts that many servers in test mode; their URLs. Each has a fresh SQLite file and its log in `folder`."""
    running: list[subprocess.Popen[bytes]] = []
    urls: list[str] = []
    try:
        for number in range(count):
            port = _free_port()
            command = [str(Path(sys.executable).with_name("procession")), "serve", "--test-mode", "--no-job-executor"]
            command += ["--port", str(port), "--database", f"sqlite:///{folder}/server-{number}.db"]
            with (folder / f"server-{number}.log").open("wb") as log:
                running.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder))
            urls.append(f"http://127.0.0.1:{port}/engine-rest")
        deadline = time.monotonic() + START_SECONDS
        for number, (server, url) in enumerate(zip(running, urls, strict=True)):
            while not _answers(url):
                if server.poll() is not None or time.monotonic() > deadline:
                    log_text = (folder / f"server-{number}.log").read_text(errors="replace")
                    raise RuntimeError(f"server {number} did not start:\n{log_text[-2000:]}")
                time.sleep(0.05)
        yield urls
    finally:
        for server in running:
            server.send_signal(signal.SIGTERM)
        for server in running:
            try:
                server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def replay(name: str, urls: list[str], only: list[str], report: Path) -> scores.Score:
    """Replays one corpus on these servers. `only` are globs or parts of paths; the whole report goes to `report`."""
    chosen = corpus(name)
    command = [sys.executable, "-m", "drive", "compare", "--models", str(chosen.models)]
    command += ["--recordings", str(chosen.recordings), "--report", str(report)]
    for option, values in (("--server", urls), ("--companions", chosen.companions), ("--only", only)):
        for value in values:
            command += [option, str(value)]
    environment = os.environ | {"PYTHONPATH": str(corpora.HERE)}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    return scores.Score.read(json.loads(report.read_text(encoding="utf-8")))


def main() -> int:
    parser = argparse.ArgumentParser(prog="make conformance", description=__doc__)
    parser.add_argument("--corpus", action="append", choices=CORPORA, help="only these; default: all")
    parser.add_argument(
        "--only", action="append", default=[], help="glob or part of a model's path; scores are not written"
    )
    parser.add_argument(
        "--server", action="append", default=[], help="URL of a running server to use; scores are not written"
    )
    parser.add_argument("--servers", type=int, default=max(1, min(4, os.cpu_count() or 1)), help="how many to start")
    parser.add_argument("--keep", action="store_true", help="keep the full reports and the servers' logs")
    options = parser.parse_args()
    names = options.corpus or CORPORA
    folder = Path(tempfile.mkdtemp(prefix="procession-conformance-"))
    found: dict[str, scores.Score] = {}
    with contextlib.ExitStack() as stack:
        if not options.keep:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        urls = options.server or stack.enter_context(servers(options.servers, folder))
        for name in names:
            print(f"replaying {name} on {len(urls)} server(s)", flush=True)
            found[name] = replay(name, urls, options.only, folder / f"{name}.json")
            print(scores.line(name, found[name]), flush=True)
        chosen = {name: corpus(name) for name in ELEMENTS if name in found}
        reports = {name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in chosen}
        models = {name: one.models for name, one in chosen.items()}
        used = elements.count(models, reports, {name: one.recordings for name, one in chosen.items()})
    if options.keep:
        print(f"reports and logs: {folder}")
    if options.only or options.server or set(names) != set(CORPORA):
        print(scores.to_markdown(found))
        return 0
    lost = scores.save(DOCUMENTS, found)
    elements.save(DOCUMENTS, used)
    print(f"written: {DOCUMENTS.relative_to(ROOT)}/camunda7.md")
    for loss in lost:
        print(f"lower than before: {loss}", file=sys.stderr)
    return 1 if lost else 0
