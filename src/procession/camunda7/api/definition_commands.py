"""Process and decision definitions, used and changed: started, evaluated, suspended, deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from sqlalchemy import RowMapping

from procession.camunda7.api.definitions import DECISION, PROCESS, paths
from procession.camunda7.commanding import later_member, replying, submit, suspended
from procession.camunda7.exchange import NO_CONTENT, Request, Response, answer, flag_member, text_member
from procession.camunda7.instructions import Instruction, read_instructions
from procession.camunda7.lookups import NO_PROCESS, Scope, definition, former_variables, reading, scope_variables
from procession.camunda7.problems import Answered, engine_error, invalid_request, rest_error
from procession.camunda7.routes import Steps, route
from procession.camunda7.started import instance_document
from procession.camunda7.submitting import submitted_at_start
from procession.camunda7.values import read_variables, typed, untyped
from procession.dmn.faults import DecisionFailed
from procession.engine.commands import DeleteDefinition, EvaluateDecision, Started, StartProcess, SuspendDefinition
from procession.errors import Missing, ProcessionError, Suspended
from procession.kernel.placing import Misplaced
from procession.storage.queries.definitions import PROCESS_DEFINITION
from procession.storage.queries.language import Query, rows
from procession.values import TypedValue


def _process(request: Request, engine: Any, prefix: str = "") -> RowMapping:
    """The definition that the path names; an unknown id is the engine's to refuse."""

    def missing(id_: str) -> Answered:
        return rest_error(prefix.format(id=id_) + NO_PROCESS.format(id_), code=0)

    with reading(engine) as connection:
        return definition(connection, engine, "process", request.params, missing if prefix else None)


# ---------------------------------------------------------------- starting

_CANNOT = "Cannot instantiate process definition {id}: "


@route("POST", *paths(PROCESS, "/start"))
def start(request: Request, engine: Any) -> Steps:
    """Starts an instance at the process' own start event."""
    body = request.json_object()
    if body.keys() <= _PLAIN:
        return (yield from _start_plainly(request, engine, body))
    row = yield partial(_process, request, engine, _CANNOT)
    prefix = _CANNOT.format(id=row["id"])
    instructions = read_instructions(body.get("startInstructions"), prefix, starts_only=True)
    if body.get("caseInstanceId") is not None:
        raise invalid_request(f"{prefix}'caseInstanceId' is not supported: there are no cases here")
    skips = flag_member(body, "skipCustomListeners"), flag_member(body, "skipIoMappings")
    if not instructions and any(skips):
        raise rest_error(
            f"{prefix}ENGINE-13024 Cannot skip custom listeners or input/output mappings when start a process instance at "
            "default start activity.",
            code=0,
        )
    variables = read_variables(body.get("variables"), prefix)
    return (yield from _start(request, engine, row, body, variables, instructions))


_PLAIN = {"variables", "businessKey"}


def _start_plainly(request: Request, engine: Any, body: Mapping[str, Any]) -> Steps:
    """A start without options: the engine finds the definition itself; the database is only asked why it refuses."""
    variables: Mapping[str, TypedValue] | None = None
    try:
        variables = read_variables(body.get("variables"))
        key = text_member(body, "businessKey")
        if "id" in request.params:
            command = StartProcess(id=request["id"], variables=variables, business_key=key)
        else:
            tenant = request.params.get("tenant")
            command = StartProcess(request["key"], tenant=tenant, variables=variables, business_key=key)
        started: Started = yield command
    except (ProcessionError, Answered) as error:
        row = yield partial(_process, request, engine, _CANNOT)
        if variables is None:
            read_variables(body.get("variables"), _CANNOT.format(id=row["id"]))
        with _refusing(row):
            raise error
    return answer(instance_document(started, request.base_url))


@route("POST", *paths(PROCESS, "/submit-form"))
def submit_form(request: Request, engine: Any) -> Steps:
    """Starts an instance with what was entered into its start form, checked and converted as its fields say."""
    body = request.json_object()
    row = yield partial(_process, request, engine, _CANNOT)
    prefix = _CANNOT.format(id=row["id"])
    variables = read_variables(body.get("variables"), prefix)
    with replying(prefix, status=500, type="RestException"):
        variables = yield partial(submitted_at_start, engine, row["key"], variables)
    return (yield from _start(request, engine, row, body, variables))


def _start(
    request: Request,
    engine: Any,
    row: RowMapping,
    body: Mapping[str, Any],
    variables: Mapping[str, TypedValue],
    instructions: tuple[Instruction, ...] = (),
) -> Steps:
    command = StartProcess(
        definition=row["key"],
        variables=variables,
        business_key=text_member(body, "businessKey"),
        instructions=instructions,
        skip_listeners=flag_member(body, "skipCustomListeners"),
        skip_mappings=flag_member(body, "skipIoMappings"),
    )
    with _refusing(row):
        started: Started = yield command
    shown = instance_document(started, request.base_url)
    if flag_member(body, "withVariablesInReturn"):
        shown["variables"] = yield partial(_variables, engine, started, variables)
    return answer(shown)


