"""The engine as functions see it, on a Camunda 8 cluster: over REST, with keys in a store beside it (`remoting`).

A cluster answers a start before the instance has run, so its status is `running` first. It finds an instance by a variable only
once its exporter has seen it, some seconds later: two containers that start for one key within that time, the first of which
died in between, would start twice. Business keys become the variable `businessKey`.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from camunda_client.c7.task import ExternalTask
from camunda_client.c7.values import encode_variables
from camunda_client.c8.client import Camunda8Client
from camunda_client.c8.models import ActivatedJob
from camunda_client.errors import BadRequest, CamundaError, Conflict, NotFound
from camunda_client.serverless.handling import outcome
from camunda_client.serverless.once import Database
from camunda_client.serverless.remoting import KEY_VARIABLE, Remote
from camunda_client.serverless.workflows import (
    Action,
    Conflicting,
    Execution,
    Message,
    Start,
    Status,
    Unacceptable,
    UnknownWorkflow,
    WorkflowError,
)
from camunda_client.worker.outcomes import Complete, Fail, ThrowError

BUSINESS_KEY = "businessKey"


class Camunda8Workflows(Remote):
    """Workflows of a Camunda 8 cluster, which the official variables name (`CAMUNDA_REST_ADDRESS`, …)."""

    def __init__(self, client: Camunda8Client, keys: Database | None = None, dynamodb_table: str = "") -> None:
        super().__init__(keys, dynamodb_table)
        self._client = client

    def start(self, start: Start, key: str | None) -> Execution:
        """See `Remote`. A `definition_id` of digits alone is a definition's key, everything else a process id."""
        variables = start.all_variables
        if start.key is not None:
            variables.setdefault(BUSINESS_KEY, start.key)
        if start.initiated_by is not None:
            variables.setdefault("initiated_by", start.initiated_by)
        if key is not None:
            variables[KEY_VARIABLE] = key
        if start.definition_id.isdecimal():
            found = self._client.create_process_instance(
                process_definition_key=start.definition_id, variables=variables
            )
        else:
            found = self._client.create_process_instance(process_definition_id=start.definition_id, variables=variables)
        return Execution(
            found.process_instance_key,
            start.name or found.process_definition_id or start.definition_id,
            "running",
            found.process_definition_key,
        )

    def started(self, key: str, start: Start) -> Execution | None:
        """See `Remote`."""
        found = self._client.search_variables(name=KEY_VARIABLE, value=json.dumps(key), limit=1).items
        if not found:
            return None
        return self.as_now(Execution(found[0].process_instance_key or "", start.name or start.definition_id))

    def correlate(self, message: Message) -> list[Execution]:
        """See `Remote`. The correlation key is the business key, else the only one of the correlation keys."""
        keys = list(message.correlation_keys.values())
        if message.business_key is None and len(keys) > 1:
            raise Unacceptable("Camunda 8 correlates by one key: give the business key, or one correlation key")
        wanted = message.business_key if message.business_key is not None else str(keys[0]) if keys else ""
        found = self._client.correlate_message(
            name=message.name, correlation_key=wanted, variables=dict(message.variables)
        )
        return [Execution(found.process_instance_key, message.name)]

    def as_now(self, execution: Execution) -> Execution:
        """See `Remote`."""
        try:
            found = self._client.get_process_instance(execution.execution_id)
        except CamundaError:
            return execution
        status: Status = "failed" if found.has_incident or found.state == "TERMINATED" else "running"
        if found.state == "COMPLETED":
            status = "completed"
        return Execution(execution.execution_id, execution.workflow_name, status, found.process_definition_key)

    def refused(self, action: Action, error: CamundaError) -> WorkflowError:
        """See `Remote`. Nobody who waits for a message is 404 in Camunda 8."""
        match error:
            case NotFound():
                return (Conflicting if isinstance(action, Message) else UnknownWorkflow)(error.message)
            case Conflict():
                return Conflicting(error.message)
            case BadRequest():
                return Unacceptable(error.message)
        return WorkflowError(f"The engine failed: {error.message}")

    def serve_one(self, topic: str, handle: Callable[[ExternalTask], Any], lock: timedelta) -> bool:
        """See `Remote`. Jobs of that type; a negative request time-out asks without waiting."""
        jobs = self._client.activate_jobs(
            topic,
            worker=f"serverless-{socket.gethostname()}",
            timeout=int(lock.total_seconds() * 1000),
            max_jobs_to_activate=1,
            request_timeout=-1,
        ).jobs
        for job in jobs:
            self._finish(job, outcome(handle, as_task(job)))
        return bool(jobs)

    def _finish(self, job: ActivatedJob, result: Complete | ThrowError | Fail) -> None:
        match result:
            case Complete():
                self._client.complete_job(job, {**(result.local_variables or {}), **(result.variables or {})})
            case ThrowError():
                self._client.throw_error_for_job(job, result.code, result.message, dict(result.variables or {}))
            case Fail():
                pause = int(result.retry_after.total_seconds() * 1000)
                self._client.mark_job_as_failed(job, result.message, retries=result.retries, retry_back_off=pause)

    def close(self) -> None:
        """See `Workflows`."""
        self._client.close()
        super().close()


def as_task(job: ActivatedJob) -> ExternalTask:
    """A job as handlers of tasks see it."""
    return ExternalTask.read(
        {
            "id": job.job_key,
            "topicName": job.job_type,
            "workerId": job.worker,
            "processInstanceId": job.process_instance_key,
            "executionId": job.element_instance_key,
            "processDefinitionId": job.process_definition_key,
            "processDefinitionKey": job.process_definition_id,
            "activityId": job.element_id,
            "businessKey": job.variables.get(BUSINESS_KEY),
            "retries": job.retries,
            "variables": encode_variables(job.variables),
        }
    )
