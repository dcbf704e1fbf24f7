"""Commands on incidents."""

from __future__ import annotations

from msgspec.structs import replace

from procession.bpmn.model import Failure
from procession.errors import Conflict, ExecutionFailed, Invalid, Missing
from procession.kernel import commands as c
from procession.kernel import events as e
from procession.kernel.ending import is_terminating
from procession.kernel.incidents import STOPPED_BY, end_incident, raise_incident, stop
from procession.kernel.records import Element, External, Incident, Instance, Life, Phase, Wait
from procession.kernel.stepping import ChildEnded, Continue, Step

# the life of an element that goes on at a phase, where it is not activating
_LIVES = {
    Phase.EXECUTE: Life.ACTIVE,
    Phase.CONFIRM: Life.ACTIVE,
    Phase.END: Life.COMPLETING,
    Phase.OUTPUT: Life.COMPLETING,
    Phase.LEAVE: Life.COMPLETING,
}


def raise_one(step: Step, command: c.RaiseIncident) -> int:
    if step.view.get(Element, command.element) is None:
        raise Missing(f"Cannot find an execution with executionId '{command.element}'")
    return raise_incident(
        step, command.element, command.kind, command.message, configuration=command.configuration,
        cause=command.cause, root_cause=command.root_cause,
    )  # fmt: skip


def resolve(step: Step, command: c.ResolveIncident) -> None:
    incident = _incident(step, command.incident)
    element = None if incident.element is None else step.view.get(Element, incident.element)
    stops = element is not None and step.process.policies.failure is Failure.INCIDENT
    if incident.kind in ("failedJob", "failedExternalTask") and not stops:
        raise Invalid(f"Cannot resolve an incident of type {incident.kind}")
    external = None
    if stops and incident.configuration is not None:
        external = step.view.get(External, int(incident.configuration))
    if external is not None and external.retries is not None and external.retries <= 0:
        raise Conflict(f"Job {external.key} has no retries left: give it some before its incident is resolved")
    end_incident(step, incident, resolved=True)
    if external is not None:
        suspended = step.view.need(Instance, external.instance).suspended
        step.emit(e.ExternalChanged(replace(external, suspended=suspended, error_code=None, locked_until=None)))
        return
    if element is not None and STOPPED_BY in element.note:
        note = {name: value for name, value in element.note.items() if name != STOPPED_BY}
        step.emit(e.ElementNoted(element.key, note))
        step.push(ChildEnded(element.key, int(element.note[STOPPED_BY])))
        return
    if element is not None and element.life is Life.FAILED:
        # it goes on at the very item at which it stopped
        life = Life.TERMINATING if is_terminating(element) else _LIVES.get(element.phase, Life.ACTIVATING)
        step.rest(element.key, element.phase, element.index, life)
        step.push(Continue(element.key, element.phase, element.index))


def stop_element(step: Step, command: c.StopElement) -> None:
    element = step.view.get(Element, command.element)
    if element is not None:
        stop(step, element.key, element.phase, element.index, ExecutionFailed(command.message, incident=command.kind))


def end_mirrored(step: Step, command: c.EndMirrored) -> None:
    element = step.view.get(Element, command.element)
    if element is None:
        return
    for key in step.attached(element, Wait.INCIDENT):
        incident = step.view.need(Incident, key)
        if incident.cause == command.cause:
            end_incident(step, incident, resolved=command.resolved)


def annotate(step: Step, command: c.AnnotateIncident) -> None:
    incident = _incident(step, command.incident)
    step.emit(e.IncidentAnnotated(incident.key, command.annotation))


def _incident(step: Step, key: int) -> Incident:
    incident = step.view.get(Incident, key)
    if incident is None:
        raise Missing(f"Cannot find an incident with id '{key}'", incident=key)
    return incident
