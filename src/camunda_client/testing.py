"""Handlers in unit tests, without an engine: what a handler does with variables, and what the engine would be told.

    from camunda_client.testing import perform

    def test_minors_are_refused():
        outcome = perform(determine, {"age": 17})
        assert outcome == ThrowError("TOO_YOUNG", "Applicants must be of age")

`perform` binds arguments, runs the handler and reads its result exactly as a worker does. `Rehearsal` runs a whole worker.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

from camunda_client.c7.task import ExternalTask
from camunda_client.c7.values import FileValue, JsonValue, ObjectValue, TypedValue, XmlValue, encode_variables
from camunda_client.c8.models.job import ActivatedJob
from camunda_client.worker.core import Core, Counters, Options
from camunda_client.worker.handlers import read_handler
from camunda_client.worker.outcomes import Complete, Fail, Outcome, ThrowError
from camunda_client.worker.runner import JobWorker
from camunda_client.worker.source import Lane

__all__ = ["Complete", "Fail", "Rehearsal", "ThrowError", "activated_job", "external_task", "perform", "perform_async"]

_VALUES = (FileValue, JsonValue, ObjectValue, TypedValue, XmlValue)
_numbers = itertools.count(1)
_GRACE = timedelta(seconds=60)


def activated_job(variables: Mapping[str, Any] | None = None, job_type: str = "job", **fields: Any) -> ActivatedJob:
    """A job of Camunda 8 as a handler sees it; `fields` are those of `ActivatedJob`."""
    number = str(2251799813685248 + next(_numbers))
    known: dict[str, Any] = {"job_key": number, "process_instance_key": number, "element_id": job_type, "retries": 3}
    return ActivatedJob(job_type=job_type, variables=dict(variables or {}), **(known | fields))


def external_task(variables: Mapping[str, Any] | None = None, topic: str = "topic", **fields: Any) -> ExternalTask:
    """An external task of Camunda 7 as a handler sees it; `fields` are those of the REST API."""
    number = f"task-{next(_numbers)}"
    row: dict[str, Any] = {"id": number, "topicName": topic, "workerId": "test", "processInstanceId": number}
    return ExternalTask.read(row | {"variables": encode_variables(dict(variables or {})), "retries": None} | fields)


def perform(
    handler: Callable[..., Any],
    variables: Mapping[str, Any] | None = None,
    *,
    engine: Literal["c7", "c8"] = "c8",
    job: ActivatedJob | ExternalTask | None = None,
) -> Outcome:
    """Runs a handler once and says how the job would end: `Complete`, `ThrowError` or `Fail`.

    Raises HandlerSignatureError, as decorating would.
    """
    return asyncio.run(perform_async(handler, variables, engine=engine, job=job))


async def perform_async(
    handler: Callable[..., Any],
    variables: Mapping[str, Any] | None = None,
    *,
    engine: Literal["c7", "c8"] = "c8",
    job: ActivatedJob | ExternalTask | None = None,
) -> Outcome:
    """The same, awaited."""
    if job is None:
        job = activated_job(variables) if engine == "c8" else external_task(variables)
    kind, values = (ActivatedJob, ()) if isinstance(job, ActivatedJob) else (ExternalTask, _VALUES)
    stage = _Stage(deque([job]), 1)
    known = read_handler(job.topic, handler, kind, values)
    core = Core(stage, {job.topic: known}, Options(grace=_GRACE))
    stage.finished = core.stop
    await core.run()
    return stage.outcomes[0][1]


class _Stage:
    """A source of work in memory: what is put in is fetched once, what is reported is kept."""

    def __init__(self, jobs: deque[Any], capacity: int) -> None:
        self.jobs = jobs
        self.outcomes: list[tuple[Any, Outcome]] = []
        self._capacity = capacity
        self._left = len(jobs)
        self.finished: Callable[[], None] = lambda: None
        self._more = asyncio.Event()

    def lanes(self) -> Sequence[Lane]:
        return [Lane(tuple({job.topic: None for job in self.jobs}), self._capacity)]

    def lock_of(self, job: Any) -> timedelta:
        return timedelta(hours=1)

    async def fetch(self, lane: Lane, limit: int) -> Sequence[Any]:
        if not self.jobs:
            await self._more.wait()
        return [self.jobs.popleft() for _ in range(min(limit, len(self.jobs)))]

    async def report(self, job: Any, outcome: Outcome) -> None:
        self.outcomes.append((job, outcome))
        self._left -= 1
        if not self._left:
            self._more.set()
            self.finished()

    async def extend(self, job: Any) -> None:
        return

    async def release(self, job: Any) -> None:
        return

    async def sweep(self) -> None:
        return

    async def close(self) -> None:
        return


class Rehearsal:
    """Runs a worker's own handlers, with its options and middleware, over jobs made up by the test."""

    def __init__(self, worker: JobWorker[Any]) -> None:
        self._worker = worker

    def play(self, *jobs: ActivatedJob | ExternalTask) -> list[Outcome]:
        """How each of these jobs ends, in their order. Nothing is retried: a failure is a `Fail`."""
        unknown = {job.topic for job in jobs} - self._worker.handlers.keys()
        if unknown:
            raise ValueError(f"the worker has no handler for {', '.join(sorted(unknown))}")

        async def go() -> list[tuple[Any, Outcome]]:
            stage = _Stage(deque(jobs), max(len(jobs), 1))
            options = replace(self._worker.options, grace=_GRACE)
            core = Core(stage, self._worker.handlers, options, Counters())
            stage.finished = core.stop
            await core.run()
            return stage.outcomes

        ended = {id(job): outcome for job, outcome in asyncio.run(go())} if jobs else {}
        return [ended[id(job)] for job in jobs]
