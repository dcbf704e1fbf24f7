"""Modification of process instances: starting and cancelling inside of them, at once or as a batch."""

from __future__ import annotations

from typing import Any

from procession.camunda7.commanding import key_of, replying, submit, suspended
from procession.camunda7.exchange import NO_CONTENT, Request, Response, flag_member, text_member
from procession.camunda7.instructions import not_valid, read_instructions
from procession.camunda7.problems import Answered, engine_error
from procession.camunda7.routes import route
from procession.errors import ExecutionFailed, ExpressionFailed, ProcessionError, Suspended
from procession.kernel.commands import ModifyInstance
from procession.kernel.placing import Misplaced


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
