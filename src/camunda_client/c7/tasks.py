"""User tasks and external tasks over REST. (The worker that serves external tasks is `camunda_client.c7.Worker`.)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from camunda_client.c7.models import ExternalTaskInfo, UserTask
from camunda_client.c7.processes import Variables
from camunda_client.c7.queries import body, parameters, records
from camunda_client.c7.task import ExternalTask
from camunda_client.c7.values import decode_variables, encode_variables
from camunda_client.protocol import Flow, Request, operation

POLL_MARGIN = 15.0
"""Seconds an answer may come later than the long poll's own end."""


def milliseconds(duration: timedelta) -> int:
    """Camunda 7's unit of durations."""
    return round(duration.total_seconds() * 1000)


class UserTasks:
    """Operations on user tasks."""

    @operation
    def tasks(self, /, **filters: object) -> Flow[list[UserTask]]:
        """Open user tasks that match, such as `assignee="demo", sort_by="created", sort_order="asc"`."""
        answer = yield Request("GET", "/task", parameters(filters))
        return records(UserTask, answer)

    @operation
    def count_tasks(self, /, **filters: object) -> Flow[int]:
        """How many open user tasks match."""
        answer = yield Request("GET", "/task/count", parameters(filters))
        return int(answer.json()["count"])

    @operation
    def task(self, task_id: str) -> Flow[UserTask]:
        """One open user task. Raises NotFound."""
        answer = yield Request("GET", f"/task/{quote(task_id, '')}")
        return UserTask.model_validate(answer.json())

    @operation
    def task_variables(self, task_id: str) -> Flow[dict[str, Any]]:
        """All variables the task can see, as Python values."""
        path = f"/task/{quote(task_id, '')}/variables"
        answer = yield Request("GET", path, parameters({"deserialize_values": False}))
        return decode_variables(answer.json())

    @operation
    def claim_task(self, task_id: str, user_id: str) -> Flow[None]:
        """Takes a task for a user. Raises EngineFailed where somebody else has it."""
        yield Request("POST", f"/task/{quote(task_id, '')}/claim", json={"userId": user_id})

    @operation
    def unclaim_task(self, task_id: str) -> Flow[None]:
        """Gives a task back."""
        yield Request("POST", f"/task/{quote(task_id, '')}/unclaim")

    @operation
    def assign_task(self, task_id: str, user_id: str | None) -> Flow[None]:
        """Sets the assignee without any check; None clears it."""
        yield Request("POST", f"/task/{quote(task_id, '')}/assignee", json={"userId": user_id})

    @operation
    def complete_task(self, task_id: str, variables: Variables = None) -> Flow[None]:
        """Completes a user task; the process goes on to its next wait state before this returns."""
        yield Request("POST", f"/task/{quote(task_id, '')}/complete", json={"variables": encode_variables(variables)})


class ExternalTasks:
    """Operations on external tasks."""

    @operation
    def external_tasks(self, /, **filters: object) -> Flow[list[ExternalTaskInfo]]:
        """External tasks that match, such as `worker_id=…, locked=True`."""
        answer = yield Request("GET", "/external-task", parameters(filters))
        return records(ExternalTaskInfo, answer)

    @operation
    def fetch_and_lock(
        self,
        worker_id: str,
        topics: Sequence[Mapping[str, Any]],
        *,
        max_tasks: int,
        wait: timedelta = timedelta(0),
        use_priority: bool = True,
        sorting: Sequence[Mapping[str, str]] | None = None,
    ) -> Flow[list[ExternalTask]]:
        """Locks up to `max_tasks` tasks; waits up to `wait` for the first one. `topics` are the API's own bodies."""
        request = body(
            worker_id=worker_id,
            max_tasks=max_tasks,
            use_priority=use_priority,
            sorting=list(sorting) if sorting else None,
            async_response_timeout=milliseconds(wait) or None,
            topics=list(topics),
        )
        timeout = wait.total_seconds() + POLL_MARGIN
        answer = yield Request("POST", "/external-task/fetchAndLock", json=request, timeout=timeout)
        return [ExternalTask.read(row) for row in answer.json()]

    @operation
    def complete_external_task(
        self, task_id: str, worker_id: str, variables: Variables = None, local_variables: Variables = None
    ) -> Flow[None]:
        """Completes a locked task. Raises NotFound (it is gone), BadRequest (the lock is another worker's)."""
        request = {"workerId": worker_id, "variables": encode_variables(variables)}
        if local_variables:
            request["localVariables"] = encode_variables(local_variables)
        yield Request("POST", f"/external-task/{quote(task_id, '')}/complete", json=request)

    @operation
    def fail_external_task(
        self,
        task_id: str,
        worker_id: str,
        message: str,
        *,
        details: str = "",
        retries: int = 0,
        retry_after: timedelta = timedelta(0),
        variables: Variables = None,
    ) -> Flow[None]:
        """Reports a failure: the task is offered again after `retry_after`, or an incident arises at 0 retries.

        `variables` are written where the task stands, for the next attempt.
        """
        request = body(
            worker_id=worker_id,
            error_message=message,
            error_details=details or None,
            retries=retries,
            retry_timeout=milliseconds(retry_after),
            local_variables=encode_variables(variables) if variables else None,
        )
        yield Request("POST", f"/external-task/{quote(task_id, '')}/failure", json=request)

    @operation
    def throw_external_task_error(
        self, task_id: str, worker_id: str, code: str, message: str = "", variables: Variables = None
    ) -> Flow[None]:
        """Throws a BPMN error at a locked task."""
        request = body(
            worker_id=worker_id,
            error_code=code,
            error_message=message or None,
            variables=encode_variables(variables),
        )
        yield Request("POST", f"/external-task/{quote(task_id, '')}/bpmnError", json=request)

    @operation
    def extend_external_task_lock(self, task_id: str, worker_id: str, duration: timedelta) -> Flow[None]:
        """The lock ends `duration` from now."""
        request = {"workerId": worker_id, "newDuration": milliseconds(duration)}
        yield Request("POST", f"/external-task/{quote(task_id, '')}/extendLock", json=request)

    @operation
    def unlock_external_task(self, task_id: str) -> Flow[None]:
        """Gives a task back to all workers."""
        yield Request("POST", f"/external-task/{quote(task_id, '')}/unlock")

    @operation
    def set_external_task_retries(self, task_id: str, retries: int) -> Flow[None]:
        """Gives a failed task new attempts; its incident disappears."""
        yield Request("PUT", f"/external-task/{quote(task_id, '')}/retries", json={"retries": retries})

    @operation
    def execution_variable_content(self, execution_id: str, name: str) -> Flow[bytes]:
        """The content of a file or byte variable that lives in exactly this execution. Raises NotFound."""
        path = f"/execution/{quote(execution_id, '')}/localVariables/{quote(name, '')}/data"
        answer = yield Request("GET", path, timeout=120.0)
        return answer.content
