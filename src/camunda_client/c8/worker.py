"""Workers as decorated functions: `@camunda_worker`, `register_workers()`, `start_camunda_workers()`, `stop_camunda_workers()`.

One worker of the process serves all decorated functions in a thread of its own, many jobs at a time. Programs that want
more than one, or to run it themselves, use `camunda_client.c8.Worker`. Times here are in milliseconds.
"""

from __future__ import annotations

import inspect
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from camunda_client.c8.models.job import ActivatedJob
from camunda_client.c8.working import Worker
from camunda_client.error import SignatureException
from camunda_client.errors import SettingsError
from camunda_client.worker.execution import Execution
from camunda_client.worker.handlers import HandlerSignatureError, read_handler, takes_job_or_records
from camunda_client.worker.registry import Handlers
from camunda_client.worker.runner import WorkerStatus

__all__ = [
    "add_job_worker",
    "camunda_worker",
    "clear",
    "handlers",
    "register_workers",
    "start_camunda_workers",
    "stop_camunda_workers",
    "worker_status",
]

log = logging.getLogger("camunda_client.worker")
F = TypeVar("F", bound=Callable[..., Any])

handlers = Handlers()
"""All decorated functions of the process."""

_lock = threading.Lock()
_worker: Worker | None = None
_running = False


def camunda_worker(
    job_type: str,
    polling_interval: int | None = None,
    worker: str | None = None,
    timeout: int | None = None,
    max_jobs_to_activate: int | None = None,
    fetch_variables: Sequence[str] | None = None,
    request_timeout: int | None = None,
    tenant_ids: Sequence[str] | None = None,
    *,
    execution: Execution | None = None,
) -> Callable[[F], F]:
    """Decorator: the function serves jobs of this type.

    It takes the `ActivatedJob`, or pydantic models, dataclasses and `Variable`-marked parameters that are built from the
    job's variables; it may be async. What is not given comes from the configuration's `JobConfig`; `polling_interval` is how
    long one poll waits where `request_timeout` is not given. Raises SignatureException. The function stays as it is.
    """

    _require_type(job_type)

    def register(function: F) -> F:
        add_job_worker(
            job_type, function, polling_interval, worker, timeout, max_jobs_to_activate, fetch_variables, request_timeout,
            tenant_ids, execution=execution,
        )  # fmt: skip
        return function

    return register


def _require_type(job_type: Any) -> None:
    """Without its brackets `@camunda_worker` gets the function in the place of the type."""
    if not job_type or not isinstance(job_type, str):
        raise SignatureException('Give the job type: @camunda_worker(job_type="…")')


def add_job_worker(
    job_type: str,
    handler: Callable[..., Any],
    polling_interval: int | None = None,
    worker: str | None = None,
    timeout: int | None = None,
    max_jobs_to_activate: int | None = None,
    fetch_variables: Sequence[str] | None = None,
    request_timeout: int | None = None,
    tenant_ids: Sequence[str] | None = None,
    *,
    execution: Execution | None = None,
) -> None:
    """The same for a function that exists already."""
    _require_type(job_type)
    try:
        read_handler(job_type, handler, ActivatedJob)
    except HandlerSignatureError as error:
        raise SignatureException(str(error)) from None
    if not takes_job_or_records(handler, ActivatedJob):
        name = handler.__name__ if inspect.isroutine(handler) else repr(handler)
        raise SignatureException(f"{name} does not take the job: write `def {name}(job: ActivatedJob) -> dict`")
    poll = request_timeout or polling_interval
    options = {
        "worker_id": worker,
        "lock_duration": None if timeout is None else timeout / 1000,
        "max_tasks": max_jobs_to_activate,
        "variables": None if fetch_variables is None else list(fetch_variables),
        "poll_timeout": None if not poll else poll / 1000,
        "tenant_ids": None if tenant_ids is None else list(tenant_ids),
        "execution": execution,
    }
    handlers.add(job_type, handler, {name: value for name, value in options.items() if value is not None})


def register_workers() -> None:
    """Makes the worker out of all functions decorated so far. Raises SettingsError, SignatureException."""
    global _worker
    with _lock:
        if _running:
            raise SettingsError("The workers run already: call stop_camunda_workers() first")
        made = Worker()
        name = made.config.api.job.worker
        for item in handlers.registered:
            made.task(item.topic, **({"worker_id": name} | dict(item.options)))(item.function)
        _worker = made


def start_camunda_workers() -> None:
    """Starts working in a thread and returns at once. Raises SettingsError where there is nothing to work on."""
    global _running
    if _worker is None:
        register_workers()
    with _lock:
        if _running or _worker is None:
            return
        if not _worker.handlers:
            raise SettingsError("No workers: decorate functions with @camunda_worker before register_workers()")
        _worker.__enter__()
        _running = True


def stop_camunda_workers() -> None:
    """Stops gracefully: handlers may finish within the grace, jobs of those that do not are given back. May be called twice."""
    global _running, _worker
    with _lock:
        if not _running or _worker is None:
            return
        stopping, _worker, _running = _worker, None, False
    stopping.__exit__(None, None, None)


def worker_status() -> WorkerStatus | None:
    """What the workers are doing, for health checks; None where none are registered."""
    found = _worker
    return None if found is None else found.status()


def clear() -> None:
    """Stops, and forgets all decorated functions: for tests."""
    global _worker
    stop_camunda_workers()
    handlers.clear()
    _worker = None
