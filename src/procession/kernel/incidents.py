"""Incidents: raised at an element, mirrored at every caller, ended together."""

from __future__ import annotations

from procession.errors import ProcessionError
from procession.kernel import events as e
from procession.kernel.records import Element, Incident, Life, Phase, Wait
from procession.kernel.stepping import Step
from procession.kernel.world import MirrorIncident, UnmirrorIncident

STOPPED_BY = "stoppedBy"  # in a scope's note: what had ended in it when the scope could not go on


def raise_incident(
    step: Step,
    element_key: int,
    kind: str,
    message: str | None,
    *,
    configuration: str | None,
    failed_node: str | None = None,
    job_definition: int | None = None,
    cause: int | None = None,
    root_cause: int | None = None,
) -> int:
    """Raises an incident at an element and asks for its mirror at the caller; gives its key."""
    element = step.view.need(Element, element_key)
    instance = step.instance_of(element)
    key = step.world.new_key()
    incident = Incident(
        key=key,
        kind=kind,
        instance=instance.key,
        element=element_key,
        definition=instance.definition,
        node=element.node,
        created=step.world.now,
        message=message,
        configuration=configuration,
        cause=key if cause is None else cause,
        root_cause=key if root_cause is None else root_cause,
        failed_node=failed_node,
        job_definition=job_definition,
        tenant=instance.tenant,
    )
    step.emit(e.IncidentRaised(incident))
    if instance.caller is not None:
        step.request(MirrorIncident(instance.caller, kind, None, key, incident.root_cause))
    return key


def stop(step: Step, element: int, phase: Phase, index: int, error: ProcessionError) -> None:
    """An element stops at a position as an incident; resolving it lets the element go on at the same."""
    step.emit(e.ElementMoved(element, phase, index, Life.FAILED))
    raise_incident(step, element, kind_of(error, phase), error.message, configuration=None)


def kind_of(error: ProcessionError, phase: Phase) -> str:
    """What kind of incident a failure at a position makes."""
    named = error.details.get("incident")
    if named is not None:
        return str(named)
    return "ioMappingError" if phase in (Phase.INPUT, Phase.OUTPUT) else "extractValueError"


def end_incident(step: Step, incident: Incident, *, resolved: bool) -> None:
    """Ends an incident and asks the caller to end its mirror."""
    step.emit(e.IncidentEnded(incident.key, resolved))
    if incident.element is None:
        return
    element = step.view.get(Element, incident.element)
    caller = None if element is None else step.instance_of(element).caller
    if caller is not None:
        step.request(UnmirrorIncident(caller, incident.key, resolved))


def incidents_of(step: Step, element_key: int | None, configuration: str) -> list[Incident]:
    """The incidents at an element about one job or external task."""
    element = None if element_key is None else step.view.get(Element, element_key)
    if element is None:
        return []
    found = [step.view.need(Incident, key) for key in step.attached(element, Wait.INCIDENT)]
    return [x for x in found if x.configuration == configuration]
