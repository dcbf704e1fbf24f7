"""Restarting instances that have ended, at once or as a batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping

from procession.camunda7.api.definitions import PROCESS, paths
from procession.camunda7.batching import asked, begin
from procession.camunda7.commanding import key_of, replying, submit
from procession.camunda7.exchange import NO_CONTENT, Request, Response, flag_member, texts_member
from procession.camunda7.instructions import Instruction, read_instructions
from procession.camunda7.lookups import NO_PROCESS, definition, reading
from procession.camunda7.problems import Answered, invalid_request
from procession.camunda7.routes import route
from procession.engine import batch_work
from procession.engine.commands import RestartInstance, Together
from procession.engine.restarting import NotRestartable
from procession.errors import ProcessionError
from procession.kernel.placing import Misplaced
from procession.storage.queries.history import HISTORY_INSTANCE


@route("POST", *paths(PROCESS, "/restart"))
def restart(request: Request, engine: Any) -> Response:
    """Starts new instances where the instructions say, all in one transaction."""
    row, instructions, found, body = _asked(request, engine)
    commands = tuple(
        RestartInstance(
            key,
            row["key"],
            instructions,
            initial_variables=flag_member(body, "initialVariables"),
            without_business_key=flag_member(body, "withoutBusinessKey"),
            skip_listeners=flag_member(body, "skipCustomListeners"),
            skip_mappings=flag_member(body, "skipIoMappings"),
        )
        for key in found
    )

    def misplaced(error: ProcessionError) -> Answered:
        told = error.message
        if "Element '" in told:
            element = told.partition("Element '")[2].partition("'")[0]
            told = f"Element '{element}' does not exist in process {row['id']}: targetElement is null"
        return invalid_request(told)

    def missing(error: ProcessionError) -> Answered:
        return invalid_request(error.message)

    with replying(replies={Misplaced: misplaced, NotRestartable: missing}):
        submit(engine, request, Together(commands))
    return NO_CONTENT


@route("POST", *paths(PROCESS, "/restart-async"))
def restart_later(request: Request, engine: Any) -> Response:
    """Starts new instances where the instructions say, as a batch."""
    row, instructions, found, body = _asked(request, engine)
    work = {
        "definition": row["key"],
        "instructions": batch_work.write_instructions(instructions),
        "initial_variables": flag_member(body, "initialVariables"),
        "without_business_key": flag_member(body, "withoutBusinessKey"),
        "skip_listeners": flag_member(body, "skipCustomListeners"),
        "skip_mappings": flag_member(body, "skipIoMappings"),
    }
    return begin(request, engine, batch_work.RESTART, found, work)


def _asked(request: Request, engine: Any) -> tuple[RowMapping, tuple[Instruction, ...], list[int], Mapping[str, Any]]:
    body = request.json_object()
    if body.get("instructions") is None:
        raise invalid_request("'instructions' are missing", 500)
    instructions = read_instructions(body["instructions"], starts_only=True)
    ids = body.get("processInstanceIds")
    if isinstance(ids, list) and None in ids:
        raise invalid_request("Process instance ids cannot be null: Process instance ids contains null value")
    found = [key_of(id_) for id_ in texts_member(body, "processInstanceIds") or ()]
    with reading(engine) as connection:
        found += asked(request, engine, connection, body, {"historicProcessInstanceQuery": HISTORY_INSTANCE})
        if not instructions:
            raise invalid_request("Restart instructions cannot be empty: instructions is empty")
        if not found:
            raise invalid_request("processInstanceIds is empty")
        row = definition(
            connection, engine, "process", request.params, lambda id_: invalid_request(NO_PROCESS.format(id_))
        )
    return row, instructions, list(dict.fromkeys(found)), body
