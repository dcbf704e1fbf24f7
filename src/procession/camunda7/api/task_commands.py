"""Human tasks, changed: created, claimed, delegated, resolved, completed; their links, errors and escalations."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from procession.camunda7.commanding import Reply, date_member, key_of, null_value, replying, submit, suspended
from procession.camunda7.exchange import NO_CONTENT, Request, Response, answer, flag_member, number_member, text_member
from procession.camunda7.lookups import reading, scope_variables, task_scope
from procession.camunda7.problems import Answered, engine_error, invalid_request, rest_error
from procession.camunda7.routes import Steps, route
from procession.camunda7.submitting import submitted_at_task
from procession.camunda7.values import read_variables, typed
from procession.errors import ExecutionFailed, Invalid, Missing, ProcessionError, Suspended
from procession.kernel import commands as c
from procession.storage.queries.language import as_key, first
from procession.storage.queries.tasks import TASK

_STATES = ("PENDING", "RESOLVED")


def _no_task(id_: str) -> str:
    return f"Cannot find task with id {id_}: task is null"


def _not_found(id_: str) -> Answered:
    return engine_error(_no_task(id_), "NotFoundException", 400)


def _send(request: Request, engine: Any, command: Any, missing: Answered) -> Response:
    with replying(replies={Missing: missing, Suspended: suspended("task", request["id"])}):
        submit(engine, request, command)
    return NO_CONTENT


@route("POST", "/task/{id}/claim")
def claim(request: Request, engine: Any) -> Response:
    """Makes a user the assignee, if the task has none."""
    id_ = request["id"]
    taken = engine_error(f"Task '{id_}' is already claimed by someone else.", "TaskAlreadyClaimedException")
    command = c.ClaimTask(key_of(id_), text_member(request.json_object(), "userId"))

    def refused(error: ProcessionError) -> Answered:
        return taken if "already claimed" in error.message else engine_error(error.message)

    missing = null_value(_no_task(id_))
    with replying(replies={Missing: missing, ExecutionFailed: refused, Suspended: suspended("task", id_)}):
        submit(engine, request, command)
    return NO_CONTENT


@route("POST", "/task/{id}/unclaim")
def unclaim(request: Request, engine: Any) -> Response:
    """Takes the assignee away."""
    return _send(request, engine, c.ClaimTask(key_of(request["id"]), None), _not_found(request["id"]))


@route("POST", "/task/{id}/assignee")
def assign(request: Request, engine: Any) -> Response:
    """Sets the assignee, whoever it is now."""
    user = text_member(request.json_object(), "userId")
    command = c.ChangeTask(key_of(request["id"]), {"assignee": user}, "Assign")
    return _send(request, engine, command, _not_found(request["id"]))


@route("POST", "/task/{id}/delegate")
def delegate(request: Request, engine: Any) -> Response:
    """Gives the task to another user, who is to resolve it."""
    user = text_member(request.json_object(), "userId")
    return _send(request, engine, c.DelegateTask(key_of(request["id"]), user), null_value(_no_task(request["id"])))


@route("POST", "/task/{id}/resolve")
def resolve(request: Request, engine: Any) -> Response:
    """Gives a delegated task back to its owner."""
    variables = read_variables(request.json_object().get("variables"), f"Cannot resolve task {request['id']}: ")
    command = c.ResolveTask(key_of(request["id"]), variables)
    return _send(request, engine, command, null_value(_no_task(request["id"])))


@route("POST", "/task/{id}/complete")
def complete(request: Request, engine: Any) -> Steps:
    """Completes the task; answers its variables where `withVariablesInReturn` asks for them."""
    prefix = f"Cannot complete task {request['id']}: "
    body = request.json_object()
    return (yield from _finish(request, engine, body, prefix, read_variables(body.get("variables"), prefix)))


@route("POST", "/task/{id}/submit-form")
def submit_form(request: Request, engine: Any) -> Steps:
    """Completes the task with what was entered into its form, checked and converted as its fields say."""
    prefix = f"Cannot submit task form {request['id']}: "
    body = request.json_object()
    variables = read_variables(body.get("variables"), prefix)
    with replying(prefix, status=500, type="RestException"):
        variables = yield partial(submitted_at_task, engine, key_of(request["id"]), variables)
    return (yield from _finish(request, engine, body, prefix, variables))


def _finish(request: Request, engine: Any, body: Mapping[str, Any], prefix: str, variables: Any) -> Steps:
    id_ = request["id"]
    wanted = flag_member(body, "withVariablesInReturn")
    replies: dict[type[ProcessionError], Reply] = {
        Missing: lambda error: rest_error(prefix + _no_task(id_), code=0),
        Suspended: lambda error: rest_error(suspended("task", id_, prefix).message, code=0),
    }
    shown: dict[str, Any] = {}
    if wanted:
        shown = yield partial(_seen, engine, id_)
    with replying(prefix, replies, status=500, type="RestException"):
        yield c.CompleteTask(key_of(id_), variables)
    if not wanted:
        return NO_CONTENT
    shown.update({name: typed(value, deserialize=False) for name, value in variables.items()})
    return answer(shown)


def _seen(engine: Any, id_: str) -> dict[str, Any]:
    """The variables that a task sees; none where it does not exist."""
    with reading(engine) as connection:
        if first(connection, TASK, as_key(id_), engine.clock()) is None:
            return {}
        return scope_variables(connection, task_scope(connection, engine, id_, local=False), deserialize=False)


@route("POST", "/task/{id}/bpmnError")
def throw_error(request: Request, engine: Any) -> Response:
    """A BPMN error at the task."""
    body = request.json_object()
    code = text_member(body, "errorCode")
    if not code:
        raise rest_error(f"errorCode is {'null' if code is None else 'empty'}", 400, 0)
    command = c.ThrowError(
        code, text_member(body, "errorMessage"), read_variables(body.get("variables")), task=key_of(request["id"])
    )
    return _throw(request, engine, command, f"ENGINE-13033 Propagation of bpmn error {code} failed. ")


@route("POST", "/task/{id}/bpmnEscalation")
def throw_escalation(request: Request, engine: Any) -> Response:
    """A BPMN escalation at the task."""
    body = request.json_object()
    code = text_member(body, "escalationCode")
    if not code:
        raise rest_error(f"escalationCode is {'null' if code is None else 'empty'}", 400, 0)
    command = c.ThrowEscalation(key_of(request["id"]), code, read_variables(body.get("variables")))
    return _throw(request, engine, command, f"ENGINE-13033 Propagation of bpmn escalation {code} failed. ")


def _throw(request: Request, engine: Any, command: Any, outside: str) -> Response:
    id_ = request["id"]
    with replying(
        replies={
            Missing: rest_error(_no_task(id_), 404, 0),
            Suspended: rest_error(suspended("task", id_).message, 400, 0),
            Invalid: engine_error(outside),
        }
    ):
        submit(engine, request, command)
    return NO_CONTENT


# ---------------------------------------------------------------- tasks without a process, attributes


@route("POST", "/task/create")
def create(request: Request, engine: Any) -> Response:
    """A task without a process. Its id is made here: one that the request wishes for is refused."""
    body = request.json_object()
    if text_member(body, "id") is not None:
        raise invalid_request("Could not save task: the id of a task cannot be chosen, leave 'id' out")
    parent = text_member(body, "parentTaskId")
    attributes = _attributes(body)
    if parent is not None:
        with reading(engine) as connection:
            found = first(connection, TASK, as_key(parent), engine.clock())
        if found is None:
            message = f"Could not save task: Parent task with id '{parent}' does not exist: parentTask is null"
            raise invalid_request(message, 400, 0)
        attributes["parent_task"] = found["key"]
    with replying("Could not save task: ", status=400, type="InvalidRequestException"):
        submit(engine, request, c.CreateTask({**attributes, "tenant": text_member(body, "tenantId")}))
    return NO_CONTENT


@route("PUT", "/task/{id}")
def update(request: Request, engine: Any) -> Response:
    """Sets every attribute; one that the body lacks becomes null, the priority 0."""
    id_, body = request["id"], request.json_object()
    unknown = invalid_request(f"No matching task with id {id_}", 404)
    with reading(engine) as connection:
        found = first(connection, TASK, as_key(id_), engine.clock())
    if found is None:
        raise unknown
    attributes = _attributes(body)
    tenant = text_member(body, "tenantId")
    if tenant is not None and tenant != found["tenant"]:
        raise engine_error(
            f"ENGINE-03072 Cannot change tenantId of Task '{id_}'. Current tenant id '{found['tenant'] or 'null'}', "
            f"Tenant id to set '{tenant}'"
        )
    parent = text_member(body, "parentTaskId")
    attributes["parent_task"] = None if parent is None else as_key(parent)
    return _send(request, engine, c.ChangeTask(found["key"], attributes, "Update"), unknown)


def _attributes(body: Mapping[str, Any]) -> dict[str, Any]:
    state = text_member(body, "delegationState")
    if state is not None and state.upper() not in _STATES:
        raise invalid_request(
            f"Valid values for property 'delegationState' are 'PENDING' or 'RESOLVED', but was '{state}'"
        )
    return {
        "name": text_member(body, "name"),
        "description": text_member(body, "description"),
        "assignee": text_member(body, "assignee"),
        "owner": text_member(body, "owner"),
        "priority": number_member(body, "priority") or 0,
        "due": date_member(body, "due"),
        "follow_up": date_member(body, "followUp"),
        "delegation": None if state is None else state.upper(),
    }


@route("DELETE", "/task/{id}")
def delete(request: Request, engine: Any) -> Response:
    """Deletes a task without a process; one that is not there is deleted already."""
    with suppress(Missing):
        submit(engine, request, c.DeleteTask(key_of(request["id"])))
    return NO_CONTENT


# ---------------------------------------------------------------- links


@route("POST", "/task/{id}/identity-links")
def add_link(request: Request, engine: Any) -> Response:
    """Links a user or a group to the task."""
    return _send(request, engine, _link(request, remove=False), _not_found(request["id"]))


@route("POST", "/task/{id}/identity-links/delete")
def remove_link(request: Request, engine: Any) -> Response:
    """Takes a link away; one that is not there is gone already."""
    return _send(request, engine, _link(request, remove=True), null_value(_no_task(request["id"])))


def _link(request: Request, *, remove: bool) -> c.LinkIdentity:
    body = request.json_object()
    user, group = text_member(body, "userId"), text_member(body, "groupId")
    type_ = text_member(body, "type") or "candidate"
    if user is None and group is None:
        raise invalid_request("Identity Link requires userId or groupId.")
    if user is not None and group is not None:
        raise invalid_request("Identity Link requires userId or groupId, but not both.")
    if group is not None and type_ in ("assignee", "owner"):
        message = f"Incompatible usage: cannot use {type_.upper()} together with a groupId"
        raise engine_error(message, "BadUserRequestException", 400)
    return c.LinkIdentity(key_of(request["id"]), type_, user, group, remove)
