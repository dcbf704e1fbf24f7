"""The only place where events become state: one case per event, no decisions, no world."""

from __future__ import annotations

from typing import assert_never

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


def apply(state: State, event: e.Event) -> None:
    """Changes the state as the event says."""
    match event:
        # the most frequent ones first
        case e.ElementMoved():
            element = state.need(Element, event.element)
            life = element.life if event.life is None else move(element.life, event.life)
            state.put(replace(element, phase=event.phase, index=event.index, life=life))
        case e.FlowTaken():
            pass
        case e.InstanceStarted():
            state.put(event.instance)
        case e.InstanceEnded():
            state.remove(Instance, event.instance)
        case e.InstanceSuspensionChanged():
            state.put(replace(state.need(Instance, event.instance), suspended=event.suspended))
        case e.BusinessKeyChanged():
            state.put(replace(state.need(Instance, event.instance), business_key=event.business_key))
        case e.ElementCreated():
            state.put(event.element)
            _count_child(state, event.element.parent, 1)
        case e.ElementEntered():
            element = state.need(Element, event.element)
            state.put(replace(element, phase=Phase.ATTACH))
        case e.ElementNoted():
            state.put(replace(state.need(Element, event.element), note=dict(event.note)))
        case e.ElementCompleted():
            element = state.need(Element, event.element)
            state.put(replace(element, life=move(element.life, Life.COMPLETED)))
        case e.ElementTerminated():
            element = state.need(Element, event.element)
            state.put(replace(element, life=move(move(element.life, Life.TERMINATING), Life.TERMINATED)))
        case e.ElementRemoved():
            element = state.need(Element, event.element)
            state.remove(Element, element.key)
            if not element.note.get(ASIDE):
                _count_child(state, element.parent, -1)
        case e.ElementSetAside():
            _set_aside(state, event)
        case e.TokenArrived():
            scope = state.need(Element, event.scope)
            arrived = dict(scope.arrived)
            arrived[event.node] = arrived.get(event.node, 0) + event.count
            if not arrived[event.node]:
                del arrived[event.node]
            state.put(replace(scope, arrived=arrived))
        case e.InstanceMigrated():
            state.put(event.instance)
        case e.ElementMigrated():
            _move(state, event.element)
        case e.RecordsMigrated():
            for record in event.records:
                state.put(record)
        case e.CalledInstanceLinked():
            _attach(state, event.element, Wait.CALLED, event.called)
        case e.VariableSet():
            state.put(event.variable)
            if event.created:
                _count_variable(state, event.variable.scope, 1)
        case e.VariablesCarried():
            for key in event.variables:
                variable = state.need(Variable, key)
                state.remove(Variable, key)
                state.put(replace(variable, scope=event.target))
            _count_variable(state, event.source, -len(event.variables))
            _count_variable(state, event.target, len(event.variables))
        case e.VariableRemoved():
            state.remove(Variable, event.variable)
            _count_variable(state, event.scope, -1)
        case e.TaskCreated():
            state.put(event.task)
            _attach(state, event.task.element, Wait.TASK, event.task.key)
        case e.TaskChanged():
            state.put(event.task)
        case e.TaskEnded():
            task = state.need(Task, event.task)
            state.remove(Task, task.key)
            _detach(state, task.element, Wait.TASK, task.key)
        case e.LinkAdded():
            state.put(event.link)
        case e.LinkRemoved():
            state.remove(IdentityLink, event.link.key)
        case e.ExternalCreated():
            state.put(event.external)
            _attach(state, event.external.element, Wait.EXTERNAL, event.external.key)
        case e.ExternalChanged():
            state.put(event.external)
        case e.ExternalEnded():
            state.remove(External, event.external.key)
            _detach(state, event.external.element, Wait.EXTERNAL, event.external.key)
        case e.JobCreated():
            state.put(event.job)
            _attach(state, event.job.element, Wait.JOB, event.job.key)
        case e.JobChanged():
            state.put(event.job)
        case e.JobEnded():
            state.remove(Job, event.job.key)
            _detach(state, event.job.element, Wait.JOB, event.job.key)
        case e.SubscriptionOpened():
            state.put(event.subscription)
            _attach(state, event.subscription.element, Wait.SUBSCRIPTION, event.subscription.key)
        case e.SubscriptionClosed():
            subscription = state.need(Subscription, event.subscription)
            state.remove(Subscription, subscription.key)
            _detach(state, subscription.element, Wait.SUBSCRIPTION, subscription.key)
        case e.IncidentRaised():
            state.put(event.incident)
            _attach(state, event.incident.element, Wait.INCIDENT, event.incident.key)
        case e.IncidentEnded():
            incident = state.need(Incident, event.incident)
            state.remove(Incident, incident.key)
            _detach(state, incident.element, Wait.INCIDENT, incident.key)
        case e.IncidentAnnotated():
            state.put(replace(state.need(Incident, event.incident), annotation=event.annotation))
        case e.BatchStarted() | e.BatchChanged():
            state.put(event.batch)
        case e.BatchEnded():
            state.remove(Batch, event.batch.key)
        case e.DecisionEvaluated() | e.InstanceModified():
            pass
        case _:
            assert_never(event)


def _set_aside(state: State, event: e.ElementSetAside) -> None:
    element = state.need(Element, event.element)
    if event.parent is not None:
        state.put(replace(element, parent=event.parent))  # it was counted nowhere, nor is it now
        return
    note = {**element.note, ASIDE: True} if event.aside else {k: v for k, v in element.note.items() if k != ASIDE}
    state.put(replace(element, note=note, phase=Phase.OUT if event.aside else Phase.EXECUTE))
    _count_child(state, element.parent, -1 if event.aside else 1)


def _move(state: State, element: Element) -> None:
    before = state.need(Element, element.key)
    counted = before.parent != element.parent and not element.note.get(ASIDE)
    if counted:
        _count_child(state, before.parent, -1)
    state.remove(Element, element.key)
    state.put(element)
    if counted:
        _count_child(state, element.parent, 1)


def _count_child(state: State, scope: int | None, by: int) -> None:
    if scope is not None:
        element = state.need(Element, scope)
        state.put(replace(element, children=element.children + by))


def _count_variable(state: State, scope: int, by: int) -> None:
    element = state.get(Element, scope)
    if element is not None:
        state.put(replace(element, variables=element.variables + by))
        return
    task = state.get(Task, scope)
    if task is not None:
        state.put(replace(task, variables=task.variables + by))


def _attach(state: State, element: int | None, kind: Wait, key: int) -> None:
    if element is not None:
        found = state.need(Element, element)
        state.put(replace(found, attached=(*found.attached, (kind, key))))


def _detach(state: State, element: int | None, kind: Wait, key: int) -> None:
    found = None if element is None else state.get(Element, element)
    if found is not None:
        state.put(replace(found, attached=tuple(x for x in found.attached if x != (kind, key))))
