"""The job worker for Camunda 8."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from camunda_client.c8.auth import credentials_of
from camunda_client.c8.client import AsyncCamunda8Client, Camunda8Wire, Verify, api_root, chosen, tls_context
from camunda_client.c8.models.job import ActivatedJob
from camunda_client.c8.source import JobSource, JobType
from camunda_client.config import AuthConfig, C8Config
from camunda_client.transport import behind_proxy
from camunda_client.worker.core import Options
from camunda_client.worker.execution import EXECUTIONS, Execution
from camunda_client.worker.handlers import HandlerSignatureError, read_handler
from camunda_client.worker.policies import Backoff, RetryPolicy, duration
from camunda_client.worker.runner import JobWorker

F = TypeVar("F", bound=Callable[..., Any])


class Worker(JobWorker[ActivatedJob]):
    """Serves jobs of a Camunda 8 cluster, with the same options as the worker for Camunda 7.

    `config`, `auth`, `verify`: as in `Camunda8Client`. What is not given here comes from its `JobConfig`.
    `worker_id`: the worker's name in the cluster's records; by default made of host, process and chance.
    `max_tasks`: how many jobs of one type are in work at once.
    `lock_duration`, `poll_timeout`, `grace`: timedelta or seconds. A job stays ours by renewal at a third of the lock's
    duration, so that a short lock suits long work too; a worker that dies keeps its jobs from others for one lock.
    `retry_backoff`: the pauses after failures; how many attempts there are, the model says (`retries`).
    `reconnect`: the pauses while the cluster does not answer or is overloaded.
    `poll_timeout`: how long one poll waits for work, and so how long an idle worker takes to stop.
    `grace`: how long a stopping worker lets handlers finish before it gives their jobs back.
    `execution`: `auto` runs async handlers in the event loop and others in threads; `thread` and `process` run all there.
    """

    def __init__(
        self,
        config: C8Config | str | Mapping[str, Any] | None = None,
        *,
        auth: AuthConfig | None = None,
        worker_id: str | None = None,
        max_tasks: int | None = None,
        lock_duration: timedelta | float | None = None,
        poll_timeout: timedelta | float | None = None,
        grace: timedelta | float | None = None,
        retry_backoff: Backoff | None = None,
        reconnect: Backoff | None = None,
        execution: Execution = "auto",
        tenant_ids: Sequence[str] | None = None,
        verify: Verify | None = None,
    ) -> None:
        if execution not in EXECUTIONS:
            raise ValueError(f"execution must be one of {', '.join(EXECUTIONS)}")
        self.config = chosen(config, auth)
        job = self.config.api.job
        pause = retry_backoff or Backoff(first=job.retry_back_off / 1000, longest=300.0)
        super().__init__(
            Options(
                retry=RetryPolicy(backoff=pause),
                reconnect=reconnect or Backoff(),
                grace=timedelta(milliseconds=job.grace) if grace is None else duration(grace, "grace"),
            )
        )
        self.execution: Execution = execution
        self.types: dict[str, JobType] = {}
        self._verify = tls_context(self.config.api.tls) if verify is None else verify
        self._credentials = credentials_of(self.config.auth, self._verify)
        self._root = api_root(self.config.api.base_url)
        self._usual = JobType(
            name="",
            worker=worker_id or f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}",
            variables=None,
            lock=_time(lock_duration, "lock_duration", job.timeout),
            poll=_time(poll_timeout, "poll_timeout", job.poll),
            max_tasks=_count(max_tasks if max_tasks is not None else job.max_jobs_to_activate),
            tenant_ids=tuple(tenant_ids)
            if tenant_ids is not None
            else (tuple(job.tenant_ids) if job.tenant_ids else None),
        )

    def task(
        self,
        job_type: str,
        *,
        variables: Sequence[str] | None = None,
        execution: Execution | None = None,
        lock_duration: timedelta | float | None = None,
        poll_timeout: timedelta | float | None = None,
        max_tasks: int | None = None,
        tenant_ids: Sequence[str] | None = None,
        worker_id: str | None = None,
    ) -> Callable[[F], F]:
        """Decorator: the function serves `job_type`. Its parameters are described in `camunda_client.worker.handlers`.

        `variables` limits what is fetched (by default what the signature names). The others are this type's own; see the
        worker. The function itself stays as it is, so that tests call it directly.
        """

        def register(function: F) -> F:
            if job_type in self.handlers:
                raise HandlerSignatureError(
                    f"Job type {job_type!r} has a handler already: {self.handlers[job_type].function}"
                )
            handler = read_handler(job_type, function, ActivatedJob, (), execution or self.execution)
            usual = self._usual
            self.types[job_type] = replace(
                usual,
                name=job_type,
                worker=worker_id or usual.worker,
                variables=tuple(variables) if variables is not None else handler.reads,
                lock=usual.lock if lock_duration is None else _time(lock_duration, "lock_duration", 0),
                poll=usual.poll if poll_timeout is None else _time(poll_timeout, "poll_timeout", 0),
                max_tasks=usual.max_tasks if max_tasks is None else _count(max_tasks),
                tenant_ids=usual.tenant_ids if tenant_ids is None else tuple(tenant_ids),
            )
            self.handlers[job_type] = handler
            return function

        return register

    def open(self) -> JobSource:
        """A connection of this worker's own."""
        client: AsyncCamunda8Client | Camunda8Wire
        if behind_proxy(self._root):
            client = AsyncCamunda8Client(self.config, verify=self._verify)
        else:
            client = Camunda8Wire(self.config, self._credentials, self._verify)
        return JobSource(client, dict(self.types))


def _time(given: timedelta | float | None, name: str, milliseconds: int) -> timedelta:
    found = timedelta(milliseconds=milliseconds) if given is None else duration(given, name)
    if name == "lock_duration" and found <= timedelta(0):
        raise ValueError("lock_duration must be positive")
    return found


def _count(given: int) -> int:
    if given < 1:
        raise ValueError("max_tasks must be at least 1")
    return given
