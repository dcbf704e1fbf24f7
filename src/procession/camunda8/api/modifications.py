"""`/process-instances/…/modification` and `/migration`: an instance is put elsewhere, or on another model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from procession.camunda8.exchange import (
    NOTHING,
    Answer,
    Call,
    object_member,
    objects_member,
    optional_key,
    route,
    text_member,
)
from procession.camunda8.problems import Rejected, command_rejected, invalid
from procession.camunda8.values import read_variables
from procession.errors import ExecutionFailed, Invalid, Missing, ProcessionError
from procession.kernel import commands as c
from procession.kernel.records import Element, Instance

Instruction = c.StartAt | c.CancelAt


@route("POST", "/process-instances/{processInstanceKey}/modification")
def modify(call: Call) -> Answer:
    """Activates, moves and terminates elements of a running instance."""
    key = call.key("processInstanceKey")
    modify_instance(call, key, read_instructions(call.body))
    return NOTHING


def read_instructions(body: Mapping[str, Any]) -> tuple[Instruction, ...]:
    """What a modification asks for: first what begins, so that the instance does not end, then what ends."""
    begins: list[Instruction] = []
    ends: list[Instruction] = []
    begins += (
        _started(text_member(one, "elementId"), one, optional_key(one, "ancestorElementInstanceKey"))
        for one in objects_member(body, "activateInstructions")
    )
    for one in objects_member(body, "moveInstructions"):
        source = object_member(one, "sourceElementInstruction")
        ancestor = optional_key(object_member(one, "ancestorScopeInstruction"), "ancestorElementInstanceKey")
        begins.append(_started(text_member(one, "targetElementId"), one, ancestor))
        ends.append(_ended(text_member(source, "sourceElementId"), optional_key(source, "sourceElementInstanceKey")))
    ends += (
        _ended(text_member(one, "elementId"), optional_key(one, "elementInstanceKey"))
        for one in objects_member(body, "terminateInstructions")
    )
    return (*begins, *ends)


def _started(node: str | None, one: Mapping[str, Any], ancestor: int | None) -> c.StartAt:
    if not node:
        raise invalid("No elementId provided.")
    variables: dict[str, Any] = {}
    local: dict[str, Any] = {}
    for instruction in objects_member(one, "variableInstructions"):
        given = object_member(instruction, "variables")
        (local if text_member(instruction, "scopeId") else variables).update(given)
    return c.StartAt(
        node,
        ancestor=None if ancestor in (None, -1) else (ancestor or 0, str(ancestor)),
        variables=read_variables(variables),
        local_variables=read_variables(local),
    )


def _ended(node: str | None, element: int | None) -> c.CancelAt:
    if element is None and not node:
        raise invalid("At least one of [elementId, elementInstanceKey] is required.")
    return (
        c.CancelAt(element=element, name=str(element))
        if element is not None
        else c.CancelAt(node=node, name=node or "")
    )


def modify_instance(call: Call, key: int, instructions: tuple[Instruction, ...]) -> None:
    """Modifies one instance, or tells why not."""
    try:
        call.submit(c.ModifyInstance(key, instructions))
    except (Invalid, ExecutionFailed) as error:
        raise _refusal(call, key, instructions, error) from None


def _refusal(call: Call, key: int, instructions: tuple[Instruction, ...], error: ProcessionError) -> Rejected:
    """Why an instance cannot be modified, in Camunda's words where it has some."""
    with call.engine.storage.view() as transaction:
        instance = next(iter(transaction.find(Instance, "key = ?", [key])), None)
        if instance is None:
            reason = f"Expected to modify process instance but no process instance found with key '{key}'"
            return command_rejected("MODIFY", "NOT_FOUND", reason)
        nodes = call.engine.definitions.process(instance.definition, transaction).nodes
        unknown = [x.node for x in instructions if isinstance(x, c.StartAt) and x.node not in nodes]
        gone = [
            str(x.element)
            for x in instructions
            if isinstance(x, c.CancelAt) and x.element is not None and not transaction.exists(Element, x.element)
        ]
    about = f"Expected to modify instance of process '{instance.process_id}' but it contains one or more"
    reason = error.message.lstrip("; ")
    if unknown:
        names = "', '".join(unknown)
        reason = f"{about} activate instructions with an element that could not be found: '{names}'"
    elif gone:
        names = "', '".join(gone)
        reason = f"{about} terminate instructions with an element instance that could not be found: '{names}'"
    return command_rejected("MODIFY", "INVALID_ARGUMENT", reason)


@route("POST", "/process-instances/{processInstanceKey}/migration")
def migrate(call: Call) -> Answer:
    """Puts an instance on another process definition."""
    key = call.key("processInstanceKey")
    target, moves = read_migration(call.body)
    with call.engine.storage.view() as transaction:
        instance = next(iter(transaction.find(Instance, "key = ?", [key])), None)
    if instance is None:
        reason = f"Expected to migrate process instance but no process instance found with key '{key}'"
        raise command_rejected("MIGRATE", "NOT_FOUND", reason)
    try:
        call.submit(c.MigrateInstance(key, instance.definition, target, moves, skip_listeners=True, skip_mappings=True))
    except Missing:
        reason = (
            "Expected to migrate process instance to process definition but no process definition found with key "
            f"'{target}'"
        )
        raise command_rejected("MIGRATE", "NOT_FOUND", reason) from None
    except (Invalid, ExecutionFailed) as error:
        raise command_rejected("MIGRATE", "INVALID_STATE", error.message) from None
    return NOTHING


def read_migration(body: Mapping[str, Any]) -> tuple[int, tuple[c.MoveNode, ...]]:
    """The definition to migrate to, and which element goes on where."""
    target = optional_key(body, "targetProcessDefinitionKey")
    if target is None:
        raise invalid("No targetProcessDefinitionKey provided.")
    moves = []
    for one in objects_member(body, "mappingInstructions"):
        source, into = text_member(one, "sourceElementId"), text_member(one, "targetElementId")
        if not source or not into:
            raise invalid("sourceElementId and targetElementId are required.")
        moves.append(c.MoveNode(source, into))
    if not moves:
        raise invalid("No mappingInstructions provided.")
    return target, tuple(moves)
