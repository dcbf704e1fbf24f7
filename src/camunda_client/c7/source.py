"""Camunda 7's external tasks as a source of work for the worker core."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from camunda_client.c7.client import AsyncCamunda7Client, Camunda7Wire
from camunda_client.c7.task import ExternalTask
from camunda_client.c7.tasks import milliseconds
from camunda_client.errors import CamundaError, NotFound
from camunda_client.worker.outcomes import Complete, Fail, Outcome, ThrowError
from camunda_client.worker.source import Lane

log = logging.getLogger("camunda_client.worker")


@dataclass(frozen=True, slots=True)
class Topic:
    """What to fetch for one topic: `variables` to bring along (None: all) and the API's other filters."""

    name: str
    variables: tuple[str, ...] | None = None
    load_files: bool = False
    filters: Mapping[str, Any] = field(default_factory=dict)
    lock: timedelta | None = None
    max_tasks: int | None = None

    def body(self, lock: timedelta) -> dict[str, Any]:
        """The topic as `fetchAndLock` wants it."""
        topic: dict[str, Any] = {
            "topicName": self.name,
            "lockDuration": milliseconds(self.lock or lock),
            "deserializeValues": False,
            "includeExtensionProperties": True,
        }
        if self.variables is not None:
            topic["variables"] = list(self.variables)
        return topic | dict(self.filters)


@dataclass(frozen=True, slots=True)
class ExternalTaskSource:
    """Fetches all topics in one long poll and reports over REST.

    `own_id` says that no other process uses this worker id, so that a sweep may unlock everything under it.
    """

    client: AsyncCamunda7Client | Camunda7Wire
    worker_id: str
    topics: Mapping[str, Topic]
    max_tasks: int
    lock: timedelta
    poll: timedelta
    own_id: bool = False
    use_priority: bool = True

    def lanes(self) -> Sequence[Lane]:
        """One lane: Camunda 7 fetches many topics at once. A topic with a bound of its own has a lane of its own."""
        shared = tuple(name for name, topic in self.topics.items() if topic.max_tasks is None)
        own = [Lane((name,), topic.max_tasks) for name, topic in self.topics.items() if topic.max_tasks is not None]
        return [*([Lane(shared, self.max_tasks)] if shared else []), *own]

    def lock_of(self, job: ExternalTask) -> timedelta:
        """The topic's own duration, else the worker's."""
        return self.topics[job.topic].lock or self.lock

    async def fetch(self, lane: Lane, limit: int) -> Sequence[ExternalTask]:
        """One long poll."""
        bodies = [self.topics[name].body(self.lock) for name in lane.topics]
        tasks = await self.client.fetch_and_lock(
            self.worker_id, bodies, max_tasks=limit, wait=self.poll, use_priority=self.use_priority
        )
        await asyncio.gather(*(self._load_files(task) for task in tasks if self.topics[task.topic].load_files))
        return tasks

    async def report(self, job: ExternalTask, outcome: Outcome) -> None:
        """Complete, BPMN error or failure."""
        match outcome:
            case Complete():
                await self.client.complete_external_task(
                    job.id, self.worker_id, outcome.variables, outcome.local_variables
                )
            case ThrowError():
                await self.client.throw_external_task_error(
                    job.id, self.worker_id, outcome.code, outcome.message, outcome.variables
                )
            case Fail():
                await self.client.fail_external_task(
                    job.id,
                    self.worker_id,
                    outcome.message,
                    details=outcome.details,
                    retries=outcome.retries,
                    retry_after=outcome.retry_after,
                    variables=outcome.variables,
                )

    async def extend(self, job: ExternalTask) -> None:
        """The lock lasts `lock` from now."""
        await self.client.extend_external_task_lock(job.id, self.worker_id, self.lock_of(job))

    async def release(self, job: ExternalTask) -> None:
        """Unlocks a task; it keeps its retries."""
        await self.client.unlock_external_task(job.id)

    async def sweep(self) -> None:
        """Unlocks what a poll that was cut off has locked so far, if nobody else works under this id."""
        if not self.own_id:
            return
        for task in await self.client.external_tasks(worker_id=self.worker_id, locked=True):
            try:
                await self.client.unlock_external_task(task.id)
            except NotFound:
                continue

    async def close(self) -> None:
        """Closes the connections."""
        await self.client.close()

    async def _load_files(self, task: ExternalTask) -> None:
        for name, raw in task.raw_variables.items():
            if raw.get("type") == "File" and raw.get("value") is None:
                try:
                    raw["value"] = base64.b64encode(await self._file(task, name)).decode("ascii")
                except CamundaError as error:
                    log.warning("Task %s (%s): file %r was not loaded: %s", task.id, task.topic, name, error)

    async def _file(self, task: ExternalTask, name: str) -> bytes:
        try:
            return await self.client.execution_variable_content(task.execution_id, name)
        except NotFound:
            return await self.client.process_variable_content(task.process_instance_id, name)
