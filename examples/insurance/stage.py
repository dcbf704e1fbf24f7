"""Child processes of the demonstration: servers and workers, started and stopped by their own process ids."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

HERE = Path(__file__).resolve().parent
WORKERS = ("worker_risk.py", "worker_insurance.py")


class StageError(Exception):
    """Something did not start; the message says what and where its log is."""


class Stage:
    """Starts children and stops them in reverse order; their output lies in `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.children: list[tuple[str, subprocess.Popen[bytes]]] = []
        directory.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, command: list[str], environment: dict[str, str] | None = None) -> Path:
        """Starts a child in a session of its own: Ctrl-C reaches us alone, and we end the children in order."""
        log = self.directory / f"{name}.log"
        with log.open("wb") as output:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | (environment or {}),
                start_new_session=True,
            )
        self.children.append((name, child))
        return log

    def server(self, port: int | None) -> str:
        """Starts Procession on a fresh SQLite file; returns its address. Without `port`: 8080 or the next free one."""
        port = free_port(8080) if port is None else port
        database = self.directory / "insurance.db"
        for leftover in self.directory.glob("insurance.db*"):
            leftover.unlink()
        program = Path(sys.executable).with_name("procession")
        command = [str(program), "serve", "--port", str(port), "--database", f"sqlite:///{database}"]
        self.start("server", command)
        url = f"http://127.0.0.1:{port}"
        self.wait_for(f"{url}/engine-rest/engine", "server")
        return url

    def workers(self, rest: str) -> None:
        """Starts the two workers against the REST API at `rest`."""
        for script in WORKERS:
            command = [sys.executable, str(HERE / "python-workers" / script)]
            self.start(script.removesuffix(".py"), command, {"CAMUNDA_URL": rest})

    def wait_for(self, url: str, name: str, patience: float = 60.0) -> None:
        """Waits until `url` answers. Raises StageError when the child ends before, or patience does."""
        log = self.directory / f"{name}.log"
        deadline = time.monotonic() + patience
        while True:
            try:
                if httpx.get(url, timeout=5).is_success:
                    return
            except httpx.TransportError:
                pass
            self.check()
            if time.monotonic() > deadline:
                raise StageError(f"{url} does not answer after {patience:.0f} s; see {log}")
            time.sleep(0.1)

    def check(self) -> None:
        """Raises StageError if a child has ended by itself."""
        for name, child in self.children:
            if child.poll() is not None:
                log = self.directory / f"{name}.log"
                tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
                raise StageError("\n".join([f"{name} ended with {child.returncode}; the end of {log}:", *tail]))

    def stop(self) -> None:
        """Ends all children, the last started first."""
        while self.children:
            _, child = self.children.pop()
            if child.poll() is None:
                child.terminate()
                try:
                    child.wait(15)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()


class RealCamunda:
    """The real Camunda 7, built and started by the oracle's own scripts on a copy of them."""

    def __init__(self, oracle: Path, workplace: Path, port: int) -> None:
        self.workplace = workplace / "camunda7"
        self.state = workplace / "state"
        self.port = port
        if not self.workplace.exists():
            shutil.copytree(oracle, self.workplace)
            for folder in (self.workplace, *(one for one in self.workplace.rglob("*") if one.is_dir())):
                folder.chmod(0o755)  # the original may be read-only, and it builds within the copy
        self.state.mkdir(parents=True, exist_ok=True)

    @staticmethod
    def missing(oracle: Path) -> str | None:
        """What this machine lacks to run it, None if nothing."""
        if not (oracle / "run").is_file():
            return f"the oracle at {oracle}"
        java = os.environ.get("JAVA_HOME") or shutil.which("java")
        return next((name for name, found in (("Java", java), ("Maven", shutil.which("mvn"))) if not found), None)

    def start(self) -> str:
        """Starts it and returns its address."""
        self._script("run", "--port", str(self.port), "--detach")
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Stops what `start` started."""
        self._script("stop", "--port", str(self.port))

    def _script(self, name: str, *arguments: str) -> None:
        command = [str(self.workplace / name), *arguments, "--state-dir", str(self.state)]
        # The server that stays behind would keep a pipe open for ever: its output goes to a file.
        output = self.state / f"{name}.log"
        with output.open("wb") as target:
            ended = subprocess.run(command, stdout=target, stderr=subprocess.STDOUT, check=False)
        if ended.returncode:
            raise StageError(f"{name} of the real Camunda ended with {ended.returncode}:\n{output.read_text()[-2000:]}")


def free_port(first: int) -> int:
    """`first`, or the next port above it on which nothing listens."""
    for port in range(first, first + 200):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise StageError(f"no free port from {first} on")
