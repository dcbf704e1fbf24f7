"""Modification of process instances: starting and cancelling inside of them, at once or as a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from procession.camunda7.batching import begin, chosen_instances
from procession.camunda7.commanding import key_of, replying, submit, suspended
from procession.camunda7.exchange import NO_CONTENT, Request, Response, flag_member, text_member, texts_member
from procession.camunda7.instructions import Instruction, not_valid, read_instructions
from procession.camunda7.lookups import NO_PROCESS, reading
from procession.camunda7.problems import Answered, engine_error, invalid_request
from procession.camunda7.routes import route
from procession.engine import batch_work
from procession.engine.commands import Together
from procession.errors import ExecutionFailed, ExpressionFailed, ProcessionError, Suspended
from procession.kernel.commands import ModifyInstance, StartAt
from procession.kernel.placing import Misplaced
from procession.storage.queries.definitions import PROCESS_DEFINITION
from procession.storage.queries.language import Query, as_key, first, rows
from procession.storage.queries.runtime import PROCESS_INSTANCE


@route("POST", "/process-instance/{id}/modification")
def modify(request: Request, engine: Any) -> Response:
    """Starts and cancels inside of a running instance, one instruction after the other, in one transaction."""
    body, id_ = request.json_object(), request["id"]
    instructions = read_instructions(body.get("instructions"))
    if not instructions:
        return NO_CONTENT
    command = ModifyInstance(
        key_of(id_),
        instructions,
        skip_listeners=flag_member(body, "skipCustomListeners"),
        skip_mappings=flag_member(body, "skipIoMappings"),
        annotation=text_member(body, "annotation"),
    )

    def failed(error: ProcessionError) -> Answered:
        return engine_error(error.message.replace(f"instance '{command.instance}' cannot", f"instance '{id_}' cannot"))

    with replying(
        replies={Misplaced: not_valid, ExpressionFailed: failed, Suspended: _suspended, ExecutionFailed: failed}
    ):
        submit(engine, request, command)
    return NO_CONTENT


def _suspended(error: ProcessionError) -> Answered:
    return suspended("Execution", str(error.details.get("id", "")))


@route("POST", "/process-instance/{id}/modification-async")
def modify_later(request: Request, engine: Any) -> Response:
    """As `modify`, as a batch of one job."""
    body, id_ = request.json_object(), request["id"]
    instructions = read_instructions(body.get("instructions"))
    if not instructions:
        raise invalid_request("The provided instuctions are invalid.")
    with reading(engine) as connection:
        if first(connection, PROCESS_INSTANCE, as_key(id_), engine.clock()) is None:
            raise engine_error(_gone(id_))
    return begin(request, engine, batch_work.MODIFICATION, [key_of(id_)], _work(body, instructions))


def _gone(id_: str) -> str:
    return f"ENGINE-13036 Process instance '{id_}' cannot be modified. The process instance does not exist"


def _work(body: Mapping[str, Any], instructions: Sequence[Instruction]) -> dict[str, Any]:
    return {
        "instructions": batch_work.write_instructions(instructions),
        "skip_listeners": flag_member(body, "skipCustomListeners"),
        "skip_mappings": flag_member(body, "skipIoMappings"),
        "annotation": text_member(body, "annotation"),
    }


# ---------------------------------------------------------------- many instances


@route("POST", "/modification/execute")
def modify_many(request: Request, engine: Any) -> Response:
    """Modifies several instances of a definition in one transaction."""
    body = request.json_object()
    instructions, found = _asked(request, engine, body)
    work = _work(body, instructions)
    with reading(engine) as connection:
        query = Query({"processInstanceIds": [str(key) for key in found]})
        alive = {row["key"] for row in rows(connection, PROCESS_INSTANCE, query, engine.clock())}
    for key, named in found.items():
        if key not in alive:
            raise engine_error(_gone(named))
    commands = [
        ModifyInstance(
            key,
            instructions,
            skip_listeners=work["skip_listeners"],
            skip_mappings=work["skip_mappings"],
            annotation=work["annotation"],
        )
        for key in found
    ]

    def misplaced(error: ProcessionError) -> Answered:
        return invalid_request(error.message)

    with replying(replies={Misplaced: misplaced, Suspended: _suspended}):
        submit(engine, request, Together(tuple(commands)))
    return NO_CONTENT


@route("POST", "/modification/executeAsync")
def modify_many_later(request: Request, engine: Any) -> Response:
    """Modifies several instances of a definition as a batch."""
    body = request.json_object()
    instructions, found = _asked(request, engine, body)
    return begin(request, engine, batch_work.MODIFICATION, found, _work(body, instructions))


def _asked(request: Request, engine: Any, body: Mapping[str, Any]) -> tuple[tuple[Instruction, ...], dict[int, str]]:
    """The instructions, and the instances by key with the ids that they were asked by."""
    asked = read_instructions(body.get("instructions"), many=True)
    # Camunda takes no variables for several instances
    instructions = tuple(
        replace(one, variables={}, local_variables={}) if isinstance(one, StartAt) else one for one in asked
    )
    definition = text_member(body, "processDefinitionId")
    if definition is None:
        raise invalid_request("processDefinitionId is null")
    if not instructions:
        raise invalid_request("Modification instructions cannot be empty is empty")
    named = {key_of(id_): id_ for id_ in texts_member(body, "processInstanceIds") or ()}
    found = {key: named.get(key, str(key)) for key in chosen_instances(request, engine, body)}
    if not found:
        raise invalid_request("Process instance ids cannot be empty: Process instance ids is empty")
    with reading(engine) as connection:
        if not rows(connection, PROCESS_DEFINITION, Query({"processDefinitionId": definition}), engine.clock()):
            raise invalid_request(NO_PROCESS.format(definition))
    return instructions, found
