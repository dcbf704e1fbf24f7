"""Runs handlers that a module holds: what `camunda-worker` and `procession work` do.

`module:name` is a worker, a `Handlers`, or a function decorated in that module; `module` alone serves what it holds: a worker,
`Handlers`, or functions decorated with `@camunda_worker`.
"""

from __future__ import annotations

import importlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, Literal

from camunda_client.errors import SettingsError
from camunda_client.worker.registry import Handlers
from camunda_client.worker.runner import JobWorker

log = logging.getLogger("camunda_client.worker")

Api = Literal["c7", "c8"]
APIS: tuple[Api, ...] = ("c7", "c8")

LOOK_SECONDS = 0.5
"""How often a reloading worker looks at its files."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to run. What is None is left to the environment and the worker's defaults. Durations in seconds."""

    target: str
    engine: Api = "c7"
    url: str | None = None
    max_tasks: int | None = None
    lock_duration: float | None = None
    poll_timeout: float | None = None
    grace: float | None = None
    execution: str | None = None
    metrics_port: int | None = None


def run(wanted: Wanted) -> None:
    """Works until SIGTERM or SIGINT. Raises SettingsError for a target that holds nothing to run."""
    worker = build(wanted)
    if wanted.metrics_port is not None:
        from camunda_client.worker.metrics import serve_metrics

        serve_metrics(worker, wanted.metrics_port)
    worker.run()


def build(wanted: Wanted) -> JobWorker[Any]:
    """The worker that a target means. A worker of the module's own keeps its own settings."""
    found = _load(wanted.target)
    if isinstance(found, JobWorker):
        return found
    worker = _fresh(wanted)
    worker.include(found)
    return worker


def _fresh(wanted: Wanted) -> JobWorker[Any]:
    if wanted.engine not in APIS:
        raise SettingsError(f"The engine must be one of {', '.join(APIS)}")
    named = {
        "max_tasks": wanted.max_tasks,
        "lock_duration": wanted.lock_duration,
        "poll_timeout": wanted.poll_timeout,
        "grace": wanted.grace,
        "execution": wanted.execution,
    }
    options: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    try:
        if wanted.engine == "c8":
            from camunda_client.c8.working import Worker as Camunda8Worker

            return Camunda8Worker(wanted.url, **options)
        from camunda_client.c7.worker import Worker as Camunda7Worker

        return Camunda7Worker(wanted.url, **options)
    except ValueError as error:
        raise SettingsError(str(error)) from error


def _load(target: str) -> JobWorker[Any] | Handlers:
    name, colon, attribute = target.partition(":")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise SettingsError(f"There is no module {name!r} here ({Path.cwd()}) nor installed") from None
        raise
    decorated = _decorated(module)
    if not colon:
        own = [value for value in vars(module).values() if isinstance(value, JobWorker | Handlers)]
        if len(own) > 1:
            raise SettingsError(
                f"{name} holds {len(own)} workers or lists of handlers: say which, as in {name}:handlers"
            )
        if not own and not decorated.registered:
            raise SettingsError(
                f"{name} holds no worker, no Handlers and no function decorated with @camunda_worker: there is nothing to run"
            )
        return own[0] if own else decorated
    if attribute not in vars(module):
        raise SettingsError(f"{name} holds nothing called {attribute!r}")
    found = vars(module)[attribute]
    if isinstance(found, JobWorker | Handlers):
        return found
    one = Handlers()
    one.registered.extend(item for item in decorated.registered if item.function is found)
    if not one.registered:
        raise SettingsError(f"{target} is no worker, no Handlers and no function decorated with @camunda_worker")
    return one


def _decorated(module: ModuleType) -> Handlers:
    """What the module's `@camunda_worker` functions are, if it has any."""
    registry = sys.modules.get("camunda_client.c8.worker")
    found = Handlers()
    if registry is not None:
        everything: Handlers = vars(registry)["handlers"]
        found.registered.extend(item for item in everything.registered if item.function.__module__ == module.__name__)
    return found


# ---------------------------------------------------------------- reload


def run_reloading(command: Sequence[str], folders: Sequence[Path], environment: Mapping[str, str] | None = None) -> int:
    """Runs a command, and anew whenever a Python file below the folders changes; each time the old one stops in good order.

    For development. Ends with the command's own code when told to stop (SIGINT, SIGTERM).
    """
    stopping = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        stopping.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    child: subprocess.Popen[bytes] | None = None
    try:
        while True:
            seen = _stamps(folders)
            child = subprocess.Popen(list(command), env=dict(environment) if environment is not None else None)
            told = False
            while not stopping.is_set() and (changed := _changed(seen, folders)) is None:
                if child.poll() is not None and not told:
                    log.info("The worker ended with code %d; waiting for a change", child.returncode)
                    told = True
                time.sleep(LOOK_SECONDS)
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
                child.wait()
            if stopping.is_set():
                return child.returncode
            log.info("%s changed: starting anew", changed)
    finally:
        if child is not None and child.poll() is None:
            child.kill()
            child.wait()
        for number, handler in before.items():
            signal.signal(number, handler)


def _files(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        for root, names, files in os.walk(folder):
            names[:] = [
                name for name in names if not name.startswith(".") and name not in ("__pycache__", "node_modules")
            ]
            yield from (Path(root, file) for file in files if file.endswith(".py"))


def _stamps(folders: Sequence[Path]) -> dict[Path, float]:
    stamps = {}
    for path in _files(folders):
        try:
            stamps[path] = path.stat().st_mtime
        except OSError:  # gone since it was listed
            continue
    return stamps


def _changed(seen: Mapping[Path, float], folders: Sequence[Path]) -> Path | None:
    now = _stamps(folders)
    if now == seen:
        return None
    return next((path for path in (*now, *seen) if now.get(path) != seen.get(path)), None)
