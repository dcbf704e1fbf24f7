"""Jobs and job definitions, changed: run, retries, due date, priority, suspended, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from procession.camunda7.commanding import Reply, date_member, key_of, later_member, replying, submit
from procession.camunda7.exchange import (
    NO_CONTENT,
    Request,
    Response,
    flag_member,
    number_member,
    text_member,
)
from procession.camunda7.lookups import reading
from procession.camunda7.problems import Answered, invalid_request, rest_error
from procession.camunda7.routes import route
from procession.engine.commands import ChangeJobDefinition
from procession.errors import ConnectorFailed, Missing, ProcessionError
from procession.kernel import commands as c
from procession.storage.queries.definitions import JOB_DEFINITION
from procession.storage.queries.language import Query, rows
from procession.storage.queries.runtime import JOB

_STATE = "should be set to update the suspension state."


def _no_job(id_: str) -> Answered:
    return invalid_request(f"No job found with id '{id_}': job is null", 404)


def _retries(body: Mapping[str, Any]) -> int:
    retries = number_member(body, "retries")
    if retries is None:
        raise invalid_request("The number of retries cannot be null.")
    if retries < 0:
        message = f"The number of job retries must be a non-negative Integer, but '{retries}' has been provided."
        raise invalid_request(f"ENGINE-13054 {message}", 500)
    return retries


def _send(request: Request, engine: Any, command: Any, missing: Answered) -> Response:
    with replying(replies={Missing: missing}, status=500, type="InvalidRequestException", code=None):
        submit(engine, request, command)
    return NO_CONTENT


@route("POST", "/job/{id}/execute")
def execute(request: Request, engine: Any) -> Response:
    """Runs a job now; a failure is recorded on the job and told."""
    id_ = request["id"]
    missing = invalid_request(f"ENGINE-14026 No job found with id '{id_}'", 404)
    replies: dict[type[ProcessionError], Reply] = {
        Missing: missing,
        ConnectorFailed: lambda error: rest_error(error.message),
    }
    with replying(replies=replies, status=404, type="InvalidRequestException", code=None):
        engine.run_job(key_of(id_), user=request.user)
    return NO_CONTENT


@route("PUT", "/job/{id}/retries")
def set_retries(request: Request, engine: Any) -> Response:
    """Sets the retries and, with `dueDate`, when the next try is; more than 0 end the incident."""
    body, id_ = request.json_object(), request["id"]
    due = date_member(body, "dueDate")
    command = c.ChangeJob(key_of(id_), retries=_retries(body), set_due="dueDate" in body, due=due)
    return _send(request, engine, command, invalid_request(f"ENGINE-13053 No job found with id '{id_}'.'", 500))


@route("POST", "/job/{id}/duedate/recalculate")
def recalculate(request: Request, engine: Any) -> Response:
    """Evaluates a timer anew, from when its job was made or, with `creationDateBased=false`, from now."""
    id_ = request["id"]
    command = c.RecalculateJob(key_of(id_), request.flag("creationDateBased", True))
    missing = invalid_request(f"No job found with id '{id_}': job is null", 404, 0)
    with replying(replies={Missing: missing}):
        submit(engine, request, command)
    return NO_CONTENT


@route("PUT", "/job/{id}/duedate")
def set_due_date(request: Request, engine: Any) -> Response:
    """Sets when a job is due; null: at once."""
    id_ = request["id"]
    command = c.ChangeJob(key_of(id_), set_due=True, due=date_member(request.json_object(), "duedate"))
    return _send(request, engine, command, invalid_request(f"No job found with id '{id_}'.", 500))


@route("PUT", "/job/{id}/priority")
def set_priority(request: Request, engine: Any) -> Response:
    """Sets the priority."""
    id_ = request["id"]
    priority = number_member(request.json_object(), "priority", 64)
    if priority is None:
        raise rest_error(f"Priority for job '{id_}' cannot be null.", 400)
    return _send(request, engine, c.ChangeJob(key_of(id_), priority=priority), _no_job(id_))


@route("DELETE", "/job/{id}")
def delete(request: Request, engine: Any) -> Response:
    """Deletes a job."""
    return _send(request, engine, c.DeleteJob(key_of(request["id"])), _no_job(request["id"]))


@route("PUT", "/job/{id}/suspended")
def suspend(request: Request, engine: Any) -> Response:
    """Suspends or wakes a job; one that is not there is left alone."""
    halted = flag_member(request.json_object(), "suspended")
    with suppress(Missing):
        submit(engine, request, c.ChangeJob(key_of(request["id"]), suspended=halted))
    return NO_CONTENT


@route("PUT", "/job/suspended")
def suspend_many(request: Request, engine: Any) -> Response:
    """Suspends or wakes the jobs of a job definition, an instance or a process definition."""
    body = request.json_object()
    one_of = "jobId, jobDefinitionId, processInstanceId, processDefinitionId or processDefinitionKey"
    names = ("jobDefinitionId", "processInstanceId", "processDefinitionId", "processDefinitionKey")
    given = {name: text for name in names if (text := text_member(body, name)) is not None}
    if text_member(body, "jobId") is not None:
        rest = "jobDefinitionId, processInstanceId, processDefinitionId or processDefinitionKey"
        raise invalid_request(f"Either {rest} can be set to update the suspension state.")
    if not given:
        raise invalid_request(f"Either {one_of} {_STATE}")
    if len(given) > 1:
        raise invalid_request(f"Only one of {one_of} {_STATE}")
    filters = {**given, **_tenant(body)}
    halted = flag_member(body, "suspended")
    with reading(engine) as connection:
        found = rows(connection, JOB, Query(filters), engine.clock())
    for row in found:
        with suppress(Missing):
            submit(engine, request, c.ChangeJob(row["key"], suspended=halted))
    return NO_CONTENT


def _tenant(body: Mapping[str, Any]) -> dict[str, Any]:
    tenant = text_member(body, "processDefinitionTenantId")
    if tenant is not None:
        return {"tenantIdIn": [tenant]}
    return {"withoutTenantId": True} if flag_member(body, "processDefinitionWithoutTenantId") else {}


# ---------------------------------------------------------------- job definitions


@route("PUT", "/job-definition/{id}/suspended")
def suspend_definition(request: Request, engine: Any) -> Response:
    """Suspends or wakes a job definition, with `includeJobs` its jobs too; one that is not there is left alone."""
    body, id_ = request.json_object(), request["id"]
    at = later_member(body, f"The suspension state of Job Definition with id {id_} could not be updated")
    with suppress(Missing):
        submit(engine, request, _suspension(key_of(id_), body, at))
    return NO_CONTENT


def _suspension(key: int, body: Mapping[str, Any], at: datetime | None) -> ChangeJobDefinition:
    halted, jobs = flag_member(body, "suspended"), flag_member(body, "includeJobs")
    return ChangeJobDefinition(key, suspended=halted, jobs=jobs, at=at)


@route("PUT", "/job-definition/suspended")
def suspend_definitions(request: Request, engine: Any) -> Response:
    """Suspends or wakes the job definitions of a process definition."""
    body = request.json_object()
    if text_member(body, "jobDefinitionId") is not None:
        message = "Either processDefinitionId or processDefinitionKey can be set to update the suspension state."
        raise invalid_request(message)
    names = ("processDefinitionId", "processDefinitionKey")
    given = {name: text for name in names if (text := text_member(body, name)) is not None}
    if not given:
        raise invalid_request(f"Either jobDefinitionId, processDefinitionId or processDefinitionKey {_STATE}")
    if len(given) > 1:
        raise invalid_request(f"Only one of jobDefinitionId, processDefinitionId or processDefinitionKey {_STATE}")
    at = later_member(body, "Could not update the suspension state of Job Definitions")
    with reading(engine) as connection:
        found = rows(connection, JOB_DEFINITION, Query({**given, **_tenant(body)}), engine.clock())
    for row in found:
        submit(engine, request, _suspension(row["key"], body, at))
    return NO_CONTENT


@route("PUT", "/job-definition/{id}/retries")
def set_definition_retries(request: Request, engine: Any) -> Response:
    """Sets the retries of the failed jobs of a definition."""
    body = request.json_object()
    due = date_member(body, "dueDate")
    command = ChangeJobDefinition(
        key_of(request["id"]), retries=_retries(body), set_due="dueDate" in body, due=due
    )  # fmt: skip
    with suppress(Missing):
        submit(engine, request, command)
    return NO_CONTENT


@route("PUT", "/job-definition/{id}/jobPriority")
def set_definition_priority(request: Request, engine: Any) -> Response:
    """Overrides the priority of a definition's future jobs, with `includeJobs` of the present ones; null takes that back."""
    body, id_ = request.json_object(), request["id"]
    priority, jobs = number_member(body, "priority", 64), flag_member(body, "includeJobs")
    if priority is None and jobs:
        raise invalid_request(f"Cannot reset priority for job definition {id_} with includeJobs=true")
    missing = invalid_request(f"Job definition with id '{id_}' does not exist: jobDefinition is null", 404)
    with replying(replies={Missing: missing}):
        submit(engine, request, ChangeJobDefinition(key_of(id_), set_priority=True, priority=priority, jobs=jobs))
    return NO_CONTENT
