"""Jobs over REST. (The worker that serves them is `camunda_client.c8.Worker`.) Times in milliseconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from camunda_client.c8.models.job import (
    ActivatedJob,
    ActivatedJobResponse,
    ActivateJobRequest,
    JobFailedRequest,
    JobInfo,
    JobResult,
    ThrowErrorForJobRequest,
)
from camunda_client.c8.requests import PATIENCE, body, path, post, read, search
from camunda_client.config import JobConfig
from camunda_client.protocol import Flow, Request, operation
from camunda_client.worker.outcomes import BpmnError


def job_key(job: ActivatedJob | str) -> str:
    """A job's key, from the job or the key itself."""
    return job.job_key if isinstance(job, ActivatedJob) else job


class Jobs:
    """Operations on jobs."""

    _usual: JobConfig

    @property
    def job_config(self) -> JobConfig:
        """What counts where a call does not say."""
        return self._usual

    @operation
    def activate_jobs(
        self,
        job_type: str | None = None,
        worker: str | None = None,
        timeout: int | None = None,
        max_jobs_to_activate: int = 5,
        fetch_variables: Sequence[str] | None = None,
        request_timeout: int | None = None,
        tenant_ids: Sequence[str] | None = None,
        request: ActivateJobRequest | None = None,
    ) -> Flow[ActivatedJobResponse]:
        """Activates up to `max_jobs_to_activate` jobs of a type: they are ours for `timeout`.

        Waits up to `request_timeout` for the first one. What is not given comes from the configuration (`JobConfig`).
        """
        usual = self.job_config
        if request is None:
            if job_type is None:
                raise TypeError("give the job's type")
            request = ActivateJobRequest(
                job_type=job_type,
                worker=worker or usual.worker,
                timeout=timeout or usual.timeout,
                max_jobs_to_activate=max_jobs_to_activate,
                fetch_variables=list(fetch_variables) if fetch_variables is not None else None,
                request_timeout=request_timeout if request_timeout is not None else usual.request_timeout,
                tenant_ids=list(tenant_ids) if tenant_ids is not None else usual.tenant_ids,
            )
        wait = request.request_timeout or 10_000
        answer = yield post("jobs", "activation", body=request.body(), timeout=wait / 1000 + PATIENCE)
        return read(ActivatedJobResponse, answer)

    @operation
    def complete_job(
        self, job: ActivatedJob | str, variables: Any = None, *, result: JobResult | Mapping[str, Any] | None = None
    ) -> Flow[None]:
        """Completes a job. `result` is for listeners' and ad-hoc sub-processes' jobs. Raises NotFound, Conflict."""
        wanted = result.body() if isinstance(result, JobResult) else result
        yield post("jobs", job_key(job), "completion", body=body(variables=variables or {}, result=wanted))

    @operation
    def mark_job_as_failed(
        self,
        job: ActivatedJob | str,
        error_message: str,
        variables: Any = None,
        *,
        retries: int | None = None,
        retry_back_off: int = 0,
    ) -> Flow[None]:
        """Reports a failure: one attempt less than the job had (or `retries`), the next one after `retry_back_off`.

        No attempt left: an incident.
        """
        if retries is None:
            retries = max(job.retries - 1, 0) if isinstance(job, ActivatedJob) else 0
        request = JobFailedRequest(
            retries=retries, error_message=error_message, retry_back_off=retry_back_off, variables=variables
        )
        yield post("jobs", job_key(job), "failure", body=request.body())

    @operation
    def throw_error_for_job(
        self, job: ActivatedJob | str, error: BpmnError | str, message: str = "", variables: Any = None
    ) -> Flow[None]:
        """Throws a BPMN error at a job: a `CamundaBusinessException` with its code, message and variables, or a code."""
        if isinstance(error, BpmnError):
            code, message, variables = error.code, error.message, dict(error.variables) or variables
        else:
            code = error
        request = ThrowErrorForJobRequest(error_code=code, error_message=message or None, variables=variables or None)
        yield post("jobs", job_key(job), "error", body=request.body())

    @operation
    def update_job(
        self,
        job: ActivatedJob | str,
        *,
        retries: int | None = None,
        timeout: int | None = None,
        operation_reference: int | None = None,
    ) -> Flow[None]:
        """Gives a job other retries, or `timeout` more time from now."""
        changes = body(retries=retries, timeout=timeout)
        request = body(changeset=changes, operation_reference=operation_reference)
        yield Request("PATCH", path("jobs", job_key(job)), json=request)

    search_jobs = search(JobInfo, "/jobs/search", "Jobs that match.")
