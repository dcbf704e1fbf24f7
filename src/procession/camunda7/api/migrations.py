"""Migration of instances to another definition: plans generated and validated, executed at once or as a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from procession.bpmn.model import Process
from procession.camunda7.batching import begin, chosen_instances
from procession.camunda7.commanding import key_of, replying, submit
from procession.camunda7.exchange import (
    NO_CONTENT,
    Request,
    Response,
    answer,
    flag_member,
    text_member,
    texts_member,
)
from procession.camunda7.listing import activity_instance_id
from procession.camunda7.lookups import reading
from procession.camunda7.migration_plans import Plan, generate
from procession.camunda7.problems import Answered, engine_error, invalid_request
from procession.camunda7.reading import optional_object
from procession.camunda7.routes import route
from procession.camunda7.shown_forms import process_model
from procession.camunda7.values import read_variables
from procession.engine import batch_work
from procession.engine.commands import Together
from procession.errors import ProcessionError
from procession.kernel.commands import MigrateInstance, MoveNode, Values
from procession.kernel.handling.migration import Unmigratable
from procession.storage.queries.definitions import PROCESS_DEFINITION
from procession.storage.queries.language import Query, rows
from procession.storage.queries.runtime import PROCESS_INSTANCE


@dataclass(frozen=True, slots=True)
class _Asked:
    """A plan as it was asked for, with the two definitions: id, key and model of each."""

    ids: tuple[str, str]
    keys: tuple[int, int]
    plan: Plan
    variables: Values


@route("POST", "/migration/generate")
def generate_plan(request: Request, engine: Any) -> Response:
    """A plan that maps nodes of equal ids wherever that is possible."""
    body = request.json_object()
    ids, _, models = _definitions(engine, body)
    moves = generate(*models, update=flag_member(body, "updateEventTriggers"))
    read_variables(body.get("variables"))
    given = optional_object(body, "variables")
    shown = {name: {part: value.get(part) for part in ("type", "value", "valueInfo")} for name, value in given.items()}
    return answer(
        {
            "sourceProcessDefinitionId": ids[0],
            "targetProcessDefinitionId": ids[1],
            "instructions": [_written(move) for move in moves],
            "variables": shown if body.get("variables") is not None else None,
        }
    )


@route("POST", "/migration/validate")
def validate_plan(request: Request, engine: Any) -> Response:
    """What is wrong with a plan; nothing where it can be used."""
    return answer(_report(_read(engine, request.json_object()).plan.problems()))


@route("POST", "/migration/execute")
def execute(request: Request, engine: Any) -> Response:
    """Migrates instances, all in one transaction."""
    body = request.json_object()
    asked, found = _execution(request, engine, body)
    with reading(engine) as connection:
        query = Query({"processInstanceIds": [str(key) for key in found]})
        alive = {row["key"] for row in rows(connection, PROCESS_INSTANCE, query, engine.clock())}
    for key, named in found.items():
        if key not in alive:
            raise engine_error(
                f"ENGINE-23003 Process instance '{named}' cannot be migrated. The process instance does not exist"
            )
    moves = tuple(asked.plan.moves)
    skips = flag_member(body, "skipCustomListeners"), flag_member(body, "skipIoMappings")
    commands = tuple(MigrateInstance(key, *asked.keys, moves, asked.variables, *skips) for key in found)

    def refused(error: ProcessionError) -> Answered:
        return _unmigratable(engine, asked, error)

    with replying(replies={Unmigratable: refused}):
        submit(engine, request, Together(commands))
    return NO_CONTENT


@route("POST", "/migration/executeAsync")
def execute_later(request: Request, engine: Any) -> Response:
    """Migrates instances as a batch."""
    body = request.json_object()
    asked, found = _execution(request, engine, body)
    work = {
        "source": asked.keys[0],
        "target": asked.keys[1],
        "moves": [[x.source, x.target, x.update] for x in asked.plan.moves],
        "variables": dict(asked.variables),
        "skip_listeners": flag_member(body, "skipCustomListeners"),
        "skip_mappings": flag_member(body, "skipIoMappings"),
    }
    return begin(request, engine, batch_work.MIGRATION, found, work)


# ---------------------------------------------------------------- reading


def _definitions(
    engine: Any, body: Mapping[str, Any]
) -> tuple[tuple[str, str], tuple[int, int], tuple[Process, Process]]:
    ids = []
    for member, called in (("sourceProcessDefinitionId", "Source"), ("targetProcessDefinitionId", "Target")):
        id_ = text_member(body, member)
        if id_ is None:
            raise invalid_request(f"{called} process definition id is null", 400, 0)
        ids.append((id_, called))
    keys = []
    with reading(engine) as connection:
        for id_, called in ids:
            found = rows(connection, PROCESS_DEFINITION, Query({"processDefinitionId": id_}), engine.clock())
            if not found:
                message = f"ENGINE-23008 {called} process definition with id '{id_}' does not exist"
                raise invalid_request(message, 400, 0)
            keys.append(found[0]["key"])
    models = process_model(engine, keys[0]), process_model(engine, keys[1])
    return (ids[0][0], ids[1][0]), (keys[0], keys[1]), models


def _read(engine: Any, body: Mapping[str, Any]) -> _Asked:
    ids, keys, models = _definitions(engine, body)
    document = body.get("instructions")
    if document is not None and not isinstance(document, list):
        raise invalid_request("Cannot read the JSON of the request: 'instructions' must be a list")
    moves = []
    for item in document or ():
        names = [
            texts_member(item, x) if isinstance(item, dict) else None
            for x in ("sourceActivityIds", "targetActivityIds")
        ]
        if not names[0] or not names[1]:
            raise invalid_request("Each instruction needs 'sourceActivityIds' and 'targetActivityIds' with one id", 500)
        moves.append(MoveNode(names[0][0], names[1][0], flag_member(item, "updateEventTrigger")))
    return _Asked(ids, keys, Plan(*models, moves), read_variables(body.get("variables")))


def _execution(request: Request, engine: Any, body: Mapping[str, Any]) -> tuple[_Asked, dict[int, str]]:
    """A plan that is sound, and the instances by key with the ids that they were asked by."""
    plan = body.get("migrationPlan")
    if plan is None:
        raise invalid_request("'migrationPlan' is missing", 500)
    asked = _read(engine, optional_object(body, "migrationPlan"))
    problems = asked.plan.problems()
    if problems:
        told = "".join(
            f"\t Migration instruction MigrationInstructionImpl{{sourceActivityId='{x.source}', "
            f"targetActivityId='{x.target}', updateEventTrigger='{str(x.update).lower()}'}} is not valid:\n"
            + "".join(f"\t\t{failure}\n" for failure in failures)
            for x, failures in problems
        )
        message = f"ENGINE-23001 Migration plan for process definition '{asked.ids[0]}' to '{asked.ids[1]}' is not valid:\n{told}"
        raise Answered(400, "MigrationPlanValidationException", message, 0, {"validationReport": _report(problems)})
    given = body.get("processInstanceIds")
    if isinstance(given, list) and None in given:
        raise _bad("Process instance ids cannot be null: process instance ids contains null value")
    named = {key_of(id_): id_ for id_ in texts_member(body, "processInstanceIds") or ()}
    found = {key: named.get(key, str(key)) for key in chosen_instances(request, engine, body)}
    if not found:
        raise _bad("Process instance ids cannot empty: process instance ids is empty")
    return asked, found


def _bad(message: str) -> Answered:
    return engine_error(message, "BadUserRequestException", 400)


# ---------------------------------------------------------------- what is wrong


def _written(move: MoveNode) -> dict[str, Any]:
    return {
        "sourceActivityIds": [move.source],
        "targetActivityIds": [move.target],
        "updateEventTrigger": move.update,
    }


def _report(problems: Sequence[tuple[MoveNode, list[str]]]) -> dict[str, Any]:
    reports = [{"instruction": _written(move), "failures": failures} for move, failures in problems]
    return {"instructionReports": reports, "variableReports": {}}


def _unmigratable(engine: Any, asked: _Asked, error: ProcessionError) -> Answered:
    """An instance that does not fit the plan."""
    instance = str(error.details["instance"])
    reports: dict[bool, list[dict[str, Any]]] = {False: [], True: []}
    message = f"ENGINE-23004 Cannot migrate process instance '{instance}':\n"
    plan = {x.source: x for x in asked.plan.moves}
    faults: Sequence[Any] = error.details["faults"]  # type: ignore[assignment]
    for node, shown, key, resting, failure in faults:
        id_ = str(shown) if resting else activity_instance_id(key, node, int(instance)) or ""
        move = plan.get(node)
        reports[resting].append(
            {
                "migrationInstruction": None if move is None else _written(move),
                "transitionInstanceId" if resting else "activityInstanceId": id_,
                "sourceScopeId": node,
                "failures": [failure],
            }
        )
        kind = "transition" if resting else "activity"
        message += f"\tCannot migrate {kind} instance '{id_}':\n\t\t{failure}\n"
    report = {
        "processInstanceId": instance,
        "failures": [],
        "activityInstanceValidationReports": reports[False],
        "transitionInstanceValidationReports": reports[True],
    }
    return Answered(400, "MigratingProcessInstanceValidationException", message, 0, {"validationReport": report})
