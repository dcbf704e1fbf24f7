"""The external-task worker for Camunda 7."""

from __future__ import annotations

import os
import secrets
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import httpx

from camunda_client.c7.client import AsyncCamunda7Client, Camunda7Wire
from camunda_client.c7.settings import Camunda7Settings
from camunda_client.c7.source import ExternalTaskSource, Topic
from camunda_client.c7.task import ExternalTask
from camunda_client.c7.values import FileValue, JsonValue, ObjectValue, TypedValue, XmlValue
from camunda_client.transport import behind_proxy
from camunda_client.worker.core import Options
from camunda_client.worker.execution import EXECUTIONS, Execution
from camunda_client.worker.handlers import HandlerSignatureError, read_handler
from camunda_client.worker.policies import Backoff, RetryPolicy, duration
from camunda_client.worker.runner import JobWorker

F = TypeVar("F", bound=Callable[..., Any])

VALUES = (FileValue, JsonValue, ObjectValue, TypedValue, XmlValue)


class Worker(JobWorker[ExternalTask]):
    """Serves external tasks of a Camunda 7 engine.

    `url`, `user`, `password`, `auth`, `verify`: as in `Camunda7Client`.
    `worker_id`: must be unique among running processes; by default made of host, process and chance.
    `max_tasks`: how many tasks are in work at once.
    `lock_duration`, `poll_timeout`, `grace`: timedelta or seconds. Locks are renewed at a third of their duration, so
    that a short lock suits long work too; a worker that dies keeps its tasks from others for no longer than one lock.
    `retries`: attempts in all before an incident; `retry_backoff`: the pauses between them.
    `reconnect`: the pauses while the engine does not answer.
    `poll_timeout`: how long one poll waits for work. A stopping worker lets its poll end, because the engine would not
    notice that nobody listens any more and lock tasks in vain; so this is how long an idle worker takes to stop.
    `grace`: how long a stopping worker lets handlers finish before it unlocks their tasks.
    `execution`: `auto` runs async handlers in the event loop and others in threads; `thread` and `process` run all
    handlers there (`camunda_client.worker.execution`). Each topic may choose its own.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        worker_id: str | None = None,
        max_tasks: int = 32,
        lock_duration: timedelta | float = 60.0,
        poll_timeout: timedelta | float = 5.0,
        grace: timedelta | float = 20.0,
        retries: int = 3,
        retry_backoff: Backoff | None = None,
        reconnect: Backoff | None = None,
        execution: Execution = "auto",
        use_priority: bool = True,
        user: str | None = None,
        password: str | None = None,
        auth: httpx.Auth | None = None,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        if max_tasks < 1 or retries < 1:
            raise ValueError("max_tasks and retries must be at least 1")
        if execution not in EXECUTIONS:
            raise ValueError(f"execution must be one of {', '.join(EXECUTIONS)}")
        lock = duration(lock_duration, "lock_duration")
        if lock <= timedelta(0):
            raise ValueError("lock_duration must be positive")
        policy = RetryPolicy(retries, retry_backoff or RetryPolicy().backoff)
        super().__init__(
            Options(
                retry=policy,
                reconnect=reconnect or Backoff(),
                grace=duration(grace, "grace"),
            )
        )
        self.settings = Camunda7Settings.load(url, user, password)
        self.worker_id = worker_id or f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self.max_tasks = max_tasks
        self.execution: Execution = execution
        self.lock_duration = lock
        self.poll_timeout = duration(poll_timeout, "poll_timeout")
        self.use_priority = use_priority
        self.topics: dict[str, Topic] = {}
        self._own_id = worker_id is None
        self._auth = auth
        self._verify = verify

    def task(
        self,
        topic: str,
        *,
        variables: Sequence[str] | None = None,
        load_files: bool = False,
        execution: Execution | None = None,
        lock_duration: timedelta | float | None = None,
        max_tasks: int | None = None,
        process_variables: Mapping[str, Any] | None = None,
        **filters: Any,
    ) -> Callable[[F], F]:
        """Decorator: the function serves `topic`. Its parameters are described in `camunda_client.worker.handlers`.

        `variables` limits what is fetched (by default what the signature names); `load_files` downloads the content of
        file variables; `process_variables` and further filters (`business_key`, `process_definition_key`,
        `tenant_id_in`, `local_variables`, …) limit which tasks are fetched. `lock_duration` and `max_tasks` are this topic's
        own. The function itself stays as it is, so that tests call it directly.
        """

        def register(function: F) -> F:
            if topic in self.handlers:
                raise HandlerSignatureError(f"Topic {topic!r} has a handler already: {self.handlers[topic].function}")
            handler = read_handler(topic, function, ExternalTask, VALUES, execution or self.execution)
            limits = {_camel(name): value for name, value in filters.items() if value is not None}
            if process_variables:
                limits["processVariables"] = dict(process_variables)
            names = tuple(variables) if variables is not None else handler.reads
            lock = None if lock_duration is None else duration(lock_duration, "lock_duration")
            self.topics[topic] = Topic(topic, names, load_files, limits, lock, max_tasks)
            self.handlers[topic] = handler
            return function

        return register

    def open(self) -> ExternalTaskSource:
        """A connection of this worker's own."""
        known = self.settings
        client: AsyncCamunda7Client | Camunda7Wire
        if self._auth is not None or behind_proxy(known.url):
            client = AsyncCamunda7Client(known.url, auth=self._auth or known.auth, verify=self._verify)
        else:
            client = Camunda7Wire(known.url, known.credentials, self._verify)
        return ExternalTaskSource(
            client=client,
            worker_id=self.worker_id,
            topics=dict(self.topics),
            max_tasks=self.max_tasks,
            lock=self.lock_duration,
            poll=self.poll_timeout,
            own_id=self._own_id,
            use_priority=self.use_priority,
        )


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
