"""What the jobs of a batch do with their items, by the batch's kind. Parameters are what `CreateBatch.work` was given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from procession.engine import commands as ec
from procession.engine.unit import Envelope, Unit
from procession.errors import ExecutionFailed, Missing
from procession.kernel import commands as c
from procession.kernel.records import Instance
from procession.storage.removal import (
    delete_decision_instances,
    delete_instances,
    set_batches_removal,
    set_decisions_removal,
    set_instances_removal,
)

Work = Callable[[Unit, Sequence[int], Mapping[str, Any], Envelope], None]

DELETION, SUSPENSION, MODIFICATION = "instance-deletion", "instance-update-suspension-state", "instance-modification"
JOB_RETRIES, EXTERNAL_RETRIES = "set-job-retries", "set-external-task-retries"
VARIABLES, CORRELATION = "set-variables", "correlate-message"
MIGRATION, RESTART = "instance-migration", "instance-restart"
RESOLUTION = "incident-resolution"
RESUMPTION = "instance-resumption"
HISTORY_DELETION, DECISION_DELETION = "historic-instance-deletion", "historic-decision-instance-deletion"
INSTANCE_REMOVAL, DECISION_REMOVAL = "process-set-removal-time", "decision-set-removal-time"
BATCH_REMOVAL = "batch-set-removal-time"

OF_INSTANCES = frozenset({VARIABLES, CORRELATION})
"""Kinds whose jobs belong to the one instance that each is for."""


def do(unit: Unit, command: Any, envelope: Envelope) -> Any:
    """Carries out a command as a part of the one that runs."""
    from procession.engine.routing import carry_out

    unit.prepare([command])
    return carry_out(unit, command, envelope)


def _delete(unit: Unit, items: Sequence[int], work: Mapping[str, Any], envelope: Envelope) -> None:
    for key in items:
        with suppress(Missing):
            do(unit, c.CancelInstance(key, **work), envelope)


def _suspend(unit: Unit, items: Sequence[int], work: Mapping[str, Any], envelope: Envelope) -> None:
    for key in items:
        with suppress(Missing):
            do(unit, c.SuspendInstance(key, work["suspended"]), envelope)


def _job_retries(unit: Unit, items: Sequence[int], work: Mapping[str, Any], envelope: Envelope) -> None:
    for key in items:
        try:
            due = {"set_due": True, "due": work["due"]} if "due" in work else {}
            do(unit, c.ChangeJob(key, retries=work["retries"], **due), envelope)
        except Missing as error:
            raise Missing(f"ENGINE-13053 No job found with id '{key}'.'") from error


def _external_retries(unit: Unit, items: Sequence[int], work: Mapping[str, Any], envelope: Envelope) -> None:
    for key in items:
        do(unit, c.ChangeExternal(key, retries=work["retries"]), envelope)


def _set_variables(unit: Unit, items: Sequence[int], work: Mapping[str, Any], envelope: Envelope) -> None:
    for key in items:
        do(unit, c.SetVariables(key, work["variables"]), envelope)


def _correlate(unit: Unit, items: Sequence[int], work: Mapping[str, Any], envelope: Envelope) -> None:
    for key in items:
        do(
            unit,
            ec.CorrelateMessage(work["name"], variables=work["variables"], instance=key, all=True),
            envelope,
        )


def _modify(unit: Unit, items: Sequence[int], work: Mapping[str, Any], envelope: Envelope) -> None:
    instructions = read_instructions(work["instructions"])
    for key in items:
        unit.lock([key])
        if unit.state.get(Instance, key) is None:
            message = f"ENGINE-13036 Process instance '{key}' cannot be modified. The process instance does not exist"
            raise ExecutionFailed(message)
        command = c.ModifyInstance(
            key,
            instructions,
            skip_listeners=work["skip_listeners"],
            skip_mappings=work["skip_mappings"],
            annotation=work.get("annotation"),
        )
        do(unit, command, envelope)


def _migrate(unit: Unit, items: Sequence[int], work: Mapping[str, Any], envelope: Envelope) -> None:
    moves = tuple(c.MoveNode(*move) for move in work["moves"])
    for key in items:
        do(
            unit,
            c.MigrateInstance(
                key,
                work["source"],
                work["target"],
                moves,
                work["variables"],
                work["skip_listeners"],
                work["skip_mappings"],
            ),
            envelope,
        )


def _resolve(unit: Unit, items: Sequence[int], work: Mapping[str, Any], envelope: Envelope) -> None:
    for key in items:
        with suppress(Missing):
            do(unit, c.ResolveIncident(key), envelope)


def _restart(unit: Unit, items: Sequence[int], work: Mapping[str, Any], envelope: Envelope) -> None:
    instructions = read_instructions(work["instructions"])
    how = {name: value for name, value in work.items() if name not in ("definition", "instructions")}
    for key in items:
        do(unit, ec.RestartInstance(key, work["definition"], instructions, **how), envelope)


def _delete_history(unit: Unit, items: Sequence[int], work: Mapping[str, Any], envelope: Envelope) -> None:
    for key in items:
        unit.lock([key])
        if unit.state.get(Instance, key) is not None:
            raise ExecutionFailed(f"Process instance is still running, cannot delete historic process instance: {key}")
    delete_instances(unit.transaction.driver, items)


def _delete_decisions(unit: Unit, items: Sequence[int], work: Mapping[str, Any], envelope: Envelope) -> None:
    delete_decision_instances(unit.transaction.driver, items)


def _instances_removal(unit: Unit, items: Sequence[int], work: Mapping[str, Any], envelope: Envelope) -> None:
    set_instances_removal(unit.transaction.driver, items, **work)


def _decisions_removal(unit: Unit, items: Sequence[int], work: Mapping[str, Any], envelope: Envelope) -> None:
    set_decisions_removal(unit.transaction.driver, items, **work)


def _batches_removal(unit: Unit, items: Sequence[int], work: Mapping[str, Any], envelope: Envelope) -> None:
    # without a time to live of batches what is calculated is never
    set_batches_removal(unit.transaction.driver, items, work["time"])


WORK: Mapping[str, Work] = {
    DELETION: _delete,
    SUSPENSION: _suspend,
    RESUMPTION: _suspend,
    MODIFICATION: _modify,
    MIGRATION: _migrate,
    RESTART: _restart,
    RESOLUTION: _resolve,
    JOB_RETRIES: _job_retries,
    EXTERNAL_RETRIES: _external_retries,
    VARIABLES: _set_variables,
    CORRELATION: _correlate,
    HISTORY_DELETION: _delete_history,
    DECISION_DELETION: _delete_decisions,
    INSTANCE_REMOVAL: _instances_removal,
    DECISION_REMOVAL: _decisions_removal,
    BATCH_REMOVAL: _batches_removal,
}

# ---------------------------------------------------------------- instructions as data


def write_instructions(instructions: Sequence[c.StartAt | c.CancelAt]) -> list[dict[str, Any]]:
    """Instructions as they are kept with a batch: without variables, which Camunda 7 drops here too."""
    written = []
    for one in instructions:
        fields = {name: getattr(one, name) for name in one.__struct_fields__ if "variables" not in name}
        written.append({**fields, "cancels": isinstance(one, c.CancelAt)})
    return written


def read_instructions(document: Sequence[Mapping[str, Any]]) -> tuple[c.StartAt | c.CancelAt, ...]:
    """The instructions that `write_instructions` wrote."""
    read: list[c.StartAt | c.CancelAt] = []
    for one in document:
        fields = {name: value for name, value in one.items() if name != "cancels"}
        read.append(c.CancelAt(**fields) if one["cancels"] else c.StartAt(**fields))
    return tuple(read)
