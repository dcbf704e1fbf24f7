"""The only place where events become state: one function per event, no decisions, no world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from procession.kernel import events as e
from procession.kernel.lifecycle import move
from procession.kernel.records import (
    ASIDE,
    Batch,
    Element,
    External,
    IdentityLink,
    Incident,
    Instance,
    Job,
    Life,
    Phase,
    Subscription,
    Task,
    Variable,
    Wait,
)
from procession.kernel.state import State

# on its class a member is looked up as slowly as a function is called
_EXECUTE: Final = Phase.EXECUTE
_ACTIVE: Final = Life.ACTIVE
_COMPLETING: Final = Life.COMPLETING
_COMPLETED: Final = Life.COMPLETED
_TASK: Final = Wait.TASK


def apply(state: State, event: e.Event) -> None:
    """Changes the state as the event says."""
    APPLY[type(event)](state, event)


def _nothing(state: State, event: e.Event) -> None:
    pass


# ---------------------------------------------------------------- instances


def _instance_suspended(state: State, event: e.InstanceSuspensionChanged) -> None:
    state.put(replace(state.need(Instance, event.instance), suspended=event.suspended))


def _business_key_changed(state: State, event: e.BusinessKeyChanged) -> None:
    state.put(replace(state.need(Instance, event.instance), business_key=event.business_key))


# ---------------------------------------------------------------- elements


def _element_created(state: State, event: e.ElementCreated) -> None:
    state.add(event.element)
    _count_child(state, event.element.parent, 1)


def _element_entered(state: State, event: e.ElementEntered) -> None:
    element = state.need(Element, event.element)
    if event.active:
        state.swap(element, replace(element, phase=_EXECUTE, life=move(element.life, _ACTIVE)))
    else:
        state.swap(element, replace(element, phase=Phase.ATTACH))


def _element_moved(state: State, event: e.ElementMoved) -> None:
    element = state.need(Element, event.element)
    life = element.life if event.life is None else move(element.life, event.life)
    state.swap(element, replace(element, phase=event.phase, index=event.index, life=life))


def _element_noted(state: State, event: e.ElementNoted) -> None:
    element = state.need(Element, event.element)
    state.swap(element, replace(element, note=dict(event.note)))


def _element_completed(state: State, event: e.ElementCompleted) -> None:
    element = state.need(Element, event.element)
    life = move(move(element.life, _COMPLETING), _COMPLETED)
    if event.removed:
        _remove(state, element)
    else:
        state.swap(element, replace(element, life=life))


def _element_terminated(state: State, event: e.ElementTerminated) -> None:
    element = state.need(Element, event.element)
    state.put(replace(element, life=move(move(element.life, Life.TERMINATING), Life.TERMINATED)))


def _element_removed(state: State, event: e.ElementRemoved) -> None:
    _remove(state, state.need(Element, event.element))


def _element_set_aside(state: State, event: e.ElementSetAside) -> None:
    element = state.need(Element, event.element)
    if event.parent is not None:
        state.put(replace(element, parent=event.parent))  # it was counted nowhere, nor is it now
        return
    note = {**element.note, ASIDE: True} if event.aside else {k: v for k, v in element.note.items() if k != ASIDE}
    state.put(replace(element, note=note, phase=Phase.OUT if event.aside else Phase.EXECUTE))
    _count_child(state, element.parent, -1 if event.aside else 1)


def _element_migrated(state: State, event: e.ElementMigrated) -> None:
    element = event.element
    before = state.need(Element, element.key)
    counted = before.parent != element.parent and not element.note.get(ASIDE)
    if counted:
        _count_child(state, before.parent, -1)
    state.remove(Element, element.key)
    state.put(element)
    if counted:
        _count_child(state, element.parent, 1)


def _records_migrated(state: State, event: e.RecordsMigrated) -> None:
    for record in event.records:
        state.put(record)


def _token_arrived(state: State, event: e.TokenArrived) -> None:
    scope = state.need(Element, event.scope)
    arrived = dict(scope.arrived)
    arrived[event.node] = arrived.get(event.node, 0) + event.count
    if not arrived[event.node]:
        del arrived[event.node]
    state.swap(scope, replace(scope, arrived=arrived))


# ---------------------------------------------------------------- variables


def _variable_set(state: State, event: e.VariableSet) -> None:
    state.put(event.variable)
    if event.created:
        _count_variable(state, event.variable.scope, 1)


def _variables_carried(state: State, event: e.VariablesCarried) -> None:
    for key in event.variables:
        variable = state.need(Variable, key)
        state.remove(Variable, key)
        state.put(replace(variable, scope=event.target))
    _count_variable(state, event.source, -len(event.variables))
    _count_variable(state, event.target, len(event.variables))


def _variable_removed(state: State, event: e.VariableRemoved) -> None:
    state.remove(Variable, event.variable)
    _count_variable(state, event.scope, -1)


def _variables_dropped(state: State, event: e.VariablesDropped) -> None:
    for key in event.variables:
        state.remove(Variable, key)
    _count_variable(state, event.scope, -len(event.variables))


# ---------------------------------------------------------------- what an element waits for


def _task_created(state: State, event: e.TaskCreated) -> None:
    state.add(event.task)
    _attach(state, event.task.element, _TASK, event.task.key)


def _task_ended(state: State, event: e.TaskEnded) -> None:
    task = state.need(Task, event.task)
    state.drop(task)
    _detach(state, task.element, _TASK, task.key)


def _external_created(state: State, event: e.ExternalCreated) -> None:
    state.put(event.external)
    _attach(state, event.external.element, Wait.EXTERNAL, event.external.key)


def _external_ended(state: State, event: e.ExternalEnded) -> None:
    state.remove(External, event.external.key)
    _detach(state, event.external.element, Wait.EXTERNAL, event.external.key)


def _job_created(state: State, event: e.JobCreated) -> None:
    state.put(event.job)
    _attach(state, event.job.element, Wait.JOB, event.job.key)


def _job_ended(state: State, event: e.JobEnded) -> None:
    state.remove(Job, event.job.key)
    _detach(state, event.job.element, Wait.JOB, event.job.key)


def _subscription_opened(state: State, event: e.SubscriptionOpened) -> None:
    state.put(event.subscription)
    _attach(state, event.subscription.element, Wait.SUBSCRIPTION, event.subscription.key)


def _subscription_closed(state: State, event: e.SubscriptionClosed) -> None:
    subscription = state.need(Subscription, event.subscription)
    state.drop(subscription)
    _detach(state, subscription.element, Wait.SUBSCRIPTION, subscription.key)


def _incident_raised(state: State, event: e.IncidentRaised) -> None:
    state.put(event.incident)
    _attach(state, event.incident.element, Wait.INCIDENT, event.incident.key)


def _incident_ended(state: State, event: e.IncidentEnded) -> None:
    incident = state.need(Incident, event.incident)
    state.drop(incident)
    _detach(state, incident.element, Wait.INCIDENT, incident.key)


def _incident_annotated(state: State, event: e.IncidentAnnotated) -> None:
    state.put(replace(state.need(Incident, event.incident), annotation=event.annotation))


APPLY: Final[Mapping[type[e.Event], Callable[[State, Any], None]]] = {
    e.InstanceStarted: lambda state, event: state.add(event.instance),
    e.InstanceEnded: lambda state, event: state.remove(Instance, event.instance),
    e.InstanceSuspensionChanged: _instance_suspended,
    e.InstanceModified: _nothing,
    e.InstanceMigrated: lambda state, event: state.put(event.instance),
    e.BusinessKeyChanged: _business_key_changed,
    e.ElementCreated: _element_created,
    e.ElementEntered: _element_entered,
    e.ElementMoved: _element_moved,
    e.ElementNoted: _element_noted,
    e.ElementCompleted: _element_completed,
    e.ElementTerminated: _element_terminated,
    e.ElementRemoved: _element_removed,
    e.ElementSetAside: _element_set_aside,
    e.ElementMigrated: _element_migrated,
    e.RecordsMigrated: _records_migrated,
    e.TokenArrived: _token_arrived,
    e.FlowTaken: _nothing,
    e.CalledInstanceLinked: lambda state, event: _attach(state, event.element, Wait.CALLED, event.called),
    e.VariableSet: _variable_set,
    e.VariablesCarried: _variables_carried,
    e.VariableRemoved: _variable_removed,
    e.VariablesDropped: _variables_dropped,
    e.TaskCreated: _task_created,
    e.TaskChanged: lambda state, event: state.put(event.task),
    e.TaskEnded: _task_ended,
    e.LinkAdded: lambda state, event: state.put(event.link),
    e.LinkRemoved: lambda state, event: state.remove(IdentityLink, event.link.key),
    e.ExternalCreated: _external_created,
    e.ExternalChanged: lambda state, event: state.put(event.external),
    e.ExternalEnded: _external_ended,
    e.JobCreated: _job_created,
    e.JobChanged: lambda state, event: state.put(event.job),
    e.JobEnded: _job_ended,
    e.SubscriptionOpened: _subscription_opened,
    e.SubscriptionClosed: _subscription_closed,
    e.IncidentRaised: _incident_raised,
    e.IncidentEnded: _incident_ended,
    e.IncidentAnnotated: _incident_annotated,
    e.DecisionEvaluated: _nothing,
    e.BatchStarted: lambda state, event: state.put(event.batch),
    e.BatchChanged: lambda state, event: state.put(event.batch),
    e.BatchEnded: lambda state, event: state.remove(Batch, event.batch.key),
}
"""What each event there is changes."""


# ---------------------------------------------------------------- what events have in common


def _remove(state: State, element: Element) -> None:
    state.drop(element)
    if ASIDE not in element.note:
        _count_child(state, element.parent, -1)


def _count_child(state: State, scope: int | None, by: int) -> None:
    if scope is not None:
        element = state.need(Element, scope)
        state.swap(element, replace(element, children=element.children + by))


def _count_variable(state: State, scope: int, by: int) -> None:
    element = state.get(Element, scope)
    if element is not None:
        state.swap(element, replace(element, variables=element.variables + by))
        return
    task = state.get(Task, scope)
    if task is not None:
        state.swap(task, replace(task, variables=task.variables + by))


def _attach(state: State, element: int | None, kind: Wait, key: int) -> None:
    if element is not None:
        found = state.need(Element, element)
        state.swap(found, replace(found, attached=(*found.attached, (kind, key))))


def _detach(state: State, element: int | None, kind: Wait, key: int) -> None:
    found = None if element is None else state.get(Element, element)
    if found is not None:
        state.swap(found, replace(found, attached=tuple([x for x in found.attached if x != (kind, key)])))