def _refusing(row: RowMapping) -> AbstractContextManager[None]:
    """Says in Camunda's words why a definition cannot be started."""
    prefix = _CANNOT.format(id=row["id"])
    halted = rest_error(suspended("Process Definition", row["id"], prefix).message, code=0)

    def misplaced(error: ProcessionError) -> Answered:
        told = error.message
        if "Element '" in told:
            element = told.partition("Element '")[2].partition("'")[0]
            told = f"Element '{element}' does not exist in process {row['id']}: targetElement is null"
        return rest_error(prefix + told, code=0)

    def undecided(error: ProcessionError) -> Answered:
        return engine_error(
            error.message, "DmnHitPolicyException" if "DMN-03" in error.message else "DmnEngineException"
        )

    replies: dict[type[ProcessionError], Answered | Callable[[ProcessionError], Answered]] = {
        Suspended: halted,
        Misplaced: misplaced,
        DecisionFailed: undecided,
    }
    return replying(prefix, replies, status=500, type="RestException")


def _variables(engine: Any, started: Started, given: Mapping[str, TypedValue]) -> dict[str, Any]:
    """The variables of an instance; of one that has ended what history kept, else what it was given."""
    with reading(engine) as connection:
        if not started.ended:
            return scope_variables(connection, Scope("process instance", [started.instance]), deserialize=False)
        kept = former_variables(connection, started.instance)
    return kept or {name: typed(value, deserialize=False) for name, value in given.items()}


# ---------------------------------------------------------------- suspending


@route("PUT", *paths(PROCESS, "/suspended"))
def suspend(request: Request, engine: Any) -> Response:
    """Suspends or wakes one definition, with `includeProcessInstances` its instances too."""
    body = request.json_object()
    if text_member(body, "processDefinitionKey") is not None:
        raise invalid_request(
            "Only one of processDefinitionId or processDefinitionKey should be set to update the suspension state."
        )
    try:
        row = _process(request, engine)
    except Answered:
        if "id" in request.params:
            return NO_CONTENT
        raise
    at = later_member(body, f"The suspension state of Process Definition with id {row['id']} could not be updated")
    halted, instances = flag_member(body, "suspended"), flag_member(body, "includeProcessInstances")
    submit(engine, request, SuspendDefinition(row["key"], halted, instances, at))
    return NO_CONTENT


@route("PUT", f"{PROCESS}/suspended")
def suspend_by_key(request: Request, engine: Any) -> Response:
    """Suspends or wakes every version of a process."""
    body = request.json_object()
    if text_member(body, "processDefinitionId") is not None:
        raise invalid_request("Only processDefinitionKey can be set to update the suspension state.")
    name = text_member(body, "processDefinitionKey")
    if name is None:
        raise invalid_request(
            "Either processDefinitionId or processDefinitionKey should be set to update the suspension state."
        )
    at = later_member(body, "Could not update the suspension state of Process Definitions")
    with reading(engine) as connection:
        found = rows(connection, PROCESS_DEFINITION, Query({"key": name}), engine.clock())
    halted, instances = flag_member(body, "suspended"), flag_member(body, "includeProcessInstances")
    for row in found:
        submit(engine, request, SuspendDefinition(row["key"], halted, instances, at))
    return NO_CONTENT


# ---------------------------------------------------------------- deleting


@route("DELETE", *paths(PROCESS))
def delete(request: Request, engine: Any) -> Response:
    """Deletes a definition: by id that version, by key every one. With `cascade` its instances and history go too."""
    cascade = request.flag("cascade")
    with reading(engine) as connection:
        try:
            row = definition(connection, engine, "process", request.params)
        except Answered as problem:
            if "id" not in request.params:
                raise
            message = f"No process definition found with id '{request['id']}': processDefinition is null"
            raise invalid_request(message, 404, 0) from problem
        found = [row]
        if "key" in request.params:
            tenant = {"withoutTenantId": True} if row["tenant"] is None else {"tenantIdIn": [row["tenant"]]}
            found = list(
                rows(connection, PROCESS_DEFINITION, Query({"key": row["process_id"], **tenant}), engine.clock())
            )
    message = f"No process definition found with id '{row['id']}': processDefinition is null"
    with replying(replies={Missing: invalid_request(message, 404, 0)}):
        for each in reversed(found):
            submit(engine, request, DeleteDefinition(each["key"], cascade))
    return Response(200)


# ---------------------------------------------------------------- decisions


def _no_decision(id_: str) -> Answered:
    message = f"no deployed decision definition found with id '{id_}': decisionDefinition is null"
    return invalid_request(f"Cannot evaluate decision {id_}: {message}", 404, 0)


@route("POST", *paths(DECISION, "/evaluate"))
def evaluate(request: Request, engine: Any) -> Response:
    """Evaluates a decision; a list of rows, each a mapping of outputs."""
    with reading(engine) as connection:
        row = definition(connection, engine, "decision", request.params, _no_decision)
    values = read_variables(request.json_object().get("variables"))
    with replying(f"Cannot evaluate decision {row['id']}: ", status=500, type="RestException"):
        found = submit(engine, request, EvaluateDecision(id=row["id"], variables=values))
    return answer(
        [
            {name: typed(value) if types[name] else untyped(value) for name, value in outputs.items()}
            for outputs, types in zip(found.rows, found.types, strict=True)
        ]
    )
