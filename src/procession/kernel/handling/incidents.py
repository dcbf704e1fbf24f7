"""Commands on incidents."""

from __future__ import annotations

from procession.errors import Invalid, Missing
from procession.kernel import commands as c
from procession.kernel import events as e
from procession.kernel.incidents import end_incident, raise_incident
from procession.kernel.records import Element, Incident, Life, Phase, Wait
from procession.kernel.stepping import Continue, Step

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
    if incident.kind in ("failedJob", "failedExternalTask"):
        raise Invalid(f"Cannot resolve an incident of type {incident.kind}")
    element = None if incident.element is None else step.view.get(Element, incident.element)
    end_incident(step, incident, resolved=True)
    if element is not None and element.life is Life.FAILED:
        # it goes on at the very item at which it stopped
        step.rest(element.key, element.phase, element.index, _LIVES.get(element.phase, Life.ACTIVATING))
        step.push(Continue(element.key, element.phase, element.index))


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
