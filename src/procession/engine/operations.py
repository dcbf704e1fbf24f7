"""What of a user's commands the user operation log tells, in Camunda 7's words: what was asked for, not all that followed.

An entry is made before the command runs, because it tells old values too; what starts something is told afterwards. Commands
that a program, a job or another command sends are nobody's. Tasks tell their own (`storage.history_tasks`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from procession.engine import commands as ec
from procession.errors import Missing
from procession.kernel import commands as c
from procession.kernel.records import Element, External, Incident, Instance, Job, Task
from procession.storage import repository
from procession.storage.history import NOWHERE, Origin
from procession.storage.repository import DecisionDefinition, JobDefinition

if TYPE_CHECKING:
    from procession.engine.unit import Unit

Change = dict[str, tuple[Any, Any]]
_STATES = {True: "suspended", False: "active"}
_VERBS = {True: "Suspend", False: "Activate"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation on one entity; each change of a property is a row."""

    operation: str
    entity: str
    changes: Change = field(default_factory=dict)
    origin: Origin = NOWHERE
    category: str = "Operator"
    columns: dict[str, Any] = field(default_factory=dict)


def before(unit: Unit, command: Any) -> list[Entry]:
    """What a command is about to do, told from what there is now."""
    tell = _BEFORE.get(type(command))
    with suppress(Missing):  # the command says so itself
        return [] if tell is None else list(tell(unit, command))
    return []


def after(unit: Unit, command: Any, value: Any) -> list[Entry]:
    """What a command has begun."""
    match command:
        case ec.StartProcess():
            return [_created(value)]
        case ec.RestartInstance():
            return [_created(value), *_many("RestartProcessInstance", _of(unit, command.definition), 1)]
        case ec.Deploy():
            changes: Change = {"duplicateFilterEnabled": (None, command.filter_duplicates)}
            if command.filter_duplicates:
                changes["deployChangedOnly"] = (None, command.changed_only)
            origin = Origin(None, None, None, None, command.tenant)
            return [Entry("Create", "Deployment", changes, origin, columns={"deployment": value.key})]
        case ec.Together(commands=commands) if commands and isinstance(commands[0], ec.RestartInstance):
            created = [_created(one) for one in value]
            return created + _many("RestartProcessInstance", _of(unit, commands[0].definition), len(commands))
    return []


def _created(started: ec.Started) -> Entry:
    origin = Origin(started.instance, started.instance, started.definition, started.process_id, started.tenant)
    return Entry("Create", "ProcessInstance", {}, origin)


def _many(operation: str, origin: Origin, number: int, changes: Change | None = None) -> list[Entry]:
    all_ = {**(changes or {}), "nrOfInstances": (None, number), "async": (None, False)}
    return [Entry(operation, "ProcessInstance", all_, origin)]


# ---------------------------------------------------------------- where something belongs


def _origin(instance: Instance) -> Origin:
    return Origin(instance.key, instance.root, instance.definition, instance.process_id, instance.tenant)


def _at(unit: Unit, key: int | None) -> Origin:
    instance = None if key is None else unit.state.get(Instance, key)
    return NOWHERE if instance is None else _origin(instance)


def _of(unit: Unit, key: int | None) -> Origin:
    if key is None:
        return NOWHERE
    found = unit.engine.definitions.definition(key, unit.transaction)
    return Origin(None, None, found.key, found.process_id, found.tenant)


# ---------------------------------------------------------------- definitions


def _suspend_definition(unit: Unit, command: ec.SuspendDefinition) -> Iterator[Entry]:
    changes: Change = {
        "suspensionState": (None, _STATES[command.suspended]),
        "includeProcessInstances": (None, command.instances),
    }
    if command.at is not None:
        changes["executionDate"] = (None, command.at)
    name = f"{_VERBS[command.suspended]}ProcessDefinition"
    yield Entry(name, "ProcessDefinition", changes, _of(unit, command.definition))


