"""The engine as functions see it, on a Camunda 7 server: over REST, with keys in a store beside it (`remoting`)."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from camunda_client.c7 import Camunda7Client
from camunda_client.c7.models import ProcessInstance
from camunda_client.c7.task import ExternalTask
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


class RemoteWorkflows(Remote):
    """Workflows of a Camunda 7 server (`CAMUNDA_URL`, `CAMUNDA_USER`, `CAMUNDA_PASSWORD`)."""

    def __init__(self, client: Camunda7Client, keys: Database | None = None, dynamodb_table: str = "") -> None:
        super().__init__(keys, dynamodb_table)
        self._client = client

    def start(self, start: Start, key: str | None) -> Execution:
        variables = start.all_variables
        if start.initiated_by is not None:
            variables.setdefault("initiated_by", start.initiated_by)  # REST starts as the user it authenticates
        if key is not None:
            variables[KEY_VARIABLE] = key
        try:
            found = self._start_by(start, variables, by_id=":" in start.definition_id)
        except NotFound:
            found = self._start_by(start, variables, by_id=":" not in start.definition_id)
        status: Status = "completed" if found.ended else "running"
        name = start.name or found.definition_key or found.definition_id.split(":", 1)[0]
        return Execution(found.id, name, status, found.definition_id)

    def _start_by(self, start: Start, variables: dict[str, Any], *, by_id: bool) -> ProcessInstance:
        """Most ids hold a colon and no key does, so one request is enough almost always. Raises NotFound."""
        if not by_id:
            return self._client.start_process(start.definition_id, variables, business_key=start.key)
        try:
            return self._client.start_process(
                definition_id=start.definition_id, variables=variables, business_key=start.key
            )
        except CamundaError as error:
            if "processDefinition is null" in error.message:  # how Camunda 7 says that there is no such id
                raise NotFound(f"No workflow is deployed under {start.definition_id!r}", status=404) from error
            raise

    def started(self, key: str, start: Start) -> Execution | None:
        found = self._client.historic_process_instances(variables=f"{KEY_VARIABLE}_eq_{key}", max_results=1)
        if not found:
            return None
        name = start.name or found[0].process_definition_key or start.definition_id
        return self.as_now(Execution(found[0].id, name, "running", found[0].process_definition_id))

    def correlate(self, message: Message) -> list[Execution]:
        results = self._client.correlate_message(
            message.name,
            business_key=message.business_key,
            correlation_keys=message.correlation_keys,
            variables=message.variables,
        )
        found = []
        for result in results:
            started = result.process_instance
            instance = started.id if started is not None else (result.execution or {}).get("processInstanceId")
            found.append(Execution(str(instance or ""), message.name))
        return found

    def as_now(self, execution: Execution) -> Execution:
        try:
            history = self._client.historic_process_instance(execution.execution_id)
            incidents = self._client.incidents(process_instance_id=execution.execution_id)
        except CamundaError:
            return execution
        state = history.state or ""
        status: Status = "failed" if incidents or state.endswith("TERMINATED") else "running"
        if state == "COMPLETED":
            status = "completed"
        return Execution(execution.execution_id, execution.workflow_name, status, execution.definition_id)

    def refused(self, action: Action, error: CamundaError) -> WorkflowError:
        """See `Remote`."""
        match error:
            case NotFound():
                return UnknownWorkflow(error.message)
            case Conflict():
                return Conflicting(error.message)
            case BadRequest():
                kind = Conflicting if "MismatchingMessageCorrelation" in str(error) else Unacceptable
                return kind(error.message)
        return WorkflowError(f"The engine failed: {error.message}")

    def serve_one(self, topic: str, handle: Callable[[ExternalTask], Any], lock: timedelta) -> bool:
        """See `Remote`."""
        worker, duration = f"serverless-{socket.gethostname()}", int(lock.total_seconds() * 1000)
        tasks = self._client.fetch_and_lock(worker, [{"topicName": topic, "lockDuration": duration}], max_tasks=1)
        if tasks:
            self._finish(tasks[0], worker, outcome(handle, tasks[0]))
        return bool(tasks)

    def _finish(self, task: ExternalTask, worker: str, result: Complete | ThrowError | Fail) -> None:
        match result:
            case Complete():
                self._client.complete_external_task(task.id, worker, result.variables, result.local_variables)
            case ThrowError():
                self._client.throw_external_task_error(
                    task.id, worker, result.code, message=result.message, variables=result.variables
                )
            case Fail():
                self._client.fail_external_task(
                    task.id,
                    worker,
                    result.message,
                    details=result.details,
                    retries=result.retries,
                    retry_after=result.retry_after,
                )

    def close(self) -> None:
        """See `Workflows`."""
        self._client.close()
        super().close()
