"""The engine as functions see it, on a Camunda 7 server: over REST, with keys in a store beside it.

REST has no transaction that spans the key and the start. Every started instance therefore carries its key in the variable
`idempotencyKey`; who takes over an unfinished claim looks for that variable before it starts anything.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from datetime import timedelta
from time import monotonic
from typing import Any

from camunda_client.c7 import Camunda7Client
from camunda_client.c7.models import ProcessInstance
from camunda_client.c7.task import ExternalTask
from camunda_client.errors import BadRequest, CamundaError, Conflict, NotFound
from camunda_client.serverless.handling import outcome
from camunda_client.serverless.once import Database, dynamodb, guarded
from camunda_client.serverless.workflows import (
    Action,
    Conflicting,
    Done,
    Execution,
    Message,
    Once,
    Start,
    Status,
    Unacceptable,
    UnknownWorkflow,
    WorkflowError,
)
from camunda_client.worker.outcomes import Complete, Fail, ThrowError

KEY_VARIABLE = "idempotencyKey"  # without _: Camunda 7 could not be asked for it


class RemoteWorkflows:
    """Workflows of a Camunda 7 server (`CAMUNDA_URL`, `CAMUNDA_USER`, `CAMUNDA_PASSWORD`)."""

    def __init__(self, client: Camunda7Client, keys: Database | None = None, dynamodb_table: str = "") -> None:
        self._client = client
        self._keys = keys
        self._table = dynamodb_table

    def run(self, actions: Sequence[Action], once: Once | None = None) -> Done:
        """See `Workflows`. Actions follow each other; each has a key of its own."""
        executions: list[Execution] = []
        repeated = once is not None and bool(actions)
        for place, action in enumerate(actions):
            done = self._guarded(action, once, place)
            executions.extend(done.executions)
            repeated = repeated and done.repeated
        if repeated:
            executions = [self._as_now(execution) for execution in executions]
        return Done(tuple(executions), repeated)

    def _guarded(self, action: Action, once: Once | None, place: int) -> Done:
        if once is None:
            return Done(tuple(self._perform(action, None)))
        own = Once(tuple(f"{key[:60]}.{place}" for key in once.keys), once.fingerprint) if place else once
        if self._table:
            return dynamodb(self._table, own, lambda: Done(tuple(self._perform(action, own.keys[0], look=True))))
        if self._keys is None:
            raise WorkflowError("No store of keys is configured: set UAEF_DB_URL or UAEF_IDEMPOTENCY_TABLE")
        return guarded(self._keys, own, lambda again: Done(tuple(self._perform(action, own.keys[0], look=again))))

    def _perform(self, action: Action, key: str | None, *, look: bool = False) -> list[Execution]:
        try:
            if isinstance(action, Message):
                return self._correlate(action)
            if look and key is not None and (found := self._started(key, action)):
                return [found]
            return [self._start(action, key)]
        except NotFound as error:
            raise UnknownWorkflow(error.message) from error
        except Conflict as error:
            raise Conflicting(error.message) from error
        except BadRequest as error:
            kind = Conflicting if "MismatchingMessageCorrelation" in str(error) else Unacceptable
            raise kind(error.message) from error
        except CamundaError as error:
            raise WorkflowError(f"The engine failed: {error.message}") from error

    def _start(self, start: Start, key: str | None) -> Execution:
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

    def _started(self, key: str, start: Start) -> Execution | None:
        found = self._client.historic_process_instances(variables=f"{KEY_VARIABLE}_eq_{key}", max_results=1)
        if not found:
            return None
        name = start.name or found[0].process_definition_key or start.definition_id
        return self._as_now(Execution(found[0].id, name, "running", found[0].process_definition_id))

    def _correlate(self, message: Message) -> list[Execution]:
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

    def _as_now(self, execution: Execution) -> Execution:
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

    def run_due(self, limit: int, seconds: float) -> int:
        """A Camunda 7 server has a job executor of its own: nothing to do here."""
        return 0

    def serve(self, topic: str, handle: Callable[[ExternalTask], Any], limit: int, lock: timedelta) -> int:
        """See `Workflows`."""
        worker = f"serverless-{socket.gethostname()}"
        duration = int(lock.total_seconds() * 1000)
        end = monotonic() + lock.total_seconds()
        served = 0
        while served < limit and monotonic() < end:
            try:
                tasks = self._client.fetch_and_lock(
                    worker, [{"topicName": topic, "lockDuration": duration}], max_tasks=1
                )
                if not tasks:
                    break
                self._finish(tasks[0], worker, outcome(handle, tasks[0]))
            except CamundaError as error:
                raise WorkflowError(f"The engine failed: {error.message}") from error
            served += 1
        return served

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

    def forget(self) -> int:
        """See `Workflows`; DynamoDB forgets by itself."""
        return self._keys.forget() if self._keys is not None else 0

    def close(self) -> None:
        """See `Workflows`."""
        self._client.close()
        if self._keys is not None:
            self._keys.close()