def _time_to_live(unit: Unit, command: ec.SetTimeToLive) -> Iterator[Entry]:
    if command.decision:
        row = repository.get(unit.transaction.driver, DecisionDefinition, command.definition)
        if row is not None:
            changes: Change = {"historyTimeToLive": (row.history_ttl, command.days)}
            origin = Origin(None, None, None, None, row.tenant)
            yield Entry("UpdateHistoryTimeToLive", "DecisionDefinition", changes, origin)
        return
    definition = unit.engine.definitions.definition(command.definition, unit.transaction)
    changes = {"historyTimeToLive": (definition.history_ttl, command.days)}
    yield Entry("UpdateHistoryTimeToLive", "ProcessDefinition", changes, _of(unit, command.definition))


def _job_definition(unit: Unit, command: ec.ChangeJobDefinition) -> Iterator[Entry]:
    row = repository.get(unit.transaction.driver, JobDefinition, command.job_definition)
    if row is None:
        return
    origin, columns = _of(unit, row.definition), {"job_definition": row.key}
    if command.suspended is not None:
        changes: Change = {"suspensionState": (None, _STATES[command.suspended])}
        name = f"{_VERBS[command.suspended]}JobDefinition"
        yield Entry(name, "JobDefinition", changes, origin, columns=columns)
    if command.set_priority:
        changes = {"overridingPriority": (row.priority, command.priority)}
        yield Entry("SetPriority", "JobDefinition", changes, origin, columns=columns)
        yield Entry("SetPriority", "Job", {"priority": (None, command.priority)}, origin, columns=columns)
    if command.retries is not None:
        yield Entry("SetJobRetries", "Job", {"retries": (None, command.retries)}, origin, columns=columns)


def _delete_definition(unit: Unit, command: ec.DeleteDefinition) -> Iterator[Entry]:
    changes: Change = {"cascade": (False, command.cascade)}
    columns = {"deployment": unit.engine.definitions.definition(command.definition, unit.transaction).deployment}
    yield Entry("Delete", "ProcessDefinition", changes, _of(unit, command.definition), columns=columns)


def _delete_deployment(unit: Unit, command: ec.DeleteDeployment) -> Iterator[Entry]:
    changes: Change = {"cascade": (None, command.cascade)}
    yield Entry("Delete", "Deployment", changes, columns={"deployment": command.deployment})


# ---------------------------------------------------------------- instances


def _suspend(unit: Unit, command: c.SuspendInstance) -> Iterator[Entry]:
    changes: Change = {"suspensionState": (None, _STATES[command.suspended])}
    yield Entry(_VERBS[command.suspended], "ProcessInstance", changes, _at(unit, command.instance))


def _modify(unit: Unit, command: c.ModifyInstance) -> Iterator[Entry]:
    note = {"annotation": command.annotation}
    yield Entry("ModifyProcessInstance", "ProcessInstance", {}, _at(unit, command.instance), columns=note)


def _cancel(unit: Unit, command: c.CancelInstance) -> Iterator[Entry]:
    yield Entry("Delete", "ProcessInstance", {}, _at(unit, command.instance))


def _migrate(unit: Unit, command: c.MigrateInstance, number: int = 1) -> Iterator[Entry]:
    ids = [unit.engine.definitions.definition(key, unit.transaction).id for key in (command.source, command.target)]
    changes: Change = {"processDefinitionId": (ids[0], ids[1])}
    yield from _many("Migrate", _of(unit, command.source), number, changes)


def _together(unit: Unit, command: ec.Together) -> Iterator[Entry]:
    match command.commands:
        case (c.MigrateInstance() as first, *rest):
            yield from _migrate(unit, first, len(rest) + 1)
        case (c.ModifyInstance() as first, *rest):
            instance = unit.state.get(Instance, first.instance)
            origin = NOWHERE if instance is None else _of(unit, instance.definition)
            yield from _many("ModifyProcessInstance", origin, len(rest) + 1)


def _set_variables(unit: Unit, command: c.SetVariables) -> Iterator[Entry]:
    name = "SetVariable" if len(command.variables) == 1 else "ModifyVariable"
    if command.remove:
        name = "ModifyVariable" if command.variables else "RemoveVariable"
    task = unit.state.get(Task, command.scope)
    if task is not None:
        columns = {"task": task.key, "element": task.element}
        yield Entry(name, "Variable", {}, _at(unit, task.instance), "TaskWorker", columns)
        return
    element = unit.state.get(Element, command.scope)
    if element is not None:
        yield Entry(name, "Variable", {}, _at(unit, element.instance))


