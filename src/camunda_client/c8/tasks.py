"""User tasks, incidents and variables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from camunda_client.c8.models.deployment import Form
from camunda_client.c8.models.search import Page
from camunda_client.c8.models.work import Incident, UserTask, Variable
from camunda_client.c8.requests import Sort, body, get, pages, path, post, read, search
from camunda_client.protocol import Flow, Request, operation


def variable_pages(
    where: str,
    sort: Sort | None,
    limit: int | None,
    start: int | None,
    after: str | None,
    before: str | None,
    every: bool,
    truncate_values: bool | None,
    filters: dict[str, Any],
) -> Flow[Page[Variable]]:
    """A search for variables; `truncate_values=False` brings whole values."""
    params = {} if truncate_values is None else {"truncateValues": "true" if truncate_values else "false"}
    found: Page[Variable] = yield from pages(
        Variable, where, sort=sort, limit=limit, start=start, after=after, before=before, every=every,
        filters=filters, params=params,
    )  # fmt: skip
    return found


class UserTasks:
    """Operations on user tasks."""

    get_user_task = get(UserTask, "user-tasks", "One user task.")
    search_user_tasks = search(UserTask, "/user-tasks/search", "User tasks that match.")

    @operation
    def assign_user_task(
        self, user_task_key: str, assignee: str, *, allow_override: bool | None = None, action: str | None = None
    ) -> Flow[None]:
        """Gives a task to somebody. Raises Conflict where it has an assignee and `allow_override` is False."""
        request = body(assignee=assignee, allow_override=allow_override, action=action)
        yield post("user-tasks", user_task_key, "assignment", body=request)

    @operation
    def unassign_user_task(self, user_task_key: str) -> Flow[None]:
        """Takes a task from its assignee."""
        yield Request("DELETE", path("user-tasks", user_task_key, "assignee"))

    @operation
    def update_user_task(
        self,
        user_task_key: str,
        *,
        due_date: datetime | str | None = None,
        follow_up_date: datetime | str | None = None,
        candidate_users: Sequence[str] | None = None,
        candidate_groups: Sequence[str] | None = None,
        priority: int | None = None,
        action: str | None = None,
    ) -> Flow[None]:
        """Changes a task; an empty text or list clears a field."""
        changes = body(
            due_date=due_date,
            follow_up_date=follow_up_date,
            candidate_users=candidate_users,
            candidate_groups=candidate_groups,
            priority=priority,
        )
        request = body(changeset=changes or None, action=action)
        yield Request("PATCH", path("user-tasks", user_task_key), json=request)

    @operation
    def complete_user_task(self, user_task_key: str, variables: Any = None, *, action: str | None = None) -> Flow[None]:
        """Completes a task. Raises NotFound, Conflict."""
        yield post("user-tasks", user_task_key, "completion", body=body(variables=variables, action=action))

    @operation
    def get_user_task_form(self, user_task_key: str) -> Flow[Form | None]:
        """The task's form, None where it has none."""
        answer = yield Request("GET", path("user-tasks", user_task_key, "form"))
        return read(Form, answer) if answer.content else None

    @operation
    def search_user_task_variables(
        self,
        /,
        user_task_key: str,
        *,
        effective: bool = False,
        sort: Sort | None = None,
        limit: int | None = None,
        start: int | None = None,
        after: str | None = None,
        before: str | None = None,
        every: bool = False,
        truncate_values: bool | None = None,
        **filters: Any,
    ) -> Flow[Page[Variable]]:
        """The variables a task sees; with `effective` each name once, the nearest scope's value."""
        kind = "effective-variables" if effective else "variables"
        where = path("user-tasks", user_task_key, kind, "search")
        return (yield from variable_pages(where, sort, limit, start, after, before, every, truncate_values, filters))


class Incidents:
    """Operations on incidents."""

    get_incident = get(Incident, "incidents", "One incident.")
    search_incidents = search(Incident, "/incidents/search", "Incidents that match.")

    @operation
    def resolve_incident(self, incident_key: str, operation_reference: int | None = None) -> Flow[None]:
        """Lets the element try again. Raises NotFound; for a job without retries give it some first (`update_job`)."""
        request = body(operation_reference=operation_reference)
        yield post("incidents", incident_key, "resolution", body=request)


class Variables:
    """Operations on variables."""

    get_variable = get(Variable, "variables", "One variable, whole.")

    @operation
    def search_variables(
        self,
        /,
        *,
        sort: Sort | None = None,
        limit: int | None = None,
        start: int | None = None,
        after: str | None = None,
        before: str | None = None,
        every: bool = False,
        truncate_values: bool | None = None,
        **filters: Any,
    ) -> Flow[Page[Variable]]:
        """Variables that match, such as `process_instance_key=…`. Values may be cut short unless `truncate_values=False`."""
        where = "/variables/search"
        return (yield from variable_pages(where, sort, limit, start, after, before, every, truncate_values, filters))

    @operation
    def set_variables(
        self,
        element_instance_key: str,
        variables: Any,
        *,
        local: bool | None = None,
        operation_reference: int | None = None,
    ) -> Flow[None]:
        """Sets variables at an element instance (or a process instance); with `local` in exactly that scope."""
        request = body(variables=variables, local=local, operation_reference=operation_reference)
        yield Request("PUT", path("element-instances", element_instance_key, "variables"), json=request)
