"""Restarting: a new instance that takes an ended one up again, with its business key and its variables."""

from __future__ import annotations

from procession.engine import commands as ec
from procession.engine.unit import Envelope, Unit
from procession.errors import ExecutionFailed, Invalid
from procession.storage.former import former_instance, former_variables


class NotRestartable(Invalid):
    """There is no such instance in history."""


def restart(unit: Unit, command: ec.RestartInstance, envelope: Envelope) -> ec.Started:
    """Starts a new instance where the instructions say. Raises NotRestartable, or ExecutionFailed where it has not ended."""
    from procession.engine.routing import start

    driver = unit.transaction.driver
    former = former_instance(driver, command.instance)
    if former is None:
        raise NotRestartable("Historic process instance cannot be found: historicProcessInstanceId is null")
    if former.ended is None:
        raise ExecutionFailed(
            f"ENGINE-13040 Historic process instance '{former.key}' cannot be restarted. It is not completed or terminated."
        )
    if former.definition != command.definition:
        definitions = unit.engine.definitions
        own = definitions.definition(former.definition, unit.transaction).id
        wanted = definitions.definition(command.definition, unit.transaction).id
        raise ExecutionFailed(
            f"ENGINE-13039 Historic process instance '{former.key}' cannot be restarted. Its process definition '{own}' does "
            f"not match given process definition '{wanted}'"
        )
    again = ec.StartProcess(
        definition=former.definition,
        variables=former_variables(driver, former.key, initial=command.initial_variables),
        business_key=None if command.without_business_key else former.business_key,
        instructions=command.instructions,
        skip_listeners=command.skip_listeners,
        skip_mappings=command.skip_mappings,
        restarted=former.key,
    )
    return start(unit, again, envelope)