# ---------------------------------------------------------------- jobs and external tasks


def _of_job(unit: Unit, key: int, operation: str, changes: Change | None = None) -> Iterator[Entry]:
    job = unit.state.get(Job, key)
    if job is not None:
        origin = _of(unit, job.definition) if job.instance is None else _at(unit, job.instance)
        columns = {"job": job.key, "job_definition": job.job_definition}
        yield Entry(operation, "Job", changes or {}, origin, columns=columns)


def _change_job(unit: Unit, command: c.ChangeJob) -> Iterator[Entry]:
    job = unit.state.get(Job, command.job)
    if job is None:
        return
    if command.retries is not None:
        yield from _of_job(unit, job.key, "SetJobRetries", {"retries": (job.retries, command.retries)})
    if command.priority is not None:
        yield from _of_job(unit, job.key, "SetPriority", {"priority": (job.priority, command.priority)})
    if command.set_due:
        yield from _of_job(unit, job.key, "SetDueDate", {"duedate": (job.due, command.due)})
    if command.suspended is not None:
        changes: Change = {"suspensionState": (None, _STATES[command.suspended])}
        yield from _of_job(unit, job.key, f"{_VERBS[command.suspended]}Job", changes)


def _change_external(unit: Unit, command: c.ChangeExternal) -> Iterator[Entry]:
    task = unit.state.get(External, command.external)
    if task is None:
        return
    origin, columns = _at(unit, task.instance), {"external": task.key, "element": task.element}
    if command.retries is not None:
        changes: Change = {"retries": (task.retries, command.retries)}
        yield Entry("SetExternalTaskRetries", "ExternalTask", changes, origin, columns=columns)
    if command.priority is not None:
        changes = {"priority": (task.priority, command.priority)}
        yield Entry("SetPriority", "ExternalTask", changes, origin, columns=columns)


def _resolve(unit: Unit, command: c.ResolveIncident) -> Iterator[Entry]:
    incident = unit.state.get(Incident, command.incident)
    if incident is not None:
        changes: Change = {"incidentId": (None, incident.key)}
        yield Entry("Resolve", "ProcessInstance", changes, _at(unit, incident.instance))


def _suspend_batch(unit: Unit, command: ec.SuspendBatch) -> Iterator[Entry]:
    changes: Change = {"suspensionState": (None, _STATES[command.suspended])}
    yield Entry(f"{_VERBS[command.suspended]}Batch", "Batch", changes)


_BEFORE: dict[type[Any], Callable[[Unit, Any], Iterator[Entry]]] = {
    ec.SuspendDefinition: _suspend_definition,
    ec.SetTimeToLive: _time_to_live,
    ec.ChangeJobDefinition: _job_definition,
    ec.DeleteDefinition: _delete_definition,
    ec.DeleteDeployment: _delete_deployment,
    ec.SuspendBatch: _suspend_batch,
    ec.DeleteBatch: lambda unit, command: iter([Entry("Delete", "Batch")]),
    ec.CleanHistory: lambda unit, command: iter(
        [Entry("CreateHistoryCleanupJobs", "Job", {"immediatelyDue": (None, command.immediately)})]
    ),
    ec.Together: _together,
    c.SuspendInstance: _suspend,
    c.ModifyInstance: _modify,
    c.CancelInstance: _cancel,
    c.MigrateInstance: _migrate,
    c.SetVariables: _set_variables,
    c.ChangeJob: _change_job,
    c.RunJob: lambda unit, command: _of_job(unit, command.job, "Execute"),
    c.RecalculateJob: lambda unit, command: _of_job(
        unit, command.job, "RecalculateDueDate", {"creationDateBased": (None, command.from_creation)}
    ),
    c.DeleteJob: lambda unit, command: _of_job(unit, command.job, "Delete"),
    c.ChangeExternal: _change_external,
    c.ResolveIncident: _resolve,
}
