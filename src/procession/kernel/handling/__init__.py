"""How each command is carried out. `step` is the kernel's front door."""

from __future__ import annotations

from typing import Any

from procession.kernel import commands as c
from procession.kernel.handling import (
    ad_hoc,
    calls,
    externals,
    incidents,
    instances,
    jobs,
    messages,
    migration,
    modification,
    tasks,
)
from procession.kernel.phases import work_on
from procession.kernel.records import Element, External, Incident, Instance, Job, Subscription, Task
from procession.kernel.state import State
from procession.kernel.stepping import Answer, Handler, Step
from procession.kernel.world import World

HANDLERS: dict[type[Any], Handler] = {
    c.StartInstance: instances.start,
    c.CancelInstance: instances.cancel,
    c.CancelElement: instances.cancel_element,
    c.ModifyInstance: modification.modify,
    c.MigrateInstance: migration.migrate,
    c.SuspendInstance: instances.suspend,
    c.SetVariables: instances.set_scope_variables,
    c.CreateTask: tasks.create,
    c.ChangeTask: tasks.change,
    c.ClaimTask: tasks.claim,
    c.DelegateTask: tasks.delegate,
    c.ResolveTask: tasks.resolve,
    c.CompleteTask: tasks.complete,
    c.DeleteTask: tasks.delete,
    c.LinkIdentity: tasks.link,
    c.ActivateAdHoc: ad_hoc.activate,
    c.CompleteExternal: externals.complete,
    c.FailExternal: externals.fail,
    c.ChangeExternal: externals.change,
    c.ThrowError: externals.throw,
    c.ThrowEscalation: tasks.escalate,
    c.TriggerSubscription: messages.trigger,
    c.SignalElement: messages.signal,
    c.RunJob: jobs.run,
    c.FailJob: jobs.fail,
    c.ChangeJob: jobs.change,
    c.RecalculateJob: jobs.recalculate,
    c.DeleteJob: jobs.delete,
    c.RaiseIncident: incidents.raise_one,
    c.ResolveIncident: incidents.resolve,
    c.EndMirrored: incidents.end_mirrored,
    c.AnnotateIncident: incidents.annotate,
    c.FinishCall: calls.finish,
    c.RaiseFromCall: calls.raise_from_call,
    c.EscalateFromCall: calls.escalate_from_call,
    c.EndUncaught: calls.uncaught,
    c.StopElement: incidents.stop_element,
    c.GoOn: calls.go_on,
}

# which record a command names, to find its instance: (record, the command's field)
TARGETS: dict[type[Any], tuple[tuple[type[Any], str], ...]] = {
    c.CancelInstance: ((Instance, "instance"),),
    c.CancelElement: ((Element, "element"),),
    c.ModifyInstance: ((Instance, "instance"),),
    c.MigrateInstance: ((Instance, "instance"),),
    c.SuspendInstance: ((Instance, "instance"),),
    c.SetVariables: ((Element, "scope"), (Task, "scope")),
    c.ChangeTask: ((Task, "task"),),
    c.ClaimTask: ((Task, "task"),),
    c.DelegateTask: ((Task, "task"),),
    c.ResolveTask: ((Task, "task"),),
    c.CompleteTask: ((Task, "task"),),
    c.DeleteTask: ((Task, "task"),),
    c.LinkIdentity: ((Task, "task"),),
    c.ActivateAdHoc: ((Element, "element"),),
    c.CompleteExternal: ((External, "external"),),
    c.FailExternal: ((External, "external"),),
    c.ChangeExternal: ((External, "external"),),
    c.ThrowError: ((External, "external"), (Task, "task")),
    c.ThrowEscalation: ((Task, "task"),),
    c.TriggerSubscription: ((Subscription, "subscription"),),
    c.SignalElement: ((Element, "element"),),
    c.RunJob: ((Job, "job"),),
    c.FailJob: ((Job, "job"),),
    c.ChangeJob: ((Job, "job"),),
    c.RecalculateJob: ((Job, "job"),),
    c.DeleteJob: ((Job, "job"),),
    c.RaiseIncident: ((Element, "element"),),
    c.ResolveIncident: ((Incident, "incident"),),
    c.EndMirrored: ((Element, "element"),),
    c.AnnotateIncident: ((Incident, "incident"),),
    c.FinishCall: ((Element, "element"),),
    c.RaiseFromCall: ((Element, "element"),),
    c.EscalateFromCall: ((Element, "element"),),
    c.EndUncaught: ((Element, "element"),),
    c.StopElement: ((Element, "element"),),
    c.GoOn: ((Element, "element"),),
}


def instance_of(state: State, command: c.Command) -> int | None:
    """The key of the instance that a command is for; None where it names none, or nothing that exists."""
    for table, field in TARGETS.get(type(command), ()):
        key = getattr(command, field)
        record = None if key is None else state.get(table, key)
        if record is not None:
            return int(record.key) if table is Instance else record.instance
    return None


def step(state: State, command: c.Command, world: World) -> Answer:
    """Carries out one command: changes `state` and gives what happened. On an error the caller undoes the state."""
    definition = command.definition if isinstance(command, c.StartInstance) else None
    key = instance_of(state, command)
    if key is not None:
        instance = state.get(Instance, key)
        definition = None if instance is None else instance.definition
    work = Step(state, world, definition, work_on)
    work.answer.value = HANDLERS[type(command)](work, command)
    return work.run(True)
