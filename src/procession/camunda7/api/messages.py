"""Correlating messages, and triggering what one execution waits for."""

from __future__ import annotations

from typing import Any

from procession.camunda7 import shapes
from procession.camunda7.commanding import key_of, null_value, replying, submit, suspended
from procession.camunda7.exchange import NO_CONTENT, Request, Response, answer, flag_member, text_member
from procession.camunda7.lookups import Scope, former_variables, reading, scope_variables
from procession.camunda7.problems import Answered, engine_error, invalid_request, rest_error
from procession.camunda7.routes import route
from procession.camunda7.started import instance_document
from procession.camunda7.values import read_variables
from procession.engine.commands import Correlated, CorrelateMessage, SendSignal
from procession.engine.correlating import Mismatch
from procession.errors import ExpressionFailed, Missing, ProcessionError, Suspended
from procession.kernel.commands import RaiseIncident, SignalElement
from procession.storage.queries.language import as_key, first
from procession.storage.queries.runtime import EXECUTION, INCIDENT, PROCESS_INSTANCE

_MISMATCH = "org.camunda.bpm.engine.MismatchingMessageCorrelationException: "


@route("POST", "/message")
def correlate(request: Request, engine: Any) -> Response:
    """Gives a message to the one execution or definition that it matches, or with `all` to every one."""
    body = request.json_object()
    name = text_member(body, "messageName")
    if name is None:
        raise invalid_request("No message name supplied")
    wants_result, wants_variables = flag_member(body, "resultEnabled"), flag_member(body, "variablesInResultEnabled")
    tenant, without_tenant = text_member(body, "tenantId"), flag_member(body, "withoutTenantId")
    if tenant is not None and without_tenant:
        raise invalid_request("Parameter 'tenantId' cannot be used together with parameter 'withoutTenantId'.")
    if wants_variables and not wants_result:
        raise invalid_request(
            "Parameter 'variablesInResultEnabled' cannot be used without 'resultEnabled' set to true."
        )
    values = [
        read_variables(body.get(member), "Cannot deliver message: ")
        for member in ("correlationKeys", "localCorrelationKeys", "processVariables", "processVariablesLocal")
    ]
    to_start = read_variables(body.get("processVariablesToTriggeredScope"), "Cannot deliver message: ")
    instance = text_member(body, "processInstanceId")
    if instance is not None and (tenant is not None or without_tenant):
        message = "ENGINE-13028 Cannot specify a tenant-id when correlate a message to a single process instance."
        raise engine_error(message, "BadUserRequestException", 400)
    command = CorrelateMessage(
        name,
        text_member(body, "businessKey"),
        values[0],
        values[1],
        values[2],
        {**values[3], **to_start},
        instance=None if instance is None else key_of(instance),
        tenant=tenant,
        without_tenant=without_tenant,
        all=flag_member(body, "all"),
        result=wants_result,
    )
    with replying(replies={Mismatch: _mismatch, ExpressionFailed: _failed}):
        done: tuple[Correlated, ...] = submit(engine, request, command)
    if not wants_result:
        return NO_CONTENT
    return answer([_result(engine, one, wants_variables) for one in done])


def _mismatch(error: ProcessionError) -> Answered:
    return rest_error(_MISMATCH + error.message, 400, 0)


def _failed(error: ProcessionError) -> Answered:
    return engine_error(error.message)


def _result(engine: Any, one: Correlated, wants_variables: bool) -> dict[str, Any]:
    with reading(engine) as connection:
        row = first(connection, PROCESS_INSTANCE, one.instance, engine.clock())
        variables = None
        if wants_variables and row is None:
            variables = former_variables(connection, one.instance)
        elif wants_variables:
            variables = scope_variables(connection, Scope("process instance", [one.instance]), deserialize=False)
    if one.started is not None:
        shown: dict[str, Any] = {
            "resultType": "ProcessDefinition",
            "execution": None,
            "processInstance": instance_document(one.started),
        }
    else:
        execution = {
            "id": str(one.element),
            "processInstanceId": str(one.instance),
            "ended": one.ended,
            "tenantId": None if row is None else row["tenant"],
        }
        shown = {"resultType": "Execution", "execution": execution, "processInstance": None}
    if variables is not None:
        shown["variables"] = variables
    return shown


@route("POST", "/signal")
def send_signal(request: Request, engine: Any) -> Response:
    """Sends a signal to everything that waits for it, or to one execution."""
    body = request.json_object()
    name, execution = text_member(body, "name"), text_member(body, "executionId")
    if name is None:
        raise invalid_request("No signal name given")
    tenant, without_tenant = text_member(body, "tenantId"), flag_member(body, "withoutTenantId")
    if execution is not None and (tenant is not None or without_tenant):
        message = "ENGINE-13027 Cannot specify a tenant-id when deliver a signal to a single execution."
        raise engine_error(message, "BadUserRequestException", 400)
    values = read_variables(body.get("variables"))
    key = None if execution is None else key_of(execution)
    if execution is not None:
        with reading(engine) as connection:
            if first(connection, EXECUTION, as_key(execution), engine.clock()) is None:
                raise null_value(f"Cannot find execution with id '{execution}': execution is null")
    submit(engine, request, SendSignal(name, values, key, tenant, without_tenant))
    return NO_CONTENT


# ---------------------------------------------------------------- one execution


@route("POST", "/execution/{id}/messageSubscriptions/{name}/trigger")
def trigger(request: Request, engine: Any) -> Response:
    """Delivers a message to an execution that waits for it."""
    id_, name = request["id"], request["name"]
    prefix = f"Cannot trigger message {name} for execution {id_}: "
    values = read_variables(request.json_object().get("variables"), prefix)
    none = (
        f"{prefix}Execution with id '{id_}' does not have a subscription to a message event with name '{name}': "
        "eventSubscriptions is empty"
    )
    command = CorrelateMessage(name, variables=values, execution=key_of(id_))
    with replying(prefix, {Mismatch: rest_error(none, code=0)}, status=500, type="RestException"):
        submit(engine, request, command)
    return NO_CONTENT


@route("POST", "/execution/{id}/signal")
def signal(request: Request, engine: Any) -> Response:
    """Lets an execution go on that waits for a signal from outside."""
    id_ = request["id"]
    prefix = f"Cannot signal execution {id_}: "
    values = read_variables(request.json_object().get("variables"), prefix)
    replies = {
        Missing: rest_error(f"{prefix}execution {id_} doesn't exist: execution is null", code=0),
        Suspended: rest_error(suspended("Execution", id_, prefix).message, code=0),
    }
    with replying(prefix, replies, status=500, type="RestException"):
        submit(engine, request, SignalElement(key_of(id_), values))
    return NO_CONTENT


@route("POST", "/execution/{id}/create-incident")
def create_incident(request: Request, engine: Any) -> Response:
    """An incident of the user's own at an execution."""
    id_, body = request["id"], request.json_object()
    kind = text_member(body, "incidentType")
    if kind is None:
        raise invalid_request("incidentType is null")
    command = RaiseIncident(
        key_of(id_), kind, text_member(body, "message"), configuration=text_member(body, "configuration")
    )
    missing = invalid_request(f"Cannot find an execution with executionId '{id_}': execution is null")
    with replying(replies={Missing: missing}, status=400, type="InvalidRequestException", code=None):
        key = submit(engine, request, command)
    with reading(engine) as connection:
        row = first(connection, INCIDENT, key, engine.clock())
    return answer(None if row is None else shapes.INCIDENT.write(row))
