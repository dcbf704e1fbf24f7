"""External tasks, changed: completed, failed, ended by an error, locked, unlocked; their retries and priority."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from procession.camunda7.commanding import MAX_LOCK, key_of, null_value, replying, submit
from procession.camunda7.exchange import NO_CONTENT, Request, Response, number_member, text_member, texts_member
from procession.camunda7.listing import query_from_document
from procession.camunda7.lookups import reading
from procession.camunda7.problems import Answered, engine_error, invalid_request, rest_error
from procession.camunda7.routes import Steps, route
from procession.camunda7.values import read_variables
from procession.engine.commands import Together
from procession.errors import ExpressionFailed, Invalid, Missing, ProcessionError
from procession.kernel import commands as c
from procession.storage.queries.history import HISTORY_INSTANCE
from procession.storage.queries.language import Query, as_key, first, rows
from procession.storage.queries.runtime import EXTERNAL_TASK, PROCESS_INSTANCE

NEGATIVE = "The number of retries cannot be negative: retries is not greater than or equal to 0"
COMPLETE = "External Task {id} cannot be completed by worker '{worker}'. It is locked by worker '{holder}'."
FAIL = "Failure of External Task {id} cannot be reported by worker '{worker}'. It is locked by worker '{holder}'."
THROW = "Bpmn error of External Task {id} cannot be reported by worker '{worker}'. It is locked by worker '{holder}'."
# the second quotation mark is Camunda's
EXTEND = (
    "The lock of the External Task {id} cannot be extended by worker '{worker}''. It is locked by worker '{holder}'."
)
LOCK = "External Task {id} cannot be locked by worker '{worker}'. It is locked by worker '{holder}'."


def _send(request: Request, engine: Any, command: Any, worker: str = "", sentence: str = "") -> Steps:
    """Sends a command; `sentence` is what is said where the worker does not hold the lock."""
    id_ = request["id"]

    def refused(error: ProcessionError) -> Answered:
        with reading(engine) as connection:
            row = first(connection, EXTERNAL_TASK, as_key(id_), engine.clock())
        if row is not None and sentence and row["worker"] != worker:
            return rest_error(sentence.format(id=id_, worker=worker, holder=row["worker"] or "null"), 400, 0)
        if row is not None and row["suspended"]:
            return rest_error(f"ENGINE-03043 ExternalTask with id '{id_}' is suspended.", 400, 0)
        return rest_error(error.message, 400, 0)

    missing = rest_error(f"External task with id {id_} does not exist", 404, 0)
    with replying(replies={Missing: missing, ExpressionFailed: _failed, Invalid: refused}):
        yield command
    return NO_CONTENT


def _failed(error: ProcessionError) -> Answered:
    return engine_error(error.message)


def _worker(body: Mapping[str, Any]) -> str:
    worker = text_member(body, "workerId")
    if worker is None:
        raise null_value("workerId is null")
    return worker


@route("POST", "/external-task/{id}/complete")
def complete(request: Request, engine: Any) -> Steps:
    """The work is done."""
    body = request.json_object()
    values, local = read_variables(body.get("variables")), read_variables(body.get("localVariables"))
    worker = _worker(body)
    command = c.CompleteExternal(key_of(request["id"]), worker, values, local)
    return (yield from _send(request, engine, command, worker, COMPLETE))


@route("POST", "/external-task/{id}/failure")
def fail(request: Request, engine: Any) -> Steps:
    """The work failed; with no retries left it is an incident."""
    body = request.json_object()
    values, local = read_variables(body.get("variables")), read_variables(body.get("localVariables"))
    worker = _worker(body)
    retries, timeout = number_member(body, "retries") or 0, number_member(body, "retryTimeout", 64) or 0
    if retries < 0:
        raise engine_error("retries is not greater than or equal to 0")
    if timeout < 0:
        raise engine_error("retryDuration is not greater than or equal to 0")
    message, details = text_member(body, "errorMessage"), text_member(body, "errorDetails")
    pause = min(timeout, MAX_LOCK)
    command = c.FailExternal(key_of(request["id"]), worker, message, details, retries, pause, values, local)
    return (yield from _send(request, engine, command, worker, FAIL))


@route("POST", "/external-task/{id}/bpmnError")
def throw_error(request: Request, engine: Any) -> Steps:
    """The work ended with a BPMN error."""
    body = request.json_object()
    values = read_variables(body.get("variables"))
    worker, code = _worker(body), text_member(body, "errorCode")
    if not code:
        raise null_value(f"errorCode is {'null' if code is None else 'empty'}")
    message = text_member(body, "errorMessage")
    command = c.ThrowError(code, message, values, external=key_of(request["id"]), worker=worker)
    return (yield from _send(request, engine, command, worker, THROW))


@route("POST", "/external-task/{id}/lock")
def lock(request: Request, engine: Any) -> Steps:
    """Locks one task for a worker."""
    body = request.json_object()
    worker, duration = _worker(body), number_member(body, "lockDuration", 64) or 0
    if duration <= 0:
        raise rest_error("lockDuration is not greater than 0", 400, 0)
    until = engine.clock() + timedelta(milliseconds=min(duration, MAX_LOCK))
    command = c.ChangeExternal(key_of(request["id"]), lock=(worker, until), free_only=True)
    return (yield from _send(request, engine, command, worker, LOCK))


@route("POST", "/external-task/{id}/extendLock")
def extend_lock(request: Request, engine: Any) -> Steps:
    """Prolongs a lock, from now on."""
    body = request.json_object()
    duration = number_member(body, "newDuration", 64) or 0
    if duration <= 0:
        raise rest_error("lockTime is not greater than 0", 400, 0)
    worker = _worker(body)
    until = engine.clock() + timedelta(milliseconds=min(duration, MAX_LOCK))
    command = c.ChangeExternal(key_of(request["id"]), lock=(worker, until), holder=worker)
    return (yield from _send(request, engine, command, worker, EXTEND))


@route("POST", "/external-task/{id}/unlock")
def unlock(request: Request, engine: Any) -> Steps:
    """Takes the lock away, whoever holds it."""
    return (yield from _send(request, engine, c.ChangeExternal(key_of(request["id"]), lock=(None, None))))


@route("PUT", "/external-task/{id}/priority")
def set_priority(request: Request, engine: Any) -> Steps:
    """Sets the priority."""
    priority = number_member(request.json_object(), "priority", 64)
    if priority is None:
        raise invalid_request("The priority cannot be null.")
    return (yield from _send(request, engine, c.ChangeExternal(key_of(request["id"]), priority=priority)))


@route("PUT", "/external-task/{id}/retries")
def set_retries(request: Request, engine: Any) -> Steps:
    """Sets the retries; more than 0 end the incident."""
    retries = _retries(request.json_object())
    if retries < 0:
        raise engine_error(NEGATIVE, "BadUserRequestException", 400)
    return (yield from _send(request, engine, c.ChangeExternal(key_of(request["id"]), retries=retries)))


def _retries(body: Mapping[str, Any]) -> int:
    retries = number_member(body, "retries")
    if retries is None:
        raise invalid_request("The number of retries cannot be null.")
    return retries


@route("PUT", "/external-task/retries")
def set_retries_of_many(request: Request, engine: Any) -> Response:
    """Sets the retries of tasks named by id, by query, or by their process instances: all or none."""
    body = request.json_object()
    retries = _retries(body)
    if isinstance(body.get("externalTaskIds"), list) and None in body["externalTaskIds"]:
        raise invalid_request("External task id cannot be null: externalTaskIds contains null value")
    ids = texts_member(body, "externalTaskIds") or []
    found = [*ids, *_queried(request, engine, body)]
    if not found:
        raise invalid_request("externalTaskIds is empty")
    if retries < 0:
        raise invalid_request(NEGATIVE)
    unique = list(dict.fromkeys(found))
    commands = tuple(c.ChangeExternal(key_of(id_), retries=retries) for id_ in unique)
    with reading(engine) as connection:
        for id_ in ids:
            if first(connection, EXTERNAL_TASK, as_key(id_), engine.clock()) is None:
                raise invalid_request(f"Cannot find external task with id {id_}: externalTask is null", 404)
    with replying(status=400, type="InvalidRequestException", code=None):
        submit(engine, request, Together(commands))
    return NO_CONTENT


def _queried(request: Request, engine: Any, body: Mapping[str, Any]) -> Sequence[str]:
    now = engine.clock()
    instances = texts_member(body, "processInstanceIds") or []
    found: list[str] = []
    with reading(engine) as connection:
        for name, table in (
            ("processInstanceQuery", PROCESS_INSTANCE),
            ("historicProcessInstanceQuery", HISTORY_INSTANCE),
        ):
            if isinstance(body.get(name), dict):
                query = query_from_document(request, body[name], table, paging=False)
                instances += [str(row["key"]) for row in rows(connection, table, query, now)]
        if isinstance(body.get("externalTaskQuery"), dict):
            query = query_from_document(request, body["externalTaskQuery"], EXTERNAL_TASK, paging=False)
            found += [str(row["key"]) for row in rows(connection, EXTERNAL_TASK, query, now)]
        if instances:
            of = Query({"processInstanceIdIn": instances})
            found += [str(row["key"]) for row in rows(connection, EXTERNAL_TASK, of, now)]
    return found
