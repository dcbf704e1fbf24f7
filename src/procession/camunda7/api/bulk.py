"""One change for many things: each of these endpoints begins a batch and answers with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from procession.camunda7.batching import asked, begin, chosen_instances
from procession.camunda7.commanding import date_member, key_of
from procession.camunda7.exchange import Request, Response, flag_member, number_member, text_member, texts_member
from procession.camunda7.lookups import reading
from procession.camunda7.problems import Answered, engine_error, invalid_request
from procession.camunda7.routes import route
from procession.camunda7.values import read_variables
from procession.engine import batch_work
from procession.storage.queries.history import HISTORY_INSTANCE
from procession.storage.queries.language import Query, rows
from procession.storage.queries.logs import HISTORY_DECISION
from procession.storage.queries.runtime import EXTERNAL_TASK, JOB, PROCESS_INSTANCE


@route("POST", "/process-instance/delete", "/process-instance/delete-historic-query-based")
def delete_instances(request: Request, engine: Any) -> Response:
    """Ends instances."""
    body = request.json_object()
    found = chosen_instances(request, engine, body)
    if not found:
        raise invalid_request("processInstanceIds is empty")
    work = {
        "reason": text_member(body, "deleteReason"),
        "skip_listeners": flag_member(body, "skipCustomListeners"),
        "skip_mappings": flag_member(body, "skipIoMappings"),
        "skip_called": flag_member(body, "skipSubprocesses"),
    }
    return begin(request, engine, batch_work.DELETION, found, work)


@route("POST", "/process-instance/suspended-async")
def suspend_instances(request: Request, engine: Any) -> Response:
    """Suspends or wakes instances."""
    body = request.json_object()
    names = ("processInstanceIds", "processInstanceQuery", "historicProcessInstanceQuery")
    if all(body.get(name) is None for name in names):
        raise invalid_request(
            "Either processInstanceIds, processInstanceQuery or historicProcessInstanceQuery should be set to update the "
            "suspension state."
        )
    found = chosen_instances(request, engine, body)
    if not found:
        raise invalid_request("No process instance ids given: process Instance Ids is empty")
    return begin(request, engine, batch_work.SUSPENSION, found, {"suspended": flag_member(body, "suspended")})


# ---------------------------------------------------------------- retries


def _job_retries(body: Mapping[str, Any]) -> dict[str, Any]:
    retries = number_member(body, "retries")
    if retries is None:
        raise invalid_request("retries is null")
    work: dict[str, Any] = {"retries": retries}
    if "dueDate" in body:
        work["due"] = date_member(body, "dueDate")
    return work


def _begin_retries(request: Request, engine: Any, found: list[int], work: dict[str, Any]) -> Response:
    if work["retries"] < 0:
        raise engine_error("Retries count is not greater than or equal to 0")
    if not found:
        raise invalid_request("jobIds is empty")
    return begin(request, engine, batch_work.JOB_RETRIES, found, work)


@route("POST", "/job/retries")
def set_job_retries(request: Request, engine: Any) -> Response:
    """Sets the retries of jobs named by id or query."""
    body = request.json_object()
    work, ids = _job_retries(body), texts_member(body, "jobIds")
    if not ids and not isinstance(body.get("jobQuery"), dict):
        raise engine_error("ENGINE-13050 You must specify at least one of jobIds or jobQuery.")
    with reading(engine) as connection:
        found = [key_of(id_) for id_ in ids or ()] + asked(request, engine, connection, body, {"jobQuery": JOB})
    return _begin_retries(request, engine, found, work)


@route("POST", "/process-instance/job-retries", "/process-instance/job-retries-historic-query-based")
def set_instances_job_retries(request: Request, engine: Any) -> Response:
    """Sets the retries of the jobs of instances."""
    body = request.json_object()
    work = _job_retries(body)
    if all(body.get(x) is None for x in ("processInstances", "processInstanceQuery", "historicProcessInstanceQuery")):
        raise engine_error(
            "ENGINE-13051 You must specify at least one of or one of processInstanceIds, processInstanceQuery, or "
            "historicProcessInstanceQuery."
        )
    instances = [str(key) for key in chosen_instances(request, engine, body, "processInstances")]
    found: list[int] = []
    if instances:
        with reading(engine) as connection:
            query = Query({"processInstanceIds": instances})
            found = [row["key"] for row in rows(connection, JOB, query, engine.clock())]
    return _begin_retries(request, engine, found, work)


@route("POST", "/external-task/retries-async")
def set_external_retries(request: Request, engine: Any) -> Response:
    """Sets the retries of external tasks named by id, query or instance."""
    body = request.json_object()
    retries = number_member(body, "retries")
    if retries is None:
        raise invalid_request("The number of retries cannot be null.")
    ids = body.get("externalTaskIds")
    if isinstance(ids, list) and None in ids:
        raise invalid_request("External task id cannot be null: externalTaskIds contains null value")
    found = [key_of(id_) for id_ in texts_member(body, "externalTaskIds") or ()]
    instances = [str(key) for key in chosen_instances(request, engine, body)]
    with reading(engine) as connection:
        found += asked(request, engine, connection, body, {"externalTaskQuery": EXTERNAL_TASK})
        if instances:
            query = Query({"processInstanceIdIn": instances})
            found += [row["key"] for row in rows(connection, EXTERNAL_TASK, query, engine.clock())]
    if not found:
        raise invalid_request("externalTaskIds is empty")
    return begin(request, engine, batch_work.EXTERNAL_RETRIES, found, {"retries": retries})


# ---------------------------------------------------------------- variables and messages


@route("POST", "/process-instance/variables-async")
def set_variables(request: Request, engine: Any) -> Response:
    """Sets variables of instances that run."""
    body = request.json_object()
    if body.get("variables") is None:
        raise invalid_request("variables is null")
    values = read_variables(body["variables"], "Cannot set variables: ")
    _refuse_nobody(body)
    if not values:
        raise _bad("variables is empty")
    found = chosen_instances(request, engine, body)
    if found:
        with reading(engine) as connection:
            query = Query({"processInstanceIds": [str(key) for key in found]})
            alive = {row["key"] for row in rows(connection, PROCESS_INSTANCE, query, engine.clock())}
        found = [key for key in found if key in alive]
    if not found:
        raise _bad("processInstanceIds is empty")
    return begin(request, engine, batch_work.VARIABLES, found, {"variables": dict(values)})


@route("POST", "/process-instance/message-async")
def correlate(request: Request, engine: Any) -> Response:
    """Gives a message to every execution of instances that waits for it; an instance without one is left alone."""
    body = request.json_object()
    values = read_variables(body.get("variables"), "Cannot correlate message: ")
    _refuse_nobody(body)
    found = chosen_instances(request, engine, body)
    if not found:
        raise _bad("Process instance ids cannot be empty: process instance ids is empty")
    work = {"name": text_member(body, "messageName"), "variables": dict(values)}
    return begin(request, engine, batch_work.CORRELATION, found, work)


def _refuse_nobody(body: Mapping[str, Any]) -> None:
    names = ("processInstanceIds", "processInstanceQuery", "historicProcessInstanceQuery")
    if all(body.get(name) is None for name in names):
        raise invalid_request("No process instances found.")


def _bad(message: str) -> Answered:
    return engine_error(message, "BadUserRequestException", 400)


# ---------------------------------------------------------------- history


@route("POST", "/history/process-instance/delete")
def delete_history(request: Request, engine: Any) -> Response:
    """Deletes the history of instances that have ended."""
    body = request.json_object()
    found = [key_of(id_) for id_ in texts_member(body, "historicProcessInstanceIds") or ()]
    with reading(engine) as connection:
        found += asked(request, engine, connection, body, {"historicProcessInstanceQuery": HISTORY_INSTANCE})
    if not found:
        raise invalid_request("historicProcessInstanceIds is empty")
    return begin(request, engine, batch_work.HISTORY_DELETION, found, {})


@route("POST", "/history/decision-instance/delete")
def delete_decisions(request: Request, engine: Any) -> Response:
    """Deletes evaluations of decisions."""
    body = request.json_object()
    found = [key_of(id_) for id_ in texts_member(body, "historicDecisionInstanceIds") or ()]
    with reading(engine) as connection:
        found += asked(request, engine, connection, body, {"historicDecisionInstanceQuery": HISTORY_DECISION})
    if not found:
        raise invalid_request("historicDecisionInstanceIds is empty")
    return begin(request, engine, batch_work.DECISION_DELETION, found, {})
