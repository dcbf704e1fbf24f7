"""Camunda 8's jobs as a source of work for the worker core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from camunda_client.c8.client import AsyncCamunda8Client, Camunda8Wire
from camunda_client.c8.models.job import ActivatedJob, ActivateJobRequest, JobResult
from camunda_client.c8.requests import milliseconds
from camunda_client.errors import Conflict, NotFound
from camunda_client.worker.outcomes import Complete, Fail, Outcome, ThrowError
from camunda_client.worker.source import Lane

LONGEST_MESSAGE = 8_000
"""Characters of an incident's message: the trace is in it, because Camunda 8 has no other place for it."""


@dataclass(frozen=True, slots=True)
class JobType:
    """What to activate for one type. `variables` None: all."""

    name: str
    worker: str
    variables: tuple[str, ...] | None
    lock: timedelta
    poll: timedelta
    max_tasks: int
    tenant_ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class JobSource:
    """One long poll for each job type, reports over REST."""

    client: AsyncCamunda8Client | Camunda8Wire
    types: Mapping[str, JobType]

    def lanes(self) -> Sequence[Lane]:
        """One lane for each job type: Camunda 8 activates one type at a time."""
        return [Lane((name,), kind.max_tasks) for name, kind in self.types.items()]

    def lock_of(self, job: ActivatedJob) -> timedelta:
        """The type's own duration."""
        return self.types[job.job_type].lock

    async def fetch(self, lane: Lane, limit: int) -> Sequence[ActivatedJob]:
        """One long poll."""
        kind = self.types[lane.topics[0]]
        found = await self.client.activate_jobs(
            request=ActivateJobRequest(
                job_type=kind.name,
                worker=kind.worker,
                timeout=milliseconds(kind.lock),
                max_jobs_to_activate=limit,
                fetch_variables=list(kind.variables) if kind.variables is not None else None,
                request_timeout=milliseconds(kind.poll) or -1,
                tenant_ids=list(kind.tenant_ids) if kind.tenant_ids is not None else None,
            )
        )
        return found.jobs

    async def report(self, job: ActivatedJob, outcome: Outcome) -> None:
        """Completion, error or failure. A job in another state by now is as good as gone."""
        try:
            match outcome:
                case Complete():
                    await self.client.complete_job(job, _all_variables(outcome), result=_result(outcome.result))
                case ThrowError():
                    await self.client.throw_error_for_job(job, outcome.code, outcome.message, outcome.variables)
                case Fail():
                    await self.client.mark_job_as_failed(
                        job,
                        _text(outcome),
                        outcome.variables,
                        retries=outcome.retries,
                        retry_back_off=milliseconds(outcome.retry_after),
                    )
        except Conflict as error:
            raise NotFound(error.message, status=error.status, type=error.type, request=error.request) from error

    async def extend(self, job: ActivatedJob) -> None:
        """The job stays ours for the type's duration from now."""
        await self.client.update_job(job, timeout=milliseconds(self.lock_of(job)))

    async def release(self, job: ActivatedJob) -> None:
        """Lets the job's time run out now: it keeps its retries and is handed out again."""
        await self.client.update_job(job, timeout=1)

    async def sweep(self) -> None:
        """A poll that was cut off cannot be asked what it activated: those jobs come back when their time is over."""

    async def close(self) -> None:
        """Closes the connections."""
        await self.client.close()


def _all_variables(outcome: Complete) -> Any:
    """Camunda 8 has one place for a job's variables: its output mapping says what becomes of them."""
    if not outcome.local_variables:
        return outcome.variables
    return {**dict(outcome.local_variables), **dict(outcome.variables or {})}


def _result(result: Any) -> JobResult | Mapping[str, Any] | None:
    if result is None or isinstance(result, JobResult | Mapping):
        return result
    raise TypeError(f"a job's result must be a JobResult or a mapping, not {type(result).__name__}")


def _text(outcome: Fail) -> str:
    text = f"{outcome.message}\n{outcome.details}" if outcome.details else outcome.message
    return text if len(text) <= LONGEST_MESSAGE else text[: LONGEST_MESSAGE - 1] + "…"
